//! Turns one row of FTC complaints into a report.

use super::layout::Layout;
use super::subjects::{States, Subjects};
use crate::cli::import::date::FileDate;
use crate::cli::import::identity::trimmed;
use crate::cli::import::row_fault::{self, RowFault};
use crate::wire::Timestamp;
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

    /// The report in the fields of a row, which are in the order of the layout.
    ///
    /// # Errors
    /// If the row has no valid number, or no valid date.
    pub(super) fn parse(&mut self, fields: &[&[u8]]) -> Result<Report, RowFault> {
        let field = |column: usize| trimmed(fields.get(column).copied().unwrap_or_default());
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
        let created = FileDate::parse(field(1))?.seconds_or(0);
        let violated = FileDate::parse(field(2)).ok().map(|date| date.seconds_or(0));
        let violated = violated.filter(|violated| (0..=DELAY_MAX_SECS).contains(&(created - violated)));
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
    let created = timestamp(FileDate::parse(field(0))?.seconds_or(NOON_SECS));
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

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_that_the_server_would_refuse_are_left_out() {
        assert_eq!(area(b"510"), "510");
        assert_eq!(area(b"not an area code at all"), "");
        assert_eq!(area(b"\xff"), "");
    }
}
