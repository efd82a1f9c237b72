//! The writes of the process that is crashed. From counts alone a test knows what the store must hold.
//!
//! Each thread owns its numbers and its case, and writes numbered batches one after the other. All threads share two
//! shards, so their commits meet in one log, and the log is trimmed. Values are from 40 bytes to 5 KB.

use std::collections::HashMap;
use std::io::Write;

use bytes::Bytes;
use ringwarden::codec::entry::{EntryHeader, EntryState, encode_header};
use ringwarden::domain::actor::Actor;
use ringwarden::domain::case::Case;
use ringwarden::domain::ids::CaseId;
use ringwarden::domain::state::NumberState;
use ringwarden::domain::tenant::TenantId;
use ringwarden::domain::time::Timestamp;
use ringwarden::number::E164;
use ringwarden::store::embedded::{EmbeddedStore, EngineSettings};
use ringwarden::store::{
    BucketKey, BucketWrite, CommitError, RecordKey, RecordWrite, ShardCommit, Store, StoreError, StoredKey, Version,
};

/// Names the environment variable that turns the test binary into the crashing process.
pub const VARIABLE: &str = "RINGWARDEN_CRASH_WORKLOAD";

const NUMBERS: u64 = 24;
const RECORDS_A_BATCH: u64 = 4;
const LENGTHS: [usize; 6] = [40, 150, 420, 700, 1_500, 5_000];

/// The work of one run of the process.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The store's directory.
    pub path: String,
    /// The batch that each thread starts with; there are as many threads.
    pub starts: Vec<u64>,
    /// Batches of each thread.
    pub batches: u64,
    /// Memory for each table, so that little is enough to have flushes and compactions.
    pub memtable_bytes: u64,
}

impl Workload {
    pub fn to_variable(&self) -> String {
        let starts: Vec<String> = self.starts.iter().map(u64::to_string).collect();
        format!(
            "{}\n{}\n{}\n{}",
            self.path,
            starts.join(","),
            self.batches,
            self.memtable_bytes
        )
    }

    pub fn from_variable(text: &str) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        Self {
            path: lines[0].to_owned(),
            starts: lines[1].split(',').map(|start| start.parse().unwrap()).collect(),
            batches: lines[2].parse().unwrap(),
            memtable_bytes: lines[3].parse().unwrap(),
        }
    }

    pub fn settings(&self) -> EngineSettings {
        EngineSettings {
            cache_bytes: 8 << 20,
            memtable_bytes: self.memtable_bytes,
            table_bytes: self.memtable_bytes * 2,
        }
    }

    /// Runs it: prints the id of the store, and each batch once it is acknowledged, a line with one system call each.
    pub fn run(&self) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = EmbeddedStore::open_with(self.path.as_ref(), 1, self.settings());
        let store = runtime.block_on(store).unwrap();
        say(&format!("opened {}\n", store.meta().name()));
        std::thread::scope(|scope| {
            for (thread, start) in (0..).zip(&self.starts) {
                let (runtime, store) = (&runtime, &store);
                scope.spawn(move || runtime.block_on(write_batches(store, thread, *start..start + self.batches)));
            }
        });
    }

    /// Runs one thread until the disk fails, and checks what the store says then and afterwards.
    pub fn run_until_the_disk_fails(&self) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = EmbeddedStore::open_with(self.path.as_ref(), 1, self.settings())
                .await
                .unwrap();
            say(&format!("opened {}\n", store.meta().name()));
            let mut versions = read_versions(&store, 0).await;
            for batch in self.starts[0].. {
                let commits = commits(0, batch, &versions);
                match write(&store, commits.clone(), &mut versions).await {
                    Ok(()) => say(&format!("ack 0 {batch}\n")),
                    Err(error) => {
                        assert!(
                            matches!(&error, CommitError::Store(error) if error.outcome_unknown()),
                            "{error}"
                        );
                        check_failed(&store, commits, versions).await;
                        break;
                    }
                }
            }
        });
    }
}

