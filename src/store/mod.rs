//! Where data is stored: numbers with their reports, cases, lists, notes.
//!
//! A store is divided into 256 shards. In each shard it keeps, for every tenant: records of each kind, row buckets, and
//! side records; and for all tenants together one change log. A store does not know what the bytes mean: the rules are
//! in `domain`.
//!
//! A write is a [`ShardCommit`]. Its records are guarded by the versions that the writer read; row buckets are written
//! beside them; and each record adds one entry to the shard's change log, all in one atomic step. The version of a
//! record is the sequence number of the entry that wrote it. Side records have versions of their own and make no entry.
//! Audit events are written in the same step; they are ordered by time and never change.
//!
//! Every store passes the same contract tests.

pub mod embedded;
pub mod error;
pub mod event;
mod format;
pub mod key;
mod limits;
pub mod memory;
pub mod meta;
pub mod redis;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use tokio::sync::broadcast;

pub use error::{CommitError, StoreError};
pub use event::{EventId, EventKey, EventSpan, EventWrite, ReplacedEvent, StoredEvent};
pub use format::STORE_FORMAT;
pub use key::{BucketKey, RecordKey, ScanTable, SideKey, StoredKey};
pub use meta::Meta;

pub use crate::codec::entry::RawLogEntry;
use crate::codec::entry::{carries_state, nonce};
pub use crate::codec::{MAX_VALUE_BYTES, RecordKind, SideKind};
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
pub use crate::shard::{SHARDS, Shard, Version};

/// Change-log entries that a store keeps for each shard. A follower that is further behind loads the shard again.
pub const LOG_ENTRIES_KEPT: u64 = 1_024;
/// The most records, buckets, side records and events of one shard's commit together.
pub const MAX_COMMIT_ITEMS: usize = 20_000;
/// The most buckets of one number that a store reads in one atomic step.
pub const MAX_BUCKETS_AT_ONCE: usize = 4_096;
/// Notifications that wait for a slow follower. When more come, the follower sweeps.
pub const MAX_NOTIFICATIONS_WAITING: usize = 4_096;

/// A record, bucket or side record as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The version of a record or side record; 0 for a bucket.
    pub version: Version,
    /// Its bytes.
    pub bytes: Bytes,
}

/// One record of a commit.
#[derive(Clone, Debug)]
pub struct RecordWrite {
    /// Which record.
    pub key: RecordKey,
    /// The version the writer read; none if there was no record. The commit fails if the store holds another version.
    pub expected: Option<Version>,
    /// The change-log entry without the new state (see [`crate::codec::entry`]). The store appends the state to it, if the
    /// header says that it follows ([`RecordWrite::logged_state`]).
    pub header: Bytes,
    /// The whole new state; none deletes the record.
    pub state: Option<Bytes>,
}

impl RecordWrite {
    /// The nonce of the change-log entry.
    #[must_use]
    pub fn nonce(&self) -> u64 {
        nonce(&self.header).unwrap_or_else(|| {
            // In a very short header the nonce ends in the state.
            let mut entry = BytesMut::from(self.header.as_ref());
            entry.extend_from_slice(self.state.as_deref().unwrap_or_default());
            nonce(&entry).unwrap_or_default()
        })
    }

    /// The state that the change-log entry carries: all of it, or nothing if the record is deleted or its state is large.
    #[must_use]
    pub fn logged_state(&self) -> &[u8] {
        match &self.state {
            Some(state) if carries_state(&self.header) => state,
            Some(_) | None => &[],
        }
    }
}

/// One row bucket of a commit. It has no version of its own: the record of its number is always in the same commit.
#[derive(Clone, Debug)]
pub struct BucketWrite {
    /// Which bucket.
    pub key: BucketKey,
    /// Its bytes; none deletes it.
    pub bytes: Option<Bytes>,
}

/// One side record of a commit. Side records are read by writers and not by lookups: they make no entry in the change
/// log, so no index holds them. They are never deleted, so that a version is never used twice.
#[derive(Clone, Debug)]
pub struct SideWrite {
    /// Which side record.
    pub key: SideKey,
    /// The version the writer read; none if there was no side record. The commit fails if the store holds another
    /// version.
    pub expected: Option<Version>,
    /// Its bytes.
    pub state: Bytes,
}

impl SideWrite {
    /// The version of the side record after this write. Each side record counts its own versions, from 1.
    #[must_use]
    pub fn version(&self) -> Version {
        self.expected.unwrap_or(0).saturating_add(1)
    }
}

/// The writes to one shard in one atomic step. All keys are of that shard and of one tenant.
#[derive(Clone, Debug)]
pub struct ShardCommit {
    /// The shard that all keys belong to.
    pub shard: Shard,
    /// Records; each becomes one change-log entry, in this order.
    pub records: Vec<RecordWrite>,
    /// Row buckets.
    pub buckets: Vec<BucketWrite>,
    /// Side records.
    pub side_records: Vec<SideWrite>,
    /// Audit events.
    pub events: Vec<EventWrite>,
}

