//! Changes or creates one record that has no rows: a list, a note, a principal or what a tenant shares.

use super::audit::Audited;
use super::{Author, Changed, Done, MAX_ATTEMPTS, WriteDeadline, Writer, overtaken, pause, record_write};
use crate::codec::StoredRecord;
use crate::codec::note::NoteKey;
use crate::domain::case::Case;
use crate::domain::ids::ListId;
use crate::domain::list::List;
use crate::domain::note::{Note, NoteSubject};
use crate::domain::state::NumberState;
use crate::follow::Committed;
use crate::index::IndexedRecord;
use crate::service::ServiceError;
use crate::store::{CommitError, RecordKey, ShardCommit, StoredKey, Version};

/// The one lock that all lists share, so that lists created at the same time are counted correctly.
const LISTS_TURN: &str = "lists";

impl Writer {
    /// Replaces one list, or creates it, by `deadline`.
    pub(in crate::service) async fn change_list<T>(
        &self,
        id: &ListId,
        author: Author<'_>,
        deadline: WriteDeadline,
        change: impl Fn(Option<List>, Version) -> Result<(List, Done<T>), ServiceError>,
    ) -> Result<Changed<List, T>, ServiceError> {
        let _turn = deadline.wait(self.turns.take_named(LISTS_TURN)).await?;
        self.attempt_record(id, author, deadline, change).await
    }

    /// Adds a note. It takes the lock of its subject, so that notes added at the same time are counted correctly.
    pub(in crate::service) async fn change_note<T>(
        &self,
        (subject, key): (&NoteSubject, &NoteKey),
        author: Author<'_>,
        deadline: WriteDeadline,
        change: impl Fn(Option<Note>) -> Result<(Note, Done<T>), ServiceError>,
    ) -> Result<Changed<Note, T>, ServiceError> {
        let subject = match subject {
            NoteSubject::Number(number) => RecordKey::of::<NumberState>(self.tenant, number),
            NoteSubject::Case(id) => RecordKey::of::<Case>(self.tenant, id),
        };
        let _turn = deadline.wait(self.turns.take(&subject)).await?;
        self.attempt_record(key, author, deadline, |found, _| change(found))
            .await
    }

    /// Records as the store has them now, in the order of the ids, with their versions.
    pub(in crate::service) async fn read_records<R: StoredRecord>(
        &self,
        ids: &[R::Id],
        deadline: WriteDeadline,
    ) -> Result<Vec<Option<(Version, R)>>, ServiceError> {
        self.check_writable()?;
        deadline.wait(self.read_stored::<R>(ids)).await?
    }

    /// Changes one record, or creates it.
    pub(in crate::service) async fn change_record<R: IndexedRecord + Clone + Audited, T>(
        &self,
        id: &R::Id,
        author: Author<'_>,
        deadline: WriteDeadline,
        change: impl Fn(Option<R>, Version) -> Result<(R, Done<T>), ServiceError>,
    ) -> Result<Changed<R, T>, ServiceError> {
        let key = RecordKey::of::<R>(self.tenant, id);
        let _turn = deadline.wait(self.turns.take(&key)).await?;
        self.attempt_record(id, author, deadline, change).await
    }

    /// Changes one record. Tries again while other writers are faster. `change` gets the version as the tenant sees it.
    async fn attempt_record<R: IndexedRecord + Clone + Audited, T>(
        &self,
        id: &R::Id,
        author: Author<'_>,
        deadline: WriteDeadline,
        change: impl Fn(Option<R>, Version) -> Result<(R, Done<T>), ServiceError>,
    ) -> Result<Changed<R, T>, ServiceError> {
        let key = RecordKey::of::<R>(self.tenant, id);
        for attempt in 0..MAX_ATTEMPTS {
            if deadline.has_passed() {
                break;
            }
            self.check_writable()?;
            let keys = [StoredKey::Record(key.clone())];
            let found = deadline.wait(self.store.read(&keys)).await??.pop().flatten();
            let version = found.as_ref().map(|stored| stored.version);
            let record = found.map(|stored| R::decode(&stored.bytes)).transpose()?;
            let before = record.clone();
            let changed = change(record, self.versions.of(&key, version.unwrap_or(0)));
            let (record, done) = match changed {
                Ok(changed) => changed,
                Err(refused) => return Err(self.confirmed(refused).await),
            };
            if !done.write {
                return Ok(self.show(id, version, record, done.answer));
            }
            let now = self.clock.now();
            let write = record_write(key.clone(), version, record.encode(), author, now);
            let event = self.event(key.shard(), author, now, R::told(before.as_ref(), &record));
            let for_other = self.event_for_other(event.as_ref(), &record);
            let commit = ShardCommit {
                records: vec![write],
                events: event.into_iter().collect(),
                ..ShardCommit::empty(key.shard())
            };
            match self.commit(vec![commit], deadline).await.pop() {
                Some(Ok(versions)) => {
                    let shown = self.show(id, versions.first().copied(), record, done.answer);
                    if let Some(event) = for_other {
                        self.tell_other(event).await;
                    }
                    return Ok(shown);
                }
                Some(Err(CommitError::Conflict { .. })) => tokio::time::sleep(pause(attempt)).await,
                Some(Err(CommitError::Store(error))) => return Err(error.into()),
                None => return Err(ServiceError::Internal),
            }
        }
        Err(overtaken())
    }

    /// Writes a record to the index, and returns it.
    pub(super) fn show<R: IndexedRecord + Clone, T>(
        &self,
        id: &R::Id,
        version: Option<Version>,
        record: R,
        answer: T,
    ) -> Changed<R, T> {
        self.follower.applied(
            self.tenant,
            version.map(|version| Committed {
                id: id.clone(),
                version,
                record: record.clone(),
            }),
        );
        Changed {
            answer,
            version: self.shown_version::<R>(id, version.unwrap_or(0)),
            record,
        }
    }
}
