//! The record of one number, and the pure functions that change it.
//!
//! Live traffic, replay and every store run these same functions. They work on the record and on the loaded part of its
//! rows. A function that needs more rows returns [`Missing`] before it changes anything.

mod adding;
mod withdrawal;

use self::withdrawal::{confirm, take_back};
use super::bitmap::DistinctCount;
use super::case::CaseLink;
use super::comment::PendingComments;
use super::evidence::{Evidence, FoldModel};
use super::ids::{CaseId, ReportId, ReporterHash};
use super::kinds::CaseRole;
use super::report::{Party, ReportRow, RowState};
use super::reporter_table::{ReporterTable, TABLE_FROM_ROWS};
use super::requests::Requests;
use super::rows::{LoadedRows, Missing};
use super::status::Statuses;
use super::time::Timestamp;
use super::unknown_fields::UnknownFields;

pub use self::withdrawal::Withdrawal;

/// How many of a number's newest rows keep their free text.
pub const MAX_TEXTS: u32 = 1_000;
/// How many more rows may keep free text before the oldest texts are dropped together, so that not every report reads
/// all rows. With many rows it is a share of them, so that the cost for each report does not grow.
pub const TEXTS_SLACK: u32 = 64;
/// The share of a number's rows that may keep free text beyond [`MAX_TEXTS`]: one in so many.
pub const TEXTS_SLACK_SHARE: u32 = 32;

/// Everything the store keeps of one number in one record; its rows are stored beside it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumberState {
    /// The evidence folded from its rows.
    pub evidence: Evidence,
    /// The evidence version of that fold.
    pub evidence_version: u32,
    /// Analysts' statuses.
    pub statuses: Statuses,
    /// Its links to cases, sorted by case and role.
    pub links: Vec<CaseLink>,
    /// Number of rows, including withdrawn rows and tombstones.
    pub rows: u32,
    /// Number of buckets of rows.
    pub buckets: u32,
    /// Number of rows with free text.
    pub texts: u32,
    /// Those of them that wait for a moderator; none for most numbers.
    pub pending: Option<Box<PendingComments>>,
    /// Reports of calls before this moment were dropped, and are dropped when they come again.
    pub reset_before: Option<Timestamp>,
    /// The latest mutations, by request id.
    pub requests: Requests,
    /// The rows that count by reporter, if there are many.
    pub reporter_table: Option<Box<ReporterTable>>,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

/// The outcome of a submitted report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is new, or a later revision of a withdrawn report, and counts.
    Accepted,
    /// The same report is stored already: nothing changed.
    AlreadyKnown,
    /// It is a later revision of a stored report, and counts in its place.
    Revised,
    /// A later revision of it is stored already: nothing changed.
    Outdated,
    /// It was withdrawn before, and is no later revision: it does not count.
    Withdrawn,
    /// The call was before the number's reset: it is not kept.
    BeforeReset,
    /// Another report is stored under the same id: nothing changed.
    OtherContent,
}

/// The outcome of a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawn {
    /// The report counted and no longer counts.
    TakenBack,
    /// It was withdrawn before: nothing changed.
    Already,
    /// Its sender had withdrawn it before. It stays withdrawn, and its sender can no longer bring it back.
    Confirmed,
    /// The report is not known: a tombstone keeps it from counting if it arrives.
    Unknown,
}

