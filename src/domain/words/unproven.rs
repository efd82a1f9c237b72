//! What the sentence about unproven reporters tells, in one figure.

use super::Figure;

/// What unproven reporters may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnprovenEffect {
    /// They are too few to label the number.
    TooFew,
    /// Others say that its calls were wanted.
    Contested,
    /// More is known of the number than they say.
    MoreKnown,
    /// They label it, and do not block it.
    Label,
}

/// The time from their first report to the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnprovenTime {
    /// Hours, up to two days.
    Hours(u32),
    /// Days.
    Days(u32),
}

/// The figure in its parts: 3 bits for the effect, 10 for the people, then the time: up to 48 hours, or 48 and the days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnprovenFigure {
    pub(super) effect: UnprovenEffect,
    /// About how many different people reported the number.
    pub(super) people: u32,
    pub(super) time: UnprovenTime,
}

const EFFECTS: u32 = 1 << 3;
const PEOPLE: u32 = 1 << 10;
const MAX_HOURS: u32 = 48;
const MAX_TIME: u32 = 254;

impl Figure {
    /// What unproven reporters may do, about how many they are, and the hours from their first report to the last one.
    #[must_use]
    pub fn of_unproven(effect: UnprovenEffect, people: f64, hours: f64) -> Self {
        let effect = match effect {
            UnprovenEffect::TooFew => 0,
            UnprovenEffect::Contested => 1,
            UnprovenEffect::MoreKnown => 2,
            UnprovenEffect::Label => 3,
        };
        let people = whole(people.round()).min(PEOPLE - 1);
        let time = match whole(hours.ceil()) {
            hours if hours <= MAX_HOURS => hours,
            hours => (MAX_HOURS + hours.div_ceil(24)).min(MAX_TIME),
        };
        Self::from_raw(effect + EFFECTS * (people + PEOPLE * time))
    }
}

impl UnprovenFigure {
    /// The parts of a figure; none if a newer release made it.
    pub(super) fn of(figure: Figure) -> Option<Self> {
        let raw = figure.raw();
        let effect = match raw % EFFECTS {
            0 => UnprovenEffect::TooFew,
            1 => UnprovenEffect::Contested,
            2 => UnprovenEffect::MoreKnown,
            3 => UnprovenEffect::Label,
            _ => return None,
        };
        let time = raw / EFFECTS / PEOPLE;
        Some(Self {
            effect,
            people: raw / EFFECTS % PEOPLE,
            time: if time <= MAX_HOURS {
                UnprovenTime::Hours(time)
            } else {
                UnprovenTime::Days(time - MAX_HOURS)
            },
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates, and figures are bounded"
)]
fn whole(value: f64) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::super::MAX_FIGURE;
    use super::*;

    #[test]
    fn a_figure_keeps_effect_people_and_time() {
        for (effect, people, hours, time) in [
            (UnprovenEffect::TooFew, 3.2, 0.0, UnprovenTime::Hours(0)),
            (UnprovenEffect::Contested, 20.0, 19.5, UnprovenTime::Hours(20)),
            (UnprovenEffect::MoreKnown, 600.0, 48.0, UnprovenTime::Hours(48)),
            (UnprovenEffect::Label, 5_000.0, 49.0, UnprovenTime::Days(3)),
            (UnprovenEffect::Label, 7.0, 1e9, UnprovenTime::Days(206)),
        ] {
            let figure = Figure::of_unproven(effect, people, hours);
            assert!(figure.raw() <= MAX_FIGURE);
            let people = whole(people.round()).min(1_023);
            assert_eq!(
                UnprovenFigure::of(figure),
                Some(UnprovenFigure { effect, people, time })
            );
        }
        assert_eq!(UnprovenFigure::of(Figure::from_raw(7)), None);
    }
}
