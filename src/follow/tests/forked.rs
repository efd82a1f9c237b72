//! A store that fails over to a copy which lacks its latest changes, and then takes others: whatever happens at the same
//! time, the index is the store again after a few sweeps, and the changes that were lost are counted.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Weak;

use async_trait::async_trait;
use proptest::prelude::*;

use super::*;
use crate::codec::entry::EntryState;
use crate::store::{
    Census, CommitError, EventSpan, Meta, ReplacedEvent, ScanPage, ScanTable, Stored, StoredEvent, StoredKey,
};

/// Few numbers, so that changes of the same one meet.
const NUMBERS: u64 = 6;

/// A change that the store has acknowledged to the process of the follower.
struct Acknowledged {
    number: E164,
    version: Version,
    change: OwnChange,
}

/// What happens, decided by a seed.
struct World {
    random: u64,
    /// All commits that the store holds, in their order.
    history: Vec<ShardCommit>,
    /// The store now.
    store: Arc<MemoryStore>,
    /// Changes that were acknowledged, and that the process has not noticed yet.
    late: Vec<Acknowledged>,
    /// The nonces of own changes that were noticed before anything else happened.
    noticed: BTreeSet<u64>,
    /// The nonces of all own changes that were acknowledged.
    own: BTreeSet<u64>,
    /// The nonces of changes that the store has lost.
    lost: BTreeSet<u64>,
    /// The latest version of each number that the process has shown, and the latest that deleted it.
    shown: BTreeMap<E164, Version>,
    deleted: BTreeMap<E164, Version>,
    nonces: u64,
    /// How often the store has failed over.
    forks: u64,
    /// Whether the store fails over.
    may_fork: bool,
    /// Whether nothing happens any more.
    is_calm: bool,
}

impl World {
    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        // SplitMix64.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// A store that can lose its latest changes. Between a read and its answer, other things happen.
struct Forking {
    first: Arc<MemoryStore>,
    world: Mutex<World>,
    follower: std::sync::OnceLock<Weak<Follower>>,
}

impl Forking {
    fn now(&self) -> Arc<MemoryStore> {
        Arc::clone(&self.world.lock().store)
    }

    fn follower(&self) -> Option<Arc<Follower>> {
        self.follower.get().and_then(Weak::upgrade)
    }

    /// Commits a change of a random number: by the process of the follower, or by another.
    async fn write(&self, is_own: bool) -> Acknowledged {
        let (number, nonce, is_deleted, state) = {
            let mut world = self.world.lock();
            world.nonces += 1;
            let nonce = world.nonces;
            let number = number(world.below(NUMBERS) + 1);
            let content = NumberState {
                reset_before: Some(Timestamp::from_secs(i64::try_from(nonce).unwrap())),
                ..NumberState::default()
            };
            (number, nonce, world.below(8) == 0, codec::number::encode(&content))
        };
        let key = RecordKey::of::<NumberState>(TenantId::DEFAULT, &number);
        let store = self.now();
        let expected = store.read(&[StoredKey::Record(key.clone())]).await.unwrap().remove(0);
        let state = (!is_deleted || expected.is_none()).then_some(state);
        let is_large = state.is_some() && self.world.lock().below(6) == 0;
        let place = match state {
            Some(_) if is_large => EntryState::InRecord,
            Some(_) => EntryState::Follows,
            None => EntryState::Deleted,
        };
        let header = EntryHeader {
            nonce,
            state: place,
            ..header(number)
        };
        let write = RecordWrite {
            key: key.clone(),
            expected: expected.map(|stored| stored.version),
            header: encode_header(&header),
            state: state.clone(),
        };
        let commit = ShardCommit {
            records: vec![write],
            ..ShardCommit::empty(key.shard())
        };
        let version = store.commit(vec![commit.clone()]).await.remove(0).unwrap()[0];
        let mut world = self.world.lock();
        world.history.push(commit);
        if is_own {
            world.own.insert(nonce);
        }
        if state.is_none() {
            world.deleted.insert(number, version);
        }
        Acknowledged {
            number,
            version,
            change: OwnChange { key, nonce, state },
        }
    }

    /// The process notices an acknowledged change, and shows it.
    fn notice(&self, own: Acknowledged) {
        let Some(follower) = self.follower() else { return };
        let Acknowledged {
            number,
            version,
            change,
        } = own;
        let state = change.state.clone();
        if state.is_some() {
            let mut world = self.world.lock();
            let shown = world.shown.entry(number).or_default();
            *shown = version.max(*shown);
        }
        follower.committed([(version, change)]);
        match state {
            Some(state) => follower.applied(
                TenantId::DEFAULT,
                [Committed {
                    id: number,
                    version,
                    record: codec::number::decode(&state).unwrap(),
                }],
            ),
            None => follower.deleted::<NumberState>(TenantId::DEFAULT, number, version),
        }
    }

