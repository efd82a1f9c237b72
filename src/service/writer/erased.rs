//! What is remembered of erased numbers: kept at an erasure, read when a report comes, and forgotten when it is too old.

use std::sync::Arc;

use super::audit::{Audited, Told};
use super::erase::deletion;
use super::{Author, Done, WholeNumber, Writer};
use crate::domain::erased::ErasedNumber;
use crate::domain::ids::NumberHash;
use crate::domain::retention::KeptSince;
use crate::number::E164;
use crate::service::ServiceError;
use crate::store::{CommitError, RecordKey, Shard, ShardCommit, Version};

/// The event of the erasure tells all.
impl Audited for ErasedNumber {
    fn told(_: Option<&Self>, _: &Self) -> Told {
        Told {
            subject: None,
            related: None,
            changes: Vec::new(),
        }
    }
}

impl Writer {
    /// The key of what is remembered of erased numbers.
    pub(in crate::service) const fn erased_key(&self) -> &[u8; 32] {
        &self.erased_key
    }

    /// What is remembered of a number from before its erasure, as far as this instance knows.
    pub(in crate::service) fn erased(&self, number: E164) -> Option<Arc<ErasedNumber>> {
        if !self.index.has_erased() {
            return None;
        }
        self.index.erased(self.hash_of(number))
    }

    /// Keeps what must hold after the erasure of a number. It comes before the deletion, so that an interrupted erasure loses
    /// nothing.
    pub(in crate::service) async fn remember_erased(
        &self,
        number: E164,
        whole: &WholeNumber,
        author: Author<'_>,
    ) -> Result<(), ServiceError> {
        let id = self.hash_of(number);
        let mut wanted = ErasedNumber::new(id);
        wanted.remember(&self.erased_key, whole.state.reset_before, &whole.rows);
        if wanted.is_blank() {
            return Ok(());
        }
        let author = Author { method: None, ..author };
        let change = |found: Option<ErasedNumber>, _: Version| {
            let before = found.unwrap_or_else(|| ErasedNumber::new(id));
            let mut after = before.clone();
            after.remember(&self.erased_key, whole.state.reset_before, &whole.rows);
            let write = after != before;
            Ok((after, Done { answer: (), write }))
        };
        let changed = self.change_record(&id, author, self.deadline(whole.rows.len()), change);
        Box::pin(changed).await?;
        Ok(())
    }

    /// Forgets what is remembered of erased numbers in a shard and is too old.
    pub(in crate::service) async fn expire_erased(
        &self,
        shard: Shard,
        kept: &KeptSince,
        author: Author<'_>,
    ) -> Result<(), ServiceError> {
        for (version, erased) in self.index.erased_in(shard) {
            let mut after = ErasedNumber::clone(&erased);
            if !after.expire(kept) {
                continue;
            }
            if after.is_blank() {
                self.forget_erased(erased.number, version, author).await?;
                continue;
            }
            let change = |found: Option<ErasedNumber>, _: Version| {
                let mut record = found.unwrap_or_else(|| ErasedNumber::new(erased.number));
                let write = record.expire(kept);
                Ok((record, Done { answer: (), write }))
            };
            let changed = self.change_record(&erased.number, author, self.deadline(1), change);
            Box::pin(changed).await?;
        }
        Ok(())
    }

    /// Deletes a record of this version. If it changes meanwhile, it stays.
    async fn forget_erased(&self, id: NumberHash, version: Version, author: Author<'_>) -> Result<(), ServiceError> {
        let key = RecordKey::of::<ErasedNumber>(self.tenant, &id);
        let commit = ShardCommit {
            records: vec![deletion(key.clone(), version, author, self.now())],
            ..ShardCommit::empty(key.shard())
        };
        match self.commit(vec![commit], self.deadline(1)).await.pop() {
            Some(Ok(versions)) => {
                if let Some(version) = versions.first() {
                    self.follower.deleted::<ErasedNumber>(self.tenant, id, *version);
                }
                Ok(())
            }
            Some(Err(CommitError::Conflict { .. })) => Ok(()),
            Some(Err(CommitError::Store(error))) => Err(error.into()),
            None => Err(ServiceError::Internal),
        }
    }
}
