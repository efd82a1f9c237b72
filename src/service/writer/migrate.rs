//! Refolds all evidence after the model's half-lives have changed.

use std::sync::atomic::Ordering;

use super::{Author, Done, NumberJob, Writer};
use crate::domain::actor::Actor;
use crate::domain::audit::Via;
use crate::number::E164;
use crate::service::ServiceError;
use crate::store::{RecordKind, ScanTable, Shard, key};

/// Numbers that are refolded in one step.
const NUMBERS_AT_A_TIME: usize = 1_000;
/// The expected rows of a number. All of them are read, so each number gets the time of this many items.
const ROWS_EXPECTED: usize = 10;

impl Writer {
    /// Folds the rows of every number of the tenant whose evidence another model folded. It may be run again after it was
    /// interrupted: numbers that are done are skipped.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub(in crate::service) async fn fold_again(&self) -> Result<u64, ServiceError> {
        self.migrating.store(true, Ordering::Release);
        let folded = self.fold_all().await;
        self.migrating.store(false, Ordering::Release);
        folded
    }

    /// Records in the store that the evidence of all tenants is folded with this model.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub(in crate::service) async fn all_folded(&self) -> Result<(), ServiceError> {
        self.store.set_evidence_version(self.fold().evidence_version()).await?;
        self.follower.compare_folds().await?;
        Ok(())
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
                        self.tenant,
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
        let wanted = self.fold().evidence_version();
        let jobs: Vec<_> = numbers
            .into_iter()
            .map(|number| NumberJob {
                number,
                items: vec![()],
            })
            .collect();
        let deadline = self.deadline(jobs.len().saturating_mul(ROWS_EXPECTED));
        let author = Author {
            actor: &Actor::migration(),
            request: "migrate",
            reason: "",
            via: &Via::default(),
            method: None,
        };
        let outcomes = self
            .change_numbers(&jobs, author, deadline, |record, ()| {
                // Evidence of another version is refolded before any change; this change does nothing else.
                let write = record.state.evidence_version != wanted; // a record without rows
                record.state.evidence_version = wanted;
                Ok(Done { answer: 1, write })
            })
            .await;
        outcomes.into_iter().flat_map(|outcome| outcome.answers).sum()
    }
}
