//! Turns one row of FTC complaints into a report.

use crate::wire::Timestamp;
use chrono::NaiveDate;
use csv::ByteRecord;

use super::identity::trimmed;
use super::layout::Layout;
use super::subjects::{States, Subjects};
use crate::cli::import::row_fault::{self, RowFault};
use crate::wire::v1::{Report, Source};

/// Maximum time between a call and its complaint. If it is longer, one of the dates is a typing error.
const DELAY_MAX_SECS: i64 = 30 * DAY_SECS;

const DAY_SECS: i64 = 86_400;

const NOON_SECS: i64 = DAY_SECS / 2;

/// Longest area that the server accepts, in bytes.
const AREA_BYTES_MAX: usize = 16;

/// Turns rows into reports, without their ids.
pub(super) struct RowParser {
    layout: Layout,
    subjects: Subjects,
    states: States,
}

impl RowParser {
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            layout,
            subjects: Subjects::new(),
            states: States::new(),
        }
    }

    /// The report in a row.
    ///
    /// # Errors
    /// If the row has no valid number, no valid date, or a wrong number of columns.
    pub(super) fn parse(&mut self, row: &ByteRecord) -> Result<Report, RowFault> {
        if row.len() != self.layout.columns() {
            return Err(RowFault::Columns);
        }
        let field = |column| trimmed(row.get(column).unwrap_or_default());
        match self.layout {
            Layout::ThreeColumns => three_columns(field),
            Layout::EightColumns => self.eight_columns(field),
        }
    }

    /// The unknown subjects.
    pub(super) fn into_subjects(self) -> Subjects {
        self.subjects
    }

    fn eight_columns<'a>(&mut self, field: impl Fn(usize) -> &'a [u8]) -> Result<Report, RowFault> {
        let number = row_fault::number(field(0))?;
        let created = seconds(field(1)).ok_or(RowFault::Date)?;
        let violated = seconds(field(2)).filter(|violated| (0..=DELAY_MAX_SECS).contains(&(created - violated)));
        let area = match area(field(5)) {
            area if area.is_empty() => self.states.code(field(4)).unwrap_or_default().to_owned(),
            area => area,
        };
        Ok(Report {
            number: number.to_string(),
            category: self.subjects.category(field(6)).into(),
            occurred_at: Some(timestamp(violated.unwrap_or(created))),
            received_at: Some(timestamp(created)),
            reporter_area: area,
            recorded: yes_or_no(field(7)),
            ..complaint(Layout::EightColumns)
        })
    }
}

fn three_columns<'a>(field: impl Fn(usize) -> &'a [u8]) -> Result<Report, RowFault> {
    let number = row_fault::number(field(1))?;
    let created = timestamp(midnight(field(0)).ok_or(RowFault::Date)? + NOON_SECS);
    Ok(Report {
        number: number.to_string(),
        occurred_at: Some(created),
        received_at: Some(created),
        reporter_area: area(field(2)),
        ..complaint(Layout::ThreeColumns)
    })
}

/// The fields that all complaints have in common.
fn complaint(layout: Layout) -> Report {
    Report {
        source: Source::RegulatorFeed.into(),
        feed: layout.feed().to_owned(),
        reporter_country: "US".to_owned(),
        ..Default::default()
    }
}

fn area(field: &[u8]) -> String {
    let text = str::from_utf8(field).unwrap_or_default();
    let is_fit = text.len() <= AREA_BYTES_MAX && !text.chars().any(char::is_control);
    if is_fit { text.to_owned() } else { String::new() }
}

fn yes_or_no(field: &[u8]) -> Option<bool> {
    match field {
        b"Y" | b"y" => Some(true),
        b"N" | b"n" => Some(false),
        _ => None,
    }
}

/// Parses `YYYY-MM-DD HH:MM:SS` in UTC into seconds since 1970. A date without a time means its midnight.
fn seconds(field: &[u8]) -> Option<i64> {
    let midnight = midnight(field)?;
    let Some(time) = field.get(10..) else {
        return Some(midnight);
    };
    match *time {
        [] => Some(midnight),
        [b' ' | b'T', h1, h2, b':', m1, m2, b':', s1, s2] => {
            let (hours, minutes, seconds) = (digits(&[h1, h2])?, digits(&[m1, m2])?, digits(&[s1, s2])?);
            let is_time = hours < 24 && minutes < 60 && seconds < 60;
            is_time.then(|| midnight + i64::from(hours * 3_600 + minutes * 60 + seconds))
        }
        _ => None,
    }
}

/// Parses the date at the start of a field into seconds since 1970, at its midnight.
fn midnight(field: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, ..] = *field else {
        return None;
    };
    let year = i32::try_from(digits(&[y1, y2, y3, y4])?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, digits(&[m1, m2])?, digits(&[d1, d2])?)?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp())
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |value: u32, byte| {
        byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0'))
    })
}

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc() {
        assert_eq!(seconds(b"2021-07-07 00:01:15"), Some(1_625_616_075));
        assert_eq!(seconds(b"2021-07-07"), Some(1_625_616_000));
        for text in [
            "",
            "2021-07-07 ",
            "2021-07-07 00:01",
            "2021-07-07 24:00:00",
            "2021-02-30",
            "07/07/2021",
            "2021-7-7 0",
        ] {
            assert_eq!(seconds(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn areas_that_the_server_would_refuse_are_left_out() {
        assert_eq!(area(b"510"), "510");
        assert_eq!(area(b"not an area code at all"), "");
        assert_eq!(area(b"\xff"), "");
    }
}
