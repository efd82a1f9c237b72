//! The storage engine: fjall, an LSM tree with a journal. Only this file knows its settings and its errors.

use std::io;
use std::path::Path;
use std::sync::Arc;

use fjall::compaction::Leveled;
use fjall::config::CompressionPolicy;
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, LsmError, OwnedWriteBatch, PersistMode, Readable,
    Snapshot,
};
use rustix::io::Errno;

use super::commits::CommitCount;
use super::damage::Examination;
use super::directory::StoreDirectory;
use super::keys::{COMMITS, EngineSpace, META, PURGE_DUE, PURGE_RUNS};
use super::{EngineSettings, chunks, keys};
use crate::store::error::StoreError;
use crate::store::meta::Meta;

/// Threads that flush and compact.
const WORKERS: usize = 2;
/// The bytes of journals at which memtables are flushed, so that journals can be deleted. A start reads all journals.
const MAX_JOURNAL_BYTES: u64 = 256 << 20;
/// The number of tables at which the newest level is merged into the next.
const L0_TABLES: u8 = 4;

/// The most tables whose files are open at once. Further ones are opened when they are read.
pub const MAX_OPEN_TABLES: usize = 256;

const STATES: &str = "states";
const ROWS: &str = "rows";
const LOG: &str = "log";
const PARTS: &str = "parts";
/// Later than the others: a store of an earlier release gets it when it is opened.
const EVENTS: &str = "events";

/// An open engine and its directory.
pub(super) struct Engine {
    db: Database,
    states: Keyspace,
    rows: Keyspace,
    log: Keyspace,
    parts: Keyspace,
    events: Keyspace,
    /// After the parts of the engine, so that it says that they are closed when they are.
    commits: CommitCount,
    /// The last field, so that the directory is unlocked after the engine is closed.
    directory: StoreDirectory,
}

impl Engine {
    /// Makes a complete store in a directory that does not exist yet.
    pub(super) fn create(path: &Path, meta: &Meta, settings: &EngineSettings) -> Result<(), StoreError> {
        let db = database(path, settings).map_err(unavailable)?;
        let create = || -> fjall::Result<()> {
            let states = db.keyspace(STATES, || options(settings))?;
            for name in [ROWS, LOG, PARTS, EVENTS] {
                db.keyspace(name, || options(settings))?;
            }
            let mut batch = durable_batch(&db);
            batch.insert(&states, META, meta_value(meta));
            batch.commit()
        };
        create().map_err(unavailable)
    }

    /// Opens the store of a complete directory, unless it is damaged. `accepted` is the code of damage that is accepted.
    pub(super) fn open(
        directory: StoreDirectory,
        settings: &EngineSettings,
        accepted: Option<&str>,
    ) -> Result<Self, StoreError> {
        let examination = Examination::of(&directory, accepted)?;
        examination.cut_journals(&directory)?;
        let db = database(&directory.engine(), settings).map_err(unavailable)?;
        let keyspace = |name: &str| {
            if !db.keyspace_exists(name) {
                return Err(StoreError::Foreign {
                    found: format!("an engine without {name}"),
                });
            }
            db.keyspace(name, KeyspaceCreateOptions::default).map_err(unavailable)
        };
        let states = keyspace(STATES)?;
        let commits = commits(&states)?;
        examination.compare(&directory, commits)?;
        let store_id = meta(&states)?.store_id;
        examination.compare_id(&directory, store_id)?;
        Ok(Self {
            commits: CommitCount::open(&directory, store_id, commits)?,
            states,
            rows: keyspace(ROWS)?,
            log: keyspace(LOG)?,
            parts: keyspace(PARTS)?,
            events: db.keyspace(EVENTS, || options(settings)).map_err(unavailable)?,
            db,
            directory,
        })
    }

    /// The directory.
    pub(super) fn directory(&self) -> &StoreDirectory {
        &self.directory
    }

    /// A snapshot of the engine, which later writes do not change.
    pub(super) fn snapshot(&self) -> Snapshot {
        self.db.snapshot()
    }

    /// The part of the engine that holds a space.
    pub(super) fn space(&self, space: EngineSpace) -> &Keyspace {
        match space {
            EngineSpace::States => &self.states,
            EngineSpace::Rows => &self.rows,
            EngineSpace::Log => &self.log,
            EngineSpace::Events => &self.events,
        }
    }

    /// The part of the engine that holds the further parts of long values.
    pub(super) fn parts(&self) -> &Keyspace {
        &self.parts
    }

