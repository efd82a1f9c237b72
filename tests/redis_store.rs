//! The store in Redis, when things go wrong: servers that are killed, stopped, emptied, replaced, full or narrow.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub,
    reason = "a test may panic, and spawns its own tasks"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ringwarden::domain::actor::Actor;
use ringwarden::domain::time::Timestamp;
use ringwarden::number::E164;
use ringwarden::store::codec::entry::{Header, encode_header};
use ringwarden::store::redis::{RedisConfig, RedisStore};
use ringwarden::store::{
    BucketKey, BucketWrite, CommitError, Key, Kind, LOG_ENTRIES_KEPT, Meta, RecordKey, RecordWrite, Ring, Shard,
    ShardCommit, Store, StoreError, Table, Version,
};
use support::redis_server::{RedisServer, free_port};
use tokio::time::{Instant, sleep, timeout};

const DURABLE: [(&str, &str); 2] = [("appendonly", "yes"), ("appendfsync", "always")];
/// More than any wait in these tests should take.
const LONG: Duration = Duration::from_secs(20);

async fn open(server: &RedisServer) -> RedisStore {
    RedisStore::open(RedisConfig::parse(&server.url()).unwrap(), 1)
        .await
        .unwrap()
}

/// Different numbers, in blocks of their own, so that they spread over the shards.
fn number(index: u64) -> E164 {
    E164::from_digits(12_000_000_000 + index * 10_000).unwrap()
}

fn write(number: E164, expected: Option<Version>, nonce: u64, state: &[u8]) -> ShardCommit {
    let key = RecordKey::number(number);
    let header = Header {
        nonce,
        kind: Kind::Number,
        id: key.id().clone(),
        deleted: false,
        at: Timestamp::from_secs(1),
        actor: Actor::parse("test").unwrap(),
        request: "".into(),
    };
    ShardCommit {
        shard: key.shard(),
        records: vec![RecordWrite {
            key,
            expected,
            header: encode_header(&header),
            state: Some(Bytes::copy_from_slice(state)),
        }],
        buckets: vec![BucketWrite {
            key: BucketKey { number, bucket: 0 },
            bytes: Some(Bytes::from_static(b"rows")),
        }],
    }
}

async fn commit(store: &RedisStore, commit: ShardCommit) -> Result<Vec<Version>, CommitError> {
    store.commit(vec![commit]).await.pop().unwrap()
}

fn store_error(result: Result<Vec<Version>, CommitError>) -> StoreError {
    match result {
        Err(CommitError::Store(error)) => error,
        other => panic!("{other:?}"),
    }
}

async fn state(store: &RedisStore, number: E164) -> Option<(Version, Bytes)> {
    let key = Key::Record(RecordKey::number(number));
    let stored = store.read(&[key]).await.unwrap().pop().unwrap();
    stored.map(|stored| (stored.version, stored.bytes))
}

async fn assert_foreign(store: &RedisStore, shard_of: E164) {
    let is_foreign = |error: &StoreError| matches!(error, StoreError::Foreign { .. });
    let error = store.verify().await.unwrap_err();
    assert!(is_foreign(&error), "{error}");
    let error = store.heads().await.unwrap_err();
    assert!(is_foreign(&error), "{error}");
    let error = store.evidence_version().await.unwrap_err();
    assert!(is_foreign(&error), "{error}");
    let error = store_error(commit(store, write(shard_of, None, 1, b"x")).await);
    assert!(is_foreign(&error), "{error}");
}

