//! A store that fails when a test says so.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use ringwarden::domain::tenant::TenantId;
use ringwarden::domain::time::Timestamp;
use ringwarden::store::{
    Census, CommitError, EventSpan, LogHead, Meta, RawLogEntry, ReplacedEvent, ScanPage, ScanTable, Shard, ShardCommit,
    ShardNotification, Store, StoreError, Stored, StoredEvent, StoredKey, Version,
};
use tokio::sync::broadcast;

/// A fault of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The store does not answer, and nothing happened.
    Unavailable,
    /// It is another store.
    Foreign,
    /// It refuses writes; asked of a read, it is as if the memory were full at this moment.
    Full,
    /// The call got lost: nothing happened, but the caller cannot know.
    LostCall,
    /// The answer got lost: it happened, but the caller cannot know.
    LostAnswer,
    /// The call takes so long, and succeeds.
    Slow(Duration),
    /// The call panics.
    Panic,
}

/// See [`Flaky::before_scans`].
type BeforeScan = Box<dyn Fn(usize) + Send + Sync>;

/// Another store, with faults that can be switched.
pub struct Flaky {
    inner: Arc<dyn Store>,
    /// Faults of the coming calls, one each; a call without one meets `always`.
    next: Mutex<VecDeque<Fault>>,
    /// The fault of every call until it is lifted.
    always: Mutex<Option<Fault>>,
    /// The number of keys that were read.
    keys_read: AtomicUsize,
    /// The bytes of all values, log entries and events that were to be committed.
    bytes_committed: AtomicUsize,
    /// Whether scans fail.
    scans_fail: AtomicBool,
    /// Whether scans find nothing.
    scans_empty: AtomicBool,
    /// What runs before each scan, with the number of scans before it.
    before_scan: Mutex<Option<BeforeScan>>,
    scans: AtomicUsize,
    /// Whether the heads of the logs cannot be read.
    heads_fail: AtomicBool,
}

impl Flaky {
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            next: Mutex::default(),
            always: Mutex::default(),
            keys_read: AtomicUsize::default(),
            bytes_committed: AtomicUsize::default(),
            scans_fail: AtomicBool::new(false),
            scans_empty: AtomicBool::new(false),
            before_scan: Mutex::default(),
            scans: AtomicUsize::default(),
            heads_fail: AtomicBool::new(false),
        }
    }

    /// Whether scans fail from now on.
    pub fn fail_scans(&self, fail: bool) {
        self.scans_fail.store(fail, Ordering::SeqCst);
    }

    /// Whether scans find nothing from now on, as in a store that was emptied and will be filled again.
    pub fn empty_scans(&self, empty: bool) {
        self.scans_empty.store(empty, Ordering::SeqCst);
    }

    /// Runs this before each scan from now on, with the number of scans since then.
    pub fn before_scans(&self, run: impl Fn(usize) + Send + Sync + 'static) {
        self.scans.store(0, Ordering::SeqCst);
        *self.before_scan.lock() = Some(Box::new(run));
    }

    /// Whether the heads of the logs cannot be read from now on: no refresh and no sweep succeeds.
    pub fn fail_heads(&self, fail: bool) {
        self.heads_fail.store(fail, Ordering::SeqCst);
    }

    /// The number of records, buckets and side records that were read so far.
    pub fn keys_read(&self) -> usize {
        self.keys_read.load(Ordering::Relaxed)
    }

    /// The bytes of all values, log entries and events that were to be committed so far.
    pub fn bytes_committed(&self) -> usize {
        self.bytes_committed.load(Ordering::Relaxed)
    }

    /// The next call meets this fault; called again, the one after it.
    pub fn once(&self, fault: Fault) {
        self.next.lock().push_back(fault);
    }

    /// Every call meets this fault, until another is set or none.
    pub fn always(&self, fault: Option<Fault>) {
        *self.always.lock() = fault;
    }

    async fn call<T>(&self, call: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
        let next = self.next.lock().pop_front();
        let fault = next.or(*self.always.lock());
        let cause = || "injected".to_owned();
        match fault {
            None => call.await,
            Some(Fault::Unavailable) => Err(StoreError::Unavailable { cause: cause() }),
            Some(Fault::Foreign) => Err(StoreError::Foreign { found: cause() }),
            Some(Fault::Full) => Err(StoreError::WritesRefused { cause: cause() }),
            Some(Fault::LostCall) => Err(StoreError::OutcomeUnknown { cause: cause() }),
            Some(Fault::LostAnswer) => {
                call.await?;
                Err(StoreError::OutcomeUnknown { cause: cause() })
            }
            Some(Fault::Slow(delay)) => {
                tokio::time::sleep(delay).await;
                call.await
            }
            Some(Fault::Panic) => panic!("injected"),
        }
    }
}

