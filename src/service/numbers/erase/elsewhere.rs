//! What is stored of a number apart from its record, its rows and its notes: in the records of reporters, and at other numbers.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::count;
use super::eraser::Eraser;
use crate::codec::{self, SideRecord as _};
use crate::domain::evidence::FoldModel;
use crate::domain::ids::ReportId;
use crate::domain::report::{ReportRow, RowState};
use crate::domain::reporter::ReporterState;
use crate::domain::reporter_table::is_part;
use crate::number::E164;
use crate::service::ServiceError;
use crate::service::writer::{Author, Done, NumberRecord, Stop};
use crate::store::{Shard, SideKey, SideKind, key};

/// Buckets, or records of reporters, that are read at a time.
const READ_AT_A_TIME: usize = 2_000;
/// Reporters whose state is changed in one step.
const REPORTERS_AT_A_TIME: usize = 500;

impl Eraser {
    /// Takes the number out of what is kept of reporters. All of them are read: a reporter whose report was refused, withdrawn
    /// or dropped is named by no row.
    pub(super) async fn erase_claims(&self, number: E164) -> Result<(), ServiceError> {
        for shard in Shard::all() {
            let keys = self.reporters_naming(number, shard).await?;
            for keys in keys.chunks(REPORTERS_AT_A_TIME) {
                let deadline = self.writer.deadline(keys.len());
                let erased = self
                    .writer
                    .change_side_records(keys, deadline, |_, state: &mut ReporterState| Done {
                        answer: (),
                        write: state.erase(number),
                    });
                erased.await.into_iter().collect::<Result<Vec<()>, _>>()?;
            }
        }
        Ok(())
    }

    /// The reporters of a shard whose records name a number.
    async fn reporters_naming(&self, number: E164, shard: Shard) -> Result<Vec<SideKey>, ServiceError> {
        let (kind, tenant) = (SideKind::Reporter, self.writer.tenant());
        let mut keys = BTreeSet::new();
        let mut after = None;
        loop {
            let page = self.writer.scan_side_records(shard, kind, after, READ_AT_A_TIME);
            let found = page.await?;
            for (id, stored) in found.items {
                match ReporterState::decode(&stored.bytes) {
                    Ok(state) if state.names(number) => {
                        keys.insert(SideKey::of_scanned(shard, tenant, kind, id));
                    }
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "an erasure passes over a reporter"),
                }
            }
            after = found.next;
            tokio::task::yield_now().await;
            if after.is_none() {
                return Ok(keys.into_iter().collect());
            }
        }
    }

    /// Drops the comments of a number's reports from the rows that the same reports have at their call-back numbers, and gives
    /// these rows ids that do not lead to the number.
    pub(super) async fn erase_derived_comments(
        &self,
        number: E164,
        rows: &[ReportRow],
        author: Author<'_>,
    ) -> Result<(), ServiceError> {
        let digits = number.digits().to_string();
        let mut derived: BTreeMap<E164, Vec<(ReportId, ReportId)>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.state != RowState::Tombstone) {
            for callback in &row.body.callbacks {
                let id = row.id.of_callback(&digits, row.sender);
                let renamed = row
                    .id
                    .of_callback_of_erased(self.writer.callback_key(), &digits, row.sender);
                derived.entry(*callback).or_default().push((id, renamed));
            }
        }
        for (other, ids) in derived {
            let fold = self.writer.fold();
            let erase = |record: &mut NumberRecord| rename(record, &ids, fold);
            self.change_other(other, author, erase).await?;
        }
        Ok(())
    }

    /// Takes the number out of the reports on other numbers that name it as their call-back number; returns how many numbers
    /// that are.
    pub(super) async fn erase_mentions(&self, number: E164, author: Author<'_>) -> Result<u32, ServiceError> {
        let naming = self.numbers_naming(number).await?;
        for other in &naming {
            let erase = |record: &mut NumberRecord| {
                let mut changed = false;
                record.rows.change_all(|row| {
                    let before = row.body.callbacks.len();
                    row.body.callbacks.retain(|callback| *callback != number);
                    let hit = row.body.callbacks.len() != before;
                    changed |= hit;
                    hit
                })?;
                Ok(Done {
                    answer: (),
                    write: changed,
                })
            };
            self.change_other(*other, author, erase).await?;
        }
        Ok(count(naming.len()))
    }

    /// Changes another number than the one that is erased. One that cannot be read is passed over.
    async fn change_other(
        &self,
        other: E164,
        author: Author<'_>,
        change: impl Fn(&mut NumberRecord) -> Result<Done<()>, Stop>,
    ) -> Result<(), ServiceError> {
        // The change log says that the other number changed, and not why.
        let author = Author {
            method: None,
            reason: "",
            ..author
        };
        let changed = self
            .writer
            .change_number(other, author, self.writer.deadline(1), change);
        match changed.await {
            Ok(_) => Ok(()),
            Err(ServiceError::Internal) => {
                tracing::warn!("an erasure passes over a number whose reports cannot be read");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// The numbers whose reports name a number as their call-back number. Reads all reports of the store; those that cannot be
    /// read are passed over.
    pub(super) async fn numbers_naming(&self, number: E164) -> Result<BTreeSet<E164>, ServiceError> {
        let mut numbers = BTreeSet::new();
        for shard in Shard::all() {
            let mut after = None;
            loop {
                let found = self.writer.scan_rows(shard, after, READ_AT_A_TIME).await?;
                for (id, stored) in &found.items {
                    if key::bucket_of_id(id).is_some_and(is_part) {
                        continue; // of a reporter table, which has no call-back numbers
                    }
                    match codec::rows::decode(&stored.bytes) {
                        Ok(rows) if rows.iter().any(|row| row.body.callbacks.contains(&number)) => {
                            numbers.extend(key::number_of_id(id));
                        }
                        Ok(_) => {}
                        Err(error) => tracing::warn!(%error, "an erasure passes over reports"),
                    }
                }
                after = found.next;
                tokio::task::yield_now().await;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(numbers)
    }
}

/// Drops the comments of these rows, and gives each its second id.
fn rename(record: &mut NumberRecord, ids: &[(ReportId, ReportId)], fold: &FoldModel) -> Result<Done<()>, Stop> {
    let mut found = Vec::new();
    for (id, renamed) in ids {
        let row = record.rows.find(id)?.cloned();
        found.extend(row.map(|row| (id, renamed, row)));
    }
    if found.is_empty() {
        return Ok(Done::unchanged(()));
    }
    record.rows.need_all()?; // to count the comments that are left
    let total = record.state.rows;
    let old: HashSet<&ReportId> = found.iter().map(|(id, ..)| *id).collect();
    record.rows.retain(|row| !old.contains(&row.id))?;
    for (_, renamed, mut row) in found {
        row.id = renamed.clone();
        row.body.comment = None;
        record.rows.insert(row, total)?;
    }
    record.state.refold(&mut record.rows, fold)?;
    Ok(Done::written(()))
}
