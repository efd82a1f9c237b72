//! The comparison of an index with its store: what differs is found, named and mended, and nobody is accused of changes that
//! are on their way.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::{Clock, monotonic};
use ringwarden::follow::{ComparedShard, DifferenceKind};
use ringwarden::number::E164;
use ringwarden::store::embedded::EmbeddedStore;
use ringwarden::store::memory::MemoryStore;
use ringwarden::store::redis::{RedisConfig, RedisStore};
use ringwarden::store::{Shard, Store};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::altered;
use crate::support::instance::{Instance, evidence_version, noon, number, report};
use crate::support::redis_commits::DURABLE;
use crate::support::redis_server::RedisServer;

/// How long writers and comparisons run at the same time.
const BUSY: Duration = Duration::from_secs(6);

/// Numbers of different blocks, which spread over the shards.
fn spread(n: u64) -> E164 {
    number(n * 10_000)
}

async fn redis(server: &RedisServer) -> Arc<RedisStore> {
    let config = RedisConfig::parse(&server.url()).unwrap();
    Arc::new(RedisStore::open(config, evidence_version()).await.unwrap())
}

/// Two reports on each number, of which the second changes the record that the first has made.
async fn submit(instance: &Instance, numbers: impl Iterator<Item = u64>, tag: &str) {
    let numbers: Vec<u64> = numbers.collect();
    for round in 0..2 {
        let of = |n: &u64| Ok(report(&spread(*n).to_string(), &format!("{tag}-{round}-{n}"), noon()));
        let outcomes = instance
            .services
            .reports
            .submit_all(numbers.iter().map(of).collect())
            .await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    }
}

async fn compare(instance: &Instance, shard: Shard) -> ComparedShard {
    instance
        .follower
        .compare(shard)
        .await
        .unwrap()
        .expect("nothing is written")
}

/// All shards of the index are equal to the store, with so many records.
async fn assert_equal(instance: &Instance, records: u64) {
    let mut found = 0;
    for shard in Shard::all() {
        let compared = compare(instance, shard).await;
        assert!(compared.is_equal(), "{shard}: {compared:?}");
        assert_eq!(compared.stored, compared.indexed);
        found += compared.stored.records();
    }
    assert_eq!(found, records);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_equal_to_any_store_after_writes_and_after_a_load() {
    let (server, directory) = (RedisServer::start(&DURABLE), TempDir::new().unwrap());
    let embedded = EmbeddedStore::open(directory.path(), evidence_version()).await.unwrap();
    let stores: [Arc<dyn Store>; 3] = [
        Arc::new(MemoryStore::new(evidence_version()).unwrap()),
        Arc::new(embedded),
        redis(&server).await,
    ];
    for store in stores {
        let one = Instance::over(Arc::clone(&store), Clock::manual(noon())).await;
        submit(&one, 0..300, "r").await;
        one.follower.sweep().await;
        assert_equal(&one, 300).await;
        let two = Instance::over(store, Clock::manual(noon())).await;
        assert_equal(&two, 300).await;
        let sum = compare(&one, Shard::of_number(spread(0))).await.indexed.sum();
        assert_eq!(compare(&two, Shard::of_number(spread(0))).await.indexed.sum(), sum);
    }
}

/// The difference that each alteration makes is found and named, and the instance mends it by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_changed_behind_the_follower_is_found_named_and_mended() {
    let server = RedisServer::start(&DURABLE);
    let one = Instance::over(redis(&server).await, Clock::manual(noon())).await;
    submit(&one, 0..60, "r").await;
    submit(&one, 7..8, "more").await;
    one.follower.sweep().await;
    let differing = async |number: E164| {
        let compared = compare(&one, Shard::of_number(number)).await;
        assert_eq!(compared.differing, compared.named.len() as u64);
        let named = compared.named.iter();
        let named: Vec<_> = named.map(|found| (found.id.to_vec(), found.what)).collect();
        (named, compared.is_equal())
    };
    let mut mended = 0;
    let new = E164::from_digits(spread(3).digits() + 1).unwrap();
    for (number, what) in [
        (spread(3), DifferenceKind::Content),
        (new, DifferenceKind::OnlyInStore),
        (spread(5), DifferenceKind::OnlyInIndex),
    ] {
        match what {
            DifferenceKind::Content => altered::exchange_content(&server, number, spread(7)),
            DifferenceKind::OnlyInStore => altered::put(&server, number, &altered::record(&server, spread(3))),
            DifferenceKind::OnlyInIndex => altered::delete(&server, number),
            DifferenceKind::Unreadable => unreachable!("a case of its own"),
        }
        let id = number.digits().to_be_bytes().to_vec();
        assert_eq!(differing(number).await, (vec![(id, what)], false));
        one.follower.sweep().await;
        assert!(!differing(number).await.1, "the log says nothing of it");
        one.follower.compare_and_mend(Shard::of_number(number)).await;
        mended += 1;
        assert_eq!(differing(number).await, (vec![], true));
        let text = one.services.metrics().render(monotonic());
        for line in [
            format!("ringwarden_index_differences_total {mended}"),
            format!("ringwarden_follow_shards_reloaded_total{{reason=\"different\"}} {mended}"),
            format!("ringwarden_index_comparisons_total{{result=\"different\"}} {mended}"),
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
    }
    assert_eq!(
        one.count(&spread(3).to_string()),
        4,
        "it has the reports of the other number"
    );
    assert_eq!(one.count(&spread(5).to_string()), 0);
}

/// What cannot be read is named, and the index keeps what it has.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_is_named_and_kept() {
    let server = RedisServer::start(&DURABLE);
    let one = Instance::over(redis(&server).await, Clock::manual(noon())).await;
    submit(&one, 0..3, "r").await;
    one.follower.sweep().await;
    let mut record = altered::record(&server, spread(1));
    record.truncate(12);
    altered::put(&server, spread(1), &record);
    let shard = Shard::of_number(spread(1));
    one.follower.compare_and_mend(shard).await;
    let compared = compare(&one, shard).await;
    assert_eq!((compared.differing, compared.unreadable), (1, 1));
    assert_eq!(compared.named[0].what, DifferenceKind::Unreadable);
    assert_eq!(one.count(&spread(1).to_string()), 2);
}