impl NumberState {
    /// Whether nothing is known: no row, status or link.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.evidence.is_empty() && self.statuses.is_empty() && self.links.is_empty()
    }

    /// Links the number to a case in a role, in place of an earlier link with the same case and role.
    pub fn set_link(&mut self, link: CaseLink) {
        match self.links.binary_search_by(|known| known.key().cmp(&link.key())) {
            Ok(place) => {
                if let Some(known) = self.links.get_mut(place) {
                    *known = link;
                }
            }
            Err(place) => self.links.insert(place, link),
        }
    }

    /// Unlinks the number from a case, in one role or in all; says whether it was linked.
    pub fn remove_link(&mut self, case: &CaseId, role: Option<CaseRole>) -> bool {
        let before = self.links.len();
        self.links
            .retain(|link| link.case != *case || role.is_some_and(|role| link.role != role));
        self.links.len() != before
    }

    /// Withdraws one report, known or not, for somebody who decides on reports.
    ///
    /// # Errors
    /// If rows are missing; nothing is changed then.
    pub fn withdraw(
        &mut self,
        rows: &mut LoadedRows,
        id: &ReportId,
        at: Timestamp,
        model: &FoldModel,
    ) -> Result<Withdrawn, Missing> {
        self.withdraw_by(rows, (id, at), Party::OPEN, model)
    }

    /// Withdraws one report, known or not. The caller of this checks that the party may.
    ///
    /// # Errors
    /// If rows are missing; nothing is changed then.
    pub fn withdraw_by(
        &mut self,
        rows: &mut LoadedRows,
        (id, at): (&ReportId, Timestamp),
        by: Party,
        model: &FoldModel,
    ) -> Result<Withdrawn, Missing> {
        match rows.find(id)?.map(|row| row.state) {
            Some(RowState::Withdrawn | RowState::Tombstone) if by.decides => confirm(rows, id),
            Some(RowState::Withdrawn | RowState::Tombstone) => Ok(Withdrawn::Already),
            Some(RowState::Live) => {
                rows.need_all()?;
                let reporter = rows.find(id)?.and_then(|row| row.body.reporter);
                if let Some(table) = self.reporter_table(model) {
                    rows.table.can_replace(table, reporter)?;
                }
                if let Some(row) = rows.find_mut(id)? {
                    take_back(row, by.decides);
                }
                self.fold_without(rows, reporter, model)?;
                Ok(Withdrawn::TakenBack)
            }
            None => {
                let with_table = self.reporter_table(model).is_some();
                let total = self.rows.saturating_add(1);
                let tombstone = ReportRow {
                    sender: by.sender.filter(|_| !by.decides),
                    ..ReportRow::tombstone(id.clone(), at)
                };
                rows.insert(tombstone, total)?;
                self.rows = total;
                self.buckets = rows.buckets();
                self.evidence_version = model.evidence_version();
                if with_table {
                    self.stamp_table();
                }
                Ok(Withdrawn::Unknown)
            }
        }
    }

    /// Withdraws all live reports of an import or a reporter that had arrived by a moment; says how many.
    ///
    /// # Errors
    /// If rows are missing; nothing is changed then.
    pub fn withdraw_all(
        &mut self,
        rows: &mut LoadedRows,
        (what, arrived_by): (&Withdrawal, Timestamp),
        model: &FoldModel,
    ) -> Result<u32, Missing> {
        let mut taken = 0u32;
        rows.change_all(|row| {
            let hit = what.takes(row, arrived_by);
            if hit {
                take_back(row, true);
                taken = taken.saturating_add(1);
            }
            hit
        })?;
        if taken > 0 {
            self.refold(rows, model)?;
        }
        Ok(taken)
    }

    /// Deletes all rows of calls before `moment` for good; says how many of them counted. Rows of withdrawn reports go, too,
    /// and are not counted: their reports had gone before. Tombstones of reports that never arrived stay.
    ///
    /// # Errors
    /// If rows are missing; nothing is changed then.
    pub fn reset(&mut self, rows: &mut LoadedRows, moment: Timestamp, model: &FoldModel) -> Result<u32, Missing> {
        let lost = rows.all()?.filter(|row| is_lost_by_reset(row, moment)).count();
        let gone = rows.retain(|row| !goes_with_reset(row, moment))?;
        self.reset_before = self.reset_before.max(Some(moment));
        self.rows = self.rows.saturating_sub(gone);
        self.refold(rows, model)?;
        Ok(u32::try_from(lost).unwrap_or(u32::MAX))
    }

    /// Refolds the rows, after some were removed or the model changed. Builds the reporter table again, or for the first
    /// time if there are many rows.
    ///
    /// # Errors
    /// If rows are missing; nothing is changed then.
    pub fn refold(&mut self, rows: &mut LoadedRows, model: &FoldModel) -> Result<(), Missing> {
        self.evidence = Evidence::of_rows(rows.all()?, model);
        self.count_texts(rows)?;
        self.evidence_version = model.evidence_version();
        let is_large = self.rows >= TABLE_FROM_ROWS && self.evidence.reporters_seen != DistinctCount::default();
        if is_large || self.reporter_table.is_some() {
            let old = self.reporter_table.take();
            let built = rows.build_table(old.as_deref(), model)?;
            // A table that is given up keeps its size, so that its parts are deleted when it is built again.
            let given_up = || old.map(|old| Box::new(ReporterTable { stamp: 0, ..*old }));
            self.reporter_table = built.map(Box::new).or_else(given_up);
            if built.is_some() {
                self.stamp_table();
            }
        }
        rows.is_refold_due = false;
        Ok(())
    }

    /// The reporter table, if there is one and it belongs to the present rows and to this model.
    #[must_use]
    pub fn reporter_table(&self, model: &FoldModel) -> Option<&ReporterTable> {
        let table = self.reporter_table.as_deref()?;
        let is_current = table.stamp == self.stamp() && self.evidence_version == model.evidence_version();
        is_current.then_some(table)
    }

    /// Counts the rows with free text, and those whose text waits for a moderator.
    ///
    /// # Errors
    /// If rows are missing; nothing is changed then.
    pub fn count_texts(&mut self, rows: &LoadedRows) -> Result<(), Missing> {
        let texts = rows.all()?.filter(|row| row.body.comment.is_some()).count();
        self.texts = u32::try_from(texts).unwrap_or(u32::MAX);
        self.pending = PendingComments::of(rows.all()?).map(Box::new);
        Ok(())
    }

    /// Whether a status that holds at `now` keeps the number out of its ranges.
    #[must_use]
    pub fn kept_out_of_ranges(&self, now: Timestamp) -> bool {
        self.statuses.at(now).any(|entry| entry.kind.keeps_out_of_ranges())
    }

    /// Folds the rows after one of `reporter` was withdrawn.
    fn fold_without(
        &mut self,
        rows: &mut LoadedRows,
        reporter: Option<ReporterHash>,
        model: &FoldModel,
    ) -> Result<(), Missing> {
        // The evidence still counts the row, so the stamp is that of before.
        if self.reporter_table(model).is_none() {
            return self.refold(rows, model);
        }
        if let Some(table) = self.reporter_table.as_deref_mut() {
            self.evidence = rows.withdraw_from_table(table, reporter, model)?;
            self.count_texts(rows)?;
            self.stamp_table();
        }
        Ok(())
    }

    /// Marks the reporter table as that of the present rows.
    fn stamp_table(&mut self) {
        let stamp = self.stamp();
        if let Some(table) = self.reporter_table.as_deref_mut() {
            table.stamp = stamp;
        }
    }

    /// A hash of what the record says of its rows: another one after each change of them. Sums are left out, since they
    /// depend on the order of the reports.
    fn stamp(&self) -> u64 {
        let Evidence { proven, unproven, .. } = &self.evidence;
        let moment = |at: Option<Timestamp>| at.map_or(0, Timestamp::millis);
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        for count in [
            self.rows,
            self.evidence.reports,
            self.evidence.not_spam_reports,
            proven.all().reports,
            unproven.all().reports,
        ] {
            hash.update(&count.to_le_bytes());
        }
        for at in [
            self.evidence.as_of.millis(),
            moment(self.evidence.first_reported),
            moment(self.evidence.last_reported),
            moment(self.reset_before),
        ] {
            hash.update(&at.to_le_bytes());
        }
        hash.digest() | 1
    }
}

/// Whether a reset of the calls before `moment` deletes a report that counts until then.
#[must_use]
pub fn is_lost_by_reset(row: &ReportRow, moment: Timestamp) -> bool {
    row.is_live() && goes_with_reset(row, moment)
}

/// Whether a reset of the calls before `moment` deletes this row. Tombstones of reports that never arrived stay.
fn goes_with_reset(row: &ReportRow, moment: Timestamp) -> bool {
    row.state != RowState::Tombstone && row.body.occurred_at < moment
}
