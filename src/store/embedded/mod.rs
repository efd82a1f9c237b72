//! The store of a single process: a directory on a local disk.
//!
//! An acknowledged write is on the disk: every commit is fsynced before it is answered. Commits that wait at the same time
//! share an fsync (`committer`), so throughput grows with the load. The storage engine is fjall, an LSM tree with a
//! journal. This module adds what it lacks: `directory` makes creation atomic, `chunks` keeps values short enough for its
//! recovery.
//!
//! After a failed write the state of the disk is unknown: the waiting callers get "outcome unknown", and the store takes
//! no writes until it is opened again. It still answers reads.

mod chunks;
mod commits;
mod committer;
mod damage;
mod directory;
mod engine;
mod group;
mod journal;
mod keys;
mod purge;
mod snapshot;
#[cfg(test)]
mod tests;
mod witness;

pub use engine::MAX_OPEN_TABLES;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fjall::OwnedWriteBatch;
use parking_lot::RwLock;
use tokio::sync::broadcast;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use self::committer::{CommitOutcomes, CommitterState, GroupCommitter};
use self::directory::StoreDirectory;
use self::engine::Engine;
use self::snapshot::EngineSnapshot;
use super::error::{CommitError, StoreError};
use super::event::MAX_EVENTS_AT_ONCE;
use super::meta::Meta;
use super::{
    EventSpan, LogHead, MAX_NOTIFICATIONS_WAITING, RawLogEntry, ReplacedEvent, ScanPage, ScanTable, Shard, ShardCommit,
    ShardNotification, Store, Stored, StoredEvent, StoredKey, Version,
};
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;

/// The longest that the engine may take for anything but a commit before the store counts as unavailable.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// The memory and file sizes of the engine. All but the cache are fixed when a store is created.
#[derive(Clone, Copy, Debug)]
pub struct EngineSettings {
    /// The bytes of the cache for blocks that were read.
    pub cache_bytes: u64,
    /// The bytes of memory for writes to one of the five key spaces that are not in a file yet.
    pub memtable_bytes: u64,
    /// The bytes of one file of a key space.
    pub table_bytes: u64,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            cache_bytes: 64 << 20,
            memtable_bytes: 32 << 20,
            table_bytes: 64 << 20,
        }
    }
}

/// A store in a directory that this process alone has open.
pub struct EmbeddedStore {
    /// The identity as it was read when the store was opened.
    meta: Meta,
    /// Before the engine, so that its queue is written before the engine closes.
    committer: GroupCommitter,
    engine: Arc<Engine>,
    shared: Arc<CommitterState>,
}

impl EmbeddedStore {
    /// Opens the store of a directory, or creates it: the directory, and those above it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the directory cannot be used, or another process has it open;
    /// [`StoreError::Foreign`] if it holds something else than a complete store; [`StoreError::OtherFormat`] if it holds a
    /// store of another format; [`StoreError::Damaged`] or [`StoreError::Unreadable`] if the store in it is damaged.
    pub async fn open(path: &Path, evidence_version: u32) -> Result<Self, StoreError> {
        Self::open_with(path, evidence_version, EngineSettings::default()).await
    }

