//! The store in Redis, when its server is killed, stopped, refused or demoted, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::redis_commits::{DURABLE, LONG, commit, healed, number, open, state, store_error, write};
use crate::support::redis_server::RedisServer;
use bytes::Bytes;
use ringwarden::domain::state::NumberState;
use ringwarden::domain::tenant::TenantId;
use ringwarden::number::E164;
use ringwarden::store::redis::RedisStore;
use ringwarden::store::{
    CommitError, RecordKey, RecordKind, ScanTable, Shard, ShardNotification, Store as _, StoreError, StoredKey, Version,
};
use tokio::time::{Instant, sleep, timeout};

/// Every write is answered within this time.
const IN_TIME: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_commits_outlive_a_kill() {
    let mut server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    let commits = (0..300).map(|index| write(number(index), None, index, &index.to_be_bytes()));
    let answers = store.commit(commits.collect()).await;
    let versions: Vec<Version> = answers.into_iter().map(|answer| answer.unwrap()[0]).collect();
    server.kill();
    server.start_again();
    let again = open(&server).await;
    assert_eq!(again.meta(), store.meta());
    for (index, version) in (0..300).zip(versions) {
        let bytes = Bytes::copy_from_slice(&u64::to_be_bytes(index));
        assert_eq!(state(&again, number(index)).await, Some((version, bytes)));
    }
    assert_eq!(again.heads().await.unwrap(), store.heads().await.unwrap());
}

