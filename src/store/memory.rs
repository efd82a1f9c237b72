//! The store in memory: the reference for the contract tests, and for trials. Its data is lost when it is dropped.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use tokio::sync::broadcast;

use super::event::MAX_EVENTS_AT_ONCE;
use super::{
    Census, CommitError, EventId, EventSpan, LOG_ENTRIES_KEPT, LogHead, MAX_NOTIFICATIONS_WAITING, Meta, RawLogEntry,
    RecordKey, RecordWrite, ReplacedEvent, SHARDS, ScanPage, ScanTable, Shard, ShardCommit, ShardNotification, SideKey,
    SideKind, Store, StoreError, Stored, StoredEvent, StoredKey, Version,
};
use crate::codec::entry::{blank, nonce};
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;

/// A store in memory. Several instances share it through an [`Arc`](std::sync::Arc).
#[derive(Debug)]
pub struct MemoryStore {
    meta: Meta,
    /// The evidence version; at first that of `meta`.
    evidence_version: AtomicU32,
    /// One lock for each shard, held for one commit or page. Two are never held at once.
    shards: Box<[Mutex<ShardContents>]>,
    notifications: broadcast::Sender<ShardNotification>,
}

/// The data of one shard.
#[derive(Debug, Default)]
struct ShardContents {
    /// The tables of each tenant, by id.
    tables: BTreeMap<(TenantId, ScanTable), BTreeMap<Bytes, Stored>>,
    side_records: BTreeMap<SideKey, Stored>,
    events: BTreeMap<(TenantId, EventId), Bytes>,
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
            notifications: broadcast::Sender::new(MAX_NOTIFICATIONS_WAITING),
        })
    }

    fn shard(&self, shard: Shard) -> &Mutex<ShardContents> {
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
            // An error only means that nobody listens.
            drop(self.notifications.send(ShardNotification { shard, seq }));
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

    /// Reads keys that follow each other and are of one shard in one step, in the order of the keys: the contract
    /// promises little more.
    async fn read(&self, keys: &[StoredKey]) -> Result<Vec<Option<Stored>>, StoreError> {
        let mut found = Vec::with_capacity(keys.len());
        for of_shard in keys.chunk_by(|one, next| one.shard() == next.shard()) {
            if let [first, ..] = of_shard {
                let contents = self.shard(first.shard()).lock();
                found.extend(of_shard.iter().map(|key| contents.get(key)));
            }
        }
        Ok(found)
    }

    async fn commit(&self, commits: Vec<ShardCommit>) -> Vec<Result<Vec<Version>, CommitError>> {
        commits.into_iter().map(|commit| self.commit_shard(commit)).collect()
    }

    async fn scan(
        &self,
        shard: Shard,
        tenant: TenantId,
        table: ScanTable,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let contents = self.shard(shard).lock();
        Ok(match table {
            ScanTable::Sides(kind) => contents.page_of_sides((shard, tenant, kind), after, limit.max(1)),
            ScanTable::Records(_) | ScanTable::Rows => contents.page(tenant, table, after, limit.max(1)),
        })
    }

    async fn census(&self, shard: Shard, tenants: &[TenantId]) -> Result<Option<Census>, StoreError> {
        let contents = self.shard(shard).lock();
        let tables = contents.tables.iter().filter(|((tenant, table), _)| {
            let is_of_records = matches!(table, ScanTable::Records(_));
            is_of_records && tenants.contains(tenant)
        });
        Ok(Some(Census {
            head: contents.head(),
            records: tables.map(|(_, table)| table.len() as u64).sum(),
            connection: 0,
        }))
    }

    async fn heads(&self) -> Result<Vec<LogHead>, StoreError> {
        Ok(self.shards.iter().map(|shard| shard.lock().head()).collect())
    }

    async fn entries(&self, shard: Shard, from: Version, limit: usize) -> Result<Vec<RawLogEntry>, StoreError> {
        Ok(self.shard(shard).lock().entries(from, limit))
    }

    async fn events(
        &self,
        shards: &[Shard],
        span: EventSpan,
        limit: usize,
    ) -> Result<Vec<Vec<StoredEvent>>, StoreError> {
        let limit = limit.min(MAX_EVENTS_AT_ONCE);
        let of = |shard: &Shard| self.shard(*shard).lock().events(span, limit);
        Ok(shards.iter().map(of).collect())
    }

    async fn drop_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let limit = limit.min(MAX_EVENTS_AT_ONCE);
        Ok(self.shard(shard).lock().drop_events(tenant, before, limit))
    }

    async fn replace_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        events: Vec<ReplacedEvent>,
    ) -> Result<(), StoreError> {
        let mut contents = self.shard(shard).lock();
        for event in events {
            contents.events.insert((tenant, event.id), event.new);
        }
        Ok(())
    }

    async fn forget_log(&self, shard: Shard, through: Version) -> Result<(), StoreError> {
        self.shard(shard).lock().forget_log(through);
        Ok(())
    }

    fn notifications(&self) -> broadcast::Receiver<ShardNotification> {
        self.notifications.subscribe()
    }
}

impl ShardContents {
    fn get(&self, key: &StoredKey) -> Option<Stored> {
        match key {
            StoredKey::Record(key) => self.record(key).cloned(),
            StoredKey::Bucket(key) => {
                let rows = self.tables.get(&(key.tenant, ScanTable::Rows))?;
                rows.get(key.id().as_slice()).cloned()
            }
            StoredKey::Side(key) => self.side_records.get(key).cloned(),
        }
    }

