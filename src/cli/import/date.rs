//! Dates in files of other parties: ISO 8601, and day, month and year in the order that the file has.

use chrono::NaiveDate;

use super::form::form_of;
use super::row_fault::RowFault;

const DAY_SECS: i64 = 86_400;

/// Longest text that may be a date, in bytes.
const BYTES_MAX: usize = 40;

/// The order of the parts of a date that ends with its year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayOrder {
    /// `7/6/2021` is the sixth of July. Only `/` may separate the parts.
    American,
    /// The month, then the day; separated by `/`, `.` or `-`.
    MonthFirst,
    /// The day, then the month; separated by `/`, `.` or `-`.
    DayFirst,
}

/// What a date that ends with its year says of the order of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OrderShown {
    /// The first part is above 12, so it is the day.
    DayFirst,
    /// The second part is above 12, so it is the day.
    MonthFirst,
    /// Both parts may be the month.
    Either,
}

/// A date, and its time if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileDate {
    /// Seconds from 1970-01-01 to the start of the day.
    midnight: i64,
    /// Seconds from there; below 0 or above a day after an offset was applied. None for a date alone.
    time: Option<i64>,
    /// Whether the time has an offset from UTC, which has been applied.
    has_offset: bool,
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
        Self::parse_as(field, DayOrder::American)
    }

    /// As [`Self::parse`], for a file whose dates have this order if they end with the year. A month may also be an English
    /// name, as in `06-Jul-2021`.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub(super) fn parse_as(field: &[u8], order: DayOrder) -> Result<Self, RowFault> {
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
        let [year, month, day] = ymd(date, order).ok_or_else(other_form)?;
        let (time, has_offset) = match time.get(1..) {
            None | Some("") => (None, false),
            Some(time) => {
                let (time, has_offset) = time_of(time).ok_or_else(other_form)?;
                (Some(time), has_offset)
            }
        };
        let date = i32::try_from(year)
            .ok()
            .and_then(|year| NaiveDate::from_ymd_opt(year, month, day));
        let midnight = date.and_then(|date| date.and_hms_opt(0, 0, 0)).ok_or(RowFault::Date)?;
        Ok(Self {
            midnight: midnight.and_utc().timestamp(),
            time: time.map(|time| time.ok_or(RowFault::Date)).transpose()?,
            has_offset,
        })
    }

    /// What the date in a field says of the order of its parts; none if it does not end with its year.
    pub(super) fn order_shown(field: &[u8]) -> Option<OrderShown> {
        let text = str::from_utf8(field).ok()?.trim();
        let date = text.split([' ', 'T', 't']).next()?;
        let [first, second, year] = parts(date)?;
        let (first, second) = (number(first, 2)?, number(second, 2)?);
        number(year, 4).filter(|_| year.len() == 4)?;
        Some(match (first > 12, second > 12) {
            (true, _) => OrderShown::DayFirst,
            (false, true) => OrderShown::MonthFirst,
            (false, false) => OrderShown::Either,
        })
    }

    /// The moment in seconds since 1970, where a time without an offset is local time in a zone. `to_utc` gives the
    /// moment of seconds since 1970 on the clocks of the zone; none if these clocks never show that time. A date alone
    /// is its midnight.
    ///
    /// # Errors
    /// [`RowFault::Date`] if there is no such time in the zone.
    pub(super) fn seconds_in(self, to_utc: impl Fn(i64) -> Option<i64>) -> Result<i64, RowFault> {
        let local = self.seconds_or(0);
        if self.has_offset {
            return Ok(local);
        }
        to_utc(local).ok_or(RowFault::Date)
    }

    /// The moment in seconds since 1970; for a date alone, so many seconds after its midnight.
    pub(super) fn seconds_or(self, default: i64) -> i64 {
        self.midnight + self.time.unwrap_or(default)
    }
}

