//! The sliding of windows, in six slices of ten seconds or of ten minutes.
//!
//! Each counted thing has a life: the slices for which it stays in its window. Lives decrease with time, and at 0 the
//! thing is out of the window. So no stored time can wrap around, and a window slides by subtraction. The present slice
//! is the last of the six: a minute is the last 50 to 60 seconds, an hour the last 50 to 60 minutes. A window is never
//! longer than its name.

use crate::domain::time::Timestamp;

/// Slices in a window.
pub(super) const SLICES: u8 = 6;
/// Milliseconds in a slice of the minute.
const TICK_MS: i64 = 10_000;
/// Slices of the minute in one slice of the hour.
const TICKS_PER_LONG: u32 = 60;
/// How many slices of the minute a time may be earlier than the time before it. Calls may arrive out of order, and
/// clocks may be set.
const TICKS_BACK_MAX: u32 = 6;

/// The slice of the minute in which the windows of a caller end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CurrentSlice(u32);

/// The slices for which a thing stays in the minute and in the hour. Also the slices by which the windows slide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SlicesLeft {
    pub(super) minute: u8,
    pub(super) hour: u8,
}

impl CurrentSlice {
    pub(super) fn at(now: Timestamp) -> Self {
        let tick = now.millis().div_euclid(TICK_MS).max(0);
        Self(u32::try_from(tick).unwrap_or(u32::MAX))
    }

    /// Moves to `now`, and returns by how much both windows slide.
    ///
    /// A time up to a minute earlier counts as the present time. A still earlier time means that the clock was ahead.
    /// The windows then continue from the earlier time with all their content; otherwise they would not move until the
    /// later time is reached again.
    pub(super) fn advance(&mut self, now: Timestamp) -> SlicesLeft {
        let now = Self::at(now);
        let old = *self;
        if now.0 >= old.0 || old.0 - now.0 > TICKS_BACK_MAX {
            *self = now;
        }
        let slid = |slice: u32| {
            let by = (self.0 / slice).saturating_sub(old.0 / slice);
            u8::try_from(by).unwrap_or(u8::MAX)
        };
        SlicesLeft {
            minute: slid(1),
            hour: slid(TICKS_PER_LONG),
        }
    }
}

impl SlicesLeft {
    /// The life of a thing that happens now.
    pub(super) const FULL: Self = Self {
        minute: SLICES,
        hour: SLICES,
    };

    /// Whether no window slides.
    pub(super) fn is_zero(self) -> bool {
        self == Self::default()
    }

    /// Reduces the life by `by`.
    pub(super) fn sink(&mut self, by: Self) {
        self.minute = self.minute.saturating_sub(by.minute);
        self.hour = self.hour.saturating_sub(by.hour);
    }
}

/// Reduces all lives by `by`, and returns how many are above 0.
pub(super) fn sink_all(lives: &mut [u8], by: u8) -> usize {
    for life in &mut *lives {
        *life = life.saturating_sub(by);
    }
    lives.iter().filter(|life| **life > 0).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advance(current: &mut CurrentSlice, secs: i64) -> (u8, u8) {
        let by = current.advance(Timestamp::from_secs(secs));
        (by.minute, by.hour)
    }

    #[test]
    fn windows_slide_at_the_edges_of_their_slices() {
        let mut current = CurrentSlice::at(Timestamp::from_secs(6_000));
        assert_eq!(advance(&mut current, 6_009), (0, 0));
        assert_eq!(advance(&mut current, 6_010), (1, 0));
        assert_eq!(advance(&mut current, 6_599), (58, 0));
        assert_eq!(advance(&mut current, 6_600), (1, 1));
        assert_eq!(advance(&mut current, 6_600 + 3_600), (255, 6));
    }

    #[test]
    fn after_a_long_jump_forward_all_windows_are_empty() {
        let mut current = CurrentSlice::at(Timestamp::from_secs(0));
        assert_eq!(advance(&mut current, i64::MAX), (255, 255));
        assert_eq!(current, CurrentSlice::at(Timestamp::from_millis(i64::MAX)));
    }

    #[test]
    fn a_clock_set_back_by_over_a_minute_is_followed() {
        let mut current = CurrentSlice::at(Timestamp::from_secs(10_000));
        assert_eq!(advance(&mut current, 9_940), (0, 0));
        assert_eq!(
            current,
            CurrentSlice::at(Timestamp::from_secs(10_000)),
            "no more than late"
        );
        assert_eq!(advance(&mut current, 9_939), (0, 0));
        assert_eq!(
            current,
            CurrentSlice::at(Timestamp::from_secs(9_939)),
            "the clock was set"
        );
        assert_eq!(advance(&mut current, 9_940), (1, 0));
        assert_eq!(advance(&mut current, -5), (0, 0));
        assert_eq!(current, CurrentSlice::at(Timestamp::from_secs(0)));
    }

    #[test]
    fn lives_end_at_zero() {
        let mut lives = [0, 1, 2, 6];
        assert_eq!(sink_all(&mut lives, 2), 1);
        assert_eq!(lives, [0, 0, 0, 4]);
        let mut life = SlicesLeft::FULL;
        life.sink(SlicesLeft { minute: 255, hour: 1 });
        assert_eq!(life, SlicesLeft { minute: 0, hour: 5 });
    }
}
