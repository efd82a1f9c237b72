//! Own commits between the reads of a follower, on a store that no other process writes to.

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::*;
use crate::store::{
    CommitError, EventSpan, Meta, RawLogEntry, ReplacedEvent, ScanPage, ScanTable, Stored, StoredEvent, StoredKey,
};

/// A read of a follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    Heads,
    Entries,
    Scan,
}

type Interlude = BoxFuture<'static, ()>;

/// A store in memory that claims to be alone. Between a read and its answer, work of the test runs.
struct Alone {
    inner: Arc<MemoryStore>,
    interlude: Mutex<Option<(Read, Interlude)>>,
    /// How often the heads were asked for.
    heads_asked: AtomicU64,
}

impl Alone {
    /// Runs this after the next such read, before its answer.
    fn after_next(&self, read: Read, interlude: impl Future<Output = ()> + Send + 'static) {
        *self.interlude.lock() = Some((read, Box::pin(interlude)));
    }

    async fn after(&self, read: Read) {
        let interlude = self.interlude.lock().take_if(|(wanted, _)| *wanted == read);
        if let Some((_, interlude)) = interlude {
            interlude.await;
        }
    }

    #[track_caller]
    fn assert_has_run(&self) {
        assert!(self.interlude.lock().is_none(), "no read was interrupted");
    }
}

#[async_trait]
impl Store for Alone {
    fn meta(&self) -> &Meta {
        self.inner.meta()
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }

    fn is_shared(&self) -> bool {
        false
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
        self.inner.read(keys).await
    }

    async fn commit(&self, commits: Vec<ShardCommit>) -> Vec<Result<Vec<Version>, CommitError>> {
        self.inner.commit(commits).await
    }

    async fn scan(
        &self,
        shard: Shard,
        tenant: TenantId,
        table: ScanTable,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let page = self.inner.scan(shard, tenant, table, after, limit).await;
        self.after(Read::Scan).await;
        page
    }

    async fn heads(&self) -> Result<Vec<LogHead>, StoreError> {
        self.heads_asked.fetch_add(1, Ordering::Relaxed);
        let heads = self.inner.heads().await;
        self.after(Read::Heads).await;
        heads
    }

    async fn entries(&self, shard: Shard, from: Version, limit: usize) -> Result<Vec<RawLogEntry>, StoreError> {
        let entries = self.inner.entries(shard, from, limit).await;
        self.after(Read::Entries).await;
        entries
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

    fn notifications(&self) -> tokio::sync::broadcast::Receiver<ShardNotification> {
        self.inner.notifications()
    }
}

async fn alone() -> (Fixture, Arc<Alone>) {
    let store = memory_store();
    let alone = Arc::new(Alone {
        inner: Arc::clone(&store),
        interlude: Mutex::default(),
        heads_asked: AtomicU64::new(0),
    });
    (Fixture::following(Arc::<Alone>::clone(&alone), store).await, alone)
}

impl Fixture {
    /// Writes a number as a writer of this process does: the index shows it at once.
    async fn write_own(&self, number: E164) {
        let version = self.write_known(number).await;
        self.show(number, version);
    }

    fn show(&self, number: E164, version: Version) {
        self.follower.applied(
            TenantId::DEFAULT,
            [Committed {
                id: number,
                version,
                record: NumberState::default(),
            }],
        );
    }
}

#[tokio::test]
async fn own_commits_during_a_sweep_do_not_look_like_a_store_that_went_back_in_time() {
    let (fixture, store) = alone().await;
    fixture.write_own(number(1)).await;
    for n in 2..=3 {
        let own = fixture.clone();
        store.after_next(Read::Heads, async move { own.write_own(number(n)).await });
        fixture.follower.sweep().await;
        store.assert_has_run();
        assert_eq!(fixture.version(number(n)), Some(n));
        assert_eq!(fixture.cursor().seq, n);
    }
    assert_eq!(fixture.follower.freshness().store(), StoreState::Up);
    fixture.assert_nothing_reloaded();
}

/// The record that comes after the scan is replaced by what the scan found, and read from the log again.
#[tokio::test]
async fn an_own_commit_during_a_reload_is_in_the_index_after_it() {
    let (fixture, store) = alone().await;
    fixture.write_own(number(1)).await;
    let own = fixture.clone();
    store.after_next(Read::Scan, async move { own.write_own(number(2)).await });
    let shard = Shard::of_number(number(1));
    fixture.follower.reload(&[(shard, ReloadReason::Absent)]).await.unwrap();
    store.assert_has_run();
    assert_eq!(fixture.version(number(1)), Some(1));
    assert_eq!(fixture.version(number(2)), Some(2));
    assert_eq!(fixture.cursor().seq, 2);
}

/// After a failover, all shards may be lost.
#[tokio::test]
async fn shards_that_are_lost_together_are_loaded_after_one_question_for_the_heads() {
    let (fixture, store) = alone().await;
    let numbers = [number_in(BLOCK, 1), number_in(BLOCK + 1, 1), number_in(BLOCK + 2, 1)];
    let lost = numbers.map(|number| (Shard::of_number(number), ReloadReason::Absent));
    for number in numbers {
        fixture.write_known(number).await;
    }
    let asked = store.heads_asked.load(Ordering::Relaxed);
    fixture.follower.reload(&lost).await.unwrap();
    assert_eq!(store.heads_asked.load(Ordering::Relaxed) - asked, 1);
    for number in numbers {
        assert_eq!(fixture.version(number), Some(1));
    }
    fixture.assert_metric("ringwarden_follow_shards_reloaded_total{reason=\"absent\"} 3");
}

#[tokio::test]
async fn an_entry_read_before_own_commits_does_not_move_the_cursor_back() {
    let (fixture, store) = alone().await;
    let version = fixture.write_known(number(1)).await;
    let own = fixture.clone();
    store.after_next(Read::Entries, async move {
        own.show(number(1), version);
        own.write_own(number(2)).await;
    });
    let shard = Shard::of_number(number(1));
    fixture.follower.catch_up(shard).await.unwrap();
    store.assert_has_run();
    assert_eq!(fixture.cursor().seq, 2);
    assert_eq!(fixture.version(number(2)), Some(2));
    fixture.assert_nothing_reloaded();
}