/// Tries until the store answers again.
async fn healed(store: &RedisStore) {
    timeout(LONG, async {
        while store.heads().await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the store to answer again");
}

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
async fn an_emptied_server_is_foreign() {
    let mut server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    commit(&store, write(number(1), None, 1, b"a")).await.unwrap();
    server.kill();
    server.wipe();
    server.start_again();
    assert_foreign(&store, number(1)).await;
    assert_eq!(server.command(&["DBSIZE"]), redis::Value::Int(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_store_on_the_same_port_is_foreign() {
    let mut server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    server.kill();
    server.wipe();
    server.start_again();
    let other = open(&server).await;
    assert_ne!(other.meta().store_id, store.meta().store_id);
    assert_foreign(&store, number(1)).await;
    assert!(other.heads().await.unwrap().iter().all(|head| head.seq == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_in_two_databases_are_two() {
    let server = RedisServer::start(&[("appendonly", "no")]);
    let first = open(&server).await;
    let url = format!("{}/3", server.url());
    let second = RedisStore::open(RedisConfig::parse(&url).unwrap(), 1).await.unwrap();
    assert_ne!(first.meta().store_id, second.meta().store_id);
    commit(&first, write(number(1), None, 1, b"a")).await.unwrap();
    assert_eq!(state(&second, number(1)).await, None);
    first.verify().await.unwrap();
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
    assert!(began.elapsed() < Duration::from_millis(1_900), "{:?}", began.elapsed());

    // Nothing is sent now, and nothing waits for long.
    let began = Instant::now();
    let error = store_error(commit(&store, write(number(2), None, 3, b"c")).await);
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    let error = store.verify().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_millis(1_500), "{:?}", began.elapsed());

    // Many callers wait beside each other, not after each other.
    let began = Instant::now();
    let calls: Vec<_> = (0..200).map(|_| store.heads()).collect();
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_err));
    assert!(began.elapsed() < Duration::from_millis(1_500), "{:?}", began.elapsed());

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
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    server.start_again();
    healed(&store).await;
    commit(&store, write(number(1), None, 1, b"a")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn opens_at_once_agree() {
    let server = RedisServer::start(&DURABLE);
    let opens: Vec<_> = (0..8).map(|_| open(&server)).collect();
    let stores = futures_util::future::join_all(opens).await;
    assert!(
        stores
            .iter()
            .all(|store| store.meta() == stores[0].meta() && store.meta().ready)
    );
    for (index, store) in (0..).zip(&stores) {
        assert_eq!(
            commit(store, write(number(index), None, index, b"a"))
                .await
                .unwrap()
                .len(),
            1
        );
    }
    let heads = stores[0].heads().await.unwrap();
    assert_eq!(heads.iter().map(|head| head.seq).sum::<u64>(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_left_half_made_is_completed() {
    let server = RedisServer::start(&DURABLE);
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let meta = Meta::create(5).unwrap();
    let set = redis::cmd("SET")
        .arg("rw:{meta}:default:meta")
        .arg(meta.to_bytes())
        .exec(&mut connection);
    set.unwrap();
    server.command(&["HSET", "rw:{s0}:default:head", "store", &meta.name()]);
    let store = RedisStore::open(RedisConfig::parse(&server.url()).unwrap(), 7)
        .await
        .unwrap();
    assert_eq!(store.meta(), &Meta { ready: true, ..meta });
    assert_eq!(store.evidence_version().await.unwrap(), 5);
    assert_eq!(store.heads().await.unwrap().len(), 256);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_head_is_noticed() {
    let server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    let lost = Shard::of_number(number(1));
    server.command(&["DEL", &format!("rw:{{s{lost}}}:default:head")]);
    let error = store_error(commit(&store, write(number(1), None, 1, b"a")).await);
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    let error = store.heads().await.unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    let opened = RedisStore::open(RedisConfig::parse(&server.url()).unwrap(), 1).await;
    assert!(matches!(opened.err(), Some(StoreError::Foreign { .. })));
    let other = (2..)
        .map(number)
        .find(|number| Shard::of_number(*number) != lost)
        .unwrap();
    commit(&store, write(other, None, 1, b"a")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_without_an_identity_are_not_adopted() {
    let server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    server.command(&["DEL", "rw:{meta}:default:meta"]);
    let opened = RedisStore::open(RedisConfig::parse(&server.url()).unwrap(), 1).await;
    assert!(matches!(opened.err(), Some(StoreError::Foreign { .. })));
    assert!(matches!(store.verify().await, Err(StoreError::Foreign { .. })));
    assert!(matches!(
        store.set_evidence_version(2).await,
        Err(StoreError::Foreign { .. })
    ));
    assert_eq!(
        server.command(&["EXISTS", "rw:{meta}:default:meta"]),
        redis::Value::Int(0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_out_of_memory_refuses_before_it_writes() {
    let server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let error = store_error(commit(&store, write(number(1), None, 1, b"a")).await);
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    server.command(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(store.heads().await.unwrap().iter().map(|head| head.seq).sum::<u64>(), 0);
    assert_eq!(commit(&store, write(number(1), None, 1, b"a")).await.unwrap(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_became_a_replica_is_unavailable_until_it_is_none() {
    let server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    server.command(&["REPLICAOF", "127.0.0.1", "1"]);
    let error = store_error(commit(&store, write(number(1), None, 1, b"a")).await);
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    server.command(&["REPLICAOF", "NO", "ONE"]);
    healed(&store).await;
    assert_eq!(commit(&store, write(number(1), None, 1, b"a")).await.unwrap(), [1]);
}

/// Redis takes nothing back, so what could fail half-way is looked at first.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_cannot_be_finished_is_not_begun() {
    let server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    let shard = Shard::of_number(number(1));
    let key = |part: &str| format!("rw:{{s{shard}}}:default:{part}");
    let untouched = || {
        assert_eq!(server.command(&["EXISTS", &key("number")]), redis::Value::Int(0));
        assert_eq!(server.command(&["XLEN", &key("log")]), redis::Value::Int(0));
    };

    server.command(&["SET", &key("rows"), "no hash"]);
    let error = store_error(commit(&store, write(number(1), None, 1, b"a")).await);
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error}");
    untouched();
    server.command(&["DEL", &key("rows")]);

    server.command(&[
        "ACL", "SETUSER", "narrow", "on", ">pw", "~rw:*", "&rw:*", "+@all", "-hdel", "-config",
    ]);
    let url = format!("redis://narrow:pw@127.0.0.1:{}", server.port());
    let narrow = RedisStore::open(RedisConfig::parse(&url).unwrap(), 1).await.unwrap();
    assert_eq!(narrow.settings(), &ringwarden::store::redis::ServerSettings::default());
    let error = store_error(commit(&narrow, write(number(1), None, 1, b"a")).await);
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    untouched();

    server.command(&["ACL", "SETUSER", "narrow", "+hdel", "-publish"]);
    assert_eq!(commit(&narrow, write(number(1), None, 1, b"a")).await.unwrap(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_unavailable_and_not_told() {
    let server = RedisServer::start(&[("requirepass", "right")]);
    let url = format!("redis://:wrong@127.0.0.1:{}", server.port());
    let error = RedisStore::open(RedisConfig::parse(&url).unwrap(), 1)
        .await
        .err()
        .unwrap();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(!error.to_string().contains("wrong@"), "{error}");
    let url = format!("redis://:right@127.0.0.1:{}", server.port());
    RedisStore::open(RedisConfig::parse(&url).unwrap(), 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_lose_writes_are_found() {
    let server = RedisServer::start(&[("appendonly", "no"), ("maxmemory-policy", "allkeys-lru")]);
    assert_eq!(open(&server).await.settings().warnings().len(), 2);
    let server = RedisServer::start(&DURABLE);
    let settings = open(&server).await.settings().clone();
    assert_eq!(settings.warnings(), Vec::<&str>::new());
    assert!(!settings.loses_a_second());
}

/// With an authority of its own, as private servers have.
#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_server_is_trusted_by_its_authority_only() {
    let directory = tempfile::TempDir::new().unwrap();
    let key = directory.path().join("key.pem");
    let certificate = directory.path().join("certificate.pem");
    let mut openssl = std::process::Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]);
    openssl.args(["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate);
    let made = openssl.output().expect("openssl: apt-get install openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let root = std::fs::read(&certificate).unwrap();
    let port = free_port().to_string();
    let _server = RedisServer::start_in(
        directory,
        &[
            ("tls-port", port.as_str()),
            ("tls-cert-file", certificate.to_str().unwrap()),
            ("tls-key-file", key.to_str().unwrap()),
            ("tls-auth-clients", "no"),
        ],
    );
    let mut config = RedisConfig::parse(&format!("rediss://127.0.0.1:{port}")).unwrap();
    let error = RedisStore::open(config.clone(), 1).await.err().unwrap();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    config.root_certificates = Some(root);
    let store = RedisStore::open(config.clone(), 1).await.unwrap();
    assert_eq!(commit(&store, write(number(1), None, 1, b"a")).await.unwrap(), [1]);
    config.root_certificates = Some(b"-----BEGIN CERTIFICATE-----\nx".to_vec());
    let error = RedisStore::open(config, 1).await.err().unwrap();
    assert!(matches!(error, StoreError::Refused { .. }), "{error}");
}

/// A node of a cluster refuses a script that touches keys of two slots.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_would_run_every_call() {
    let server = RedisServer::start(&[("cluster-enabled", "yes")]);
    server.command(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    let mut opened = None;
    timeout(LONG, async {
        while opened.is_none() {
            opened = RedisStore::open(RedisConfig::parse(&server.url()).unwrap(), 1)
                .await
                .ok();
        }
    })
    .await
    .expect("the cluster to be ready");
    let store = opened.unwrap();
    let commits = (0..2_000)
        .map(|index| write(number(index), None, index, b"a"))
        .collect();
    assert!(store.commit(commits).await.iter().all(Result::is_ok));
    let heads = store.heads().await.unwrap();
    assert!(heads.iter().all(|head| head.seq > 0));
    store.set_evidence_version(2).await.unwrap();
    let keys: Vec<_> = (0..2_000)
        .map(|index| Key::Record(RecordKey::number(number(index))))
        .collect();
    assert!(store.read(&keys).await.unwrap().iter().all(Option::is_some));
}

#[tokio::test(flavor = "multi_thread")]
async fn rings_are_heard_by_all_and_again_after_a_restart() {
    let mut server = RedisServer::start(&DURABLE);
    let writer = open(&server).await;
    let store = Arc::new(open(&server).await);
    let mut rings = store.rings();
    let listener = Arc::clone(&store);
    let task = tokio::spawn(async move { listener.run_rings().await });
    let heard = || async {
        timeout(LONG, async {
            while !store.hears_rings() {
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
        timeout(LONG, rings.recv()).await.unwrap().unwrap(),
        Ring { shard, seq: 1 }
    );

    server.kill();
    timeout(LONG, async {
        while store.hears_rings() {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the loss to be noticed");
    server.start_again();
    heard().await;
    commit(&writer, write(number(1), Some(1), 2, b"b")).await.unwrap();
    assert_eq!(
        timeout(LONG, rings.recv()).await.unwrap().unwrap(),
        Ring { shard, seq: 2 }
    );
    task.abort();
}

/// More than one chunk on the wire, more than one batch in the script, and more entries than are kept.
#[tokio::test(flavor = "multi_thread")]
async fn large_commits_are_whole() {
    let server = RedisServer::start(&[("appendonly", "no")]);
    let store = open(&server).await;
    let block = number(7);
    let in_block = |index: u64| E164::from_digits(block.digits() + index).unwrap();
    let shard = Shard::of_number(block);
    let mut large = write(block, None, 0, &[1; 200]);
    for index in 1..5_000 {
        let mut one = write(in_block(index), None, index, &[1; 200]);
        large.records.append(&mut one.records);
        large.buckets.append(&mut one.buckets);
    }
    let mut commits = vec![large];
    let others = (100..).map(number).filter(|number| Shard::of_number(*number) != shard);
    commits.extend(others.take(40).map(|number| write(number, None, 1, &[2; 300_000])));
    let answers = store.commit(commits).await;
    assert_eq!(answers[0].as_ref().unwrap(), &(1..=5_000).collect::<Vec<_>>());
    assert_eq!(
        answers.iter().filter(|answer| answer.is_ok()).count(),
        41,
        "{answers:?}"
    );

    let entries = store.entries(shard, 0, 10_000).await.unwrap();
    let sequences: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(sequences, (5_001 - LOG_ENTRIES_KEPT..=5_000).collect::<Vec<_>>());
    assert_eq!(store.heads().await.unwrap()[shard.index()].nonce, 4_999);

    let (mut seen, mut after) = (std::collections::HashSet::new(), None);
    loop {
        let page = store.scan(shard, Table::Numbers, after, 100).await.unwrap();
        seen.extend(page.items.into_iter().map(|(id, _)| id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 5_000);
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
        let page = store.scan(shard, Table::Numbers, after, 50).await.unwrap();
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
    println!("{rounds} kills, {acknowledged} commits acknowledged, {unknown} of unknown outcome");
    assert!(acknowledged > 100, "{acknowledged}");
    assert!(unknown > 0, "no kill met a commit under way");
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
        let key = Key::Record(RecordKey::number(number));
        if let Ok(mut stored) = store.read(&[key]).await {
            return stored.pop().unwrap().map(|stored| (stored.version, stored.bytes));
        }
        sleep(Duration::from_millis(5)).await;
    }
}
