//! Retention by age: which rows and which comments of a number are too old to be kept.
//!
//! The age of a report counts from its arrival at this server, which no feed can choose: a file of old complaints that is
//! imported today is kept as long as a report of today.

use super::evidence::FoldModel;
use super::report::ReportRow;
use super::rows::{LoadedRows, Missing};
use super::state::NumberState;
use super::time::Timestamp;

/// Since when reports and their comments are kept; none: all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptSince {
    /// Reports, withdrawn ones and tombstones included.
    pub reports: Option<Timestamp>,
    /// Comments of reports.
    pub texts: Option<Timestamp>,
}

/// How much was too old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Reports, withdrawn ones and tombstones included.
    pub reports: u32,
    /// Comments of reports that stay.
    pub texts: u32,
}

impl KeptSince {
    /// Whether all is kept.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.reports.is_none() && self.texts.is_none()
    }

    /// Whether the row, or its comment, is too old.
    #[must_use]
    pub fn concerns(&self, row: &ReportRow) -> bool {
        self.drops(row) || self.drops_text(row)
    }

    fn drops(&self, row: &ReportRow) -> bool {
        self.reports.is_some_and(|since| row.arrived_at < since)
    }

    fn drops_text(&self, row: &ReportRow) -> bool {
        row.body.comment.is_some() && self.texts.is_some_and(|since| row.arrived_at < since)
    }
}

impl NumberState {
    /// Deletes the rows that are too old, and the comments of others.
    ///
    /// # Errors
    /// If rows are missing; nothing is changed then.
    pub fn expire(&mut self, rows: &mut LoadedRows, kept: &KeptSince, model: &FoldModel) -> Result<Expired, Missing> {
        let reports = rows.retain(|row| !kept.drops(row))?;
        let mut texts = 0u32;
        rows.change_all(|row| {
            let is_old = kept.drops_text(row);
            if is_old {
                row.body.comment = None;
                texts = texts.saturating_add(1);
            }
            is_old
        })?;
        if reports > 0 {
            self.rows = self.rows.saturating_sub(reports);
            self.refold(rows, model)?;
        } else if texts > 0 {
            self.count_texts(rows)?;
        }
        Ok(Expired { reports, texts })
    }

    /// Whether nothing is stored of the number but that it was there: no row, status, link or reset.
    #[must_use]
    pub fn is_left_over(&self) -> bool {
        self.rows == 0 && self.reset_before.is_none() && self.is_blank()
    }
}