impl ShardCommit {
    /// A commit without items.
    #[must_use]
    pub const fn empty(shard: Shard) -> Self {
        Self {
            shard,
            records: Vec::new(),
            buckets: Vec::new(),
            side_records: Vec::new(),
            events: Vec::new(),
        }
    }

    /// The number of records, buckets, side records and events together.
    #[must_use]
    pub fn items(&self) -> usize {
        let Self {
            records,
            buckets,
            side_records,
            events,
            ..
        } = self;
        let items = records.len().saturating_add(buckets.len());
        items.saturating_add(side_records.len()).saturating_add(events.len())
    }

    /// The shard and the tenant of every key.
    fn places(&self) -> impl Iterator<Item = (Shard, TenantId)> {
        let records = self.records.iter().map(|write| &write.key);
        let buckets = self.buckets.iter().map(|write| &write.key);
        let side_records = self.side_records.iter().map(|write| &write.key);
        let events = self.events.iter().map(|write| (write.key.shard, write.key.tenant));
        let records = records.map(|key| (key.shard(), key.tenant()));
        let buckets = buckets.map(|key| (key.shard(), key.tenant));
        records
            .chain(buckets)
            .chain(side_records.map(|key| (key.shard(), key.tenant())))
            .chain(events)
    }

    /// The tenant that all keys belong to; none for a commit without items.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        self.places().next().map(|(_, tenant)| tenant)
    }
}

/// The log head: the end of a shard's change log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogHead {
    /// The last sequence number; 0 if nothing was ever written.
    pub seq: Version,
    /// The nonce of the last entry; 0 if there is none.
    pub nonce: u64,
}

/// How many records a shard has, and the end of its log at the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// The head of the log.
    pub head: LogHead,
    /// The records of all kinds that this release knows, of the tenants that were asked for.
    pub records: u64,
    /// Names the connection. Another one may lead to another server, which lacks changes that were read by this one.
    pub connection: u64,
}

/// What a sweep learns of a store.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The evidence version that the stored evidence was folded with.
    pub evidence_version: u32,
    /// As [`Store::changed_heads`] tells them.
    pub changed: Vec<(Shard, LogHead)>,
    /// Whether the store would take a write, as [`Store::check_writes`] says it.
    pub writes: Result<(), StoreError>,
}

/// Says that a shard was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardNotification {
    /// Which shard.
    pub shard: Shard,
    /// The last sequence number of the commit.
    pub seq: Version,
}

/// Part of a table.
#[derive(Clone, Debug, Default)]
pub struct ScanPage {
    /// Ids within the table (see [`ScanTable`]), each with its value. A page may repeat an item of an earlier page.
    pub items: Vec<(Bytes, Stored)>,
    /// The position to continue from; none at the end.
    pub next: Option<Bytes>,
}

