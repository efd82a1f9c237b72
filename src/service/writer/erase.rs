//! Erases what the store has of a number: its record, rows and notes in one step, then what the audit log and the change
//! log say of it.

use std::collections::BTreeSet;

use super::work::{bucket_key, record_key};
use super::{Author, Done, MAX_ATTEMPTS, Told, WholeNumber, WriteDeadline, Writer, pause, random};
use crate::codec::entry::{EntryHeader, EntryState, LogEntry};
use crate::codec::note::NoteKey;
use crate::codec::{self, SideRecord};
use crate::domain::erasure::{BegunErasure, Erasures, SealedNumber};
use crate::domain::ids::NumberHash;
use crate::domain::note::{Note, NoteSubject};
use crate::domain::requests::Fingerprint;
use crate::domain::state::NumberState;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::number::E164;
use crate::service::ServiceError;
use crate::store::event::MAX_EVENTS_AT_ONCE;
use crate::store::{
    BucketWrite, CommitError, EventId, EventSpan, MAX_COMMIT_ITEMS, RawLogEntry, RecordKey, RecordKind, RecordWrite,
    ReplacedEvent, Shard, ShardCommit, SideKey, SideWrite, StoredKey, Version,
};

/// Buckets that are deleted in one step.
const BUCKETS_AT_ONCE: usize = MAX_COMMIT_ITEMS / 2;

/// Entries of a change log that are read in one step.
const ENTRIES_AT_A_TIME: usize = 64;

/// The erasure of a number: who asked for it, what its event tells, and its note.
#[derive(Debug)]
pub(in crate::service) struct Erasing<'a> {
    pub(in crate::service) author: Author<'a>,
    pub(in crate::service) told: Told,
    pub(in crate::service) begun: BegunErasure,
    /// Whether the record must have the version that was read.
    pub(in crate::service) is_exact: bool,
    /// Whether it was noted before, and is continued without its client.
    pub(in crate::service) is_continued: bool,
}

/// Whether a record that is to be deleted is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum Stay {
    /// It is.
    Gone,
    /// Another writer was faster: it must be read again.
    Changed,
}

impl Writer {
    /// The hash that stands for a number after its erasure.
    pub(in crate::service) fn hash_of(&self, number: E164) -> NumberHash {
        NumberHash::keyed(&self.erased_key, self.tenant.as_str(), number)
    }

    /// The keys of the notes on a number.
    pub(in crate::service) fn notes_of(&self, number: E164) -> Vec<NoteKey> {
        let subject = NoteSubject::Number(number);
        let notes = self.index.notes(&subject, None, usize::MAX);
        notes.iter().map(|note| NoteKey::of(&subject, note.id)).collect()
    }

    /// Deletes a number as it was read, with its rows and notes. Nothing tells of it.
    pub(in crate::service) async fn delete_number(
        &self,
        (number, whole): (E164, &WholeNumber),
        author: Author<'_>,
        deadline: WriteDeadline,
    ) -> Result<Stay, ServiceError> {
        self.check_writable()?;
        let _turn = deadline.wait(self.turns.take(&record_key(self.tenant, number))).await?;
        let found = (number, whole.version, &whole.state);
        self.delete_found(found, author, None, deadline).await
    }

    /// Deletes a number with its rows and notes, notes that its erasure has begun, and writes the event. Reports that arrive
    /// meanwhile go too, and cannot hold it up: this instance lets them wait, and for those of others only the record is read
    /// again. If its statuses or links have changed since it was read, the caller must look at them first.
    pub(in crate::service) async fn erase_number(
        &self,
        (number, whole): (E164, &WholeNumber),
        erasing: &Erasing<'_>,
        deadline: WriteDeadline,
    ) -> Result<Stay, ServiceError> {
        self.check_writable()?;
        let _turn = deadline.wait(self.turns.take(&record_key(self.tenant, number))).await?;
        for attempt in 0..MAX_ATTEMPTS {
            if attempt > 0 {
                self.metrics.commit_retry();
                tokio::time::sleep(pause(attempt)).await;
            }
            let (version, state) = deadline.wait(self.read_record(number)).await??;
            let is_same = state.links == whole.state.links && state.statuses == whole.state.statuses;
            if !is_same || erasing.is_exact && version != whole.version {
                return Ok(Stay::Changed);
            }
            let found = (number, version, &state);
            if self
                .delete_found(found, erasing.author, Some(erasing), deadline)
                .await?
                == Stay::Gone
            {
                return Ok(Stay::Gone);
            }
        }
        Ok(Stay::Changed)
    }

