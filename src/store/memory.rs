//! The store in memory: the reference of the contract, for tests and for trying things out. It forgets everything when
//! it is dropped.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use tokio::sync::broadcast;

use super::{
    CommitError, Head, Key, Kind, LOG_ENTRIES_KEPT, MAX_RINGS_WAITING, Meta, NoteKey, NoteWrite, RawEntry, RecordKey,
    RecordWrite, Ring, SHARDS, ScanPage, Shard, ShardCommit, Store, StoreError, Stored, Table, Version,
};
use crate::codec::entry::nonce;

/// A store in memory. Several instances share it through an [`Arc`](std::sync::Arc).
#[derive(Debug)]
pub struct MemoryStore {
    meta: Meta,
    /// What the evidence is folded with; starts as in `meta`.
    evidence_version: AtomicU32,
    /// One lock a shard, never two at once, held for the length of one commit or page.
    shards: Box<[Mutex<Contents>]>,
    rings: broadcast::Sender<Ring>,
}

/// What one shard holds.
#[derive(Debug, Default)]
struct Contents {
    numbers: BTreeMap<Bytes, Stored>,
    cases: BTreeMap<Bytes, Stored>,
    lists: BTreeMap<Bytes, Stored>,
    rows: BTreeMap<Bytes, Stored>,
    notes: BTreeMap<NoteKey, Stored>,
    /// The last entries, at most [`LOG_ENTRIES_KEPT`]; the newest has the sequence `seq`.
    log: VecDeque<Bytes>,
    seq: Version,
}

impl MemoryStore {
    /// A new, empty store.
    ///
    /// # Errors
    /// If the machine gives no random numbers.
    pub fn new(evidence_version: u32) -> Result<Self, StoreError> {
        let meta = Meta {
            ready: true,
            ..Meta::create(evidence_version)?
        };
        Ok(Self {
            meta,
            evidence_version: AtomicU32::new(evidence_version),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            rings: broadcast::Sender::new(MAX_RINGS_WAITING),
        })
    }

    fn shard(&self, shard: Shard) -> &Mutex<Contents> {
        #[expect(
            clippy::indexing_slicing,
            reason = "there are SHARDS of them, and an index is below that"
        )]
        &self.shards[shard.index()]
    }

    fn commit_shard(&self, commit: ShardCommit) -> Result<Vec<Version>, CommitError> {
        commit.check()?;
        let shard = commit.shard;
        let versions = self.shard(shard).lock().apply(commit)?;
        if let Some(&seq) = versions.last() {
            // An error only says that nobody listens.
            drop(self.rings.send(Ring { shard, seq }));
        }
        Ok(versions)
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn describe(&self) -> String {
        "memory".to_owned()
    }

    async fn verify(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn evidence_version(&self) -> Result<u32, StoreError> {
        Ok(self.evidence_version.load(Ordering::SeqCst))
    }

    async fn set_evidence_version(&self, version: u32) -> Result<(), StoreError> {
        self.evidence_version.store(version, Ordering::SeqCst);
        Ok(())
    }

    /// Every item on its own: as little as the contract promises.
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Stored>>, StoreError> {
        let read = |key: &Key| self.shard(key.shard()).lock().get(key);
        Ok(keys.iter().map(read).collect())
    }

    async fn commit(&self, commits: Vec<ShardCommit>) -> Vec<Result<Vec<Version>, CommitError>> {
        commits.into_iter().map(|commit| self.commit_shard(commit)).collect()
    }

    async fn scan(
        &self,
        shard: Shard,
        table: Table,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        Ok(self.shard(shard).lock().page(table, after, limit.max(1)))
    }

    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        Ok(self.shards.iter().map(|shard| shard.lock().head()).collect())
    }

    async fn entries(&self, shard: Shard, from: Version, limit: usize) -> Result<Vec<RawEntry>, StoreError> {
        Ok(self.shard(shard).lock().entries(from, limit))
    }

    fn rings(&self) -> broadcast::Receiver<Ring> {
        self.rings.subscribe()
    }
}

impl Contents {
    fn get(&self, key: &Key) -> Option<Stored> {
        match key {
            Key::Record(key) => self.record(key).cloned(),
            Key::Bucket(key) => self.rows.get(key.id().as_slice()).cloned(),
            Key::Note(key) => self.notes.get(key).cloned(),
        }
    }

    fn record(&self, key: &RecordKey) -> Option<&Stored> {
        match key.kind() {
            Kind::Number => self.numbers.get(key.id()),
            Kind::Case => self.cases.get(key.id()),
            Kind::List => self.lists.get(key.id()),
        }
    }

    fn apply(&mut self, commit: ShardCommit) -> Result<Vec<Version>, CommitError> {
        let shard = commit.shard;
        let is_expected = |write: &RecordWrite| self.record(&write.key).map(|stored| stored.version) == write.expected;
        let is_noted = |write: &NoteWrite| self.notes.get(&write.key).map(|stored| stored.version) == write.expected;
        if !commit.records.iter().all(is_expected) || !commit.notes.iter().all(is_noted) {
            return Err(CommitError::Conflict { shard });
        }
        for write in commit.buckets {
            let id = Bytes::copy_from_slice(&write.key.id());
            let stored = write.bytes.map(|bytes| Stored { version: 0, bytes });
            put(&mut self.rows, id, stored);
        }
        for write in commit.notes {
            let version = write.version();
            let bytes = write.state;
            self.notes.insert(write.key, Stored { version, bytes });
        }
        Ok(commit.records.into_iter().map(|write| self.write(write)).collect())
    }

    fn write(&mut self, write: RecordWrite) -> Version {
        self.seq += 1;
        let version = self.seq;
        let mut entry = BytesMut::from(write.header);
        entry.extend_from_slice(write.state.as_deref().unwrap_or_default());
        self.log.push_back(entry.freeze());
        if self.log.len() as u64 > LOG_ENTRIES_KEPT {
            self.log.pop_front();
        }
        let table = match write.key.kind() {
            Kind::Number => &mut self.numbers,
            Kind::Case => &mut self.cases,
            Kind::List => &mut self.lists,
        };
        let stored = write.state.map(|bytes| Stored { version, bytes });
        put(table, write.key.id().clone(), stored);
        version
    }

    fn page(&self, table: Table, after: Option<Bytes>, limit: usize) -> ScanPage {
        let table = match table {
            Table::Numbers => &self.numbers,
            Table::Cases => &self.cases,
            Table::Lists => &self.lists,
            Table::Rows => &self.rows,
        };
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut left = table.range((start, Bound::Unbounded));
        let items: Vec<_> = left
            .by_ref()
            .take(limit)
            .map(|(id, stored)| (id.clone(), stored.clone()))
            .collect();
        let next = left.next().and(items.last()).map(|(id, _)| id.clone());
        ScanPage { items, next }
    }

    fn head(&self) -> Head {
        Head {
            seq: self.seq,
            nonce: self.log.back().and_then(|entry| nonce(entry)).unwrap_or_default(),
        }
    }

    fn entries(&self, from: Version, limit: usize) -> Vec<RawEntry> {
        let trimmed = self.seq - self.log.len() as u64;
        (trimmed + 1..)
            .zip(&self.log)
            .skip_while(|(seq, _)| *seq < from)
            .take(limit)
            .map(|(seq, bytes)| RawEntry {
                seq,
                bytes: bytes.clone(),
            })
            .collect()
    }
}

fn put(table: &mut BTreeMap<Bytes, Stored>, id: Bytes, stored: Option<Stored>) {
    match stored {
        Some(stored) => table.insert(id, stored),
        None => table.remove(&id),
    };
}