/// A store. A commit whose future is dropped has an unknown outcome; the other methods may be cancelled at any time.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The store's identity, as it was read when the store was opened.
    fn meta(&self) -> &Meta;

    /// The kind and address of the store, for logs; never a secret.
    fn describe(&self) -> String;

    /// Whether other processes write to the store too. If not, only this process's commits move its logs on.
    fn is_shared(&self) -> bool {
        true
    }

    /// Asks whether the store answers and is still the one that was opened.
    ///
    /// # Errors
    /// [`StoreError::Foreign`] if it is empty or another store; [`StoreError::Unavailable`] if it does not answer;
    /// [`StoreError::Replica`] if it is not a master any more.
    async fn verify(&self) -> Result<(), StoreError>;

    /// Asks whether the store would take a write now. Writes nothing.
    ///
    /// # Errors
    /// [`StoreError::WritesRefused`] if it answers reads only; [`StoreError::Replica`] if it is not a master any more;
    /// [`StoreError::Unavailable`] if it does not answer.
    async fn check_writes(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// The evidence version that the stored evidence was folded with, as it is now.
    ///
    /// # Errors
    /// If the store does not answer.
    async fn evidence_version(&self) -> Result<u32, StoreError>;

    /// Records that all evidence is now folded with this version.
    ///
    /// # Errors
    /// If the store does not answer.
    async fn set_evidence_version(&self, version: u32) -> Result<(), StoreError>;

    /// Reads records, buckets and side records of any shards; answers in the order of `keys`. They are not read in one
    /// atomic step, but no record is read after a bucket that comes later in `keys`. A bucket has no version: the
    /// version of its record guards a commit of the bucket only if the record was not read after it. If `keys` are
    /// buckets of one number and at most [`MAX_BUCKETS_AT_ONCE`], they are read in one atomic step: a split moves rows
    /// from one bucket to another in one commit, and a reader must not miss them in both.
    ///
    /// # Errors
    /// If the store does not answer, or holds something that cannot be read.
    async fn read(&self, keys: &[StoredKey]) -> Result<Vec<Option<Stored>>, StoreError>;

    /// Commits each shard in one atomic, durable step; the commits are independent of each other, and those of one shard
    /// run in their order. Answers in the order of `commits` with the versions of the records, in the order of the
    /// records.
    async fn commit(&self, commits: Vec<ShardCommit>) -> Vec<Result<Vec<Version>, CommitError>>;

    /// A page of one table of a tenant in a shard, about `limit` items, from the place where an earlier page ended.
    ///
    /// # Errors
    /// If the store does not answer.
    async fn scan(
        &self,
        shard: Shard,
        tenant: TenantId,
        table: ScanTable,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, StoreError>;

    /// Counts the records of these tenants in a shard. None if no other process can change or empty the store, so that
    /// nobody needs to know.
    ///
    /// # Errors
    /// If the store does not answer, or the shard is not that of the store that was opened ([`StoreError::Foreign`]).
    async fn census(&self, shard: Shard, tenants: &[TenantId]) -> Result<Option<Census>, StoreError> {
        let (_, _) = (shard, tenants);
        Ok(None)
    }

    /// The heads of all logs, in the order of the shards.
    ///
    /// # Errors
    /// If the store does not answer, is not the one that was opened ([`StoreError::Foreign`]), or is not a master any
    /// more ([`StoreError::Replica`]).
    async fn heads(&self) -> Result<Vec<LogHead>, StoreError>;

    /// The heads of the logs that differ from those that are `known`, which are in the order of the shards. A log that has
    /// moved on is always told; one that has another entry in the place of the last may be taken for the same by one chance
    /// in a thousand million. Others may be told too.
    ///
    /// # Errors
    /// As [`Self::heads`].
    async fn changed_heads(&self, known: &[LogHead]) -> Result<Vec<(Shard, LogHead)>, StoreError> {
        let heads = Shard::all().zip(self.heads().await?);
        let changed = heads.filter(|(shard, head)| known.get(shard.index()) != Some(head));
        Ok(changed.collect())
    }

    /// All that a sweep asks once a second: whether the store is the one that was opened, which heads differ from those
    /// that are `known`, and whether it takes writes.
    ///
    /// # Errors
    /// As [`Self::heads`]. A store that refuses writes only is no error: [`Sweep::writes`] says it.
    async fn sweep(&self, known: &[LogHead]) -> Result<Sweep, StoreError> {
        Ok(Sweep {
            evidence_version: self.evidence_version().await?,
            changed: self.changed_heads(known).await?,
            writes: self.check_writes().await,
        })
    }

    /// Up to `limit` entries of a shard's log from `from` on, in order: those of all tenants. Trimmed entries are left
    /// out.
    ///
    /// # Errors
    /// If the store does not answer.
    async fn entries(&self, shard: Shard, from: Version, limit: usize) -> Result<Vec<RawLogEntry>, StoreError>;

    /// Up to `limit` events of each of these shards within a span, newest first; at most
    /// [`event::MAX_EVENTS_AT_ONCE`]. The answers are in the order of `shards`.
    ///
    /// # Errors
    /// If the store does not answer.
    async fn events(
        &self,
        shards: &[Shard],
        span: EventSpan,
        limit: usize,
    ) -> Result<Vec<Vec<StoredEvent>>, StoreError>;

    /// Drops the oldest events of a tenant in a shard that are older than `before`: at most `limit`, and at most
    /// [`event::MAX_EVENTS_AT_ONCE`]. Returns how many.
    ///
    /// # Errors
    /// If the store does not answer, or takes no writes.
    async fn drop_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError>;

    /// Puts other bytes in the place of events of a tenant in a shard, at most [`event::MAX_EVENTS_AT_ONCE`]. Each keeps
    /// its id. An event that was dropped meanwhile may come back with the new bytes.
    ///
    /// # Errors
    /// If the store does not answer, or takes no writes. Some may be replaced then.
    async fn replace_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        events: Vec<ReplacedEvent>,
    ) -> Result<(), StoreError>;

    /// Erases the content of a shard's log up to the entry `through`: all entries before it are dropped, and of itself only
    /// the nonce stays ([`crate::codec::entry::blank`]). A follower that has read it goes on behind it; one that has not
    /// loads the shard again. Does nothing if the entry is not in the log any more.
    ///
    /// # Errors
    /// If the store does not answer, or takes no writes.
    async fn forget_log(&self, shard: Shard, through: Version) -> Result<(), StoreError>;

    /// Removes from the files of this store what was erased since the last time; false if there was nothing. Only a store
    /// with files of its own has something to do. It may take minutes.
    ///
    /// # Errors
    /// If the files cannot be written. The next call tries again.
    async fn purge(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Notifications of all commits from now on, those of other processes included. They may be lost: a follower sweeps
    /// as well.
    fn notifications(&self) -> broadcast::Receiver<ShardNotification>;
}