    /// Deletes a number in one atomic step, or in several if it has hundreds of thousands of rows. The record goes with the
    /// last step, so that no rows stay that no record leads to.
    async fn delete_found(
        &self,
        (number, version, state): (E164, Option<Version>, &NumberState),
        author: Author<'_>,
        erasing: Option<&Erasing<'_>>,
        deadline: WriteDeadline,
    ) -> Result<Stay, ServiceError> {
        let now = self.clock.now();
        let shard = Shard::of_number(number);
        let notes = self.stored_notes(number, deadline).await?;
        let mut records: Vec<RecordWrite> = Vec::new();
        if let Some(version) = version {
            records.push(deletion(record_key(self.tenant, number), version, author, now));
        }
        for (key, version) in &notes {
            let key = RecordKey::of::<Note>(self.tenant, key);
            records.push(deletion(key, *version, author, now));
        }
        let buckets: Vec<BucketWrite> = buckets_of((self.tenant, number), state).collect();
        let mut steps = buckets.chunks(BUCKETS_AT_ONCE);
        let with_record = steps.next().unwrap_or_default();
        for step in steps.rev() {
            let Some(mut commit) = self.noted(shard, erasing, false, deadline).await? else {
                return Ok(Stay::Gone);
            };
            commit.buckets = step.to_vec();
            let done = self.commit_one(commit, deadline).await;
            if done.map_err(ServiceError::after_a_change)?.is_none() {
                return Ok(Stay::Changed);
            }
        }
        let Some(mut commit) = self.noted(shard, erasing, true, deadline).await? else {
            return Ok(Stay::Gone);
        };
        commit.records = records;
        commit.buckets = with_record.to_vec();
        let Some(versions) = self.commit_one(commit, deadline).await? else {
            return Ok(Stay::Changed);
        };
        self.show_deleted((number, version), &notes, &versions);
        Ok(Stay::Gone)
    }

    /// A commit with the note of an erasure, and with its event if it was not noted before. None if an erasure that is
    /// continued was completed meanwhile by another instance.
    async fn noted(
        &self,
        shard: Shard,
        erasing: Option<&Erasing<'_>>,
        is_deleted: bool,
        deadline: WriteDeadline,
    ) -> Result<Option<ShardCommit>, ServiceError> {
        let mut commit = ShardCommit::empty(shard);
        let Some(erasing) = erasing else {
            return Ok(Some(commit));
        };
        let key = SideKey::of::<Erasures>(self.tenant, &shard);
        let keys = [StoredKey::Side(key.clone())];
        let stored = deadline.wait(self.store.read(&keys)).await??.pop().flatten();
        let expected = stored.as_ref().map(|stored| stored.version);
        let erasures = stored.map(|stored| <Erasures as SideRecord>::decode(&stored.bytes));
        let mut erasures = erasures.transpose()?.unwrap_or_default();
        let is_new = erasures.note(BegunErasure {
            is_deleted,
            ..erasing.begun
        });
        if is_new && erasing.is_continued {
            return Ok(None);
        }
        if is_new {
            let event = self.event_of_request(shard, erasing.author, self.clock.now(), erasing.told.clone());
            commit.events.extend(event);
        }
        commit.side_records.push(SideWrite {
            key,
            expected,
            state: SideRecord::encode(&erasures),
        });
        Ok(Some(commit))
    }

