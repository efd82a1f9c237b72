//! A moment in time, for the whole program.

use std::fmt;
use std::time::Duration;

/// Milliseconds of one day.
pub const DAY_MS: i64 = 86_400_000;

/// A moment in UTC, in whole milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest moment of a report or link: 2000-01-01T00:00:00Z. Earlier ones are typing errors.
    pub const EARLIEST: Self = Self(946_684_800_000);

    /// A moment from milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// A moment from whole seconds since the Unix epoch, saturating.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000))
    }

    /// Days from `earlier` to this moment; 0 if `earlier` is later.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> f64 {
        let millis = self.0.saturating_sub(earlier.0).max(0);
        #[expect(clippy::cast_precision_loss, reason = "2^53 milliseconds are 285,000 years")]
        let millis = millis as f64;
        #[expect(clippy::cast_precision_loss, reason = "a small constant")]
        let day = DAY_MS as f64;
        millis / day
    }

    /// This moment plus a duration, saturating.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The time from this moment until `later`; zero if `later` is not later.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }

    /// This moment to the minute, with its zone, for a sentence: `2020-12-31 12:00 UTC`.
    #[must_use]
    pub fn minute(self) -> String {
        let time = chrono::DateTime::from_timestamp_millis(self.0);
        time.map_or_else(
            || self.to_string(),
            |time| time.format("%Y-%m-%d %H:%M UTC").to_string(),
        )
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match chrono::DateTime::from_timestamp_millis(self.0) {
            Some(time) => write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%S%.3fZ")),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_clamp_at_zero() {
        let noon = Timestamp::from_secs(43_200);
        let midnight = Timestamp::from_secs(0);
        assert!((noon.days_since(midnight) - 0.5).abs() < 1e-12);
        assert!(midnight.days_since(noon).abs() < 1e-12);
    }

    #[test]
    fn is_written_as_rfc_3339() {
        assert_eq!(
            Timestamp::from_millis(1_609_416_000_250).to_string(),
            "2020-12-31T12:00:00.250Z"
        );
        assert_eq!(
            Timestamp::from_millis(1_609_416_000_250).minute(),
            "2020-12-31 12:00 UTC"
        );
    }
}
