//! Dates in files of agencies: ISO 8601, and the American form.

use chrono::NaiveDate;

use super::form::form_of;
use super::row_fault::RowFault;

const DAY_SECS: i64 = 86_400;

/// Longest text that may be a date, in bytes.
const BYTES_MAX: usize = 40;

/// A date, and its time if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileDate {
    /// Seconds from 1970-01-01 to the start of the day.
    midnight: i64,
    /// Seconds from there; below 0 or above a day after an offset was applied. None for a date alone.
    time: Option<i64>,
}

impl FileDate {
    /// Reads a date in one of these forms. A time without an offset is in UTC.
    ///
    /// - `2021-07-06` or `2021/07/06`, alone or with a time after a space or `T`;
    /// - `7/6/2021`, month before day as in the US, alone or with a time after a space;
    /// - a time is `11:48` or `11:48:00`, with fractions, `AM` or `PM`, and `Z`, `UTC`, `+02:00` or `-0500` after it.
    ///
    /// # Errors
    /// [`RowFault::Date`] if the date is missing or does not exist; [`RowFault::DateForm`] if it has another form.
    pub(super) fn parse(field: &[u8]) -> Result<Self, RowFault> {
        let text = str::from_utf8(field).unwrap_or_default().trim();
        if !text.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(RowFault::Date);
        }
        let other_form = || RowFault::DateForm(form_of(text));
        if text.len() > BYTES_MAX {
            return Err(other_form());
        }
        let end = text.find([' ', 'T', 't']).unwrap_or(text.len());
        let (date, time) = text.split_at(end);
        let [year, month, day] = ymd(date).ok_or_else(other_form)?;
        let time = match time.get(1..) {
            None | Some("") => None,
            Some(time) => Some(time_of(time).ok_or_else(other_form)?),
        };
        let date = i32::try_from(year)
            .ok()
            .and_then(|year| NaiveDate::from_ymd_opt(year, month, day));
        let midnight = date.and_then(|date| date.and_hms_opt(0, 0, 0)).ok_or(RowFault::Date)?;
        Ok(Self {
            midnight: midnight.and_utc().timestamp(),
            time: time.map(|time| time.ok_or(RowFault::Date)).transpose()?,
        })
    }

    /// The moment in seconds since 1970; for a date alone, so many seconds after its midnight.
    pub(super) fn seconds_or(self, default: i64) -> i64 {
        self.midnight + self.time.unwrap_or(default)
    }
}

/// Year, month and day.
fn ymd(date: &str) -> Option<[u32; 3]> {
    let separator = date.chars().find(|c| !c.is_ascii_digit())?;
    let parts: Vec<&str> = date.split(separator).collect();
    let [first, second, third] = parts[..] else { return None };
    match (separator, first.len(), third.len()) {
        ('-' | '/', 4, 1..=2) => Some([number(first, 4)?, number(second, 2)?, number(third, 2)?]),
        ('/', 1..=2, 4) => Some([number(third, 4)?, number(first, 2)?, number(second, 2)?]),
        _ => None,
    }
}

/// Seconds since midnight in UTC. None if the text has another form; `Some(None)` if there is no such time.
#[expect(clippy::option_option, reason = "the form and the time may be wrong independently")]
fn time_of(text: &str) -> Option<Option<i64>> {
    let text = text.trim();
    let (text, offset) = without_offset(text)?;
    let upper = text.to_ascii_uppercase();
    let (clock, half) = match (upper.strip_suffix("AM"), upper.strip_suffix("PM")) {
        (Some(clock), _) => (clock.trim_end(), Some(0)),
        (_, Some(clock)) => (clock.trim_end(), Some(12)),
        (None, None) => (upper.as_str(), None),
    };
    let mut parts = clock.split(':');
    let (hours, minutes) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let seconds = match parts.next() {
        None => 0,
        Some(seconds) => {
            let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
            number(fraction, 9)?;
            number(whole, 2)?
        }
    };
    if parts.next().is_some() {
        return None;
    }
    let is_hour = if half.is_some() {
        (1..=12).contains(&hours)
    } else {
        hours < 24
    };
    if !is_hour || minutes > 59 || seconds > 59 {
        return Some(None);
    }
    let hours = half.map_or(hours, |half| hours % 12 + half);
    Some(Some(i64::from(hours * 3_600 + minutes * 60 + seconds) - offset))
}

