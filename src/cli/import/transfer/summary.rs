//! The result of an import.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::send::Sent;
use crate::cli::error::CliError;
use crate::cli::import::progress::per_second;
use crate::cli::output;

/// The result of an import.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TransferSummary {
    /// Id of the import, with which it can be withdrawn.
    pub(super) import_id: String,
    /// Name of the feed (the data set).
    pub(super) feed: String,
    /// Whether the whole file was imported.
    pub(super) complete: bool,
    /// Number of rows that the server answered or that were rejected.
    pub(super) rows: u64,
    /// Number of new reports.
    pub(super) accepted: u64,
    /// Number of reports that the server already had.
    pub(super) already_known: u64,
    /// Number of reports that were withdrawn before.
    pub(super) withdrawn: u64,
    /// Number of reports that were not stored, because the call took place before the number was reset.
    pub(super) before_reset: u64,
    /// Number of rejected rows.
    pub(super) rejected: u64,
    /// Number of rejected rows for each reason.
    pub(super) rejected_by_reason: BTreeMap<String, u64>,
    /// Unknown subjects, with their counts. Their reports count, but have no category.
    pub(super) unknown_subjects: BTreeMap<String, u64>,
    /// The latest time at which a report was filed, in seconds since 1970, if the file says so.
    #[serde(skip)]
    pub(super) newest_filed: Option<i64>,
    /// Duration of the import, in seconds.
    pub(super) seconds: f64,
    /// Rows per second.
    pub(super) rows_per_second: u64,
}

impl TransferSummary {
    /// Adds the result of a batch.
    pub(super) fn add(&mut self, sent: &Sent) {
        self.rows += sent.rows;
        self.accepted += sent.accepted;
        self.already_known += sent.already_known;
        self.withdrawn += sent.withdrawn;
        self.before_reset += sent.before_reset;
        self.newest_filed = self.newest_filed.max(sent.newest_filed);
    }

    /// Sets the duration.
    pub(super) fn took(&mut self, elapsed: Duration) {
        self.seconds = elapsed.as_secs_f64();
        self.rows_per_second = per_second(self.rows, elapsed);
    }

    /// Prints the result.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub(super) fn print(&self, json: bool) -> Result<(), CliError> {
        if json {
            return output::json(self);
        }
        let parts = [
            (self.accepted, "accepted"),
            (self.already_known, "already known"),
            (self.withdrawn, "withdrawn before"),
            (self.before_reset, "before a reset"),
            (self.rejected, "rejected"),
        ];
        output::line(format!(
            "{} ({:.1} s, {} rows per second)",
            output::tally(self.rows, "rows", &parts),
            self.seconds,
            output::grouped(self.rows_per_second)
        ))?;
        if !self.unknown_subjects.is_empty() {
            output::line("\nunknown subjects; their reports have no category:")?;
        }
        for (subject, count) in &self.unknown_subjects {
            output::line(format!("{:>11}  {}", output::grouped(*count), output::clean(subject)))?;
        }
        if self.rows == self.rejected {
            return Ok(());
        }
        output::line(format!(
            "feed {}; to undo this import:\nringwarden report withdraw --import {}",
            self.feed, self.import_id
        ))
    }
}
