//! Rows that are withdrawn: one, or all of an import or a reporter.

use super::Withdrawn;
use crate::domain::ids::{ImportId, ReportId, ReporterHash};
use crate::domain::report::{ReportRow, RowState};
use crate::domain::rows::{LoadedRows, Missing};
use crate::domain::time::Timestamp;

/// The rows of a bulk withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// The rows of an import.
    Import(ImportId),
    /// The rows of a reporter.
    Reporter(ReporterHash),
}

impl Withdrawal {
    /// Whether it withdraws this row: a live one that had arrived by this moment.
    #[must_use]
    pub fn takes(&self, row: &ReportRow, arrived_by: Timestamp) -> bool {
        row.is_live() && row.arrived_at <= arrived_by && self.names(row)
    }

    /// Whether the row is of the import or the reporter, live or not.
    #[must_use]
    pub fn names(&self, row: &ReportRow) -> bool {
        match self {
            Self::Import(import) => row.import.as_ref() == Some(import),
            Self::Reporter(reporter) => row.body.reporter == Some(*reporter),
        }
    }
}

/// Withdraws a row. It keeps no free text, since the person took it back.
pub(super) fn take_back(row: &mut ReportRow, by_decision: bool) {
    row.state = RowState::Withdrawn;
    row.body.comment = None;
    row.withdrawn_by_decision = by_decision && row.sender.is_some();
}

/// Keeps the sender of a row that does not count from bringing it back.
pub(super) fn confirm(rows: &mut LoadedRows, id: &ReportId) -> Result<Withdrawn, Missing> {
    let is_open = |row: &ReportRow| row.sender.is_some() && !row.withdrawn_by_decision;
    if !rows.find(id)?.is_some_and(is_open) {
        return Ok(Withdrawn::Already);
    }
    if let Some(row) = rows.find_mut(id)? {
        match row.state {
            RowState::Tombstone => row.sender = None,
            RowState::Live | RowState::Withdrawn => row.withdrawn_by_decision = true,
        }
    }
    Ok(Withdrawn::Confirmed)
}