    /// Commits to one shard; none if another writer was faster.
    async fn commit_one(
        &self,
        commit: ShardCommit,
        deadline: WriteDeadline,
    ) -> Result<Option<Vec<Version>>, ServiceError> {
        match self.commit(vec![commit], deadline).await.pop() {
            Some(Ok(versions)) => Ok(Some(versions)),
            Some(Err(CommitError::Conflict { .. })) => Ok(None),
            Some(Err(CommitError::Store(error))) => Err(error.into()),
            None => Err(ServiceError::Internal),
        }
    }

    /// The note of an erasure that begins now.
    pub(in crate::service) fn begun(&self, number: E164, request: Fingerprint) -> BegunErasure {
        BegunErasure {
            request,
            number: SealedNumber::seal(&self.erasing_key, request, number),
            begun_at: self.clock.now(),
            is_deleted: false,
        }
    }

    /// The erasures of this tenant that have begun and are not complete, each with its number.
    pub(in crate::service) async fn begun_erasures(&self) -> Result<Vec<(E164, BegunErasure)>, ServiceError> {
        let keys: Vec<SideKey> = Shard::all()
            .map(|shard| SideKey::of::<Erasures>(self.tenant, &shard))
            .collect();
        let found: Vec<Erasures> = self.read_side_records(&keys, self.deadline(keys.len())).await?;
        let all = found.into_iter().flat_map(|erasures| erasures.all);
        let with_number = |begun: BegunErasure| Some((begun.number.open(&self.erasing_key, begun.request)?, begun));
        Ok(all.filter_map(with_number).collect())
    }

    /// Notes that an erasure is complete.
    pub(in crate::service) async fn end_erasure(&self, number: E164, request: Fingerprint) -> Result<(), ServiceError> {
        let keys = [SideKey::of::<Erasures>(self.tenant, &Shard::of_number(number))];
        let forget = |_: usize, erasures: &mut Erasures| Done {
            answer: (),
            write: erasures.forget(request),
        };
        let ended = self.change_side_records(&keys, self.deadline(1), forget).await;
        ended.into_iter().collect()
    }

    /// The notes on a number, with their versions in the store.
    async fn stored_notes(
        &self,
        number: E164,
        deadline: WriteDeadline,
    ) -> Result<Vec<(NoteKey, Version)>, ServiceError> {
        let notes = self.notes_of(number);
        let keys: Vec<StoredKey> = notes
            .iter()
            .map(|key| StoredKey::Record(RecordKey::of::<Note>(self.tenant, key)))
            .collect();
        let found = deadline.wait(self.store.read(&keys)).await??;
        let found = notes.into_iter().zip(found);
        Ok(found.filter_map(|(key, stored)| Some((key, stored?.version))).collect())
    }

    fn show_deleted(
        &self,
        (number, version): (E164, Option<Version>),
        notes: &[(NoteKey, Version)],
        versions: &[Version],
    ) {
        let mut versions = versions.iter().copied();
        if let Some(version) = version.and_then(|_| versions.next()) {
            self.follower.deleted::<NumberState>(self.tenant, number, version);
        }
        for ((key, _), version) in notes.iter().zip(versions) {
            self.follower.deleted::<Note>(self.tenant, *key, version);
        }
    }

