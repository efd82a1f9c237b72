//! Changing one record that stands alone, a case or a list, or creating it.

use bytes::Bytes;

use super::{Author, Changed, Deadline, Done, MAX_ATTEMPTS, Mutation, Writer, overtaken, pause, record_write};
use crate::domain::case::Case;
use crate::domain::ids::{CaseId, ListId};
use crate::domain::list::List;
use crate::follow::Applied;
use crate::service::ServiceError;
use crate::service::content::Content;
use crate::store::{CommitError, Key, RecordKey, ShardCommit, StoreError, Version, codec};

/// The one turn that all lists share, so that lists created at the same time are counted.
const LISTS_TURN: &str = "lists";

/// A record that stands alone.
pub(in crate::service) trait Record: Clone {
    fn encode(&self) -> Bytes;
    fn decode(bytes: &[u8]) -> Result<Self, StoreError>;
    /// The record, for the index.
    fn applied(self, version: Version) -> Applied;
}

impl Record for Case {
    fn encode(&self) -> Bytes {
        codec::case::encode(self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
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

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        codec::list::decode(bytes)
    }

    fn applied(self, version: Version) -> Applied {
        Applied::List(self.id.clone(), version, Box::new(self))
    }
}

impl Writer {
    /// Changes one case, or creates it.
    pub(in crate::service) async fn change_case<T>(
        &self,
        id: &CaseId,
        author: Author<'_>,
        change: impl Fn(Option<Case>, Version) -> Result<(Case, Done<T>), ServiceError>,
    ) -> Result<Changed<Case, T>, ServiceError> {
        let key = RecordKey::case(id);
        let deadline = self.deadline(1);
        let _turn = deadline.wait(self.turns.take(&key)).await?;
        self.change_record(&key, author, deadline, change).await
    }

    /// Changes an existing case once for a request, however often the request is sent.
    pub(in crate::service) async fn mutate_case(
        &self,
        id: &CaseId,
        (mutation, reason): (&Mutation, &str),
        content: &Content,
        change: impl Fn(&mut Case) -> Result<(), ServiceError>,
    ) -> Result<Changed<Case, ()>, ServiceError> {
        let fingerprint = mutation.fingerprint(content);
        self.change_case(id, mutation.author(reason), |found, version| {
            let mut case = found.ok_or(ServiceError::NotFound { what: "case" })?;
            if !mutation.check(case.requests.seen(fingerprint), version)? {
                return Ok((case, Done::unchanged(())));
            }
            change(&mut case)?;
            case.requests.remember(fingerprint);
            Ok((case, Done::written(())))
        })
        .await
    }

    /// Replaces one list, or creates it, by `deadline`.
    pub(in crate::service) async fn change_list<T>(
        &self,
        id: &ListId,
        author: Author<'_>,
        deadline: Deadline,
        change: impl Fn(Option<List>, Version) -> Result<(List, Done<T>), ServiceError>,
    ) -> Result<Changed<List, T>, ServiceError> {
        let _turn = deadline.wait(self.turns.take_named(LISTS_TURN)).await?;
        self.change_record(&RecordKey::list(id), author, deadline, change).await
    }

    async fn change_record<R: Record, T>(
        &self,
        key: &RecordKey,
        author: Author<'_>,
        deadline: Deadline,
        change: impl Fn(Option<R>, Version) -> Result<(R, Done<T>), ServiceError>,
    ) -> Result<Changed<R, T>, ServiceError> {
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
                return Ok(self.show(version, record, done.answer));
            }
            let write = record_write(key.clone(), version, record.encode(), author, self.clock.now());
            let commit = ShardCommit {
                records: vec![write],
                ..ShardCommit::empty(key.shard())
            };
            match self.commit(vec![commit], deadline).await.pop() {
                Some(Ok(versions)) => return Ok(self.show(versions.first().copied(), record, done.answer)),
                Some(Err(CommitError::Conflict { .. })) => tokio::time::sleep(pause(attempt)).await,
                Some(Err(CommitError::Store(error))) => return Err(error.into()),
                None => return Err(ServiceError::Internal),
            }
        }
        Err(overtaken())
    }

    /// Shows a record in the index, and gives it to the caller.
    fn show<R: Record, T>(&self, version: Option<Version>, record: R, answer: T) -> Changed<R, T> {
        if let Some(version) = version {
            self.follower.applied(vec![record.clone().applied(version)]);
        }
        Changed {
            answer,
            version: version.unwrap_or(0),
            record,
        }
    }
}
