//! The engine underneath: fjall, an LSM tree with a journal. The only file that knows its settings and its errors.

use std::path::Path;
use std::sync::Arc;

use fjall::compaction::Leveled;
use fjall::config::CompressionPolicy;
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode, Readable};

use super::keys::{META, Space};
use super::place::Place;
use super::view::View;
use super::{Settings, chunks, keys};
use crate::store::error::StoreError;
use crate::store::meta::Meta;

/// Threads that flush and compact.
const WORKERS: usize = 2;
/// Journals kept before memtables are flushed to be rid of them, bytes. A start reads them all.
const MAX_JOURNAL_BYTES: u64 = 256 << 20;
/// Tables at which the newest level is merged into the next.
const L0_TABLES: u8 = 4;

const STATES: &str = "states";
const ROWS: &str = "rows";
const LOG: &str = "log";
const PARTS: &str = "parts";

/// An open engine, and the directory that it lies in.
pub(super) struct Engine {
    db: Database,
    states: Keyspace,
    rows: Keyspace,
    log: Keyspace,
    parts: Keyspace,
    /// Last, so that the directory is let go when the engine is closed.
    place: Place,
}

impl Engine {
    /// Makes a complete store in a directory that does not exist yet.
    pub(super) fn create(path: &Path, meta: &Meta, settings: &Settings) -> Result<(), StoreError> {
        let db = database(path, settings).map_err(unavailable)?;
        let create = || -> fjall::Result<()> {
            let states = db.keyspace(STATES, || options(settings))?;
            for name in [ROWS, LOG, PARTS] {
                db.keyspace(name, || options(settings))?;
            }
            let mut batch = durable_batch(&db);
            batch.insert(&states, META, meta_value(meta));
            batch.commit()
        };
        create().map_err(unavailable)
    }

    /// Opens the store of a complete directory.
    pub(super) fn open(place: Place, settings: &Settings) -> Result<Self, StoreError> {
        let db = database(&place.engine(), settings).map_err(unreadable)?;
        let keyspace = |name: &str| {
            if !db.keyspace_exists(name) {
                return Err(StoreError::Foreign {
                    found: format!("an engine without {name}"),
                });
            }
            db.keyspace(name, KeyspaceCreateOptions::default).map_err(unreadable)
        };
        Ok(Self {
            states: keyspace(STATES)?,
            rows: keyspace(ROWS)?,
            log: keyspace(LOG)?,
            parts: keyspace(PARTS)?,
            db,
            place,
        })
    }

    /// The directory.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// What the engine holds now, unmoved by later writes.
    pub(super) fn view(&self) -> View<'_> {
        View::new(self, self.db.snapshot())
    }

    /// The part of the engine that holds a space.
    pub(super) fn space(&self, space: Space) -> &Keyspace {
        match space {
            Space::States => &self.states,
            Space::Rows => &self.rows,
            Space::Log => &self.log,
        }
    }

    /// The part of the engine that holds the further parts of long values.
    pub(super) fn parts(&self) -> &Keyspace {
        &self.parts
    }

    /// A value as it is now: how many further parts it has, and what the first holds. For the only writer.
    pub(super) fn first_part<R>(
        &self,
        space: Space,
        key: &[u8],
        then: impl FnOnce(u16, &[u8]) -> R,
    ) -> Result<Option<R>, StoreError> {
        let Some(head) = self.space(space).get(key).map_err(unavailable)? else {
            return Ok(None);
        };
        let (count, first) = chunks::open(&head).ok_or_else(|| broken("value"))?;
        Ok(Some(then(count, first)))
    }

    /// A batch that is on the disk once it is committed.
    pub(super) fn batch(&self) -> OwnedWriteBatch {
        durable_batch(&self.db)
    }

    /// Commits a batch: one write, one fsync.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if nothing was written, because an earlier write failed;
    /// [`StoreError::OutcomeUnknown`] if this one did. The engine takes no writes after either.
    pub(super) fn commit(batch: OwnedWriteBatch) -> Result<(), StoreError> {
        batch.commit().map_err(|error| {
            if matches!(error, fjall::Error::Poisoned) {
                return unavailable(error);
            }
            StoreError::OutcomeUnknown {
                cause: error.to_string(),
            }
        })
    }

    /// The store's identity.
    pub(super) fn meta(&self) -> Result<Meta, StoreError> {
        let value = self.states.get(META).map_err(unavailable)?;
        let found = || StoreError::Foreign {
            found: "a store without an identity".into(),
        };
        let value = value.ok_or_else(found)?;
        let (_, bytes) = chunks::open(&value).ok_or_else(|| broken("store identity"))?;
        Meta::from_bytes(bytes)
    }

    /// Overwrites the store's identity.
    pub(super) fn set_meta(&self, meta: &Meta) -> Result<(), StoreError> {
        let mut batch = self.batch();
        batch.insert(&self.states, META, meta_value(meta));
        Self::commit(batch)
    }

    /// Asks whether the engine still takes writes: one that failed, or a failed flush in the background, ends that.
    pub(super) fn takes_writes(&self) -> Result<(), StoreError> {
        self.db.persist(PersistMode::Buffer).map_err(unavailable)
    }

    /// The further parts of the log entries of a shard from one sequence to another, both included.
    pub(super) fn parts_of_entries(&self, first: &[u8], last: &[u8]) -> Result<Vec<fjall::Slice>, StoreError> {
        let from = keys::part(Space::Log, first, 0);
        let to = keys::part(Space::Log, last, u16::MAX);
        let found = self.db.snapshot().range(&self.parts, from..=to);
        found.map(|item| item.key().map_err(unavailable)).collect()
    }
}

/// What the engine says when it cannot be read or written now.
#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
pub(super) fn unavailable(error: fjall::Error) -> StoreError {
    StoreError::Unavailable {
        cause: error.to_string(),
    }
}

/// The engine holds something that is none of ours.
pub(super) fn broken(what: &'static str) -> StoreError {
    StoreError::Unreadable {
        what,
        cause: "a part is missing".into(),
    }
}

fn unreadable(error: fjall::Error) -> StoreError {
    if matches!(error, fjall::Error::Io(_) | fjall::Error::Locked) {
        return unavailable(error);
    }
    StoreError::Unreadable {
        what: "database of the engine",
        cause: error.to_string(),
    }
}

fn durable_batch(db: &Database) -> OwnedWriteBatch {
    db.batch().durability(Some(PersistMode::SyncAll))
}

fn meta_value(meta: &Meta) -> Vec<u8> {
    // An identity is 55 bytes, so it is one part.
    [&[0, 0][..], &meta.to_bytes()].concat()
}

fn database(path: &Path, settings: &Settings) -> fjall::Result<Database> {
    Database::builder(path)
        .cache_size(settings.cache_bytes)
        .worker_threads(WORKERS)
        .max_journaling_size(MAX_JOURNAL_BYTES)
        .journal_compression(CompressionType::None)
        .open()
}

/// States change in place and rows hold hashes: neither is worth compressing.
fn options(settings: &Settings) -> KeyspaceCreateOptions {
    let leveled = Leveled::default()
        .with_l0_threshold(L0_TABLES)
        .with_table_target_size(settings.table_bytes);
    KeyspaceCreateOptions::default()
        .max_memtable_size(settings.memtable_bytes)
        .data_block_compression_policy(CompressionPolicy::all(CompressionType::None))
        .compaction_strategy(Arc::new(leveled))
}
