//! The store in Redis: its id, the settings it refuses, and what it requires from its server.

use crate::support::redis_commits::{DURABLE, LONG, commit, number, open, state, store_error, write};
use crate::support::redis_server::{RedisServer, free_port};
use ringwarden::domain::state::NumberState;
use ringwarden::domain::tenant::TenantId;
use ringwarden::number::E164;
use ringwarden::store::redis::{RedisConfig, RedisStore};
use ringwarden::store::{
    LOG_ENTRIES_KEPT, Meta, RecordKey, RecordKind, ScanTable, Shard, Store as _, StoreError, StoredKey,
};
use tokio::time::timeout;

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
async fn concurrent_opens_agree() {
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
    server.command(&["HSET", "rw:{s0}:head", "store", &meta.name()]);
    let store = RedisStore::open(RedisConfig::parse(&server.url()).unwrap(), 7)
        .await
        .unwrap();
    assert_eq!(store.meta(), &Meta { ready: true, ..meta });
    assert_eq!(store.evidence_version().await.unwrap(), 5);
    assert_eq!(store.heads().await.unwrap().len(), 256);
}

/// An identity as the last release of format 1 wrote it: format, id 7, secret, evidence version 3, ready. Frozen.
fn identity_of_format_1() -> Vec<u8> {
    [&b"\x01\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"[..], &[9; 32], b"\x03\x01"].concat()
}

/// The head and the log of shard 200, as releases of format 1 wrote them.
fn write_shard_of_format_1(server: &RedisServer) {
    let id = "00000000000000000000000000000007";
    let head = ["HSET", "rw:{s200}:default:head", "store", id, "seq", "1", "nonce", "9"];
    server.command(&head);
    server.command(&["XADD", "rw:{s200}:default:log", "1-0", "e", "an entry"]);
}

/// The key of the identity is the same in both formats.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_the_format_before_is_refused_with_what_to_do() {
    let server = RedisServer::start(&DURABLE);
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let set = redis::cmd("SET")
        .arg("rw:{meta}:default:meta")
        .arg(identity_of_format_1())
        .exec(&mut connection);
    set.unwrap();
    write_shard_of_format_1(&server);
    let opened = RedisStore::open(RedisConfig::parse(&server.url()).unwrap(), 1).await;
    let error = opened.err().unwrap();
    assert!(matches!(error, StoreError::OtherFormat { found: 1 }), "{error}");
    assert!(error.to_string().contains("start with an empty store"), "{error}");
    assert_eq!(server.command(&["DBSIZE"]), redis::Value::Int(3), "nothing was written");
    let identity = server.command(&["GET", "rw:{meta}:default:meta"]);
    assert_eq!(identity, redis::Value::BulkString(identity_of_format_1()));
}

