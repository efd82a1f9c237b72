//! Parses and prints times for people.

use crate::wire::Timestamp;
use chrono::{DateTime, NaiveDate};
use thiserror::Error;

/// The error for a text that is not a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a time such as 2021-07-06T11:48:00Z, or a date such as 2021-07-06 (midnight UTC)")]
pub(super) struct NotATime;

/// Parses a time in RFC 3339, or a date, which means its midnight in UTC.
pub(super) fn parse(text: &str) -> Result<Timestamp, NotATime> {
    if let Some(date) = date(text) {
        return Ok(date);
    }
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc().into())
        .map_err(|_| NotATime)
}

/// Parses `YYYY-MM-DD` as its midnight in UTC.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let date: NaiveDate = text.parse().ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().into())
}

/// A time in UTC, to the minute, such as `2021-07-06 11:48`; empty if it is not set.
pub(super) fn shown(time: Option<Timestamp>) -> String {
    time.and_then(|time| DateTime::try_from(time).ok())
        .map(|time| time.format("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_and_dates() {
        let noon = parse("2021-07-06T14:00:00+02:00").unwrap();
        assert_eq!(shown(Some(noon)), "2021-07-06 12:00");
        assert_eq!(shown(Some(parse("2021-07-06").unwrap())), "2021-07-06 00:00");
        for text in ["", "yesterday", "2021-13-01", "2021-07-06 12:00"] {
            assert_eq!(parse(text), Err(NotATime), "{text}");
        }
    }

    #[test]
    fn unset_times_are_empty() {
        assert_eq!(shown(None), "");
    }
}
