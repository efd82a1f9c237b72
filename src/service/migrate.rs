//! Folding all evidence again, after the model's half-lives have changed.

use std::sync::atomic::Ordering;

use super::write::{Done, NumberJob};
use super::{Service, ServiceError};
use crate::domain::actor::Actor;
use crate::domain::tenant::TenantId;
use crate::number::E164;
use crate::store::{RecordKind, ScanTable, Shard, key};

/// Numbers folded again in one step.
const NUMBERS_AT_A_TIME: usize = 1_000;
/// Rows that a number is thought to have: all of them are read, so that many items are allowed for in its time.
const ROWS_EXPECTED: usize = 10;

impl Service {
    /// Folds the rows of every number whose evidence another model folded, and then says so in the store. May be run
    /// again after it was interrupted: what is done is passed over.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn migrate(&self) -> Result<u64, ServiceError> {
        self.migrating.store(true, Ordering::Release);
        let folded = self.fold_all().await;
        self.migrating.store(false, Ordering::Release);
        let folded = folded?;
        self.store
            .set_evidence_version(self.index.model().fold.evidence_version())
            .await?;
        self.follower.compare_folds().await?;
        Ok(folded)
    }

    pub(super) fn is_migrating(&self) -> bool {
        self.migrating.load(Ordering::Acquire)
    }

    async fn fold_all(&self) -> Result<u64, ServiceError> {
        let mut folded = 0;
        for shard in Shard::all() {
            let mut after = None;
            loop {
                let page = self
                    .store
                    .scan(
                        shard,
                        TenantId::DEFAULT,
                        ScanTable::Records(RecordKind::Number),
                        after,
                        NUMBERS_AT_A_TIME,
                    )
                    .await?;
                let numbers = page.items.iter().filter_map(|(id, _)| key::number_of_id(id)).collect();
                folded += self.fold_some(numbers).await?;
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(folded)
    }

    async fn fold_some(&self, mut numbers: Vec<E164>) -> Result<u64, ServiceError> {
        numbers.sort_unstable();
        numbers.dedup();
        let fold = &self.index.model().fold;
        let wanted = fold.evidence_version();
        let jobs: Vec<_> = numbers
            .into_iter()
            .map(|number| NumberJob {
                number,
                items: vec![()],
            })
            .collect();
        let deadline = self.deadline(jobs.len().saturating_mul(ROWS_EXPECTED));
        let answers = self
            .change_numbers(&jobs, (&Actor::migration(), "migrate"), deadline, |record, ()| {
                // Whatever another model folded is folded again before any change; this one changes nothing else.
                let write = record.state.evidence_version != wanted; // a record without rows
                record.state.evidence_version = wanted;
                Ok(Done { answer: 1, write })
            })
            .await;
        answers.into_iter().flatten().sum()
    }
}