    /// Takes a number out of the audit events about it; returns how many there were. Its last events come first.
    pub(in crate::service) async fn redact_events(&self, number: E164, write: bool) -> Result<u32, ServiceError> {
        let (hash, shard) = (self.hash_of(number), Shard::of_number(number));
        let mut span = EventSpan {
            tenant: self.tenant,
            from: EventId::FIRST,
            before: EventId::LAST,
        };
        let mut count = 0u32;
        loop {
            let found = self.store.events(&[shard], span, MAX_EVENTS_AT_ONCE).await?;
            let found = found.into_iter().next().unwrap_or_default();
            let Some(last) = found.last() else {
                return Ok(count);
            };
            span.before = last.id;
            let mut replaced = Vec::new();
            for event in found {
                // An event of a newer release cannot be read, and stays.
                let Ok(known) = codec::audit::decode(&event.bytes) else {
                    continue;
                };
                if let Some(without) = known.without_number(number, hash) {
                    replaced.push(ReplacedEvent {
                        id: event.id,
                        old: event.bytes,
                        new: codec::audit::encode(&without),
                    });
                }
            }
            count = count.saturating_add(u32::try_from(replaced.len()).unwrap_or(u32::MAX));
            if write && !replaced.is_empty() {
                self.store.replace_events(shard, self.tenant, replaced).await?;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Erases what the change log of a number's shard says up to the last entry about the number. An instance that has not
    /// read so far loads the shard again, so a log that does not name the number stays as it is.
    pub(in crate::service) async fn forget_log_of(&self, number: E164) -> Result<(), ServiceError> {
        // So that this instance has read what it is about to erase, and need not load the shard again.
        self.refresh().await;
        if let Some(through) = self.last_entry_about(number).await? {
            self.store.forget_log(Shard::of_number(number), through).await?;
        }
        Ok(())
    }

    /// The last entry about a number, or about a note on it, in the change log of its shard.
    async fn last_entry_about(&self, number: E164) -> Result<Option<Version>, ServiceError> {
        let shard = Shard::of_number(number);
        let (mut last, mut from) = (None, 1);
        loop {
            let entries = self.store.entries(shard, from, ENTRIES_AT_A_TIME).await?;
            let Some(end) = entries.last().map(|entry| entry.seq) else {
                return Ok(last);
            };
            let about = entries.iter().filter(|entry| self.may_be_about(number, entry));
            last = about.map(|entry| entry.seq).next_back().or(last);
            from = end.saturating_add(1);
        }
    }

    /// Whether an entry is about a number or a note on it. One that this release cannot read may be.
    fn may_be_about(&self, number: E164, entry: &RawLogEntry) -> bool {
        if codec::entry::is_blank(&entry.bytes) {
            return false;
        }
        let Ok(LogEntry { header, state, .. }) = codec::entry::decode(entry) else {
            return true;
        };
        if header.tenant != self.tenant {
            return false;
        }
        let is_on_it =
            |state: &[u8]| codec::note::decode(state).map_or(true, |note| note.subject == NoteSubject::Number(number));
        let is_note = header.kind == RecordKind::Note && state.as_deref().is_some_and(is_on_it);
        is_note || header.kind == RecordKind::Number && header.id == record_key(self.tenant, number).id()
    }

    /// Removes from the files of the store what was erased.
    pub(in crate::service) async fn purge(&self) -> Result<bool, ServiceError> {
        Ok(self.store.purge().await?)
    }
}

/// The buckets of rows of a number, and the parts of its reporter table.
fn buckets_of((tenant, number): (TenantId, E164), state: &NumberState) -> impl Iterator<Item = BucketWrite> {
    let table = state.reporter_table.as_deref().copied();
    let parts = table
        .into_iter()
        .flat_map(|table| table.parts().collect::<BTreeSet<u32>>());
    (0..state.buckets).chain(parts).map(move |bucket| BucketWrite {
        key: bucket_key(tenant, number, bucket),
        bytes: None,
    })
}

pub(super) fn deletion(key: RecordKey, version: Version, author: Author<'_>, at: Timestamp) -> RecordWrite {
    let header = EntryHeader {
        nonce: random(),
        tenant: key.tenant(),
        kind: key.kind(),
        id: key.id().clone(),
        state: EntryState::Deleted,
        at,
        actor: author.actor.clone(),
        request: author.request.into(),
        reason: author.reason.into(),
    };
    RecordWrite {
        key,
        expected: Some(version),
        header: codec::entry::encode_header(&header),
        state: None,
    }
}
