//! Adding reports: one at a time, or all those of a job before the rows are folded once.

use super::withdrawal::take_back;
use super::{MAX_TEXTS, NumberState, Submitted, TEXTS_SLACK, TEXTS_SLACK_SHARE};
use crate::domain::comment::PendingComments;
use crate::domain::evidence::FoldModel;
use crate::domain::ids::ReportId;
use crate::domain::report::{ReportRow, RowState};
use crate::domain::rows::{LoadedRows, Missing};
use crate::domain::time::Timestamp;

/// How a report gets into the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    /// It is added, since its reporter is certainly new.
    In,
    /// It is added or replaces a row, by the reporter table.
    Table,
    /// All rows are folded again, after the last report of the job.
    All,
}

impl NumberState {
    /// Adds a report of somebody who decides on reports, and folds it.
    ///
    /// # Errors
    /// If rows are missing; nothing is changed then.
    pub fn submit(&mut self, rows: &mut LoadedRows, row: ReportRow, model: &FoldModel) -> Result<Submitted, Missing> {
        let submitted = self.add(rows, row, true, model)?;
        self.fold_added(rows, model)?;
        Ok(submitted)
    }

    /// Adds a report. `decides` says whether its sender decides on reports of others. The evidence may lack it until
    /// [`Self::fold_added`], which is called once after all reports of a job: the rows are then folded once for all of them.
    ///
    /// # Errors
    /// If rows are missing; nothing is changed then.
    pub fn add(
        &mut self,
        rows: &mut LoadedRows,
        row: ReportRow,
        decides: bool,
        model: &FoldModel,
    ) -> Result<Submitted, Missing> {
        if let Some(known) = rows.find(&row.id)? {
            return match known.state {
                RowState::Live if known.may_become(&row, decides) => self.revise(rows, row),
                RowState::Live if known.revision > row.revision && known.is_told_to(&row, decides) => {
                    Ok(Submitted::Outdated)
                }
                RowState::Live if known.content != row.content => Ok(Submitted::OtherContent),
                RowState::Withdrawn | RowState::Tombstone if known.may_return_as(&row, decides) => {
                    self.revive(rows, row)
                }
                RowState::Tombstone => self.fill_tombstone(rows, row),
                RowState::Live => Ok(Submitted::AlreadyKnown),
                RowState::Withdrawn => Ok(Submitted::Withdrawn),
            };
        }
        if self.reset_before.is_some_and(|moment| row.body.occurred_at < moment) {
            return Ok(Submitted::BeforeReset);
        }
        let with_text = u32::from(row.body.comment.is_some());
        let drops_texts = self.texts.saturating_add(with_text) > MAX_TEXTS.saturating_add(self.texts_slack());
        let fold = self.way_to_fold(rows, &row, model)?;
        if drops_texts {
            rows.need_all()?;
        }
        let total = self.rows.saturating_add(1);
        rows.can_insert(&row.id, total)?;
        match (fold, self.reporter_table.as_deref_mut()) {
            (Fold::In, _) => self.evidence.fold_in(&row, model),
            (Fold::Table, Some(table)) => rows.table.add(table, &row, &mut self.evidence, model),
            (Fold::Table, None) | (Fold::All, _) => {}
        }
        let pending = PendingComments::with(self.pending.as_deref().copied(), &row);
        rows.insert(row, total)?;
        self.rows = total;
        self.buckets = rows.buckets();
        self.texts = self.texts.saturating_add(with_text);
        self.pending = pending.map(Box::new);
        self.evidence_version = model.evidence_version();
        if drops_texts {
            self.drop_old_texts(rows)?;
        }
        match fold {
            Fold::In => {}
            Fold::Table => self.stamp_table(),
            Fold::All => rows.is_refold_due = true,
        }
        Ok(Submitted::Accepted)
    }

    /// Folds what the reports that were added have left to fold.
    ///
    /// # Errors
    /// If rows are missing; nothing is changed then. All rows that this needs were needed by [`Self::add`], too.
    pub fn fold_added(&mut self, rows: &mut LoadedRows, model: &FoldModel) -> Result<(), Missing> {
        if rows.is_refold_due {
            return self.refold(rows, model);
        }
        let table = self.reporter_table.as_deref();
        if let Some(sums) = table.and_then(|table| rows.table.add_up(table, model)) {
            self.evidence.take_sums(sums);
            self.stamp_table();
        }
        Ok(())
    }

    /// Puts a later revision in the place of a live row. All rows are to be folded again.
    fn revise(&mut self, rows: &mut LoadedRows, row: ReportRow) -> Result<Submitted, Missing> {
        rows.need_all()?;
        if let Some(known) = rows.find_mut(&row.id)? {
            let before = u32::from(known.body.comment.is_some());
            *known = known.revised(row);
            let after = u32::from(known.body.comment.is_some());
            self.texts = self.texts.saturating_add(after).saturating_sub(before);
        }
        rows.is_refold_due = true;
        Ok(Submitted::Revised)
    }

    /// Puts a report in the place of a row that does not count, as a new report. All rows are to be folded again.
    fn revive(&mut self, rows: &mut LoadedRows, row: ReportRow) -> Result<Submitted, Missing> {
        if self.reset_before.is_some_and(|moment| row.body.occurred_at < moment) {
            return Ok(Submitted::BeforeReset);
        }
        rows.need_all()?;
        if let Some(known) = rows.find_mut(&row.id)? {
            self.texts = self.texts.saturating_add(u32::from(row.body.comment.is_some()));
            *known = row;
        }
        rows.is_refold_due = true;
        Ok(Submitted::Accepted)
    }

    /// How a new report gets into the evidence, when all that this needs is loaded.
    fn way_to_fold(&self, rows: &LoadedRows, row: &ReportRow, model: &FoldModel) -> Result<Fold, Missing> {
        if rows.is_refold_due {
            return Ok(Fold::All);
        }
        if let Some(table) = self.reporter_table(model) {
            rows.table.can_add(table, row)?;
            return Ok(Fold::Table);
        }
        let reporter = row.body.reporter;
        if reporter.is_some_and(|reporter| self.evidence.may_hold(reporter)) {
            rows.need_all()?;
            return Ok(Fold::All);
        }
        Ok(Fold::In)
    }

    fn texts_slack(&self) -> u32 {
        TEXTS_SLACK.max(self.rows / TEXTS_SLACK_SHARE)
    }

    fn fill_tombstone(&mut self, rows: &mut LoadedRows, row: ReportRow) -> Result<Submitted, Missing> {
        if let Some(known) = rows.find_mut(&row.id)? {
            let by_decision = known.sender.is_none();
            *known = row;
            take_back(known, by_decision);
        }
        Ok(Submitted::Withdrawn)
    }

    /// Drops the free text of all but the newest [`MAX_TEXTS`] rows.
    fn drop_old_texts(&mut self, rows: &mut LoadedRows) -> Result<(), Missing> {
        let mut newest: Vec<(Timestamp, ReportId)> = rows
            .all()?
            .filter(|row| row.body.comment.is_some())
            .map(|row| (row.body.occurred_at, row.id.clone()))
            .collect();
        newest.sort_unstable_by(|a, b| b.cmp(a));
        let keep = usize::try_from(MAX_TEXTS).unwrap_or(usize::MAX);
        let Some((at, id)) = newest.get(keep.saturating_sub(1)).cloned() else {
            return Ok(());
        };
        rows.change_all(|row| {
            let old = row.body.comment.is_some() && row.order_key() < (at, &id);
            if old {
                row.body.comment = None;
            }
            old
        })?;
        self.count_texts(rows)
    }
}
