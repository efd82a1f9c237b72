//! Changing one record that stands alone, a case or a list, or creating it.

use bytes::Bytes;

use super::{Deadline, Done, MAX_ATTEMPTS, MAX_PAUSE, Mutation, pause, record_write};
use crate::codec::{self, UnreadableValue};
use crate::domain::case::Case;
use crate::domain::ids::{CaseId, ListId};
use crate::domain::list::List;
use crate::follow::Applied;
use crate::service::{Service, ServiceError};
use crate::store::{CommitError, Key, RecordKey, ShardCommit, Version};

/// The one turn that all lists share, so that those created at once are counted. It is no shard's and no record's.
const LISTS_TURN: &str = "lists";

/// A record that stands alone.
pub(in crate::service) trait Record: Sized {
    fn encode(&self) -> Bytes;
    fn decode(bytes: &[u8]) -> Result<Self, UnreadableValue>;
    /// Itself, for the index.
    fn applied(self, version: Version) -> Applied;
}

impl Record for Case {
    fn encode(&self) -> Bytes {
        codec::case::encode(self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, UnreadableValue> {
        codec::case::decode(bytes)
    }

    fn applied(self, version: Version) -> Applied {
        Applied::Case(self.id.clone(), version, Box::new(self))
    }
}

impl Record for List {
    fn encode(&self) -> Bytes {
        codec::list::encode(self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, UnreadableValue> {
        codec::list::decode(bytes)
    }

    fn applied(self, version: Version) -> Applied {
        Applied::List(self.id.clone(), version, Box::new(self))
    }
}

impl Service {
    /// Changes one case, or creates it.
    pub(in crate::service) async fn change_case<T>(
        &self,
        id: &CaseId,
        mutation: &Mutation,
        change: impl Fn(Option<Case>, Version) -> Result<(Case, Done<T>), ServiceError>,
    ) -> Result<T, ServiceError> {
        let key = RecordKey::case(id);
        let deadline = self.deadline(1);
        let _turn = deadline.wait(self.turns.take(&key)).await?;
        self.change_record(&key, mutation, deadline, change).await
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
        self.change_record(&RecordKey::list(id), mutation, deadline, change)
            .await
    }

    async fn change_record<R: Record, T>(
        &self,
        key: &RecordKey,
        mutation: &Mutation,
        deadline: Deadline,
        change: impl Fn(Option<R>, Version) -> Result<(R, Done<T>), ServiceError>,
    ) -> Result<T, ServiceError> {
        let who = (&mutation.actor, mutation.request.as_str());
        for attempt in 0..MAX_ATTEMPTS {
            if deadline.has_passed() {
                break;
            }
            self.check_writable()?;
            let keys = [Key::Record(key.clone())];
            let found = deadline.wait(self.store.read(&keys)).await??.pop().flatten();
            let version = found.as_ref().map(|stored| stored.version);
            let record = found.map(|stored| R::decode(&stored.bytes)).transpose()?;
            let (record, done) = change(record, version.unwrap_or(0))?;
            if !done.write {
                self.show(version, record);
                return Ok(done.answer);
            }
            let write = record_write(key.clone(), version, record.encode(), who, self.clock.now());
            let commit = ShardCommit {
                shard: key.shard(),
                records: vec![write],
                buckets: Vec::new(),
                notes: Vec::new(),
            };
            match self.commit(vec![commit], deadline).await.pop() {
                Some(Ok(versions)) => {
                    self.show(versions.first().copied(), record);
                    return Ok(done.answer);
                }
                Some(Err(CommitError::Conflict { .. })) => tokio::time::sleep(pause(attempt)).await,
                Some(Err(CommitError::Store(error))) => return Err(error.into()),
                None => return Err(ServiceError::Internal),
            }
        }
        Err(ServiceError::Exhausted { retry_after: MAX_PAUSE })
    }

    fn show<R: Record>(&self, version: Option<Version>, record: R) {
        if let Some(version) = version {
            self.follower.applied(vec![record.applied(version)]);
        }
    }
}
