//! Parses and prints times for people.

use crate::wire::Timestamp;
use chrono::format::{ParseError, ParseErrorKind};
use chrono::{DateTime, NaiveDate, NaiveTime};
use pbjson_types::Duration;
use thiserror::Error;

/// The error for a text that is not a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum NotATime {
    /// The text has another form.
    #[error("expected a time such as 2021-07-06T11:48:00Z, or a date such as 2021-07-06 (midnight UTC)")]
    Form,
    /// The form is right, but the calendar has no such day, or the day no such time.
    #[error("there is no such day or time")]
    Missing,
}

/// Parses a time in RFC 3339, or a date, which means its midnight in UTC.
pub(super) fn parse(text: &str) -> Result<Timestamp, NotATime> {
    let of_date = match text.parse::<NaiveDate>() {
        Ok(date) => return Ok(date.and_time(NaiveTime::MIN).and_utc().into()),
        Err(error) => error,
    };
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc().into())
        .map_err(|of_time| NotATime::of([of_date, of_time]))
}

impl NotATime {
    /// The fault of a text that is neither a date nor a time.
    fn of(errors: [ParseError; 2]) -> Self {
        let is_missing =
            |error: ParseError| matches!(error.kind(), ParseErrorKind::OutOfRange | ParseErrorKind::Impossible);
        if errors.into_iter().any(is_missing) {
            Self::Missing
        } else {
            Self::Form
        }
    }
}

/// Parses a span of time: a whole number of minutes, hours, days or weeks, such as `30d`.
pub(super) fn span(text: &str) -> Result<Duration, &'static str> {
    const EXPECTED: &str = "expected a whole number with m, h, d or w, such as 30d";
    let (digits, unit) = text
        .trim()
        .split_at_checked(text.trim().len().saturating_sub(1))
        .ok_or(EXPECTED)?;
    let seconds = match unit {
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return Err(EXPECTED),
    };
    let count = digits.parse::<u32>().ok().filter(|count| *count > 0).ok_or(EXPECTED)?;
    Ok(Duration {
        seconds: i64::from(count) * seconds,
        nanos: 0,
    })
}

/// A time, to the minute, such as `2021-07-06 11:48 UTC`; empty if it is not set.
pub(super) fn shown(time: Option<Timestamp>) -> String {
    match column(time) {
        text if text.is_empty() => text,
        text => format!("{text} UTC"),
    }
}

/// The same for a column whose name says that its times are in UTC.
pub(super) fn column(time: Option<Timestamp>) -> String {
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
        assert_eq!(shown(Some(noon)), "2021-07-06 12:00 UTC");
        assert_eq!(shown(Some(parse("2021-07-06").unwrap())), "2021-07-06 00:00 UTC");
        assert_eq!(parse("2021-7-6"), parse("2021-07-06"));
        for text in [
            "",
            "yesterday",
            "2021-07-06 12:00",
            "06.07.2021",
            "07/06/2021",
            "20210230",
        ] {
            assert_eq!(parse(text), Err(NotATime::Form), "{text}");
        }
        for text in [
            "2021-13-01",
            "2026-02-30",
            "2025-02-29",
            "2026-02-30T10:00:00Z",
            "2026-01-31T25:00:00Z",
        ] {
            assert_eq!(parse(text), Err(NotATime::Missing), "{text}");
        }
    }

    #[test]
    fn reads_spans() {
        for (text, seconds) in [("90m", 5_400), ("12h", 43_200), ("30d", 2_592_000), ("2w", 1_209_600)] {
            assert_eq!(span(text).unwrap().seconds, seconds, "{text}");
        }
        for text in ["", "d", "30", "0d", "-1d", "1.5d", "30 days", "30é", "99999999999d"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn unset_times_are_empty() {
        assert_eq!(shown(None), "");
    }
}
