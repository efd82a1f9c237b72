//! A store that lets another writer in between a commit or a read and its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use ringwarden::domain::tenant::TenantId;
use ringwarden::domain::time::Timestamp;
use ringwarden::store::{
    CommitError, EventSpan, LogHead, Meta, RawLogEntry, ReplacedEvent, ScanPage, ScanTable, Shard, ShardCommit,
    ShardNotification, Store, StoreError, Stored, StoredEvent, StoredKey, Version,
};
use tokio::sync::broadcast;

type Interlude = BoxFuture<'static, ()>;

/// Another store. Once it has committed or read, and before the caller hears of it, work of the test runs.
pub struct Overtaken {
    inner: Arc<dyn Store>,
    /// Runs after the next commit of a record.
    after_commit: Mutex<Option<Interlude>>,
    /// Runs after the next read.
    after_read: Mutex<Option<Interlude>>,
}

impl Overtaken {
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            after_commit: Mutex::default(),
            after_read: Mutex::default(),
        }
    }

    /// Runs this after the next commit of a record, before its answer. Hold the answer until then: a test whose interlude has
    /// not run to its end fails.
    pub fn after_next_commit(&self, interlude: impl Future<Output = ()> + Send + 'static) -> MustRun {
        MustRun::put(&self.after_commit, interlude)
    }

    /// The same after the next read.
    pub fn after_next_read(&self, interlude: impl Future<Output = ()> + Send + 'static) -> MustRun {
        MustRun::put(&self.after_read, interlude)
    }
}

/// Panics when it is dropped before its interlude has run. It is not the store that does so: an interlude that does not
/// run may hold the store, which is then never dropped.
#[must_use]
pub struct MustRun(Arc<AtomicBool>);

impl MustRun {
    fn put(place: &Mutex<Option<Interlude>>, interlude: impl Future<Output = ()> + Send + 'static) -> Self {
        let has_run = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&has_run);
        *place.lock() = Some(Box::pin(async move {
            interlude.await;
            flag.store(true, Ordering::Release);
        }));
        Self(has_run)
    }
}

impl Drop for MustRun {
    fn drop(&mut self) {
        assert!(
            std::thread::panicking() || self.0.load(Ordering::Acquire),
            "no commit or read was overtaken"
        );
    }
}

#[async_trait]
impl Store for Overtaken {
    fn meta(&self) -> &Meta {
        self.inner.meta()
    }

    fn describe(&self) -> String {
        format!("overtaken {}", self.inner.describe())
    }

    async fn verify(&self) -> Result<(), StoreError> {
        self.inner.verify().await
    }

    async fn evidence_version(&self) -> Result<u32, StoreError> {
        self.inner.evidence_version().await
    }

    async fn set_evidence_version(&self, version: u32) -> Result<(), StoreError> {
        self.inner.set_evidence_version(version).await
    }

    async fn read(&self, keys: &[StoredKey]) -> Result<Vec<Option<Stored>>, StoreError> {
        let answer = self.inner.read(keys).await;
        let interlude = self.after_read.lock().take();
        if let Some(interlude) = interlude {
            interlude.await;
        }
        answer
    }

    async fn commit(&self, commits: Vec<ShardCommit>) -> Vec<Result<Vec<Version>, CommitError>> {
        let has_record = commits.iter().any(|commit| !commit.records.is_empty());
        let answer = self.inner.commit(commits).await;
        let interlude = has_record.then(|| self.after_commit.lock().take()).flatten();
        if let Some(interlude) = interlude {
            interlude.await;
        }
        answer
    }

    async fn scan(
        &self,
        shard: Shard,
        tenant: TenantId,
        table: ScanTable,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        self.inner.scan(shard, tenant, table, after, limit).await
    }

    async fn heads(&self) -> Result<Vec<LogHead>, StoreError> {
        self.inner.heads().await
    }

    async fn entries(&self, shard: Shard, from: Version, limit: usize) -> Result<Vec<RawLogEntry>, StoreError> {
        self.inner.entries(shard, from, limit).await
    }

    async fn events(
        &self,
        shards: &[Shard],
        span: EventSpan,
        limit: usize,
    ) -> Result<Vec<Vec<StoredEvent>>, StoreError> {
        self.inner.events(shards, span, limit).await
    }

    async fn drop_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.inner.drop_events(shard, tenant, before, limit).await
    }

    async fn replace_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        events: Vec<ReplacedEvent>,
    ) -> Result<(), StoreError> {
        self.inner.replace_events(shard, tenant, events).await
    }

    async fn forget_log(&self, shard: Shard, through: Version) -> Result<(), StoreError> {
        self.inner.forget_log(shard, through).await
    }

    async fn purge(&self) -> Result<bool, StoreError> {
        self.inner.purge().await
    }

    fn notifications(&self) -> broadcast::Receiver<ShardNotification> {
        self.inner.notifications()
    }
}