/// The time without its offset from UTC, and the offset in seconds.
fn without_offset(text: &str) -> Option<(&str, i64)> {
    for utc in ["Z", "z", "UTC", "GMT"] {
        if let Some(clock) = text.strip_suffix(utc) {
            return Some((clock.trim_end(), 0));
        }
    }
    let Some(place) = text.rfind(['+', '-']) else {
        return Some((text, 0));
    };
    let (clock, offset) = text.split_at(place);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let digits = offset.get(1..)?.replacen(':', "", 1);
    let offset = match digits.len() {
        2 => number(&digits, 2)? * 3_600,
        4 => number(digits.get(..2)?, 2)? * 3_600 + number(digits.get(2..)?, 2)? * 60,
        _ => return None,
    };
    let is_offset = i64::from(offset) < DAY_SECS;
    is_offset.then(|| (clock.trim_end(), sign * i64::from(offset)))
}

/// A number of 1 to `most` digits.
fn number(text: &str, most: usize) -> Option<u32> {
    let is_number = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<i64> {
        FileDate::parse(text.as_bytes()).ok().map(|date| date.seconds_or(0))
    }

    #[test]
    fn all_usual_forms_are_read() {
        for text in [
            "2021-07-06 11:48:00",
            "2021-07-06T11:48:00",
            "2021-07-06T11:48:00Z",
            "2021-07-06t11:48:00z",
            "2021-07-06T11:48Z",
            "2021-07-06 11:48",
            "2021-07-06T11:48:00.000Z",
            "2021-07-06T11:48:00.123456+00:00",
            "2021-07-06T13:48:00+02:00",
            "2021-07-06T06:48:00-0500",
            "2021-07-06 06:48:00 -05",
            "2021-07-06 11:48:00 UTC",
            "2021/07/06 11:48",
            "7/6/2021 11:48",
            "07/06/2021 11:48:00",
            "7/6/2021 11:48 AM",
            "7/6/2021 11:48:00 am",
            "7/6/2021 11:48AM",
        ] {
            assert_eq!(seconds(text), Some(1_625_572_080), "{text}");
        }
        for (text, of_day) in [
            ("7/6/2021", 0),
            ("2021-07-06", 0),
            ("7/6/2021 12:00 AM", 0),
            ("7/6/2021 12:30 PM", 45_000),
            ("7/6/2021 9:05 PM", 75_900),
            ("2021-07-06T00:00:00+01:00", -3_600),
        ] {
            assert_eq!(seconds(text), Some(1_625_529_600 + of_day), "{text}");
        }
        assert_eq!(FileDate::parse(b"7/6/2021").unwrap().seconds_or(43_200), 1_625_572_800);
    }

    #[test]
    fn other_forms_are_told_and_wrong_days_are_not_guessed() {
        for (text, form) in [
            ("07-06-2021", "99-99-9999"),
            ("6.7.2021", "9.9.9999"),
            ("7/6/21 9:05", "9/9/99 9:99"),
            ("20210706", "99999999"),
            ("Jul 6, 2021", "Aaa 9, 9999"),
            ("2021-07-06 9", "9999-99-99 9"),
            ("1625572080", "9999999999"),
            ("44383.5", "99999.9"),
        ] {
            let refused = FileDate::parse(text.as_bytes()).unwrap_err();
            assert_eq!(refused, RowFault::DateForm(form.to_owned()), "{text}");
        }
        for text in [
            "",
            "tomorrow",
            "2021-02-30",
            "13/07/2021",
            "2021-07-06 24:00:00",
            "7/6/2021 13:00 PM",
        ] {
            assert_eq!(FileDate::parse(text.as_bytes()), Err(RowFault::Date), "{text}");
        }
    }
}