/// Two instances write to a few shards all the time, and both are compared all the time. Some comparisons say nothing; none
/// says that something differs. Afterwards all is equal.
#[tokio::test(flavor = "multi_thread")]
async fn busy_writers_are_never_accused() {
    const BLOCKS: u64 = 6;
    let server = RedisServer::start(&DURABLE);
    let mut followed = JoinSet::new();
    let mut instances = Vec::new();
    for _ in 0..2 {
        let store = redis(&server).await;
        let instance = Arc::new(Instance::over(Arc::<RedisStore>::clone(&store), Clock::manual(noon())).await);
        followed.spawn(async move { store.run_notifications().await });
        let follower = Arc::clone(&instance.follower);
        followed.spawn(async move { follower.run().await });
        instances.push(instance);
    }
    let shards: BTreeSet<Shard> = (0..BLOCKS).map(|n| Shard::of_number(spread(n))).collect();
    let until = monotonic() + BUSY;
    let mut writers = JoinSet::new();
    let mut comparers = JoinSet::new();
    for (which, instance) in instances.iter().enumerate() {
        let (writing, comparing) = (Arc::clone(instance), Arc::clone(instance));
        writers.spawn(async move {
            let mut round = 0_u64;
            while monotonic() < until {
                submit(&writing, std::iter::once(round % BLOCKS), &format!("w{which}-{round}")).await;
                round += 1;
                // Now and then a pause, in which shards can be compared.
                sleep(Duration::from_millis(if round.is_multiple_of(8) { 60 } else { 1 })).await;
            }
            round
        });
        let shards = shards.clone();
        comparers.spawn(async move {
            let (mut equal, mut busy) = (0_u32, 0_u32);
            while monotonic() < until {
                for shard in &shards {
                    match comparing.follower.compare(*shard).await.unwrap() {
                        Some(compared) => {
                            assert!(compared.is_equal(), "{shard}: {compared:?}");
                            equal += 1;
                        }
                        None => busy += 1,
                    }
                }
            }
            (equal, busy)
        });
    }
    let rounds: u64 = writers.join_all().await.into_iter().sum();
    let compared = comparers.join_all().await;
    assert!(rounds > 100, "{rounds} rounds of writes");
    for (equal, busy) in compared {
        assert!(equal > 0, "no comparison met a quiet shard: {busy} did not");
    }
    for instance in &instances {
        instance.follower.sweep().await;
        assert_equal(instance, BLOCKS).await;
    }
}
