//! Days in UTC: quotas start anew with each day, and reporter trust is read as of its start.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{Datelike as _, NaiveDate, TimeDelta, Weekday};
use thiserror::Error;

use super::time::{DAY_MS, Timestamp};

/// A day in UTC, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

/// A text that is not a day.
#[derive(Debug, Error)]
#[error("is not a day such as 2020-10-31")]
pub struct NotADay;

impl Day {
    /// The day that a moment is in.
    #[must_use]
    pub const fn of(moment: Timestamp) -> Self {
        Self(moment.millis().div_euclid(DAY_MS))
    }

    /// The day with this number.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// How many days it is after 1970-01-01.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Its first moment.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_mul(DAY_MS))
    }

    /// How long it is from `now` until it ends.
    #[must_use]
    pub fn left_at(self, now: Timestamp) -> Duration {
        now.until(self.next().start())
    }

    /// The day of a counter that was last used on `self` and is used `today`, and whether it starts anew. A counter
    /// that is one day ahead goes on, since the clock of another instance may be ahead. A counter further ahead is a
    /// clock error and must not block a quota until then.
    #[must_use]
    pub fn counted_on(self, today: Self) -> (Self, bool) {
        if self == today || self == today.next() {
            (self, false)
        } else {
            (today, true)
        }
    }

    /// The day `days` later, or earlier if negative.
    #[must_use]
    pub const fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Whether it is a Tuesday.
    #[must_use]
    pub fn is_tuesday(self) -> bool {
        self.date().is_some_and(|date| date.weekday() == Weekday::Tue)
    }

    /// Its calendar month, such as `2020-11`. Months sort as their texts do.
    #[must_use]
    pub fn month(self) -> String {
        let month = |date: NaiveDate| format!("{:04}-{:02}", date.year(), date.month());
        self.date().map(month).unwrap_or_default()
    }

    fn date(self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(1970, 1, 1)?.checked_add_signed(TimeDelta::try_days(self.0)?)
    }

    const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
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
    fn a_day_begins_at_midnight_before_1970_too() {
        for (millis, number) in [(0, 0), (DAY_MS - 1, 0), (DAY_MS, 1), (-1, -1), (-DAY_MS, -1)] {
            assert_eq!(Day::of(Timestamp::from_millis(millis)), Day(number), "{millis}");
        }
        assert_eq!(Day(3).start(), Timestamp::from_millis(3 * DAY_MS));
        let evening = Timestamp::from_millis(4 * DAY_MS - 1_500);
        assert_eq!(Day(3).left_at(evening), Duration::from_millis(1_500));
    }

    #[test]
    fn a_count_goes_on_if_another_clock_is_a_little_ahead() {
        for (counted, today, wanted) in [
            (5, 5, (5, false)),
            (6, 5, (6, false)),
            (4, 5, (5, true)),
            (7, 5, (5, true)),
            (i64::MAX, 5, (5, true)),
        ] {
            assert_eq!(
                Day(counted).counted_on(Day(today)),
                (Day(wanted.0), wanted.1),
                "{counted}"
            );
        }
    }

    #[test]
    fn days_are_read_and_written() {
        let day: Day = "2020-11-03".parse().unwrap();
        assert_eq!(
            (day.to_string(), day.month()),
            ("2020-11-03".to_owned(), "2020-11".to_owned())
        );
        assert!(day.is_tuesday() && !day.plus(1).is_tuesday());
        assert_eq!(Day::of(day.start()), day);
        assert_eq!(Day::of(Timestamp::from_millis(day.start().millis() - 1)), day.plus(-1));
        assert!("2020-13-03".parse::<Day>().is_err() && "yesterday".parse::<Day>().is_err());
    }
}