    /// The store loses its latest changes.
    async fn fork(&self) {
        let history = {
            let mut world = self.world.lock();
            let most = world.history.len() as u64 + 1;
            let lost = usize::try_from(world.below(most.min(8))).unwrap();
            let kept = world.history.len() - lost;
            let gone = world.history.split_off(kept);
            let nonces = gone.iter().flat_map(|commit| &commit.records);
            world.lost.extend(nonces.map(RecordWrite::nonce));
            world.history.clone()
        };
        let copy = memory_store();
        for outcome in copy.commit(history).await {
            outcome.unwrap();
        }
        let mut world = self.world.lock();
        world.store = copy;
        world.forks += 1; // the connection to the old server is lost
    }

    /// A read shows a record before the log does.
    async fn show_read(&self) {
        let number = number(self.world.lock().below(NUMBERS) + 1);
        let key = RecordKey::of::<NumberState>(TenantId::DEFAULT, &number);
        let read = self.now().read(&[StoredKey::Record(key)]).await.unwrap().remove(0);
        if let (Some(stored), Some(follower)) = (read, self.follower()) {
            let record = codec::number::decode(&stored.bytes).unwrap();
            let shown = Committed {
                id: number,
                version: stored.version,
                record,
            };
            follower.applied(TenantId::DEFAULT, [shown]);
        }
    }

    /// A store that never fails over has every change that was acknowledged, and so has the index those that were shown.
    fn assert_shown(&self) {
        let world = self.world.lock();
        let Some(follower) = self.follower().filter(|_| !world.may_fork) else {
            return;
        };
        let index = follower.indexes().get(TenantId::DEFAULT).unwrap();
        for (number, shown) in &world.shown {
            let is_deleted = world.deleted.get(number).is_some_and(|deleted| deleted > shown);
            let known = index.record(*number).map(|(version, _)| version);
            assert!(is_deleted || known >= Some(*shown), "{known:?} of {shown}");
        }
    }

    /// One thing happens, or nothing.
    async fn happen(&self) {
        self.assert_shown();
        let what = {
            let mut world = self.world.lock();
            if world.is_calm {
                return;
            }
            world.below(12)
        };
        match what {
            0..=2 => {
                let own = self.write(true).await;
                self.world.lock().noticed.insert(own.change.nonce);
                self.notice(own);
            }
            3 => {
                let own = self.write(true).await;
                self.world.lock().late.push(own);
            }
            4 => {
                let late = self.world.lock().late.pop();
                if let Some(own) = late {
                    self.notice(own);
                }
            }
            5..=6 => _ = self.write(false).await,
            7 => self.show_read().await,
            8 if self.world.lock().may_fork => self.fork().await,
            _ => {}
        }
    }
}

#[async_trait]
impl Store for Forking {
    fn meta(&self) -> &Meta {
        self.first.meta()
    }

    fn describe(&self) -> String {
        "forking".to_owned()
    }

    async fn verify(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn evidence_version(&self) -> Result<u32, StoreError> {
        self.first.evidence_version().await
    }

    async fn set_evidence_version(&self, version: u32) -> Result<(), StoreError> {
        self.first.set_evidence_version(version).await
    }

    async fn read(&self, keys: &[StoredKey]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.happen().await;
        let read = self.now().read(keys).await;
        self.happen().await;
        read
    }

    async fn commit(&self, commits: Vec<ShardCommit>) -> Vec<Result<Vec<Version>, CommitError>> {
        self.now().commit(commits).await
    }

    async fn scan(
        &self,
        shard: Shard,
        tenant: TenantId,
        table: ScanTable,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let page = self.now().scan(shard, tenant, table, after, limit).await;
        if shard == Shard::of_number(number(1)) {
            self.happen().await;
        }
        page
    }

    async fn census(&self, shard: Shard, tenants: &[TenantId]) -> Result<Option<Census>, StoreError> {
        let census = self.now().census(shard, tenants).await?;
        let connection = self.world.lock().forks;
        Ok(census.map(|census| Census { connection, ..census }))
    }

    async fn heads(&self) -> Result<Vec<LogHead>, StoreError> {
        self.happen().await;
        let heads = self.now().heads().await;
        self.happen().await;
        heads
    }

    async fn entries(&self, shard: Shard, from: Version, limit: usize) -> Result<Vec<RawLogEntry>, StoreError> {
        let entries = self.now().entries(shard, from, limit).await;
        self.happen().await;
        entries
    }

    async fn events(
        &self,
        shards: &[Shard],
        span: EventSpan,
        limit: usize,
    ) -> Result<Vec<Vec<StoredEvent>>, StoreError> {
        self.now().events(shards, span, limit).await
    }

    async fn drop_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.now().drop_events(shard, tenant, before, limit).await
    }

    async fn replace_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        events: Vec<ReplacedEvent>,
    ) -> Result<(), StoreError> {
        self.now().replace_events(shard, tenant, events).await
    }

    async fn forget_log(&self, shard: Shard, through: Version) -> Result<(), StoreError> {
        self.now().forget_log(shard, through).await
    }

    fn notifications(&self) -> tokio::sync::broadcast::Receiver<ShardNotification> {
        self.first.notifications()
    }
}