/// Year, month and day.
fn ymd(date: &str, order: DayOrder) -> Option<[u32; 3]> {
    let [first, second, third] = parts(date)?;
    let separator = date.chars().find(|c| !c.is_ascii_alphanumeric())?;
    let (year, month, day) = match (separator, first.len(), third.len(), order) {
        ('-' | '/', 4, 1..=2, _) => (first, second, third),
        ('/', 1..=2, 4, DayOrder::American) => (third, first, second),
        (_, 1..=2, 4, DayOrder::MonthFirst) if month_named(second).is_none() => (third, first, second),
        (_, 1..=2, 4, DayOrder::MonthFirst | DayOrder::DayFirst) => (third, second, first),
        _ => return None,
    };
    let month = number(month, 2).or_else(|| month_named(month).filter(|_| order != DayOrder::American))?;
    Some([number(year, 4)?, month, number(day, 2)?])
}

/// The three parts of a date, between equal separators.
fn parts(date: &str) -> Option<[&str; 3]> {
    let separator = date.chars().find(|c| !c.is_ascii_alphanumeric())?;
    let parts: Vec<&str> = date.split(separator).collect();
    let [first, second, third] = parts[..] else { return None };
    matches!(separator, '-' | '/' | '.').then_some([first, second, third])
}

/// The month with this English name, or with its first three letters.
fn month_named(name: &str) -> Option<u32> {
    let month: chrono::Month = name.parse().ok()?;
    Some(month.number_from_month())
}

/// Seconds since midnight in UTC, and whether the text has an offset. None if the text has another form; without seconds
/// if there is no such time.
fn time_of(text: &str) -> Option<(Option<i64>, bool)> {
    let text = text.trim();
    let (text, offset) = without_offset(text)?;
    let has_offset = offset.is_some();
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
        return Some((None, has_offset));
    }
    let hours = half.map_or(hours, |half| hours % 12 + half);
    let seconds = i64::from(hours * 3_600 + minutes * 60 + seconds) - offset.unwrap_or(0);
    Some((Some(seconds), has_offset))
}

/// The time without its offset from UTC, and the offset in seconds.
fn without_offset(text: &str) -> Option<(&str, Option<i64>)> {
    for utc in ["Z", "z", "UTC", "GMT"] {
        if let Some(clock) = text.strip_suffix(utc) {
            return Some((clock.trim_end(), Some(0)));
        }
    }
    let Some(place) = text.rfind(['+', '-']) else {
        return Some((text, None));
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
    is_offset.then(|| (clock.trim_end(), Some(sign * i64::from(offset))))
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
    #[test]
    fn a_date_shows_its_order_only_if_a_part_is_above_twelve() {
        for (text, shown) in [
            ("6.7.2021", Some(OrderShown::Either)),
            ("13/07/2021 11:48", Some(OrderShown::DayFirst)),
            ("07-13-2021", Some(OrderShown::MonthFirst)),
            ("2021-07-06", None),
            ("06-Jul-2021", None),
            ("6/7/21", None),
            ("", None),
        ] {
            assert_eq!(FileDate::order_shown(text.as_bytes()), shown, "{text}");
        }
        let day = |text: &str, order| FileDate::parse_as(text.as_bytes(), order).map(|date| date.seconds_or(0));
        let sixth_of_july = Ok(1_625_529_600);
        for text in [
            "6.7.2021",
            "06/07/2021",
            "6-7-2021",
            "06-Jul-2021",
            "6-july-2021",
            "2021-07-06",
        ] {
            assert_eq!(day(text, DayOrder::DayFirst), sixth_of_july, "{text}");
        }
        for text in ["7.6.2021", "07/06/2021", "7-6-2021", "06-Jul-2021"] {
            assert_eq!(day(text, DayOrder::MonthFirst), sixth_of_july, "{text}");
        }
        assert_eq!(day("13/07/2021", DayOrder::MonthFirst), Err(RowFault::Date));
    }

    #[test]
    fn only_times_without_an_offset_are_local() {
        let an_hour_east = |local: i64| Some(local - 3_600);
        let moment = |text: &str| FileDate::parse(text.as_bytes()).unwrap().seconds_in(an_hour_east);
        assert_eq!(moment("2021-07-06 12:48"), Ok(1_625_572_080));
        assert_eq!(moment("2021-07-06T11:48:00Z"), Ok(1_625_572_080));
        assert_eq!(moment("2021-07-06 13:48+02:00"), Ok(1_625_572_080));
        assert_eq!(
            FileDate::parse(b"2021-07-06 12:48").unwrap().seconds_in(|_| None),
            Err(RowFault::Date)
        );
    }
}
