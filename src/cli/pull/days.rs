//! Which days have a file, and how many missing days are an alarm.
//!
//! The FTC publishes on weekdays, and not on public holidays. So Saturdays and Sundays may be missing without a word, and
//! so may one weekday in a row: two holidays in a row are rare, and a file that is two working days late is worth a look.

use crate::domain::day::Day;

/// The days on which a source has a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    /// Whether Saturdays and Sundays have a file too.
    pub(super) every_day: bool,
}

impl Calendar {
    /// Whether a file is expected for a day.
    pub(super) fn expects(self, day: Day) -> bool {
        self.every_day || !is_weekend(day)
    }

    /// The days with an expected file from one day to another, both included.
    pub(super) fn expected(self, from: Day, to: Day) -> impl Iterator<Item = Day> {
        (from.number()..=to.number())
            .map(Day::from_number)
            .filter(move |day| self.expects(*day))
    }
}

/// Whether a day is a Saturday or a Sunday.
fn is_weekend(day: Day) -> bool {
    // 1970-01-01 was a Thursday, so 0 is Monday here.
    (day.number() + 3).rem_euclid(7) >= 5
}

/// Days without a file, one after the other; days on which no file is expected are not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) from: Day,
    pub(super) to: Day,
    pub(super) days: u32,
    /// Whether one of the days was asked for the first time.
    is_new: bool,
}

/// Finds the first gap that is too long among days in order. A gap is an alarm in the run that finds it, not again in later
/// ones.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    current: Option<Gap>,
    alarm: Option<Gap>,
}

impl Gaps {
    /// A day without a file on which one is expected.
    pub(super) fn miss(&mut self, day: Day, is_new: bool, allowed: u32) {
        let gap = match self.current {
            None => Gap {
                from: day,
                to: day,
                days: 1,
                is_new,
            },
            Some(gap) => Gap {
                to: day,
                days: gap.days + 1,
                is_new: gap.is_new || is_new,
                ..gap
            },
        };
        self.current = Some(gap);
        let is_first = self.alarm.is_none_or(|alarm| alarm.from == gap.from);
        if gap.is_new && gap.days > allowed && is_first {
            self.alarm = Some(gap);
        }
    }

    /// A day with a file: the next missing day begins another gap.
    pub(super) fn close(&mut self) {
        self.current = None;
    }

    /// The first gap that is too long.
    pub(super) fn alarm(&self) -> Option<Gap> {
        self.alarm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn weekends_are_known() {
        let weekend: Vec<bool> = (23..=30)
            .map(|date| is_weekend(day(&format!("2026-11-{date}"))))
            .collect();
        // 23 November 2026 is a Monday.
        assert_eq!(weekend, [false, false, false, false, false, true, true, false]);
        let week = (day("2026-11-23"), day("2026-11-30"));
        let expected = |every_day| Calendar { every_day }.expected(week.0, week.1).count();
        assert_eq!((expected(false), expected(true)), (6, 8));
    }

    #[test]
    fn only_a_row_of_missing_days_is_an_alarm() {
        let mut gaps = Gaps::default();
        gaps.miss(day("2026-11-26"), true, 1);
        gaps.close();
        gaps.miss(day("2026-11-30"), true, 1);
        assert_eq!(gaps.alarm(), None);
        gaps.miss(day("2026-12-01"), true, 1);
        gaps.miss(day("2026-12-02"), true, 1);
        let alarm = gaps.alarm().unwrap();
        assert_eq!(
            (alarm.from, alarm.to, alarm.days),
            (day("2026-11-30"), day("2026-12-02"), 3)
        );
    }

    #[test]
    fn a_gap_is_an_alarm_only_while_it_is_new() {
        let mut gaps = Gaps::default();
        gaps.miss(day("2026-11-24"), false, 1);
        gaps.miss(day("2026-11-25"), false, 1);
        assert_eq!(gaps.alarm(), None);
        gaps.miss(day("2026-11-26"), true, 1);
        assert_eq!(gaps.alarm().map(|alarm| alarm.days), Some(3));
    }
}
