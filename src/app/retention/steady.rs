//! Whether the machine's clock has been steady: it went on as the monotonic clock did.

use std::time::{Duration, Instant};

use crate::domain::time::Timestamp;

/// How long a clock must be steady to be believed though it is far ahead of the store.
const LONG: Duration = Duration::from_secs(86_400);
/// How far the two clocks may drift apart in that time.
const TOLERANCE: Duration = Duration::from_secs(300);

/// Watches the machine's clock beside the monotonic one.
#[derive(Debug, Default)]
pub(super) struct ClockWatch {
    /// The two clocks since when they have gone on together.
    since: Option<(Instant, Timestamp)>,
}

impl ClockWatch {
    /// Takes what both clocks show now; returns whether the machine's clock has been steady for a day.
    pub(super) fn is_steady(&mut self, at: Instant, now: Timestamp) -> bool {
        let (began, shown) = *self.since.get_or_insert((at, now));
        let elapsed = at.saturating_duration_since(began);
        if shown.plus(elapsed).millis().abs_diff(now.millis()) > millis(TOLERANCE) {
            self.since = Some((at, now));
            return false;
        }
        elapsed >= LONG
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::monotonic;

    #[test]
    fn a_clock_that_was_set_must_be_steady_for_a_day_again() {
        let hour = Duration::from_secs(3_600);
        let (start, noon) = (monotonic(), Timestamp::from_secs(1_000 * 86_400));
        let mut watch = ClockWatch::default();
        let mut shows =
            |hours: u32, ahead: Duration| watch.is_steady(start + hour * hours, noon.plus(hour * hours + ahead));
        let none = Duration::ZERO;
        assert!((0..24).all(|hours| !shows(hours, none)));
        assert!(shows(24, none) && shows(25, TOLERANCE));
        let years = hour * 24 * 1_500;
        assert!((26..50).all(|hours| !shows(hours, years)));
        assert!(shows(50, years));
        assert!(!shows(51, none), "set back");
        assert!((52..75).all(|hours| !shows(hours, none)));
        assert!(shows(75, none));
    }
}