/// A follower of a store to which things happen as the seed says.
async fn scene(seed: u64, may_fork: bool) -> (Fixture, Arc<Forking>) {
    let first = memory_store();
    let world = World {
        random: seed,
        history: Vec::new(),
        store: Arc::clone(&first),
        late: Vec::new(),
        noticed: BTreeSet::new(),
        own: BTreeSet::new(),
        lost: BTreeSet::new(),
        shown: BTreeMap::new(),
        deleted: BTreeMap::new(),
        nonces: 0,
        forks: 0,
        may_fork,
        is_calm: true,
    };
    let store = Arc::new(Forking {
        first: Arc::clone(&first),
        world: Mutex::new(world),
        follower: std::sync::OnceLock::new(),
    });
    let fixture = Fixture::following(Arc::<Forking>::clone(&store), first).await;
    store.follower.set(Arc::downgrade(&fixture.follower)).unwrap();
    store.world.lock().is_calm = false;
    (fixture, store)
}

/// The numbers of an index with their versions and bytes.
fn indexed(index: &Index) -> Vec<(Bytes, Version, Bytes)> {
    let mut found = Vec::new();
    let shard = Shard::of_number(number(1));
    _ = index.visit(NumberState::KIND, shard, &mut |id, version, bytes| {
        found.push((Bytes::copy_from_slice(id), version, Bytes::copy_from_slice(bytes)));
        ControlFlow::Continue(())
    });
    found.sort();
    found
}

async fn stored(store: &Forking) -> Vec<(Bytes, Version, Bytes)> {
    let (shard, table) = (Shard::of_number(number(1)), ScanTable::Records(NumberState::KIND));
    let page = store.now().scan(shard, TenantId::DEFAULT, table, None, 1_000).await;
    let items = page.unwrap().items.into_iter();
    let mut found: Vec<_> = items.map(|(id, stored)| (id, stored.version, stored.bytes)).collect();
    found.sort();
    found
}

/// One step of the follower, or something that happens beside it.
async fn step(fixture: &Fixture, store: &Forking) {
    let what = store.world.lock().below(6);
    let shard = Shard::of_number(number(1));
    match what {
        0 => fixture.follower.sweep().await,
        1 => _ = fixture.follower.refresh().await,
        2 => {
            let seq = store.now().heads().await.unwrap()[shard.index()].seq;
            fixture.follower.notified(ShardNotification { shard, seq }).await;
        }
        _ => store.happen().await,
    }
}

/// Nothing happens any more, and the follower sweeps a few times.
async fn heal(fixture: &Fixture, store: &Forking) {
    let late = {
        let mut world = store.world.lock();
        world.is_calm = true;
        std::mem::take(&mut world.late)
    };
    for own in late {
        store.notice(own);
    }
    for _ in 0..3 {
        fixture.follower.sweep().await;
    }
}

fn lost_commits(fixture: &Fixture) -> u64 {
    let text = fixture.metrics.render(monotonic());
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("ringwarden_store_lost_commits_total "));
    line.unwrap().parse().unwrap()
}

async fn fails_over(seed: u64) {
    let (fixture, store) = scene(seed, true).await;
    for _ in 0..60 {
        step(&fixture, &store).await;
    }
    heal(&fixture, &store).await;
    assert_eq!(indexed(&fixture.index), stored(&store).await, "seed {seed}");
    let counted = lost_commits(&fixture);
    let world = store.world.lock();
    let surely = world.noticed.intersection(&world.lost).count() as u64;
    let at_most = world.own.intersection(&world.lost).count() as u64;
    // A change that the process notices after the failover may be found lost, or not.
    assert!(
        (surely..=at_most).contains(&counted),
        "seed {seed}: {counted} of {surely} to {at_most}"
    );
}

/// What this process acknowledged is in the index from then on, whatever is loaded again meanwhile.
async fn reloads(seed: u64) {
    let (fixture, store) = scene(seed, false).await;
    let lost = [(Shard::of_number(number(1)), ReloadReason::Trimmed)];
    for _ in 0..20 {
        step(&fixture, &store).await;
        fixture.follower.reload(&lost).await.unwrap();
        store.assert_shown();
    }
    heal(&fixture, &store).await;
    assert_eq!(indexed(&fixture.index), stored(&store).await, "seed {seed}");
    assert_eq!(lost_commits(&fixture), 0, "seed {seed}");
    fixture.assert_metric("ringwarden_follow_shards_reloaded_total{reason=\"unconfirmed\"} 0");
    fixture.assert_metric("ringwarden_follow_shards_reloaded_total{reason=\"absent\"} 0");
}

/// Runs a scene.
fn run(scene: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let mut runtime = runtime;
    runtime
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(scene);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn an_index_is_the_store_again_after_failovers(seed: u64) {
        run(fails_over(seed));
    }

    #[test]
    fn a_reload_undoes_nothing_that_the_store_holds(seed: u64) {
        run(reloads(seed));
    }
}