#[async_trait]
impl Store for Flaky {
    fn meta(&self) -> &Meta {
        self.inner.meta()
    }

    fn describe(&self) -> String {
        format!("flaky {}", self.inner.describe())
    }

    async fn verify(&self) -> Result<(), StoreError> {
        self.call(self.inner.verify()).await
    }

    async fn evidence_version(&self) -> Result<u32, StoreError> {
        self.call(self.inner.evidence_version()).await
    }

    async fn set_evidence_version(&self, version: u32) -> Result<(), StoreError> {
        self.call(self.inner.set_evidence_version(version)).await
    }

    async fn read(&self, keys: &[StoredKey]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.keys_read.fetch_add(keys.len(), Ordering::Relaxed);
        self.call(self.inner.read(keys)).await
    }

    /// Every shard's commit is a call of its own, so that some can fail where others do not.
    async fn commit(&self, commits: Vec<ShardCommit>) -> Vec<Result<Vec<Version>, CommitError>> {
        let mut answers = Vec::with_capacity(commits.len());
        for commit in commits {
            self.bytes_committed.fetch_add(bytes_of(&commit), Ordering::Relaxed);
            let one = async { Ok(self.inner.commit(vec![commit]).await) };
            match self.call(one).await {
                Ok(answer) => answers.extend(answer),
                Err(error) => answers.push(Err(error.into())),
            }
        }
        answers
    }

    async fn scan(
        &self,
        shard: Shard,
        tenant: TenantId,
        table: ScanTable,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        if self.scans_fail.load(Ordering::SeqCst) {
            let cause = "injected".to_owned();
            return Err(StoreError::Unavailable { cause });
        }
        if self.scans_empty.load(Ordering::SeqCst) {
            return Ok(ScanPage::default());
        }
        if let Some(run) = &*self.before_scan.lock() {
            run(self.scans.fetch_add(1, Ordering::SeqCst));
        }
        self.call(self.inner.scan(shard, tenant, table, after, limit)).await
    }

    async fn census(&self, shard: Shard, tenants: &[TenantId]) -> Result<Option<Census>, StoreError> {
        self.call(self.inner.census(shard, tenants)).await
    }

    async fn heads(&self) -> Result<Vec<LogHead>, StoreError> {
        if self.heads_fail.load(Ordering::SeqCst) {
            let cause = "injected".to_owned();
            return Err(StoreError::Unavailable { cause });
        }
        self.call(self.inner.heads()).await
    }

    async fn entries(&self, shard: Shard, from: Version, limit: usize) -> Result<Vec<RawLogEntry>, StoreError> {
        self.call(self.inner.entries(shard, from, limit)).await
    }

    async fn events(
        &self,
        shards: &[Shard],
        span: EventSpan,
        limit: usize,
    ) -> Result<Vec<Vec<StoredEvent>>, StoreError> {
        self.call(self.inner.events(shards, span, limit)).await
    }

    async fn drop_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.call(self.inner.drop_events(shard, tenant, before, limit)).await
    }

    async fn replace_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        events: Vec<ReplacedEvent>,
    ) -> Result<(), StoreError> {
        self.call(self.inner.replace_events(shard, tenant, events)).await
    }

    async fn forget_log(&self, shard: Shard, through: Version) -> Result<(), StoreError> {
        self.call(self.inner.forget_log(shard, through)).await
    }

    async fn purge(&self) -> Result<bool, StoreError> {
        self.call(self.inner.purge()).await
    }

    fn notifications(&self) -> broadcast::Receiver<ShardNotification> {
        self.inner.notifications()
    }
}

/// The bytes that a commit writes: those of the values, of the log entries and of the events.
fn bytes_of(commit: &ShardCommit) -> usize {
    let values = commit.records.iter().filter_map(|write| write.state.as_ref());
    let entries = commit.records.iter();
    let entries = entries.map(|write| write.header.len() + write.logged_state().len());
    let buckets = commit.buckets.iter().filter_map(|write| write.bytes.as_ref());
    let sides = commit.side_records.iter().map(|write| write.state.len());
    let events = commit.events.iter().map(|write| write.bytes.len());
    let values = values.chain(buckets).map(bytes::Bytes::len);
    values.chain(entries).chain(sides).chain(events).sum()
}