/// A server that was started again knows no script, and the old connection is gone: neither is the caller's concern.
#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_is_given_the_scripts_again() {
    let mut server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    assert_eq!(commit(&store, write(number(1), None, 1, b"a")).await.unwrap(), [1]);
    server.kill();
    server.start_again();
    let commits = vec![
        write(number(1), Some(1), 2, b"b"),
        write(number(1), Some(1), 3, b"c"),
        write(number(2), None, 4, b"d"),
    ];
    let answers = store.commit(commits).await;
    assert_eq!(answers[0].as_ref().unwrap(), &[2]);
    assert!(matches!(answers[1], Err(CommitError::Conflict { .. })), "{answers:?}");
    assert!(answers[2].is_ok(), "{answers:?}");
    server.kill();
    server.start_again();
    store.set_evidence_version(9).await.unwrap();
    assert_eq!(store.evidence_version().await.unwrap(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_fails_in_time_and_is_found_again() {
    let server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    commit(&store, write(number(1), None, 1, b"a")).await.unwrap();
    server.pause();

    let began = Instant::now();
    let error = store_error(commit(&store, write(number(1), Some(1), 2, b"b")).await);
    assert!(error.outcome_unknown(), "{error}");
    assert!(began.elapsed() < IN_TIME, "{:?}", began.elapsed());

    // Nothing is sent now, and nothing waits for long.
    let began = Instant::now();
    let error = store_error(commit(&store, write(number(2), None, 3, b"c")).await);
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    let error = store.verify().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(began.elapsed() < IN_TIME, "{:?}", began.elapsed());

    // Many callers wait beside each other, not after each other.
    let began = Instant::now();
    let calls: Vec<_> = (0..200).map(|_| store.heads()).collect();
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_err));
    assert!(began.elapsed() < IN_TIME, "{:?}", began.elapsed());

    server.resume();
    healed(&store).await;
    // The server may have run the commit when it went on.
    let (version, bytes) = state(&store, number(1)).await.unwrap();
    assert!([(1, &b"a"[..]), (2, b"b")].contains(&(version, &bytes[..])));
    commit(&store, write(number(1), Some(version), 4, b"d")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_is_unavailable_at_once() {
    let mut server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    server.kill();
    let began = Instant::now();
    for call in 0..50 {
        let error = store_error(commit(&store, write(number(1), None, 1, b"a")).await);
        let is_known = matches!(error, StoreError::Unavailable { .. });
        assert!(is_known || call == 0, "{call}: {error}"); // the first may find the connection broken
    }
    assert!(began.elapsed() < IN_TIME, "{:?}", began.elapsed());
    server.start_again();
    healed(&store).await;
    commit(&store, write(number(1), None, 1, b"a")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_became_a_replica_is_unavailable_until_it_is_none() {
    let server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    server.command(&["REPLICAOF", "127.0.0.1", "1"]);
    let error = store_error(commit(&store, write(number(1), None, 1, b"a")).await);
    assert!(matches!(error, StoreError::Replica { .. }), "{error}");
    server.command(&["REPLICAOF", "NO", "ONE"]);
    healed(&store).await;
    assert_eq!(commit(&store, write(number(1), None, 1, b"a")).await.unwrap(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_reach_all_and_return_after_a_restart() {
    let mut server = RedisServer::start(&DURABLE);
    let writer = open(&server).await;
    let store = Arc::new(open(&server).await);
    let mut notifications = store.notifications();
    let listener = Arc::clone(&store);
    let task = tokio::spawn(async move { listener.run_notifications().await });
    let heard = || async {
        timeout(LONG, async {
            while !store.hears_notifications() {
                sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .expect("a subscription");
    };
    heard().await;
    let shard = Shard::of_number(number(1));
    commit(&writer, write(number(1), None, 1, b"a")).await.unwrap();
    assert_eq!(
        timeout(LONG, notifications.recv()).await.unwrap().unwrap(),
        ShardNotification { shard, seq: 1 }
    );

    server.kill();
    timeout(LONG, async {
        while store.hears_notifications() {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the loss to be noticed");
    server.start_again();
    heard().await;
    commit(&writer, write(number(1), Some(1), 2, b"b")).await.unwrap();
    assert_eq!(
        timeout(LONG, notifications.recv()).await.unwrap().unwrap(),
        ShardNotification { shard, seq: 2 }
    );
    task.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_over_a_restart_misses_nothing() {
    let mut server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    let mut block = write(number(7), None, 0, &[1; 100]);
    for index in 1..1_000 {
        let number = E164::from_digits(number(7).digits() + index).unwrap();
        block.records.append(&mut write(number, None, index, &[1; 100]).records);
    }
    let shard = block.shard;
    commit(&store, block).await.unwrap();
    let (mut seen, mut after) = (std::collections::HashSet::new(), None);
    for page_index in 0.. {
        let page = store
            .scan(
                shard,
                TenantId::DEFAULT,
                ScanTable::Records(RecordKind::Number),
                after,
                50,
            )
            .await
            .unwrap();
        seen.extend(page.items.into_iter().map(|(id, _)| id));
        after = page.next;
        if after.is_none() {
            break;
        }
        if page_index == 10 {
            server.kill(); // cursors of the next one have another meaning
            server.start_again();
        }
    }
    assert_eq!(seen.len(), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_nothing_that_was_acknowledged() {
    kill_rounds(3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half a minute"]
async fn many_kills_lose_nothing_that_was_acknowledged() {
    kill_rounds(10).await;
}

async fn kill_rounds(rounds: usize) {
    let mut server = RedisServer::start(&DURABLE);
    let store = Arc::new(open(&server).await);
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8)
        .map(|writer| tokio::spawn(write_until(Arc::clone(&stop), Arc::clone(&store), number(writer))))
        .collect();
    for _ in 0..rounds {
        sleep(Duration::from_millis(700)).await;
        server.kill();
        sleep(Duration::from_millis(200)).await;
        server.start_again();
    }
    sleep(Duration::from_millis(500)).await;
    stop.store(true, Ordering::Relaxed);
    let (mut acknowledged, mut unknown) = (0, 0);
    for writer in writers {
        let counts = writer.await.unwrap();
        acknowledged += counts.0;
        unknown += counts.1;
    }
    assert!(acknowledged > 100, "{acknowledged} acknowledged, {unknown} unknown");
    assert!(
        unknown > 0,
        "no kill met a commit in progress, of {acknowledged} acknowledged"
    );
    for (index, head) in store.heads().await.unwrap().iter().enumerate() {
        let shard = Shard::new(u8::try_from(index).unwrap());
        let entries = store.entries(shard, 0, usize::MAX).await.unwrap();
        assert_eq!(entries.last().map_or(0, |entry| entry.seq), head.seq);
        assert!(entries.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq));
    }
}

/// Counts up in one record. What the store holds is always the last acknowledged count, or the one of unknown outcome
/// after it. Returns how many commits were acknowledged, and how many unknown.
async fn write_until(stop: Arc<AtomicBool>, store: Arc<RedisStore>, number: E164) -> (u64, u64) {
    let (mut acknowledged, mut unknown) = (0, 0);
    let (mut count, mut version) = (0u64, None);
    while !stop.load(Ordering::Relaxed) {
        let next = count + 1;
        match commit(&store, write(number, version, next, &next.to_be_bytes())).await {
            Ok(versions) => {
                (count, version) = (next, versions.last().copied());
                acknowledged += 1;
            }
            Err(CommitError::Conflict { .. }) => panic!("a conflict, though nobody else writes and all was read"),
            Err(CommitError::Store(error)) => {
                assert!(error.may_be_retried(), "{error}");
                let may_be_there = error.outcome_unknown();
                unknown += u64::from(may_be_there);
                let stored = read_at_last(&store, number).await;
                let found = stored
                    .as_ref()
                    .map_or(0, |(_, bytes)| u64::from_be_bytes(bytes[..].try_into().unwrap()));
                assert!(
                    found == count || (may_be_there && found == next),
                    "{found} after {count}: {error}"
                );
                (count, version) = (found, stored.map(|(version, _)| version));
            }
        }
    }
    (acknowledged, unknown)
}

async fn read_at_last(store: &RedisStore, number: E164) -> Option<(Version, Bytes)> {
    loop {
        let key = StoredKey::Record(RecordKey::of::<NumberState>(TenantId::DEFAULT, &number));
        if let Ok(mut stored) = store.read(&[key]).await {
            return stored.pop().unwrap().map(|stored| (stored.version, stored.bytes));
        }
        sleep(Duration::from_millis(5)).await;
    }
}
