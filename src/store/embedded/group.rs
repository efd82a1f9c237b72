//! A group of commits that share one write and one fsync.
//!
//! Expected versions are compared with the earlier commits of the group first, and then with the engine, so that a later
//! commit sees an earlier one as if it were on the disk. No commit is answered before it is on the disk.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use fjall::OwnedWriteBatch;

use super::engine::{Engine, broken};
use super::keys::EngineSpace;
use super::snapshot::version;
use super::{chunks, keys};
use crate::codec::entry::nonce;
use crate::shard::Shard;
use crate::store::error::{CommitError, StoreError};
use crate::store::{LOG_ENTRIES_KEPT, LogHead, RecordWrite, ShardCommit, SideWrite, Version};

/// Commits that are accepted and not yet written.
pub(super) struct CommitGroup<'e> {
    engine: &'e Engine,
    /// The log heads on the disk.
    heads: &'e [LogHead],
    /// The new heads of the logs that the group writes to.
    moved: BTreeMap<Shard, LogHead>,
    /// The records and side records that the group has read.
    records: HashMap<Vec<u8>, KnownVersion>,
    /// The new value of each key; none deletes it.
    writes: BTreeMap<(EngineSpace, Vec<u8>), Option<Vec<u8>>>,
}

/// The version of a record or side record, and its parts.
#[derive(Clone, Copy, Default)]
struct KnownVersion {
    /// The version after the group; none if the record is absent.
    version: Option<Version>,
    /// The number of its further parts on the disk.
    parts: u16,
}

impl<'e> CommitGroup<'e> {
    /// An empty group.
    pub(super) fn new(engine: &'e Engine, heads: &'e [LogHead]) -> Self {
        Self {
            engine,
            heads,
            moved: BTreeMap::new(),
            records: HashMap::new(),
            writes: BTreeMap::new(),
        }
    }

    /// Accepts a commit and returns the versions that its records will have, or refuses all of it.
    pub(super) fn accept(&mut self, commit: ShardCommit) -> Result<Vec<Version>, CommitError> {
        let mut record_keys = Vec::with_capacity(commit.records.len());
        for record in &commit.records {
            let key = keys::record(&record.key);
            if self.known(&key)?.version != record.expected {
                return Err(CommitError::Conflict { shard: commit.shard });
            }
            record_keys.push(key);
        }
        for side in &commit.side_records {
            if self.known(&keys::side_record(&side.key))?.version != side.expected {
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
            self.writes
                .insert((EngineSpace::Rows, keys::bucket(&bucket.key)), bytes);
        }
        for side in commit.side_records {
            self.put_side_record(&side);
        }
        for event in commit.events {
            let key = (EngineSpace::Events, keys::event(&event.key));
            self.writes.insert(key, Some(Vec::from(event.bytes)));
        }
        Ok(versions)
    }

    /// The group as one batch with every key once, in order, and the log heads after it.
    pub(super) fn finish(mut self) -> Result<(OwnedWriteBatch, BTreeMap<Shard, LogHead>), StoreError> {
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
        let entry = [record.header.as_ref(), record.logged_state()].concat();
        let state = record.state;
        self.writes
            .insert((EngineSpace::Log, keys::entry(shard, seq)), Some(entry));
        if let Some(known) = self.records.get_mut(&key) {
            known.version = state.is_some().then_some(seq);
        }
        let payload = state.map(|state| [&seq.to_be_bytes()[..], &state].concat());
        self.writes.insert((EngineSpace::States, key), payload);
    }

    fn put_side_record(&mut self, side: &SideWrite) {
        let (key, version) = (keys::side_record(&side.key), side.version());
        if let Some(known) = self.records.get_mut(&key) {
            known.version = Some(version);
        }
        let payload = [&version.to_be_bytes()[..], &side.state].concat();
        self.writes.insert((EngineSpace::States, key), Some(payload));
    }

    /// Drops the log entries beyond [`LOG_ENTRIES_KEPT`]: those of the group are not written at all, those on the disk are
    /// deleted.
    fn trim(&mut self, parts: &mut BTreeMap<Vec<u8>, Option<Bytes>>) -> Result<(), StoreError> {
        for (shard, head) in &self.moved {
            let before = self.on_disk(*shard).seq;
            let first = before.saturating_sub(LOG_ENTRIES_KEPT) + 1;
            let last = head.seq.saturating_sub(LOG_ENTRIES_KEPT);
            if last < first {
                continue;
            }
            for seq in first..=last {
                let key = (EngineSpace::Log, keys::entry(*shard, seq));
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

    /// The number of further parts that a value has on the disk, so that none remains.
    fn parts_before(&self, space: EngineSpace, key: &[u8]) -> Result<u16, StoreError> {
        match space {
            EngineSpace::States => Ok(self.records.get(key).copied().unwrap_or_default().parts),
            EngineSpace::Rows => Ok(self
                .engine
                .first_part(space, key, |parts, _| parts)?
                .unwrap_or_default()),
            EngineSpace::Log | EngineSpace::Events => Ok(0), // written once, and dropped with all parts
        }
    }

    fn known(&mut self, key: &[u8]) -> Result<KnownVersion, StoreError> {
        if let Some(known) = self.records.get(key) {
            return Ok(*known);
        }
        let found = self.engine.first_part(EngineSpace::States, key, |parts, first| {
            let version = version(first).ok_or_else(|| broken("record"))?;
            Ok::<_, StoreError>(KnownVersion {
                version: Some(version),
                parts,
            })
        });
        let known = found?.transpose()?.unwrap_or_default();
        self.records.insert(key.to_vec(), known);
        Ok(known)
    }

    fn head(&self, shard: Shard) -> LogHead {
        self.moved.get(&shard).copied().unwrap_or_else(|| self.on_disk(shard))
    }

    fn on_disk(&self, shard: Shard) -> LogHead {
        self.heads.get(shard.index()).copied().unwrap_or_default()
    }
}
