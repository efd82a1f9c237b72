//! Sends the reports of a file to the server, a few batches at a time, and counts the answers.
//!
//! A thread reads and parses the file. Every format of reports has a [`ReportReader`]; all else is the same for all.

mod batch;
mod run;
mod send;
mod summary;

use std::collections::BTreeMap;

use clap::Args;

pub(super) use run::run;

use super::{Common, ImportError, MinAccepted, Reject};
use crate::domain::report::MAX_BATCH_REPORTS;
use crate::wire::v1::Report;

/// Maximum number of reports in one batch: the limit of the server.
const BATCH_MAX: u64 = MAX_BATCH_REPORTS as u64;

/// Maximum number of batches that are sent at the same time.
const CONCURRENCY_MAX: i64 = 64;

/// Arguments of all imports of reports.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct TransferArgs {
    /// Fail if less than this share of the rows can be taken
    #[arg(long, value_name = "SHARE", default_value = "50%")]
    pub(super) min_accepted: MinAccepted,
    /// Id of the import, with which it can be withdrawn [default: a hash of the file]
    #[arg(long, value_name = "ID")]
    pub(super) import_id: Option<String>,
    /// Revision of the reports, at most 20; reports that were withdrawn count again with a higher one than before
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) revision: u32,
    /// Number of reports in one batch
    #[arg(long, value_name = "N", default_value_t = BATCH_MAX, value_parser = clap::value_parser!(u64).range(1..=BATCH_MAX))]
    pub(super) batch: u64,
    /// Number of batches that are sent at the same time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=CONCURRENCY_MAX))]
    pub(super) concurrency: u16,
}

/// A report and its row.
#[derive(Debug)]
pub struct FiledReport {
    /// Line at which the row begins; the header is line 1.
    pub line: u64,
    /// The report.
    pub report: Report,
    /// The row, if rows are kept.
    pub row: Option<Vec<u8>>,
}

/// Reads a file of reports row by row.
pub(super) trait ReportReader: Send + 'static {
    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// If the text cannot be read, if a row is too long, or if the file has too many different rows.
    fn next_row(&mut self) -> Result<Option<Result<FiledReport, Reject>>, ImportError>;

    /// The texts of the file that mean no known category, with their counts.
    fn into_unknown_subjects(self) -> BTreeMap<String, u64>;
}

/// A file of reports that is ready to be sent.
pub(super) struct Transfer<'a, R> {
    /// The common arguments of imports.
    pub(super) common: &'a Common,
    /// How to send.
    pub(super) args: &'a TransferArgs,
    /// The id of the import.
    pub(super) import_id: String,
    /// Name of the feed (the data set).
    pub(super) feed: String,
    /// Reads the reports.
    pub(super) reader: R,
    /// The position in the file.
    pub(super) position: super::source::Position,
    /// Size of the file, in bytes.
    pub(super) file_bytes: u64,
}