    /// Passes the number of further parts of a value and its first part to `then`. For the committer, the only writer.
    pub(super) fn first_part<R>(
        &self,
        space: EngineSpace,
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
    pub(super) fn commit(&self, mut batch: OwnedWriteBatch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.commits.next(|number| {
            batch.insert(&self.states, COMMITS, number.to_be_bytes());
            batch.commit().map_err(|error| {
                if matches!(error, fjall::Error::Poisoned) {
                    return unavailable(error);
                }
                StoreError::OutcomeUnknown {
                    cause: error.to_string(),
                }
            })
        })
    }

    /// The store's identity.
    pub(super) fn meta(&self) -> Result<Meta, StoreError> {
        meta(&self.states)
    }

    /// Overwrites the store's identity.
    pub(super) fn set_meta(&self, meta: &Meta) -> Result<(), StoreError> {
        let mut batch = self.batch();
        batch.insert(&self.states, META, meta_value(meta));
        self.commit(batch)
    }

    /// Notes, with a batch that erases something, that the files still hold what it erases. Each note has a key of its own:
    /// a purge takes back the notes that it found, and not those of erasures that come while it runs.
    pub(super) fn note_purge(&self, batch: &mut OwnedWriteBatch) -> Result<(), StoreError> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|error| StoreError::Unavailable {
            cause: error.to_string(),
        })?;
        batch.insert(&self.states, keys::under(PURGE_DUE, &nonce), []);
        Ok(())
    }

    /// The notes of erasures whose bytes are still in the files. The note of an earlier release has no nonce.
    pub(super) fn purge_notes(&self) -> Result<Vec<fjall::Slice>, StoreError> {
        let found = self.db.snapshot().prefix(&self.states, PURGE_DUE);
        found.map(|item| item.key().map_err(unavailable)).collect()
    }

    /// Writes a value that is new, and says nothing, so that the states can be written to a table.
    pub(super) fn write_new_value(&self) -> Result<(), StoreError> {
        let mut batch = self.batch();
        batch.insert(&self.states, PURGE_RUNS, []);
        self.commit(batch)
    }

    /// Takes these notes back.
    pub(super) fn purged(&self, notes: &[fjall::Slice]) -> Result<(), StoreError> {
        let mut batch = self.batch();
        batch.remove(&self.states, PURGE_RUNS);
        for note in notes {
            batch.remove(&self.states, note.clone());
        }
        self.commit(batch)
    }

    /// All parts of the engine.
    pub(super) fn keyspaces(&self) -> [&Keyspace; 5] {
        [&self.states, &self.rows, &self.log, &self.parts, &self.events]
    }

    /// Checks that the engine still takes writes. A failed write or a failed flush in the background ends that.
    pub(super) fn takes_writes(&self) -> Result<(), StoreError> {
        self.db.persist(PersistMode::Buffer).map_err(unavailable)
    }

    /// The keys of the further parts of a shard's log entries, from one entry to another, both included.
    pub(super) fn parts_of_entries(&self, first: &[u8], last: &[u8]) -> Result<Vec<fjall::Slice>, StoreError> {
        let from = keys::part(EngineSpace::Log, first, 0);
        let to = keys::part(EngineSpace::Log, last, u16::MAX);
        let found = self.db.snapshot().range(&self.parts, from..=to);
        found.map(|item| item.key().map_err(unavailable)).collect()
    }
}

fn meta(states: &Keyspace) -> Result<Meta, StoreError> {
    let value = states.get(META).map_err(unavailable)?;
    let found = || StoreError::Foreign {
        found: "a store without an identity".into(),
    };
    let value = value.ok_or_else(found)?;
    let (_, bytes) = chunks::open(&value).ok_or_else(|| broken("store identity"))?;
    Meta::from_bytes(bytes)
}

/// The number of commits; 0 if none was made by this release.
fn commits(states: &Keyspace) -> Result<u64, StoreError> {
    let value = states.get(COMMITS).map_err(unavailable)?;
    let number = |value: fjall::Slice| value.as_ref().try_into().map(u64::from_be_bytes);
    let number = value.map(number).transpose();
    Ok(number.map_err(|_| broken("number of commits"))?.unwrap_or_default())
}

/// The error of an engine that cannot be read or written: for now, or for ever if its files are damaged.
#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
pub(super) fn unavailable(error: fjall::Error) -> StoreError {
    let cause = error.to_string();
    if is_damage(&error) {
        return StoreError::Unreadable {
            what: "file of the engine",
            cause,
        };
    }
    StoreError::Unavailable { cause }
}

/// Whether the engine found bytes that it did not write, or lacks a file. A disk that cannot read a sector (EIO) lost it.
fn is_damage(error: &fjall::Error) -> bool {
    let is_damage = |error: &io::Error| {
        use io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
        matches!(error.kind(), InvalidData | NotFound | UnexpectedEof) || Errno::from_io_error(error) == Some(Errno::IO)
    };
    if let fjall::Error::Io(error) | fjall::Error::Storage(LsmError::Io(error)) = error {
        return is_damage(error);
    }
    let is_state = matches!(
        error,
        fjall::Error::Poisoned | fjall::Error::KeyspaceDeleted | fjall::Error::Locked
    );
    !is_state
}

/// The error of a value in the engine that this store did not write.
pub(super) fn broken(what: &'static str) -> StoreError {
    StoreError::Unreadable {
        what,
        cause: "a part is missing".into(),
    }
}

fn durable_batch(db: &Database) -> OwnedWriteBatch {
    db.batch().durability(Some(PersistMode::SyncAll))
}

fn meta_value(meta: &Meta) -> Vec<u8> {
    // An identity is 55 bytes, so it is one part.
    [&[0, 0][..], &meta.to_bytes()].concat()
}

fn database(path: &Path, settings: &EngineSettings) -> fjall::Result<Database> {
    Database::builder(path)
        .cache_size(settings.cache_bytes)
        .worker_threads(WORKERS)
        .max_cached_files(Some(MAX_OPEN_TABLES))
        .max_journaling_size(MAX_JOURNAL_BYTES)
        .journal_compression(CompressionType::None)
        .open()
}

/// No compression: states are overwritten, and rows are mostly hashes.
fn options(settings: &EngineSettings) -> KeyspaceCreateOptions {
    let leveled = Leveled::default()
        .with_l0_threshold(L0_TABLES)
        .with_table_target_size(settings.table_bytes);
    KeyspaceCreateOptions::default()
        .max_memtable_size(settings.memtable_bytes)
        .data_block_compression_policy(CompressionPolicy::all(CompressionType::None))
        .compaction_strategy(Arc::new(leveled))
}
