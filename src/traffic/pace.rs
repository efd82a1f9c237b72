//! How windows slide: in slices of ten seconds and of ten minutes, six of each.
//!
//! What is counted has a life: the slices for which it still belongs to its window. Lives sink as time goes on, and at
//! nought the thing is out of the window. So nothing holds a time that could wrap around, and a window slides by
//! subtraction. The slice under way is the last of the six: a minute is the last 50 to 60 seconds, an hour the last 50
//! to 60 minutes, and neither is ever longer than its name says.

use crate::domain::time::Timestamp;

/// Slices of a window.
pub(super) const SLICES: u8 = 6;
/// Milliseconds of a slice of the minute.
const TICK_MS: i64 = 10_000;
/// Slices of the minute in one of the hour.
const TICKS_PER_LONG: u32 = 60;
/// Ticks by which a moment may be earlier than the one before: calls are told of in no order, and clocks are set.
const TICKS_BACK_MAX: u32 = 6;

/// The slice of the minute in which a caller's windows end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace(u32);

/// How many slices a thing still belongs to the minute and to the hour; or by how many these slid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) minute: u8,
    pub(super) hour: u8,
}

impl Pace {
    pub(super) fn at(now: Timestamp) -> Self {
        let tick = now.millis().div_euclid(TICK_MS).max(0);
        Self(u32::try_from(tick).unwrap_or(u32::MAX))
    }

    /// Goes on to a moment, and tells by how much both windows slide.
    ///
    /// A moment less than a minute earlier counts as the present one. An earlier one tells that the clock was ahead:
    /// windows go on from there with all they hold, or they would stand still until that time comes again.
    pub(super) fn advance(&mut self, now: Timestamp) -> Life {
        let now = Self::at(now);
        let old = *self;
        if now.0 >= old.0 || old.0 - now.0 > TICKS_BACK_MAX {
            *self = now;
        }
        let slid = |slice: u32| {
            let by = (self.0 / slice).saturating_sub(old.0 / slice);
            u8::try_from(by).unwrap_or(u8::MAX)
        };
        Life {
            minute: slid(1),
            hour: slid(TICKS_PER_LONG),
        }
    }
}

impl Life {
    /// Of what is just happening.
    pub(super) const FULL: Self = Self {
        minute: SLICES,
        hour: SLICES,
    };

    /// Whether no window slid.
    pub(super) fn is_nought(self) -> bool {
        self == Self::default()
    }

    /// What is left of it.
    pub(super) fn sink(&mut self, by: Self) {
        self.minute = self.minute.saturating_sub(by.minute);
        self.hour = self.hour.saturating_sub(by.hour);
    }
}

/// Lets lives sink, and tells how many are left.
pub(super) fn sink_all(lives: &mut [u8], by: u8) -> usize {
    for life in &mut *lives {
        *life = life.saturating_sub(by);
    }
    lives.iter().filter(|life| **life > 0).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advance(pace: &mut Pace, secs: i64) -> (u8, u8) {
        let by = pace.advance(Timestamp::from_secs(secs));
        (by.minute, by.hour)
    }

    #[test]
    fn windows_slide_at_the_edges_of_their_slices() {
        let mut pace = Pace::at(Timestamp::from_secs(6_000));
        assert_eq!(advance(&mut pace, 6_009), (0, 0));
        assert_eq!(advance(&mut pace, 6_010), (1, 0));
        assert_eq!(advance(&mut pace, 6_599), (58, 0));
        assert_eq!(advance(&mut pace, 6_600), (1, 1));
        assert_eq!(advance(&mut pace, 6_600 + 3_600), (255, 6));
    }

    #[test]
    fn far_forwards_everything_is_over() {
        let mut pace = Pace::at(Timestamp::from_secs(0));
        assert_eq!(advance(&mut pace, i64::MAX), (255, 255));
        assert_eq!(pace, Pace::at(Timestamp::from_millis(i64::MAX)));
    }

    #[test]
    fn backwards_time_stands_still_for_a_minute_and_then_begins_there() {
        let mut pace = Pace::at(Timestamp::from_secs(10_000));
        assert_eq!(advance(&mut pace, 9_940), (0, 0));
        assert_eq!(pace, Pace::at(Timestamp::from_secs(10_000)), "no more than late");
        assert_eq!(advance(&mut pace, 9_939), (0, 0));
        assert_eq!(pace, Pace::at(Timestamp::from_secs(9_939)), "the clock was set");
        assert_eq!(advance(&mut pace, 9_940), (1, 0));
        assert_eq!(advance(&mut pace, -5), (0, 0));
        assert_eq!(pace, Pace::at(Timestamp::from_secs(0)));
    }

    #[test]
    fn lives_sink_to_nought_and_no_further() {
        let mut lives = [0, 1, 2, 6];
        assert_eq!(sink_all(&mut lives, 2), 1);
        assert_eq!(lives, [0, 0, 0, 4]);
        let mut life = Life::FULL;
        life.sink(Life { minute: 255, hour: 1 });
        assert_eq!(life, Life { minute: 0, hour: 5 });
    }
}
