//! The cost of commits in Redis: calls of 5,000 records over all shards, as a batch of reports makes them. Not a
//! statistic, but a table for the sizing of a server: throughput, its CPU time, and memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a bench may fail loudly, and prints what it found"
)]

#[path = "../tests/support/redis_server.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod redis_server;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use redis_server::RedisServer;
use ringwarden::domain::state::NumberState;
use ringwarden::domain::tenant::TenantId;
use ringwarden::number::E164;
use ringwarden::store::redis::{RedisConfig, RedisStore};
use ringwarden::store::{
    BucketKey, BucketWrite, RecordKey, RecordWrite, SHARDS, Shard, ShardCommit, Store as _, Version,
};
use tokio::time::Instant;

/// Records of one call.
const RECORDS: u64 = 5_000;
/// Calls that write new numbers, and then as many that write them again.
const CALLS: u64 = 20;
const STATE_BYTES: usize = 150;
const HEADER_BYTES: usize = 60;

#[tokio::main]
async fn main() {
    println!("{RECORDS} records a call over {SHARDS} shards, {CALLS} calls each");
    for appendfsync in ["everysec", "always"] {
        for buckets in [false, true] {
            measure(appendfsync, buckets).await;
        }
    }
    single("everysec").await;
    single("always").await;
}

async fn measure(appendfsync: &str, buckets: bool) {
    let server = RedisServer::start(&[("appendonly", "yes"), ("appendfsync", appendfsync)]);
    let store = open(&server).await;
    let mut versions = BTreeMap::new();
    let empty = info(&server, "used_memory:");
    for what in ["new", "again"] {
        let cpu_before = cpu_seconds(&server);
        let (mut longest, mut total) = (Duration::ZERO, Duration::ZERO);
        for call in 0..CALLS {
            let commits = commits(call, &versions, buckets);
            let shards: Vec<_> = commits.iter().map(numbers_of).collect();
            let began = Instant::now();
            let answers = store.commit(commits).await;
            longest = longest.max(began.elapsed());
            total += began.elapsed();
            for (numbers, answer) in shards.into_iter().zip(answers) {
                versions.extend(numbers.into_iter().zip(answer.unwrap()));
            }
        }
        let records = (RECORDS * CALLS) as f64;
        let cpu = (cpu_seconds(&server) - cpu_before) * 1e6 / records;
        let memory = (info(&server, "used_memory:") - empty) / (RECORDS * CALLS) as f64;
        println!(
            "{appendfsync:9} {what:5} buckets {buckets:5}  {:7.0} records/s  {:4.0} ms a call, {:4} ms the longest  \
             {cpu:5.1} us of redis a record  {memory:5.0} bytes a number",
            records / total.as_secs_f64(),
            total.as_secs_f64() * 1e3 / CALLS as f64,
            longest.as_millis(),
        );
    }
    let began = Instant::now();
    for _ in 0..100 {
        store.heads().await.unwrap();
    }
    println!("{:20} all heads in {:.2} ms", "", began.elapsed().as_secs_f64() * 10.0);
}

/// One record a call, one call after the other: the delay of a single report.
async fn single(appendfsync: &str) {
    let server = RedisServer::start(&[("appendonly", "yes"), ("appendfsync", appendfsync)]);
    let store = open(&server).await;
    let (calls, cpu_before, began) = (2_000, cpu_seconds(&server), Instant::now());
    for call in 0..calls {
        let commit = ShardCommit {
            shard: Shard::of_number(number(call)),
            records: vec![record(number(call), None)],
            ..ShardCommit::empty(Shard::of_number(number(call)))
        };
        store.commit(vec![commit]).await[0].as_ref().unwrap();
    }
    println!(
        "{appendfsync:9} one record a call  {:.2} ms a call  {:.1} us of redis a record",
        began.elapsed().as_secs_f64() * 1e3 / calls as f64,
        (cpu_seconds(&server) - cpu_before) * 1e6 / calls as f64
    );
}

async fn open(server: &RedisServer) -> RedisStore {
    let mut config = RedisConfig::parse(&server.url()).unwrap();
    config.commit_timeout = Duration::from_secs(60);
    RedisStore::open(config, 1).await.unwrap()
}

fn number(index: u64) -> E164 {
    E164::from_digits(12_000_000_000 + index * 7_919).unwrap()
}

fn commits(call: u64, versions: &BTreeMap<E164, Version>, buckets: bool) -> Vec<ShardCommit> {
    let mut shards: BTreeMap<Shard, ShardCommit> = BTreeMap::new();
    for index in call * RECORDS..(call + 1) * RECORDS {
        let number = number(index);
        let shard = Shard::of_number(number);
        let commit = shards.entry(shard).or_insert_with(|| ShardCommit::empty(shard));
        commit.records.push(record(number, versions.get(&number).copied()));
        if buckets {
            let size = 80 + usize::try_from(index * 31 % 2_420).unwrap();
            commit.buckets.push(BucketWrite {
                key: BucketKey {
                    tenant: TenantId::DEFAULT,
                    number,
                    bucket: 0,
                },
                bytes: Some(Bytes::from(vec![7; size])),
            });
        }
    }
    shards.into_values().collect()
}

fn record(number: E164, expected: Option<Version>) -> RecordWrite {
    RecordWrite {
        key: RecordKey::of::<NumberState>(TenantId::DEFAULT, &number),
        expected,
        header: Bytes::from(vec![3; HEADER_BYTES]),
        state: Some(Bytes::from(vec![5; STATE_BYTES])),
    }
}

fn numbers_of(commit: &ShardCommit) -> Vec<E164> {
    let ids = commit.records.iter().map(|write| write.key.id());
    ids.map(|id| ringwarden::store::key::number_of_id(id).unwrap())
        .collect()
}

fn cpu_seconds(server: &RedisServer) -> f64 {
    info(server, "used_cpu_user:") + info(server, "used_cpu_sys:")
}

fn info(server: &RedisServer, field: &str) -> f64 {
    let text: String = redis::from_redis_value(server.command(&["INFO", "everything"])).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.parse().unwrap()
}
