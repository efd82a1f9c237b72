//! A store that lets another writer in between a commit and its answer.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use ringwarden::store::{
    CommitError, Head, Key, Meta, RawEntry, Ring, ScanPage, Shard, ShardCommit, Store, StoreError, Stored, Table,
    Version,
};
use tokio::sync::broadcast;

type Interlude = BoxFuture<'static, ()>;

/// Another store. Once it has committed, and before the committer hears of it, work of the test runs.
pub struct Overtaken {
    inner: Arc<dyn Store>,
    /// Runs after the next commit.
    interlude: Mutex<Option<Interlude>>,
}

impl Overtaken {
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            interlude: Mutex::default(),
        }
    }

    /// Runs this after the next commit, before its answer.
    pub fn after_next_commit(&self, interlude: impl Future<Output = ()> + Send + 'static) {
        *self.interlude.lock() = Some(Box::pin(interlude));
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

    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.inner.read(keys).await
    }

    async fn commit(&self, commits: Vec<ShardCommit>) -> Vec<Result<Vec<Version>, CommitError>> {
        let answer = self.inner.commit(commits).await;
        let interlude = self.interlude.lock().take();
        if let Some(interlude) = interlude {
            interlude.await;
        }
        answer
    }

    async fn scan(
        &self,
        shard: Shard,
        table: Table,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        self.inner.scan(shard, table, after, limit).await
    }

    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        self.inner.heads().await
    }

    async fn entries(&self, shard: Shard, from: Version, limit: usize) -> Result<Vec<RawEntry>, StoreError> {
        self.inner.entries(shard, from, limit).await
    }

    fn rings(&self) -> broadcast::Receiver<Ring> {
        self.inner.rings()
    }
}
