//! Why an import ended early.

use std::io;

use thiserror::Error;
use tonic::Status;

use super::status::sentence;

/// The longest row of a file, in bytes: an unclosed quotation mark must not draw a whole file into memory.
pub(super) const ROW_BYTES_MAX: u64 = 1_024 * 1_024;

/// Why an import ended early. What was acknowledged before stays.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file cannot be read, or its compressed form is damaged.
    #[error("cannot read the file after line {line}: {source}")]
    Read {
        /// The last line that was read whole.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// A row that does not end.
    #[error("the row after that of line {after} is longer than {ROW_BYTES_MAX} bytes")]
    RowTooLong {
        /// Where the row before it begins.
        after: u64,
    },
    /// The first line names other columns.
    #[error("the first line of the file does not name the columns of this format")]
    UnknownHeader {
        /// What it should be: the lines that are known.
        expected: &'static [&'static str],
    },
    /// Lines of a list that cannot be taken: the list is taken whole or not at all.
    #[error("{malformed} of {rows} rows are malformed: nothing was sent, and the list is as it was")]
    Malformed {
        /// How many rows.
        malformed: u64,
        /// Of how many.
        rows: u64,
    },
    /// A column that this format does not have, or has once.
    #[error("the first line of the file names a column that is unknown, missing or there twice")]
    Columns,
    /// More entries than a list holds.
    #[error("the file holds more than {max} entries")]
    TooManyEntries {
        /// How many a list holds.
        max: usize,
    },
    /// More different rows than this program keeps in mind.
    #[error("the file holds more than {max} different rows")]
    TooManyRows {
        /// How many it keeps in mind.
        max: usize,
    },
    /// The server refused a request as a whole.
    #[error("{}", sentence(.0))]
    Refused(Box<Status>),
    /// The server did not answer for long.
    #[error("{}, after {attempts} attempts", sentence(.status))]
    GaveUp {
        /// How often the same reports were sent.
        attempts: u32,
        /// The last answer.
        status: Box<Status>,
    },
    /// The server answered something that its contract does not allow.
    #[error("the server answered {got} results to {sent} items")]
    WrongAnswer {
        /// Items sent.
        sent: usize,
        /// Results received.
        got: usize,
    },
    /// Somebody pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The thread that reads the file ended by a panic, which it printed.
    #[error("reading the file failed unexpectedly")]
    ReaderPanicked,
}

impl ImportError {
    /// What to do about it.
    pub(super) fn next_step(&self) -> Option<String> {
        const AGAIN: &str = "run it again and it goes on: what the server has already is not counted twice";
        match self {
            Self::UnknownHeader { expected } => Some(format!("expected {}", expected.join(" or "))),
            Self::RowTooLong { .. } => Some("a quotation mark is probably not closed".to_owned()),
            Self::TooManyRows { .. } => Some("split the file".to_owned()),
            Self::Read { .. } => Some(format!("get the file again, then {AGAIN}")),
            Self::GaveUp { .. } | Self::Interrupted => Some(AGAIN.to_owned()),
            Self::Malformed { .. } => Some("mend these lines and run it again".to_owned()),
            Self::Columns => Some(
                "expected number,source,date,requester,expires in any order, and action for tenant-prefix; requester and expires may be left out"
                    .to_owned(),
            ),
            Self::TooManyEntries { .. } => Some("split it into several lists of the same kind".to_owned()),
            Self::Refused(_) | Self::WrongAnswer { .. } | Self::ReaderPanicked => None,
        }
    }

    /// The answer of the server behind it.
    pub(super) fn status(&self) -> Option<&Status> {
        match self {
            Self::Refused(status) | Self::GaveUp { status, .. } => Some(status),
            Self::Read { .. }
            | Self::RowTooLong { .. }
            | Self::UnknownHeader { .. }
            | Self::TooManyRows { .. }
            | Self::Malformed { .. }
            | Self::Columns
            | Self::TooManyEntries { .. }
            | Self::WrongAnswer { .. }
            | Self::Interrupted
            | Self::ReaderPanicked => None,
        }
    }
}
