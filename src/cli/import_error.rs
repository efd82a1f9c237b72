//! The errors of an import.

use std::io;

use thiserror::Error;
use tonic::Status;

use super::status::sentence;

/// Longest row of a file, in bytes. The limit keeps an unclosed quotation mark from reading the whole file into memory.
pub(super) const ROW_BYTES_MAX: u64 = 1_024 * 1_024;

/// Why an import stopped early. Reports that were acknowledged before are stored.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file cannot be read, or the compressed data is damaged.
    #[error("cannot read the file after line {line}: {source}")]
    Read {
        /// The last line that was read completely.
        line: u64,
        /// Cause of the error.
        source: io::Error,
    },
    /// A row is too long.
    #[error("the row after line {after} is longer than {ROW_BYTES_MAX} bytes")]
    RowTooLong {
        /// Line at which the row before it begins.
        after: u64,
    },
    /// The header has other columns.
    #[error("the first line of the file does not have the columns of this format")]
    UnknownHeader {
        /// The valid headers.
        expected: &'static [&'static str],
    },
    /// Some rows of a list are malformed. A list is imported completely or not at all.
    #[error("{malformed} of {rows} rows are malformed: nothing was sent, and the list is not changed")]
    Malformed {
        /// Number of malformed rows.
        malformed: u64,
        /// Number of all rows.
        rows: u64,
    },
    /// The header of a list is not valid.
    #[error("the first line of the file has an unknown column, a duplicate column, or a column is missing")]
    Columns,
    /// The file has more entries than a list may have.
    #[error("the file has more than {max} entries")]
    TooManyEntries {
        /// Maximum number of entries in a list.
        max: usize,
    },
    /// The file has more different rows than the import can keep in memory.
    #[error("the file has more than {max} different rows")]
    TooManyRows {
        /// Maximum number of different rows.
        max: usize,
    },
    /// The server refused a request as a whole.
    #[error("{}", sentence(.0))]
    Refused(Box<Status>),
    /// The server did not answer any attempt.
    #[error("{}, after {attempts} attempts", sentence(.status))]
    GaveUp {
        /// Number of times that the same reports were sent.
        attempts: u32,
        /// Answer to the last attempt.
        status: Box<Status>,
    },
    /// The answer of the server has a wrong number of results.
    #[error("the server answered {got} results to {sent} items")]
    WrongAnswer {
        /// Number of items sent.
        sent: usize,
        /// Number of results received.
        got: usize,
    },
    /// The user pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The thread that reads the file panicked. The panic was printed before.
    #[error("reading the file failed unexpectedly")]
    ReaderPanicked,
}

impl ImportError {
    /// What the user can do, as a clause without a full stop; `None` if there is no advice.
    pub(super) fn next_step(&self) -> Option<String> {
        const AGAIN: &str = "run the import again to continue: the server does not count a report twice";
        match self {
            Self::UnknownHeader { expected } => Some(format!("expected {}", expected.join(" or "))),
            Self::RowTooLong { .. } => Some("check the quotation marks: one is probably not closed".to_owned()),
            Self::TooManyRows { .. } => Some("split the file into smaller files".to_owned()),
            Self::Read { .. } => Some(format!("get the file again, then {AGAIN}")),
            Self::GaveUp { .. } | Self::Interrupted => Some(AGAIN.to_owned()),
            Self::Malformed { .. } => Some("correct these lines, then run the import again".to_owned()),
            Self::Columns => Some(
                "expected number,source,date,requester,expires in any order, and action for tenant-prefix; requester and expires are optional"
                    .to_owned(),
            ),
            Self::TooManyEntries { .. } => Some("split it into several lists of the same kind".to_owned()),
            Self::Refused(_) | Self::WrongAnswer { .. } | Self::ReaderPanicked => None,
        }
    }

    /// The error status of the server, if the server caused this error.
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
