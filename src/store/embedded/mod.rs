//! The store of a single process: a directory on a local disk.
//!
//! Acknowledged means on the disk: every commit is fsynced before it is answered. All who wait at once share an fsync
//! (`committer`), so throughput grows with the load. Underneath is fjall, an LSM tree with a journal; what it lacks is
//! made up for here: `place` makes creation atomic, `chunks` keeps values short enough for its recovery.
//!
//! Once a write fails, nothing is known of the disk any more: those who waited hear that the outcome is unknown, and
//! the store takes no writes until it is opened again. It still answers reads.

mod chunks;
mod committer;
mod engine;
mod group;
mod keys;
mod place;
#[cfg(test)]
mod tests;
mod view;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::RwLock;
use tokio::sync::broadcast;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use self::committer::{Committer, Outcomes, Shared};
use self::engine::Engine;
use self::place::Place;
use super::error::{CommitError, StoreError};
use super::meta::Meta;
use super::{
    Head, Key, MAX_RINGS_WAITING, RawEntry, Ring, ScanPage, Shard, ShardCommit, Store, Stored, Table, Version,
};

/// How long the engine may take for anything but a commit, before the store counts as gone.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// How much memory and disk the engine uses. All but the cache are fixed when a store is created.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Memory for blocks that were read, bytes.
    pub cache_bytes: u64,
    /// Memory for what was written to one of the four tables and is not in a file yet, bytes.
    pub memtable_bytes: u64,
    /// The size of a file that a table is cut into, bytes.
    pub table_bytes: u64,
}

impl Default for Settings {
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
    /// As it was read when the store was opened.
    meta: Meta,
    /// Before the engine, so that all that was asked is written before the engine closes.
    committer: Committer,
    engine: Arc<Engine>,
    shared: Arc<Shared>,
}

impl EmbeddedStore {
    /// Opens the store of a directory, or creates it: the directory, and those above it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the directory cannot be used, or another process has it open;
    /// [`StoreError::Foreign`] if it holds something else than a complete store; [`StoreError::Unreadable`] if the
    /// store in it is damaged.
    pub async fn open(path: &Path, evidence_version: u32) -> Result<Self, StoreError> {
        Self::open_with(path, evidence_version, Settings::default()).await
    }

    /// Opens a store with other settings than the usual.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(path: &Path, evidence_version: u32, settings: Settings) -> Result<Self, StoreError> {
        let path = path.to_path_buf();
        // Without the limit of `on_disk`: after a crash, a large journal is read first.
        let open = spawn_blocking(move || Self::open_now(&path, evidence_version, &settings));
        open.await.unwrap_or_else(|error| Err(aborted(&error)))
    }

    fn open_now(path: &Path, evidence_version: u32, settings: &Settings) -> Result<Self, StoreError> {
        let place = Place::take(path)?;
        place.complete(|path| {
            let mut meta = Meta::create(evidence_version)?;
            meta.ready = true; // a store that is not complete is never seen
            Engine::create(path, &meta, settings)
        })?;
        let engine = Arc::new(Engine::open(place, settings)?);
        let meta = engine.meta()?;
        let view = engine.view();
        let heads = Shard::all().map(|shard| view.head(shard));
        let heads = heads.collect::<Result<Vec<Head>, _>>()?;
        drop(view);
        let (rings, _) = broadcast::channel(MAX_RINGS_WAITING);
        let shared = Arc::new(Shared {
            heads: RwLock::new(heads),
            failure: OnceLock::new(),
            rings,
        });
        let committer = Committer::start(Arc::clone(&engine), Arc::clone(&shared))?;
        Ok(Self {
            meta,
            committer,
            engine,
            shared,
        })
    }

    /// Reads where waiting for the disk holds nobody up.
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

    fn check_meta(&self, found: &Meta) -> Result<(), StoreError> {
        if found.store_id == self.meta.store_id {
            return Ok(());
        }
        Err(StoreError::Foreign { found: found.name() })
    }

    async fn commit_checked(&self, commits: Vec<ShardCommit>) -> Result<Outcomes, StoreError> {
        self.shared.check()?;
        self.committer.commit(commits).await
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    /// One process has the lock.
    fn is_shared(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        format!("embedded:{}", self.engine.place().path().display())
    }

    async fn verify(&self) -> Result<(), StoreError> {
        self.shared.check()?;
        let shared = Arc::clone(&self.shared);
        let found = self.on_disk(move |engine| {
            engine.place().verify()?;
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

    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Stored>>, StoreError> {
        let keys = keys.to_vec();
        self.on_disk(move |engine| {
            let view = engine.view();
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
        table: Table,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        self.on_disk(move |engine| engine.view().scan(shard, table, after.as_ref(), limit))
            .await
    }

    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        self.shared.check()?;
        self.on_disk(|engine| engine.place().verify()).await?;
        Ok(self.shared.heads.read().clone())
    }

    async fn entries(&self, shard: Shard, from: Version, limit: usize) -> Result<Vec<RawEntry>, StoreError> {
        self.on_disk(move |engine| engine.view().entries(shard, from, limit))
            .await
    }

    fn rings(&self) -> broadcast::Receiver<Ring> {
        self.shared.rings.subscribe()
    }
}

fn aborted(error: &tokio::task::JoinError) -> StoreError {
    StoreError::Unavailable {
        cause: error.to_string(),
    }
}