    /// Opens a store with other settings than the default.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(path: &Path, evidence_version: u32, settings: EngineSettings) -> Result<Self, StoreError> {
        Self::open_accepting(path, evidence_version, settings, None).await
    }

    /// Opens a store also if it has the damage with the code `accepted`, which [`StoreError::Damaged`] names. The journals are
    /// copied into a directory beside the engine, and what cannot be read is removed.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_accepting(
        path: &Path,
        evidence_version: u32,
        settings: EngineSettings,
        accepted: Option<&str>,
    ) -> Result<Self, StoreError> {
        let path = path.to_path_buf();
        let accepted = accepted.map(str::to_owned);
        // Without the limit of `on_disk`: after a crash, a large journal is read first.
        let open = spawn_blocking(move || Self::open_now(&path, evidence_version, &settings, accepted.as_deref()));
        open.await.unwrap_or_else(|error| Err(aborted(&error)))
    }

    /// Opens the store of a directory, and never creates one.
    ///
    /// # Errors
    /// As [`Self::open`]; [`StoreError::Foreign`] also if there is no store.
    pub async fn open_existing(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_path_buf();
        let open = spawn_blocking(move || {
            let directory = StoreDirectory::take_existing(&path)?;
            Self::open_engine(directory, &EngineSettings::default(), None)
        });
        open.await.unwrap_or_else(|error| Err(aborted(&error)))
    }

    fn open_now(
        path: &Path,
        evidence_version: u32,
        settings: &EngineSettings,
        accepted: Option<&str>,
    ) -> Result<Self, StoreError> {
        let directory = StoreDirectory::take(path)?;
        directory.complete(|path| {
            let mut meta = Meta::create(evidence_version)?;
            meta.ready = true; // a store that is not complete is never seen
            Engine::create(path, &meta, settings)
        })?;
        Self::open_engine(directory, settings, accepted)
    }

    fn open_engine(
        directory: StoreDirectory,
        settings: &EngineSettings,
        accepted: Option<&str>,
    ) -> Result<Self, StoreError> {
        let engine = Arc::new(Engine::open(directory, settings, accepted)?);
        let meta = engine.meta()?;
        let view = EngineSnapshot::of(&engine);
        let heads = Shard::all().map(|shard| view.head(shard));
        let heads = heads.collect::<Result<Vec<LogHead>, _>>()?;
        drop(view);
        let (notifications, _) = broadcast::channel(MAX_NOTIFICATIONS_WAITING);
        let shared = Arc::new(CommitterState {
            heads: RwLock::new(heads),
            failure: OnceLock::new(),
            notifications,
        });
        let committer = GroupCommitter::start(Arc::clone(&engine), Arc::clone(&shared))?;
        Ok(Self {
            meta,
            committer,
            engine,
            shared,
        })
    }

    /// Reads in a thread where waiting for the disk does not block other tasks.
    async fn on_disk<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Engine) -> Result<T, StoreError> + Send + 'static,
    {
        let engine = Arc::clone(&self.engine);
        let read = spawn_blocking(move || read(&engine));
        match timeout(MAX_WAIT, read).await {
            Ok(Ok(done)) => done,
            Ok(Err(error)) => Err(aborted(&error)),
            Err(_) => Err(StoreError::Unavailable {
                cause: "the disk does not answer".into(),
            }),
        }
    }

    /// Writes a batch that erases something, if there is something to erase, and notes that the files hold erased bytes.
    async fn erase<F>(&self, batch: F) -> Result<(), StoreError>
    where
        F: FnOnce(&EngineSnapshot<'_>) -> Result<Option<OwnedWriteBatch>, StoreError> + Send + 'static,
    {
        self.shared.check()?;
        let shared = Arc::clone(&self.shared);
        self.on_disk(move |engine| {
            let Some(mut batch) = batch(&EngineSnapshot::of(engine))? else {
                return Ok(());
            };
            engine.note_purge(&mut batch)?;
            engine.commit(batch).inspect_err(|error| shared.fail(error))
        })
        .await
    }

    fn check_meta(&self, found: &Meta) -> Result<(), StoreError> {
        if found.store_id == self.meta.store_id {
            return Ok(());
        }
        Err(StoreError::Foreign { found: found.name() })
    }

    async fn commit_checked(&self, commits: Vec<ShardCommit>) -> Result<CommitOutcomes, StoreError> {
        self.shared.check()?;
        self.committer.commit(commits).await
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    /// No: one process holds the lock.
    fn is_shared(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        format!("embedded:{}", self.engine.directory().path().display())
    }

    async fn verify(&self) -> Result<(), StoreError> {
        self.shared.check()?;
        let shared = Arc::clone(&self.shared);
        let found = self.on_disk(move |engine| {
            engine.directory().verify()?;
            engine.takes_writes().inspect_err(|error| shared.fail(error))?;
            engine.meta()
        });
        self.check_meta(&found.await?)
    }

    async fn evidence_version(&self) -> Result<u32, StoreError> {
        let found = self.on_disk(Engine::meta).await?;
        Ok(found.evidence_version)
    }

    async fn set_evidence_version(&self, version: u32) -> Result<(), StoreError> {
        self.shared.check()?;
        let meta = Meta {
            evidence_version: version,
            ..self.meta.clone()
        };
        let (engine, shared) = (Arc::clone(&self.engine), Arc::clone(&self.shared));
        let set = spawn_blocking(move || engine.set_meta(&meta).inspect_err(|error| shared.fail(error)));
        let unknown = |cause: String| Err(StoreError::OutcomeUnknown { cause });
        match timeout(MAX_WAIT, set).await {
            Ok(Ok(done)) => done,
            Ok(Err(error)) => unknown(error.to_string()),
            Err(_) => unknown("the disk does not answer".into()),
        }
    }

    async fn read(&self, keys: &[StoredKey]) -> Result<Vec<Option<Stored>>, StoreError> {
        let keys = keys.to_vec();
        self.on_disk(move |engine| {
            let view = EngineSnapshot::of(engine);
            keys.iter().map(|key| view.read(key)).collect()
        })
        .await
    }

    async fn commit(&self, commits: Vec<ShardCommit>) -> Vec<Result<Vec<Version>, CommitError>> {
        let checked: Vec<_> = commits.iter().map(ShardCommit::check).collect();
        let wanted = |(commit, checked): (ShardCommit, &Result<(), StoreError>)| checked.is_ok().then_some(commit);
        let commits: Vec<_> = commits.into_iter().zip(&checked).filter_map(wanted).collect();
        let outcomes = self.commit_checked(commits).await;
        let mut outcomes = outcomes.map(Vec::into_iter);
        let unanswered = || StoreError::OutcomeUnknown {
            cause: "an answer is missing".into(),
        };
        let answer = |checked: Result<(), StoreError>| match (checked, &mut outcomes) {
            (Err(refused), _) => Err(refused.into()),
            (Ok(()), Err(error)) => Err(error.clone().into()),
            (Ok(()), Ok(outcomes)) => outcomes.next().unwrap_or_else(|| Err(unanswered().into())),
        };
        checked.into_iter().map(answer).collect()
    }

    async fn scan(
        &self,
        shard: Shard,
        tenant: TenantId,
        table: ScanTable,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        self.on_disk(move |engine| EngineSnapshot::of(engine).scan(shard, tenant, table, after.as_ref(), limit))
            .await
    }

    async fn heads(&self) -> Result<Vec<LogHead>, StoreError> {
        self.shared.check()?;
        self.on_disk(|engine| engine.directory().verify()).await?;
        Ok(self.shared.heads.read().clone())
    }

    async fn entries(&self, shard: Shard, from: Version, limit: usize) -> Result<Vec<RawLogEntry>, StoreError> {
        self.on_disk(move |engine| EngineSnapshot::of(engine).entries(shard, from, limit))
            .await
    }

    async fn events(
        &self,
        shards: &[Shard],
        span: EventSpan,
        limit: usize,
    ) -> Result<Vec<Vec<StoredEvent>>, StoreError> {
        let shards = shards.to_vec();
        let limit = limit.min(MAX_EVENTS_AT_ONCE);
        self.on_disk(move |engine| {
            let view = EngineSnapshot::of(engine);
            shards.iter().map(|shard| view.events(*shard, span, limit)).collect()
        })
        .await
    }

    async fn drop_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.shared.check()?;
        let limit = limit.min(MAX_EVENTS_AT_ONCE);
        let shared = Arc::clone(&self.shared);
        self.on_disk(move |engine| {
            let (batch, dropped) = EngineSnapshot::of(engine).without_events(shard, tenant, before, limit)?;
            if dropped > 0 {
                engine.commit(batch).inspect_err(|error| shared.fail(error))?;
            }
            Ok(dropped)
        })
        .await
    }

    async fn replace_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        events: Vec<ReplacedEvent>,
    ) -> Result<(), StoreError> {
        self.erase(move |view| view.with_events(shard, tenant, &events)).await
    }

    async fn forget_log(&self, shard: Shard, through: Version) -> Result<(), StoreError> {
        self.erase(move |view| view.without_log(shard, through)).await
    }

    async fn purge(&self) -> Result<bool, StoreError> {
        self.shared.check()?;
        let engine = Arc::clone(&self.engine);
        // Without the limit of `on_disk`: a large store is rewritten.
        let purged = spawn_blocking(move || purge::purge(&engine));
        purged.await.unwrap_or_else(|error| Err(aborted(&error)))
    }

    fn notifications(&self) -> broadcast::Receiver<ShardNotification> {
        self.shared.notifications.subscribe()
    }
}

fn aborted(error: &tokio::task::JoinError) -> StoreError {
    StoreError::Unavailable {
        cause: error.to_string(),
    }
}
