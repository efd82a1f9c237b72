//! Where reports, statuses and cases last.
//!
//! A store keeps four tables, cut into 256 shards: number records, case records, lists, and row buckets; and notes,
//! which nobody follows. It knows nothing of what they mean. A write is a [`ShardCommit`]: records guarded by the version that the writer read, row buckets beside
//! them, and for every record an entry in the shard's change log, all in one atomic step. A record's version is the
//! sequence of the entry that wrote it. Notes are guarded by versions of their own and make no entry. Rules live in `domain`, never in a store.
//!
//! Every store passes the same contract suite.

pub mod embedded;
pub mod error;
pub mod key;
mod limits;
pub mod memory;
pub mod meta;
pub mod redis;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

pub use error::{CommitError, StoreError};
pub use key::{BucketKey, Key, NoteKey, NoteKind, RecordKey, Table};
pub use meta::Meta;

pub use crate::codec::entry::RawEntry;
pub use crate::codec::{Kind, MAX_VALUE_BYTES};
pub use crate::shard::{SHARDS, Shard, Version};

/// Change-log entries that a store keeps for each shard; a follower further behind reloads the shard.
pub const LOG_ENTRIES_KEPT: u64 = 1_024;
/// The most records, buckets and notes of one shard's commit together.
pub const MAX_COMMIT_ITEMS: usize = 20_000;
/// Rings that wait for a slow follower; beyond them it sweeps.
pub const MAX_RINGS_WAITING: usize = 4_096;

/// A record, bucket or note as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The version of a record or note; 0 for a bucket.
    pub version: Version,
    /// Its bytes.
    pub bytes: Bytes,
}

/// One record of a commit.
#[derive(Clone, Debug)]
pub struct RecordWrite {
    /// Which.
    pub key: RecordKey,
    /// The version the writer read; none if there was no record. The commit fails if the store holds another.
    pub expected: Option<Version>,
    /// The change-log entry, up to the post-state (see [`crate::codec::entry`]). The store appends `state` to it.
    pub header: Bytes,
    /// The whole post-state; none deletes the record.
    pub state: Option<Bytes>,
}

/// One row bucket of a commit. It has no version of its own: the record of its number is always in the same commit.
#[derive(Clone, Debug)]
pub struct BucketWrite {
    /// Which.
    pub key: BucketKey,
    /// Its bytes; none deletes it.
    pub bytes: Option<Bytes>,
}

/// One note of a commit. Notes are what writers need and answers do not: they make no entry in the change log, so no
/// index holds them, and they wear out no log. They are never deleted, so that a version is never used twice.
#[derive(Clone, Debug)]
pub struct NoteWrite {
    /// Which.
    pub key: NoteKey,
    /// The version the writer read; none if there was no note. The commit fails if the store holds another.
    pub expected: Option<Version>,
    /// Its bytes.
    pub state: Bytes,
}

impl NoteWrite {
    /// The version that the note has once it is written: notes count for themselves, from 1.
    #[must_use]
    pub fn version(&self) -> Version {
        self.expected.unwrap_or(0).saturating_add(1)
    }
}

/// What is written to one shard in one atomic step.
#[derive(Clone, Debug)]
pub struct ShardCommit {
    /// The shard that all keys belong to.
    pub shard: Shard,
    /// Records; each becomes one change-log entry, in this order.
    pub records: Vec<RecordWrite>,
    /// Row buckets.
    pub buckets: Vec<BucketWrite>,
    /// Notes.
    pub notes: Vec<NoteWrite>,
}

impl ShardCommit {
    /// Nothing yet.
    #[must_use]
    pub const fn empty(shard: Shard) -> Self {
        Self {
            shard,
            records: Vec::new(),
            buckets: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// How many records, buckets and notes there are.
    #[must_use]
    pub fn items(&self) -> usize {
        let Self {
            records,
            buckets,
            notes,
            ..
        } = self;
        records.len().saturating_add(buckets.len()).saturating_add(notes.len())
    }
}

/// The end of a shard's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The last sequence; 0 if nothing was ever written.
    pub seq: Version,
    /// The nonce of the last entry; 0 if there is none.
    pub nonce: u64,
}

/// A shard was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ring {
    /// Which shard.
    pub shard: Shard,
    /// The last sequence of the commit.
    pub seq: Version,
}

/// Part of a table.
#[derive(Clone, Debug, Default)]
pub struct ScanPage {
    /// Ids within the table (see [`key`]) with what is stored there. A page may repeat an item of an earlier one.
    pub items: Vec<(Bytes, Stored)>,
    /// Where to go on; none at the end.
    pub next: Option<Bytes>,
}

/// A store. All methods are cancel-safe in the sense that a dropped commit has an unknown outcome and nothing worse.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// What was read of the store's identity when it was opened.
    fn meta(&self) -> &Meta;

    /// The store in words, for logs: kind and place, never a secret.
    fn describe(&self) -> String;

    /// Whether other processes write to it too. If not, nothing but this process's own commits moves its logs on.
    fn is_shared(&self) -> bool {
        true
    }

    /// Asks whether the store is there and still the one that was opened.
    ///
    /// # Errors
    /// [`StoreError::Foreign`] if it is empty or another; [`StoreError::Unavailable`] if it does not answer.
    async fn verify(&self) -> Result<(), StoreError>;

    /// The evidence version that the stored evidence was folded with, as it stands now.
    ///
    /// # Errors
    /// If the store does not answer.
    async fn evidence_version(&self) -> Result<u32, StoreError>;

    /// Records that all evidence is folded with this version now.
    ///
    /// # Errors
    /// If the store does not answer.
    async fn set_evidence_version(&self, version: u32) -> Result<(), StoreError>;

    /// Reads records, buckets and notes of any shards, in the order of `keys`. Items of one shard are read in one atomic step
    /// where the store can, which is not needed for correctness: a commit is guarded by versions.
    ///
    /// # Errors
    /// If the store does not answer, or holds something that cannot be read.
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Stored>>, StoreError>;

    /// Commits each shard in one atomic, durable step; the shards are independent of each other. Answers in the order
    /// of `commits` with the versions of the records in their order.
    async fn commit(&self, commits: Vec<ShardCommit>) -> Vec<Result<Vec<Version>, CommitError>>;

    /// A page of one table of a shard, about `limit` items, from where an earlier page ended.
    ///
    /// # Errors
    /// If the store does not answer.
    async fn scan(
        &self,
        shard: Shard,
        table: Table,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, StoreError>;

    /// The ends of all logs, in the order of the shards.
    ///
    /// # Errors
    /// If the store does not answer, or is not the one that was opened ([`StoreError::Foreign`]).
    async fn heads(&self) -> Result<Vec<Head>, StoreError>;

    /// Up to `limit` log entries from `from` on, in order. What was trimmed is left out.
    ///
    /// # Errors
    /// If the store does not answer.
    async fn entries(&self, shard: Shard, from: Version, limit: usize) -> Result<Vec<RawEntry>, StoreError>;

    /// Rings of commits by anybody, from now on. They may be lost: a follower sweeps as well.
    fn rings(&self) -> broadcast::Receiver<Ring>;
}
