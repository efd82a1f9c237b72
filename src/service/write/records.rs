//! Changing one record that stands alone, a case or a list, or creating it.

use super::{Deadline, Done, MAX_ATTEMPTS, MAX_PAUSE, Mutation, pause, record_write};
use crate::domain::case::Case;
use crate::domain::ids::{CaseId, ListId};
use crate::domain::list::List;
use crate::domain::tenant::TenantId;
use crate::follow::Committed;
use crate::index::IndexedRecord;
use crate::service::{Service, ServiceError};
use crate::store::{CommitError, RecordKey, ShardCommit, StoredKey, Version};

/// The one turn that all lists share, so that those created at once are counted. It is no shard's and no record's.
const LISTS_TURN: &str = "lists";

impl Service {
    /// Changes one case, or creates it.
    pub(in crate::service) async fn change_case<T>(
        &self,
        id: &CaseId,
        mutation: &Mutation,
        change: impl Fn(Option<Case>, Version) -> Result<(Case, Done<T>), ServiceError>,
    ) -> Result<T, ServiceError> {
        let deadline = self.deadline(1);
        let key = RecordKey::of::<Case>(TenantId::DEFAULT, id);
        let _turn = deadline.wait(self.turns.take(&key)).await?;
        self.change_record(id, mutation, deadline, change).await
    }

    /// Replaces one list, or creates it, by `deadline`.
    pub(in crate::service) async fn change_list<T>(
        &self,
        id: &ListId,
        mutation: &Mutation,
        deadline: Deadline,
        change: impl Fn(Option<List>, Version) -> Result<(List, Done<T>), ServiceError>,
    ) -> Result<T, ServiceError> {
        let _turn = deadline.wait(self.turns.take_named(LISTS_TURN)).await?;
        self.change_record(id, mutation, deadline, change).await
    }

    async fn change_record<R: IndexedRecord, T>(
        &self,
        id: &R::Id,
        mutation: &Mutation,
        deadline: Deadline,
        change: impl Fn(Option<R>, Version) -> Result<(R, Done<T>), ServiceError>,
    ) -> Result<T, ServiceError> {
        let key = RecordKey::of::<R>(TenantId::DEFAULT, id);
        let who = (&mutation.actor, mutation.request.as_str());
        for attempt in 0..MAX_ATTEMPTS {
            if deadline.has_passed() {
                break;
            }
            self.check_writable()?;
            let keys = [StoredKey::Record(key.clone())];
            let found = deadline.wait(self.store.read(&keys)).await??.pop().flatten();
            let version = found.as_ref().map(|stored| stored.version);
            let record = found.map(|stored| R::decode(&stored.bytes)).transpose()?;
            let (record, done) = change(record, version.unwrap_or(0))?;
            if !done.write {
                self.show(id, version, record);
                return Ok(done.answer);
            }
            let write = record_write(key.clone(), version, record.encode(), who, self.clock.now());
            let commit = ShardCommit {
                shard: key.shard(),
                records: vec![write],
                buckets: Vec::new(),
                side_records: Vec::new(),
            };
            match self.commit(vec![commit], deadline).await.pop() {
                Some(Ok(versions)) => {
                    self.show(id, versions.first().copied(), record);
                    return Ok(done.answer);
                }
                Some(Err(CommitError::Conflict { .. })) => tokio::time::sleep(pause(attempt)).await,
                Some(Err(CommitError::Store(error))) => return Err(error.into()),
                None => return Err(ServiceError::Internal),
            }
        }
        Err(ServiceError::Exhausted { retry_after: MAX_PAUSE })
    }

    fn show<R: IndexedRecord>(&self, id: &R::Id, version: Option<Version>, record: R) {
        let id = id.clone();
        let committed = version.map(|version| Committed { id, version, record });
        self.follower.applied(committed);
    }
}