    fn record(&self, key: &RecordKey) -> Option<&Stored> {
        let table = self.tables.get(&(key.tenant(), ScanTable::Records(key.kind())))?;
        table.get(key.id())
    }

    fn apply(&mut self, commit: ShardCommit) -> Result<Vec<Version>, CommitError> {
        let shard = commit.shard;
        let version = |stored: Option<&Stored>| stored.map(|stored| stored.version);
        let mut records = commit.records.iter();
        let mut side_records = commit.side_records.iter();
        let as_expected = records.all(|write| version(self.record(&write.key)) == write.expected)
            && side_records.all(|write| version(self.side_records.get(&write.key)) == write.expected);
        if !as_expected {
            return Err(CommitError::Conflict { shard });
        }
        for write in commit.buckets {
            let id = Bytes::copy_from_slice(&write.key.id());
            let stored = write.bytes.map(|bytes| Stored { version: 0, bytes });
            self.put(write.key.tenant, ScanTable::Rows, id, stored);
        }
        for write in commit.side_records {
            let version = write.version();
            let bytes = write.state;
            self.side_records.insert(write.key, Stored { version, bytes });
        }
        let events = commit.events.into_iter();
        self.events
            .extend(events.map(|write| ((write.key.tenant, write.key.id), write.bytes)));
        Ok(commit.records.into_iter().map(|write| self.write(write)).collect())
    }

    fn write(&mut self, write: RecordWrite) -> Version {
        self.seq += 1;
        let version = self.seq;
        let mut entry = BytesMut::from(&write.header[..]);
        entry.extend_from_slice(write.logged_state());
        self.log.push_back(entry.freeze());
        if self.log.len() as u64 > LOG_ENTRIES_KEPT {
            self.log.pop_front();
        }
        let stored = write.state.map(|bytes| Stored { version, bytes });
        let table = ScanTable::Records(write.key.kind());
        self.put(write.key.tenant(), table, write.key.id().clone(), stored);
        version
    }

    fn put(&mut self, tenant: TenantId, table: ScanTable, id: Bytes, stored: Option<Stored>) {
        let table = self.tables.entry((tenant, table)).or_default();
        match stored {
            Some(stored) => table.insert(id, stored),
            None => table.remove(&id),
        };
    }

    fn page(&self, tenant: TenantId, table: ScanTable, after: Option<Bytes>, limit: usize) -> ScanPage {
        let Some(table) = self.tables.get(&(tenant, table)) else {
            return ScanPage::default();
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

    fn page_of_sides(
        &self,
        (shard, tenant, kind): (Shard, TenantId, SideKind),
        after: Option<Bytes>,
        limit: usize,
    ) -> ScanPage {
        let key = |id: Bytes| SideKey::of_scanned(shard, tenant, kind, id);
        let start = match after {
            Some(after) => Bound::Excluded(key(after)),
            None => Bound::Included(key(Bytes::new())),
        };
        let of_kind = self.side_records.range((start, Bound::Unbounded));
        let mut left = of_kind.take_while(|(key, _)| key.tenant() == tenant && key.kind() == kind);
        let items: Vec<_> = left
            .by_ref()
            .take(limit)
            .map(|(key, stored)| (key.id().clone(), stored.clone()))
            .collect();
        let next = left.next().and(items.last()).map(|(id, _)| id.clone());
        ScanPage { items, next }
    }

    fn events(&self, span: EventSpan, limit: usize) -> Vec<StoredEvent> {
        if span.before <= span.from {
            return Vec::new();
        }
        let found = self
            .events
            .range((span.tenant, span.from)..(span.tenant, span.before))
            .rev();
        let found = found.take(limit).map(|((_, id), bytes)| StoredEvent {
            id: *id,
            bytes: bytes.clone(),
        });
        found.collect()
    }

    fn drop_events(&mut self, tenant: TenantId, before: Timestamp, limit: usize) -> usize {
        let old = (tenant, EventId::FIRST)..(tenant, EventId::new(before, 0));
        let old: Vec<_> = self.events.range(old).take(limit).map(|(key, _)| *key).collect();
        for key in &old {
            self.events.remove(key);
        }
        old.len()
    }

    fn forget_log(&mut self, through: Version) {
        let trimmed = self.seq - self.log.len() as u64;
        if through <= trimmed || through > self.seq {
            return;
        }
        while self.seq - self.log.len() as u64 + 1 < through {
            self.log.pop_front();
        }
        if let Some(entry) = self.log.front_mut() {
            *entry = blank(nonce(entry).unwrap_or_default());
        }
    }

    fn head(&self) -> LogHead {
        LogHead {
            seq: self.seq,
            nonce: self.log.back().and_then(|entry| nonce(entry)).unwrap_or_default(),
        }
    }

    fn entries(&self, from: Version, limit: usize) -> Vec<RawLogEntry> {
        let trimmed = self.seq - self.log.len() as u64;
        (trimmed + 1..)
            .zip(&self.log)
            .skip_while(|(seq, _)| *seq < from)
            .take(limit)
            .map(|(seq, bytes)| RawLogEntry {
                seq,
                bytes: bytes.clone(),
            })
            .collect()
    }
}
