//! Commits to the store in Redis, and reads of what it holds.

use std::time::Duration;

use bytes::Bytes;
use ringwarden::codec::entry::{EntryHeader, EntryState, encode_header};
use ringwarden::domain::actor::Actor;
use ringwarden::domain::state::NumberState;
use ringwarden::domain::tenant::TenantId;
use ringwarden::domain::time::Timestamp;
use ringwarden::number::E164;
use ringwarden::store::redis::{RedisConfig, RedisStore};
use ringwarden::store::{
    BucketKey, BucketWrite, CommitError, RecordKey, RecordKind, RecordWrite, ShardCommit, Store as _, StoreError,
    StoredKey, Version,
};
use tokio::time::{sleep, timeout};

use super::redis_server::RedisServer;

pub const DURABLE: [(&str, &str); 2] = [("appendonly", "yes"), ("appendfsync", "always")];

/// More than any wait in these tests should take.
pub const LONG: Duration = Duration::from_secs(20);

pub async fn open(server: &RedisServer) -> RedisStore {
    RedisStore::open(RedisConfig::parse(&server.url()).unwrap(), 1)
        .await
        .unwrap()
}

/// Different numbers, in blocks of their own, so that they spread over the shards.
pub fn number(index: u64) -> E164 {
    E164::from_digits(12_000_000_000 + index * 10_000).unwrap()
}

pub fn write(number: E164, expected: Option<Version>, nonce: u64, state: &[u8]) -> ShardCommit {
    let key = RecordKey::of::<NumberState>(TenantId::DEFAULT, &number);
    let header = EntryHeader {
        nonce,
        tenant: key.tenant(),
        kind: RecordKind::Number,
        id: key.id().clone(),
        state: EntryState::Follows,
        at: Timestamp::from_secs(1),
        actor: Actor::parse("test").unwrap(),
        request: "".into(),

        reason: "".into(),
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
            key: BucketKey {
                tenant: TenantId::DEFAULT,
                number,
                bucket: 0,
            },
            bytes: Some(Bytes::from_static(b"rows")),
        }],
        side_records: vec![],
        events: vec![],
    }
}

pub async fn commit(store: &RedisStore, commit: ShardCommit) -> Result<Vec<Version>, CommitError> {
    store.commit(vec![commit]).await.pop().unwrap()
}

pub fn store_error(result: Result<Vec<Version>, CommitError>) -> StoreError {
    match result {
        Err(CommitError::Store(error)) => error,
        other => panic!("{other:?}"),
    }
}

pub async fn state(store: &RedisStore, number: E164) -> Option<(Version, Bytes)> {
    let key = StoredKey::Record(RecordKey::of::<NumberState>(TenantId::DEFAULT, &number));
    let stored = store.read(&[key]).await.unwrap().pop().unwrap();
    stored.map(|stored| (stored.version, stored.bytes))
}

/// Tries until the store answers again.
pub async fn healed(store: &RedisStore) {
    timeout(LONG, async {
        while store.heads().await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the store to answer again");
}