/// A store whose disk failed takes no writes and says so; it still answers reads.
async fn check_failed(store: &EmbeddedStore, commits: Vec<ShardCommit>, mut versions: Versions) {
    let again = write(store, commits, &mut versions).await;
    assert!(
        matches!(again, Err(CommitError::Store(StoreError::Unavailable { .. }))),
        "{again:?}"
    );
    assert!(matches!(store.verify().await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(store.heads().await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(
        store.set_evidence_version(9).await,
        Err(StoreError::Unavailable { .. })
    ));
    let found = read_versions(store, 0).await;
    assert_eq!(found, versions, "what was not acknowledged is not seen");
}

type Versions = HashMap<RecordKey, Option<Version>>;

async fn write_batches(store: &EmbeddedStore, thread: u64, batches: std::ops::Range<u64>) {
    let mut versions = read_versions(store, thread).await;
    for batch in batches {
        write(store, commits(thread, batch, &versions), &mut versions)
            .await
            .unwrap();
        say(&format!("ack {thread} {batch}\n"));
    }
}

async fn read_versions(store: &EmbeddedStore, thread: u64) -> Versions {
    let keys: Vec<StoredKey> = records(thread).into_iter().map(StoredKey::Record).collect();
    let found = store.read(&keys).await.unwrap().into_iter();
    records(thread)
        .into_iter()
        .zip(found.map(|stored| Some(stored?.version)))
        .collect()
}

async fn write(store: &EmbeddedStore, commits: Vec<ShardCommit>, versions: &mut Versions) -> Result<(), CommitError> {
    let records = commits.iter().flat_map(|commit| &commit.records);
    let written: Vec<_> = records
        .map(|record| (record.key.clone(), record.state.is_some()))
        .collect();
    let outcomes: Result<Vec<Vec<Version>>, _> = store.commit(commits).await.into_iter().collect();
    for ((key, there), version) in written.into_iter().zip(outcomes?.concat()) {
        versions.insert(key, there.then_some(version));
    }
    Ok(())
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.flush().unwrap();
}

/// One thing that a batch writes: where, and which value; none deletes.
pub struct Change {
    pub key: StoredKey,
    pub value: Option<Bytes>,
}

/// The writes of a batch of a thread.
pub fn changes(thread: u64, batch: u64) -> Vec<Change> {
    let mut changes = Vec::new();
    for i in 0..RECORDS_A_BATCH {
        let number = number(thread, (batch * 3 + i) % NUMBERS);
        let value = ((batch + i) % 11 != 10).then(|| value(thread, batch, i));
        changes.push(Change {
            key: StoredKey::Record(RecordKey::of::<NumberState>(TenantId::DEFAULT, &number)),
            value,
        });
        if i == 0 {
            let value = (batch % 7 != 6).then(|| self::value(thread, batch, 100));
            changes.push(Change {
                key: StoredKey::Bucket(BucketKey {
                    tenant: TenantId::DEFAULT,
                    number,
                    bucket: 1,
                }),
                value,
            });
        }
    }
    changes.push(Change {
        key: StoredKey::Record(RecordKey::of::<Case>(TenantId::DEFAULT, &case(thread))),
        value: Some(value(thread, batch, 200)),
    });
    changes
}

/// Everything that a thread may write to.
pub fn keys(thread: u64) -> Vec<StoredKey> {
    let buckets = (0..NUMBERS).map(|n| {
        StoredKey::Bucket(BucketKey {
            tenant: TenantId::DEFAULT,
            number: number(thread, n),
            bucket: 1,
        })
    });
    records(thread)
        .into_iter()
        .map(StoredKey::Record)
        .chain(buckets)
        .collect()
}

fn records(thread: u64) -> Vec<RecordKey> {
    let numbers = (0..NUMBERS).map(|n| RecordKey::of::<NumberState>(TenantId::DEFAULT, &number(thread, n)));
    numbers
        .chain([RecordKey::of::<Case>(TenantId::DEFAULT, &case(thread))])
        .collect()
}

fn number(thread: u64, n: u64) -> E164 {
    let block = 1_415_555 + thread % 2;
    E164::from_digits(block * 10_000 + thread * 100 + n).unwrap()
}

fn case(thread: u64) -> CaseId {
    CaseId::parse(&format!("case-of-thread-{thread}")).unwrap()
}

fn commits(thread: u64, batch: u64, versions: &Versions) -> Vec<ShardCommit> {
    let mut commits: Vec<ShardCommit> = Vec::new();
    for (i, change) in (0..).zip(changes(thread, batch)) {
        let shard = change.key.shard();
        if commits.last().is_none_or(|commit| commit.shard != shard) {
            commits.push(ShardCommit::empty(shard));
        }
        let commit = commits.last_mut().unwrap();
        match change.key {
            StoredKey::Bucket(key) => commit.buckets.push(BucketWrite {
                key,
                bytes: change.value,
            }),
            StoredKey::Record(key) => commit.records.push(RecordWrite {
                expected: versions[&key],
                header: header(&key, change.value.is_none(), mix(thread << 40 | batch << 8 | i)),
                state: change.value,
                key,
            }),
            StoredKey::Side(_) => unreachable!("the workload writes no side records"),
        }
    }
    commits
}

fn header(key: &RecordKey, deleted: bool, nonce: u64) -> Bytes {
    encode_header(&EntryHeader {
        nonce,
        tenant: key.tenant(),
        kind: key.kind(),
        id: key.id().clone(),
        state: if deleted {
            EntryState::Deleted
        } else {
            EntryState::Follows
        },
        at: Timestamp::from_secs(1_700_000_000),
        actor: Actor::parse("crash").unwrap(),
        request: "".into(),

        reason: "".into(),
    })
}

/// Bytes that no other write has.
fn value(thread: u64, batch: u64, item: u64) -> Bytes {
    let seed = thread << 40 | batch << 8 | item;
    let length = LENGTHS[usize::try_from(mix(seed) % 6).unwrap()];
    let words = (0..).flat_map(|n: u64| mix(seed ^ n << 52).to_le_bytes());
    words.take(length).collect()
}

/// `SplitMix64`, by its author's constants.
pub fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Random numbers of a seed.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(mix(self.0))
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap()
    }
}
