//! The time zone of times without an offset.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, TimeZone as _};
use chrono_tz::Tz;
use thiserror::Error;

/// A time zone: one of the IANA database, or a fixed offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Zone {
    Named(Tz),
    Fixed(FixedOffset),
}

/// The text is no time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a time zone such as Europe/Madrid, or an offset from UTC such as +05:30")]
pub(in crate::cli) struct NotAZone;

impl Zone {
    /// UTC.
    pub(in crate::cli) const UTC: Self = Self::Named(Tz::UTC);

    /// The moment of a time on the clocks of the zone, both in seconds since 1970. Of two such moments, at the end of
    /// summer time, the earlier; none if the clocks skip the time.
    pub(super) fn to_utc(self, local: i64) -> Option<i64> {
        let local = DateTime::from_timestamp(local, 0)?.naive_utc();
        match self {
            Self::Named(zone) => Some(zone.from_local_datetime(&local).earliest()?.timestamp()),
            Self::Fixed(offset) => Some(offset.from_local_datetime(&local).earliest()?.timestamp()),
        }
    }
}

impl FromStr for Zone {
    type Err = NotAZone;

    fn from_str(text: &str) -> Result<Self, NotAZone> {
        let text = text.trim();
        let fixed = || text.parse().ok().map(Self::Fixed);
        text.parse().ok().map(Self::Named).or_else(fixed).ok_or(NotAZone)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(zone) => zone.name().fmt(f),
            Self::Fixed(offset) => offset.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_follow_summer_time() {
        let madrid: Zone = "Europe/Madrid".parse().unwrap();
        // 2021-07-06 13:48 and 2021-01-06 12:48 in Madrid.
        assert_eq!(madrid.to_utc(1_625_579_280), Some(1_625_572_080));
        assert_eq!(madrid.to_utc(1_609_937_280), Some(1_609_933_680));
        // 2021-03-28 02:30 does not exist there.
        assert_eq!(madrid.to_utc(1_616_898_600), None);
        let india: Zone = "+05:30".parse().unwrap();
        assert_eq!(india.to_utc(19_800), Some(0));
        assert_eq!(
            (madrid.to_string(), india.to_string()),
            ("Europe/Madrid".to_owned(), "+05:30".to_owned())
        );
        assert_eq!("Madrid".parse::<Zone>(), Err(NotAZone));
    }
}