/// The heads and logs of format 1 have other keys than those of today. No store may be made beside them.
#[tokio::test(flavor = "multi_thread")]
async fn shards_of_the_format_before_without_an_identity_are_not_adopted() {
    for lost in [None, Some("rw:{s200}:default:head"), Some("rw:{s200}:default:log")] {
        let server = RedisServer::start(&[("appendonly", "no")]);
        write_shard_of_format_1(&server);
        if let Some(lost) = lost {
            server.command(&["DEL", lost]);
        }
        let size = server.command(&["DBSIZE"]);
        let opened = RedisStore::open(RedisConfig::parse(&server.url()).unwrap(), 1).await;
        let error = opened.err().unwrap();
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
        assert_eq!(server.command(&["DBSIZE"]), size, "nothing was written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_head_is_noticed() {
    let server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    let lost = Shard::of_number(number(1));
    server.command(&["DEL", &format!("rw:{{s{lost}}}:head")]);
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
    assert!(matches!(error, StoreError::WritesRefused { .. }), "{error}");
    for answer in store
        .commit((1..4).map(|index| write(number(index), None, 1, b"a")).collect())
        .await
    {
        let error = store_error(answer);
        assert!(matches!(error, StoreError::WritesRefused { .. }), "{error}");
    }
    server.command(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(store.heads().await.unwrap().iter().map(|head| head.seq).sum::<u64>(), 0);
    assert_eq!(commit(&store, write(number(1), None, 1, b"a")).await.unwrap(), [1]);
}

/// Redis has no rollback, so the script checks everything that could fail before it writes.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_cannot_be_finished_is_not_begun() {
    let server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    let shard = Shard::of_number(number(1));
    let key = |part: &str| format!("rw:{{s{shard}}}:default:{part}");
    let untouched = || {
        assert_eq!(server.command(&["EXISTS", &key("number")]), redis::Value::Int(0));
        assert_eq!(
            server.command(&["XLEN", &format!("rw:{{s{shard}}}:log")]),
            redis::Value::Int(0)
        );
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
    assert!(matches!(error, StoreError::WritesRefused { .. }), "{error}");
    untouched();

    server.command(&["ACL", "SETUSER", "narrow", "+hdel", "-publish"]);
    assert_eq!(commit(&narrow, write(number(1), None, 1, b"a")).await.unwrap(), [1]);
}

/// A sweep asks by a script. It is loaded again where it is lost, and not needed where the user may not run it.
#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_needs_no_script_that_is_there() {
    let server = RedisServer::start(&DURABLE);
    open(&server).await;
    server.command(&["ACL", "SETUSER", "narrow", "on", ">pw", "~rw:*", "&rw:*", "+@all"]);
    let url = format!("redis://narrow:pw@127.0.0.1:{}", server.port());
    let store = RedisStore::open(RedisConfig::parse(&url).unwrap(), 1).await.unwrap();
    commit(&store, write(number(1), None, 1, b"a")).await.unwrap();
    let heads = store.heads().await.unwrap();
    let moved = Shard::of_number(number(1));
    let expected = [(moved, heads[moved.index()])];
    assert_eq!(expected[0].1.seq, 1);
    server.command(&["SCRIPT", "FLUSH"]);
    let sweep = store.sweep(&[]).await.unwrap();
    assert_eq!(sweep.changed, expected);
    sweep.writes.unwrap();

    server.command(&["ACL", "SETUSER", "narrow", "-evalsha"]);
    let sweep = store.sweep(&[]).await.unwrap();
    let told: Vec<_> = sweep.changed.into_iter().filter(|(_, head)| head.seq > 0).collect();
    assert_eq!(told, expected);
    assert!(matches!(sweep.writes, Err(StoreError::WritesRefused { .. })));
    assert_eq!(store.heads().await.unwrap(), heads);
}

/// A server that pauses writes answers the question for the heads all the same, so that lookups stay fresh.
#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_of_a_server_that_pauses_writes_tells_the_heads() {
    let server = RedisServer::start(&DURABLE);
    let store = open(&server).await;
    commit(&store, write(number(1), None, 1, b"a")).await.unwrap();
    server.command(&["CLIENT", "PAUSE", "60000", "WRITE"]);
    for _ in 0..2 {
        let sweep = store.sweep(&[]).await.unwrap();
        assert_eq!(sweep.changed.len(), 1);
        let writes = sweep.writes.unwrap_err();
        assert!(matches!(writes, StoreError::Unavailable { .. }), "{writes}");
    }
    server.command(&["CLIENT", "UNPAUSE"]);
    store.sweep(&[]).await.unwrap().writes.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_unavailable_and_not_shown() {
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
        .map(|index| StoredKey::Record(RecordKey::of::<NumberState>(TenantId::DEFAULT, &number(index))))
        .collect();
    assert!(store.read(&keys).await.unwrap().iter().all(Option::is_some));
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
        let page = store
            .scan(
                shard,
                TenantId::DEFAULT,
                ScanTable::Records(RecordKind::Number),
                after,
                100,
            )
            .await
            .unwrap();
        seen.extend(page.items.into_iter().map(|(id, _)| id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 5_000);
}
