//! A store that is emptied and filled again, or exchanged for an older copy, while an instance loads it.

use std::process::Command;
use std::sync::Arc;

use ringwarden::clock::{Clock, monotonic};
use ringwarden::index::StoreState;
use ringwarden::store::memory::MemoryStore;
use ringwarden::store::redis::{RedisConfig, RedisStore};
use ringwarden::store::{Store, StoreError};

use crate::support::flaky::Flaky;
use crate::support::instance::{Instance, evidence_version, noon, number, report};
use crate::support::redis_commits::DURABLE;
use crate::support::redis_server::RedisServer;

/// Numbers of so many blocks that most shards have some.
const NUMBERS: u64 = 600;

fn spread(n: u64) -> String {
    number(n * 10_000).to_string()
}

async fn fill(store: Arc<dyn Store>) {
    let one = Instance::over(store, Clock::manual(noon())).await;
    let reports = (0..NUMBERS).map(|n| Ok(report(&spread(n), &format!("r{n}"), noon())));
    let outcomes = one.services.reports.submit_all(reports.collect()).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(one.index.number_count() as u64, NUMBERS);
}

/// Loads, and says whether the instance became ready. If it did, it has everything.
async fn is_ready_after_load(instance: &Instance) -> bool {
    let loaded = instance.follower.bootstrap().await;
    let is_ready = instance.follower.freshness().is_ready();
    assert_eq!(loaded.is_ok(), is_ready, "{loaded:?}");
    if is_ready {
        assert_eq!(instance.index.number_count() as u64, NUMBERS);
    }
    is_ready
}

#[tokio::test]
async fn scans_that_find_nothing_make_no_instance_ready() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    fill(Arc::clone(&store)).await;
    let flaky = Arc::new(Flaky::new(store));
    let two = Instance::unloaded(Arc::<Flaky>::clone(&flaky), Clock::manual(noon()));
    flaky.empty_scans(true);
    assert!(!is_ready_after_load(&two).await);
    flaky.empty_scans(false);
    assert!(is_ready_after_load(&two).await);
}

/// The database is exchanged for an empty one before some scan of the load, and is back before the next: no head differs
/// afterwards, and no sweep would find the numbers that are missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_emptied_for_a_moment_makes_no_instance_ready_with_a_part() {
    let server = Arc::new(RedisServer::start(&DURABLE));
    let open = async || {
        let config = RedisConfig::parse(&server.url()).unwrap();
        Arc::new(RedisStore::open(config, evidence_version()).await.unwrap())
    };
    fill(open().await).await;
    let mut failed = 0;
    // The first 256 scans look for tenants. The next are those of the numbers of the first shards.
    for first in (250..300).step_by(7) {
        let flaky = Arc::new(Flaky::new(open().await));
        let two = Instance::unloaded(Arc::<Flaky>::clone(&flaky), Clock::manual(noon()));
        let exchanged = Arc::clone(&server);
        flaky.before_scans(move |scan| {
            if scan == first || scan == first + 1 {
                exchanged.command(&["SWAPDB", "0", "1"]);
            }
        });
        let is_ready = is_ready_after_load(&two).await;
        failed += u32::from(!is_ready);
        if server.command(&["DBSIZE"]) == redis::Value::Int(0) {
            server.command(&["SWAPDB", "0", "1"]); // the load ended between the two
        }
        flaky.before_scans(|_| {});
        assert!(
            is_ready || is_ready_after_load(&two).await,
            "it is loaded as soon as it can be"
        );
        assert_eq!(two.follower.freshness().store(), StoreState::Up);
    }
    assert!(failed > 0, "no load met the empty database");
}

/// An empty database takes the question whether it would take a write, and is not the store.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_redis_is_no_store_that_takes_writes() {
    let server = RedisServer::start(&DURABLE);
    let config = RedisConfig::parse(&server.url()).unwrap();
    let store = RedisStore::open(config, evidence_version()).await.unwrap();
    store.check_writes().await.unwrap();
    server.command(&["FLUSHALL"]);
    let error = store.check_writes().await.unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

/// An older copy is taken, as an operator may want it, and raises the alarm if it lacks much.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_has_shrunk_is_counted() {
    let mut server = RedisServer::start(&DURABLE);
    let config = RedisConfig::parse(&server.url()).unwrap();
    let store = Arc::new(RedisStore::open(config, evidence_version()).await.unwrap());
    let one = Instance::over(store, Clock::manual(noon())).await;
    let submit = async |from: u64, to: u64| {
        let reports = (from..to).map(|n| Ok(report(&spread(n), &format!("r{n}"), noon())));
        let outcomes = one.services.reports.submit_all(reports.collect()).await;
        assert!(outcomes.iter().all(Result::is_ok));
    };
    submit(0, 100).await;
    server.kill();
    let copy = server.set_aside();
    let (from, to) = (copy.path().join("."), server.directory().to_owned());
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.unwrap().success());
    server.start_again();
    for _ in 0..2 {
        one.follower.sweep().await; // the first finds that the connection is broken
    }
    submit(100, NUMBERS).await;
    one.follower.sweep().await;
    server.kill();
    server.bring_back(&copy);
    server.start_again();
    for _ in 0..2 {
        one.follower.sweep().await;
    }
    assert_eq!(one.index.number_count(), 100);
    let text = one.services.metrics().render(monotonic());
    assert!(text.contains("\nringwarden_index_numbers_gone_total 500\n"), "{text}");
    assert!(text.contains("\nringwarden_store_lost_commits_total 500\n"), "{text}");
}
