//! The record of one number, and the pure functions that change it.
//!
//! Live traffic, replay and every store run these same functions. They work on the record and on the loaded part of its
//! rows. A function that needs more rows returns [`Missing`] before it changes anything.

use super::case::CaseLink;
use super::evidence::{Evidence, FoldModel};
use super::ids::{CaseId, ImportId, ReportId, ReporterHash};
use super::kinds::CaseRole;
use super::report::{ReportRow, RowState};
use super::requests::Requests;
use super::rows::{LoadedRows, Missing};
use super::status::Statuses;
use super::time::Timestamp;
use super::unknown_fields::UnknownFields;

/// How many of a number's newest rows keep their free text.
pub const MAX_TEXTS: u32 = 1_000;
/// How many more rows may keep free text before the oldest texts are dropped together, so that not every report reads
/// all rows.
pub const TEXTS_SLACK: u32 = 64;

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
    /// Reports of calls before this moment were dropped, and are dropped when they come again.
    pub reset_before: Option<Timestamp>,
    /// The latest mutations, by request id.
    pub requests: Requests,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

/// The outcome of a submitted report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is new and counts.
    Accepted,
    /// The same report is stored already: nothing changed.
    AlreadyKnown,
    /// It was withdrawn before: it does not count.
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
    /// The report is not known: a tombstone keeps it from counting if it arrives.
    Unknown,
}

/// The rows of a bulk withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// The rows of an import.
    Import(ImportId),
    /// The rows of a reporter.
    Reporter(ReporterHash),
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

    /// Adds a report.
    ///
    /// # Errors
    /// If rows are missing; nothing is changed then.
    pub fn submit(&mut self, rows: &mut LoadedRows, row: ReportRow, model: &FoldModel) -> Result<Submitted, Missing> {
        if let Some(known) = rows.find(&row.id)? {
            return match known.state {
                RowState::Tombstone => self.fill_tombstone(rows, row),
                RowState::Live | RowState::Withdrawn if known.content != row.content => Ok(Submitted::OtherContent),
                RowState::Live => Ok(Submitted::AlreadyKnown),
                RowState::Withdrawn => Ok(Submitted::Withdrawn),
            };
        }
        if self.reset_before.is_some_and(|moment| row.body.occurred_at < moment) {
            return Ok(Submitted::BeforeReset);
        }
        let with_text = u32::from(row.body.comment.is_some());
        let drops_texts = self.texts.saturating_add(with_text) > MAX_TEXTS.saturating_add(TEXTS_SLACK);
        let supersedes = row
            .body
            .reporter
            .is_some_and(|reporter| self.evidence.may_hold(reporter));
        if supersedes || drops_texts {
            rows.need_all()?;
        }
        let total = self.rows.saturating_add(1);
        if !supersedes {
            rows.can_insert(&row.id, total)?;
            self.evidence.fold_in(&row, model);
        }
        rows.insert(row, total)?;
        self.rows = total;
        self.buckets = rows.buckets();
        self.texts = self.texts.saturating_add(with_text);
        self.evidence_version = model.evidence_version();
        if drops_texts {
            self.drop_old_texts(rows)?;
        }
        if supersedes {
            self.refold(rows, model)?;
        }
        Ok(Submitted::Accepted)
    }

    /// Withdraws one report, known or not.
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
        match rows.find(id)?.map(|row| row.state) {
            Some(RowState::Withdrawn | RowState::Tombstone) => Ok(Withdrawn::Already),
            Some(RowState::Live) => {
                rows.need_all()?;
                if let Some(row) = rows.find_mut(id)? {
                    take_back(row);
                }
                self.refold(rows, model)?;
                Ok(Withdrawn::TakenBack)
            }
            None => {
                let total = self.rows.saturating_add(1);
                rows.insert(ReportRow::tombstone(id.clone(), at), total)?;
                self.rows = total;
                self.buckets = rows.buckets();
                self.evidence_version = model.evidence_version();
                Ok(Withdrawn::Unknown)
            }
        }
    }

    /// Withdraws all live reports of an import or a reporter; says how many.
    ///
    /// # Errors
    /// If rows are missing; nothing is changed then.
    pub fn withdraw_all(
        &mut self,
        rows: &mut LoadedRows,
        what: &Withdrawal,
        model: &FoldModel,
    ) -> Result<u32, Missing> {
        let mut taken = 0u32;
        rows.change_all(|row| {
            let hit = row.is_live() && what.takes(row);
            if hit {
                take_back(row);
                taken = taken.saturating_add(1);
            }
            hit
        })?;
        if taken > 0 {
            self.refold(rows, model)?;
        }
        Ok(taken)
    }

    /// Deletes all rows of calls before `moment` for good; says how many. Tombstones of reports that never arrived
    /// stay.
    ///
    /// # Errors
    /// If rows are missing; nothing is changed then.
    pub fn reset(&mut self, rows: &mut LoadedRows, moment: Timestamp, model: &FoldModel) -> Result<u32, Missing> {
        let dropped = rows.retain(|row| row.state == RowState::Tombstone || row.body.occurred_at >= moment)?;
        self.reset_before = self.reset_before.max(Some(moment));
        self.rows = self.rows.saturating_sub(dropped);
        self.refold(rows, model)?;
        Ok(dropped)
    }

    /// Refolds the rows, after some were removed or the model changed.
    ///
    /// # Errors
    /// If rows are missing; nothing is changed then.
    pub fn refold(&mut self, rows: &LoadedRows, model: &FoldModel) -> Result<(), Missing> {
        self.evidence = Evidence::of_rows(rows.all()?, model);
        self.texts = u32::try_from(rows.all()?.filter(|row| row.body.comment.is_some()).count()).unwrap_or(u32::MAX);
        self.evidence_version = model.evidence_version();
        Ok(())
    }

    /// Whether a status that holds at `now` keeps the number out of its ranges.
    #[must_use]
    pub fn kept_out_of_ranges(&self, now: Timestamp) -> bool {
        self.statuses.at(now).any(|entry| entry.kind.keeps_out_of_ranges())
    }

    fn fill_tombstone(&mut self, rows: &mut LoadedRows, row: ReportRow) -> Result<Submitted, Missing> {
        if let Some(known) = rows.find_mut(&row.id)? {
            *known = row;
            take_back(known);
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
        self.texts = MAX_TEXTS;
        Ok(())
    }
}

impl Withdrawal {
    /// Whether it withdraws this row.
    #[must_use]
    pub fn takes(&self, row: &ReportRow) -> bool {
        match self {
            Self::Import(import) => row.import.as_ref() == Some(import),
            Self::Reporter(reporter) => row.body.reporter == Some(*reporter),
        }
    }
}

/// Withdraws a row. It keeps no free text, since the person took it back.
fn take_back(row: &mut ReportRow) {
    row.state = RowState::Withdrawn;
    row.body.comment = None;
}
