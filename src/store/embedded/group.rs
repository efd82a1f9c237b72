//! A group of commits that share one write and one fsync.
//!
//! Guards are checked against the engine and, above it, against what the group has already taken in, so that a later
//! commit of the group sees an earlier one as if it were on the disk. Nothing is answered before it is.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use fjall::OwnedWriteBatch;

use super::engine::{Engine, broken};
use super::keys::Space;
use super::view::version;
use super::{chunks, keys};
use crate::codec::entry::nonce;
use crate::shard::Shard;
use crate::store::error::{CommitError, StoreError};
use crate::store::{Head, LOG_ENTRIES_KEPT, NoteWrite, RecordWrite, ShardCommit, Version};

/// Commits taken in and not yet written.
pub(super) struct Group<'e> {
    engine: &'e Engine,
    /// The ends of the logs as they are on the disk.
    heads: &'e [Head],
    /// The ends of the logs that the group moved.
    moved: BTreeMap<Shard, Head>,
    /// Records and notes that the group looked at.
    records: HashMap<Vec<u8>, Known>,
    /// What to write in place of what is there; none to delete.
    writes: BTreeMap<(Space, Vec<u8>), Option<Vec<u8>>>,
}

/// What is known of a record or note.
#[derive(Clone, Copy, Default)]
struct Known {
    /// As the group leaves it; none if there is nothing.
    version: Option<Version>,
    /// Further parts that it has on the disk.
    parts: u16,
}

impl<'e> Group<'e> {
    /// An empty group.
    pub(super) fn new(engine: &'e Engine, heads: &'e [Head]) -> Self {
        Self {
            engine,
            heads,
            moved: BTreeMap::new(),
            records: HashMap::new(),
            writes: BTreeMap::new(),
        }
    }

    /// Takes a commit in, and says what versions its records will have; or refuses it, and keeps nothing of it.
    pub(super) fn accept(&mut self, commit: ShardCommit) -> Result<Vec<Version>, CommitError> {
        let mut record_keys = Vec::with_capacity(commit.records.len());
        for record in &commit.records {
            let key = keys::record(&record.key);
            if self.known(&key)?.version != record.expected {
                return Err(CommitError::Conflict { shard: commit.shard });
            }
            record_keys.push(key);
        }
        for note in &commit.notes {
            if self.known(&keys::note(&note.key))?.version != note.expected {
                return Err(CommitError::Conflict { shard: commit.shard });
            }
        }
        let mut head = self.head(commit.shard);
        let mut versions = Vec::with_capacity(commit.records.len());
        for (record, key) in commit.records.into_iter().zip(record_keys) {
            head.seq += 1;
            head.nonce = nonce(&record.header).unwrap_or_default();
            versions.push(head.seq);
            self.put_record(commit.shard, head.seq, record, key);
        }
        if !versions.is_empty() {
            self.moved.insert(commit.shard, head);
        }
        for bucket in commit.buckets {
            let bytes = bucket.bytes.map(Vec::from);
            self.writes.insert((Space::Rows, keys::bucket(&bucket.key)), bytes);
        }
        for note in commit.notes {
            self.put_note(&note);
        }
        Ok(versions)
    }

    /// The group as one batch, and the ends of the logs once it is written; every key once, in order.
    pub(super) fn finish(mut self) -> Result<(OwnedWriteBatch, BTreeMap<Shard, Head>), StoreError> {
        let mut batch = self.engine.batch();
        let mut parts = BTreeMap::new();
        self.trim(&mut parts)?;
        for ((space, key), value) in std::mem::take(&mut self.writes) {
            let before = self.parts_before(space, &key)?;
            let mut count = 0;
            match value {
                Some(value) => {
                    let (head, rest) = chunks::split(&value).ok_or_else(|| broken("value"))?;
                    batch.insert(self.engine.space(space), key.as_slice(), head);
                    for part in rest {
                        parts.insert(keys::part(space, &key, count), Some(Bytes::copy_from_slice(part)));
                        count += 1;
                    }
                }
                None => batch.remove(self.engine.space(space), key.as_slice()),
            }
            for surplus in count..before {
                parts.insert(keys::part(space, &key, surplus), None);
            }
        }
        for (key, part) in parts {
            match part {
                Some(part) => batch.insert(self.engine.parts(), key, part.as_ref()),
                None => batch.remove(self.engine.parts(), key),
            }
        }
        Ok((batch, self.moved))
    }

    fn put_record(&mut self, shard: Shard, seq: Version, record: RecordWrite, key: Vec<u8>) {
        let state = record.state;
        let entry = [record.header.as_ref(), state.as_deref().unwrap_or_default()].concat();
        self.writes.insert((Space::Log, keys::entry(shard, seq)), Some(entry));
        if let Some(known) = self.records.get_mut(&key) {
            known.version = state.is_some().then_some(seq);
        }
        let payload = state.map(|state| [&seq.to_be_bytes()[..], &state].concat());
        self.writes.insert((Space::States, key), payload);
    }

    fn put_note(&mut self, note: &NoteWrite) {
        let (key, version) = (keys::note(&note.key), note.version());
        if let Some(known) = self.records.get_mut(&key) {
            known.version = Some(version);
        }
        let payload = [&version.to_be_bytes()[..], &note.state].concat();
        self.writes.insert((Space::States, key), Some(payload));
    }

    /// Drops the log entries beyond those that are kept: of the group's own, what was never written; of the disk's,
    /// what lies between the oldest kept before and now.
    fn trim(&mut self, parts: &mut BTreeMap<Vec<u8>, Option<Bytes>>) -> Result<(), StoreError> {
        for (shard, head) in &self.moved {
            let before = self.on_disk(*shard).seq;
            let first = before.saturating_sub(LOG_ENTRIES_KEPT) + 1;
            let last = head.seq.saturating_sub(LOG_ENTRIES_KEPT);
            if last < first {
                continue;
            }
            for seq in first..=last {
                let key = (Space::Log, keys::entry(*shard, seq));
                if seq <= before {
                    self.writes.insert(key, None);
                } else {
                    self.writes.remove(&key);
                }
            }
            let (first, last) = (keys::entry(*shard, first), keys::entry(*shard, last));
            let found = self.engine.parts_of_entries(&first, &last)?;
            parts.extend(found.into_iter().map(|key| (key.to_vec(), None)));
        }
        Ok(())
    }

    /// Further parts that a value has on the disk, so that none is left over.
    fn parts_before(&self, space: Space, key: &[u8]) -> Result<u16, StoreError> {
        match space {
            Space::States => Ok(self.records.get(key).copied().unwrap_or_default().parts),
            Space::Rows => Ok(self
                .engine
                .first_part(space, key, |parts, _| parts)?
                .unwrap_or_default()),
            Space::Log => Ok(0), // an entry is written once, and trimmed with its parts
        }
    }

    fn known(&mut self, key: &[u8]) -> Result<Known, StoreError> {
        if let Some(known) = self.records.get(key) {
            return Ok(*known);
        }
        let found = self.engine.first_part(Space::States, key, |parts, first| {
            let version = version(first).ok_or_else(|| broken("record"))?;
            Ok::<_, StoreError>(Known {
                version: Some(version),
                parts,
            })
        });
        let known = found?.transpose()?.unwrap_or_default();
        self.records.insert(key.to_vec(), known);
        Ok(known)
    }

    fn head(&self, shard: Shard) -> Head {
        self.moved.get(&shard).copied().unwrap_or_else(|| self.on_disk(shard))
    }

    fn on_disk(&self, shard: Shard) -> Head {
        self.heads.get(shard.index()).copied().unwrap_or_default()
    }
}
