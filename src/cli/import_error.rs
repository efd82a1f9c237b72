//! The errors of an import.

use std::io;

use thiserror::Error;
use tonic::Status;

use super::import::MappingError;
use super::output::counted_as;
use super::status::{is_too_large, sentence};

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
    #[error("the first line of the file does not have the columns of this format: it has {met:?}")]
    UnknownHeader {
        /// The valid headers.
        expected: &'static [&'static str],
        /// The columns that the file has. A field that is no name is shown by its form.
        met: String,
    },
    /// Too few rows could be taken.
    #[error("{}", too_few(*.taken, *.rows, *.min_percent))]
    TooFew {
        /// Number of rows that the server has taken, now or before.
        taken: u64,
        /// Number of all rows.
        rows: u64,
        /// Least share of rows to take, in percent.
        min_percent: f64,
        /// The first rejected row: its line and the reason.
        first: Option<(u64, String)>,
    },
    /// Reports of the file were withdrawn before.
    #[error(
        "{} withdrawn before: they do not count",
        counted_as(*.withdrawn, "report of the file was", "reports of the file were")
    )]
    Withdrawn {
        /// Number of these reports.
        withdrawn: u64,
        /// The revision with which they may count again.
        revision: u32,
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
    #[error("the first line of the file has {problem}: it has {met:?}")]
    Columns {
        /// The column at fault, and what is wrong with it.
        problem: String,
        /// The columns that the file has. A field that is no name is shown by its form.
        met: String,
    },
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
    /// The columns or the values of the file have no clear meaning.
    #[error(transparent)]
    Mapping(#[from] MappingError),
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
    /// The user pressed Ctrl-C, or a service manager sent SIGTERM.
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
            Self::TooFew { first, .. } => Some(correct(first.as_ref())),
            Self::UnknownHeader { expected, .. } => Some(format!("expected {}", expected.join(" or "))),
            Self::RowTooLong { .. } => Some("check the quotation marks: one is probably not closed".to_owned()),
            Self::TooManyRows { .. } => Some("split the file into smaller files".to_owned()),
            Self::Read { .. } => Some("get the file again, then run the import again".to_owned()),
            Self::GaveUp { .. } | Self::Interrupted => Some(AGAIN.to_owned()),
            Self::Withdrawn { revision, .. } => Some(format!(
                "if the withdrawal was a mistake, or the file is corrected, import it with --revision {revision}"
            )),
            Self::Malformed { .. } => Some("correct these lines, then run the import again".to_owned()),
            Self::Columns { .. } => Some(
                "expected number,source,date,requester,expires in any order, action for tenant-prefix, and \
                 organisation,brand,calls for known-owner; requester, expires and brand are optional; other files need --map \
                 number=COLUMN,..., and --no-header if their first line is an entry"
                    .to_owned(),
            ),
            Self::TooManyEntries { .. } => Some("split it into several lists of the same kind".to_owned()),
            Self::Mapping(error) => error.next_step(),
            Self::Refused(status) if is_too_large(status) => Some("give a smaller --batch".to_owned()),
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
            | Self::Withdrawn { .. }
            | Self::Mapping(_)
            | Self::Columns { .. }
            | Self::TooFew { .. }
            | Self::TooManyEntries { .. }
            | Self::WrongAnswer { .. }
            | Self::Interrupted
            | Self::ReaderPanicked => None,
        }
    }
}

fn too_few(taken: u64, rows: u64, min_percent: f64) -> String {
    match (rows, taken) {
        (0, _) => "the file has no rows".to_owned(),
        (_, 0) => format!("none of {rows} rows could be taken"),
        _ => format!("only {taken} of {rows} rows could be taken, less than {min_percent} %"),
    }
}

fn correct(first: Option<&(u64, String)>) -> String {
    match first {
        None => "check that the export was complete".to_owned(),
        Some((line, reason)) => format!(
            "line {line} was the first to be rejected: {reason}; correct the file, or accept such files with --min-accepted"
        ),
    }
}
