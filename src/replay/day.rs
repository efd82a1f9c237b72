//! A day in UTC.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike as _, Duration, NaiveDate, Weekday};
use thiserror::Error;

use crate::domain::time::{DAY_MS, Timestamp};

/// A day in UTC, as days since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Day(i32);

/// A text that is not a day.
#[derive(Debug, Error)]
#[error("is not a day such as 2020-10-31")]
pub struct NotADay;

impl Day {
    /// The day that a moment lies in.
    #[must_use]
    pub fn of(moment: Timestamp) -> Self {
        Self(i32::try_from(moment.millis().div_euclid(DAY_MS)).unwrap_or(i32::MAX))
    }

    /// Its first moment.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp::from_millis(i64::from(self.0) * DAY_MS)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// So many days later, or earlier if negative.
    #[must_use]
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Whether it is a Tuesday.
    #[must_use]
    pub fn is_tuesday(self) -> bool {
        self.date().is_some_and(|date| date.weekday() == Weekday::Tue)
    }

    fn date(self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(1970, 1, 1)?.checked_add_signed(Duration::try_days(i64::from(self.0))?)
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| NotADay)?;
        let midnight = date.and_hms_opt(0, 0, 0).ok_or(NotADay)?.and_utc().timestamp();
        Ok(Self::of(Timestamp::from_secs(midnight)))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date() {
            Some(date) => f.pad(&date.format("%Y-%m-%d").to_string()),
            None => f.pad("?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_written() {
        let day: Day = "2020-11-03".parse().unwrap();
        assert_eq!(day.to_string(), "2020-11-03");
        assert!(day.is_tuesday() && !day.plus(1).is_tuesday());
        assert_eq!(Day::of(day.start()), day);
        assert_eq!(Day::of(Timestamp::from_millis(day.start().millis() - 1)), day.plus(-1));
        assert!("2020-13-03".parse::<Day>().is_err() && "yesterday".parse::<Day>().is_err());
    }
}
