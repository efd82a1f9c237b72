//! The delay until a write reaches another instance on the same Redis, and the cost of a write in Redis.
//!
//! Run with `cargo bench --bench replication`. It starts a Redis of its own. For 0, 1 and 4 following instances it
//! prints the delay from the acknowledgement of a report to the moment at which another instance's index shows it, and
//! the CPU time of Redis for one report, idle sweeps taken off.
#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::ignore_without_reason,
    clippy::wildcard_enum_match_arm,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "a benchmark may fail loudly and measures time itself"
)]

#[path = "../tests/support/instance.rs"]
mod instance;
#[path = "../tests/support/redis_server.rs"]
mod redis_server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use instance::{Instance, evidence_version, noon, number, report};
use redis_server::RedisServer;
use ringwarden::clock::Clock;
use ringwarden::store::Store;
use ringwarden::store::redis::{RedisConfig, RedisStore};

/// Reports whose delay is measured.
const DELAYS: u64 = 400;
/// Reports over which Redis's CPU time is taken.
const WRITES: u64 = 4_000;
/// The longest that a report is waited for.
const GIVE_UP: Duration = Duration::from_secs(10);

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!(
        "{:>9} {:>12} {:>12} {:>12} {:>22}",
        "followers", "median ms", "p99 ms", "max ms", "redis CPU us a report"
    );
    for followers in [0, 1, 4] {
        let server = RedisServer::start(&[("appendonly", "yes"), ("appendfsync", "everysec")]);
        runtime.block_on(measure(&server, followers));
    }
}

async fn measure(server: &RedisServer, followers: usize) {
    let writer = running(server).await;
    let mut others = Vec::new();
    for _ in 0..followers {
        others.push(running(server).await);
    }
    let mut delays = Vec::new();
    for n in 0..DELAYS {
        if let Some(other) = others.get(usize::try_from(n).unwrap() % followers.max(1)) {
            delays.push(delay(&writer, other, n).await);
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    delays.sort_unstable();
    let at = |share: f64| {
        delays
            .get((delays.len() as f64 * share) as usize)
            .or(delays.last())
            .map_or(f64::NAN, |d| d.as_secs_f64() * 1e3)
    };
    let cpu_us = cpu_us_a_report(server, &writer).await;
    println!(
        "{followers:>9} {:>12.2} {:>12.2} {:>12.2} {cpu_us:>22.1}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

/// The delay from the acknowledgement of a report until another instance shows it.
async fn delay(writer: &Instance, other: &Instance, n: u64) -> Duration {
    let target = number(n * 17 % 10_000);
    let before = other.count(&target.to_string());
    writer
        .services
        .reports
        .submit(report(&target.to_string(), &format!("d{n}"), noon()))
        .await
        .unwrap();
    let acknowledged = Instant::now();
    while other.count(&target.to_string()) == before {
        assert!(acknowledged.elapsed() < GIVE_UP, "the report did not arrive");
        tokio::time::sleep(Duration::from_micros(50)).await;
    }
    acknowledged.elapsed()
}

/// Redis's CPU time for one report: over many reports one at a time, less what the same span costs while idle.
async fn cpu_us_a_report(server: &RedisServer, writer: &Instance) -> f64 {
    let (began, cpu) = (Instant::now(), cpu_seconds(server));
    for n in 0..WRITES {
        let target = number(n * 31 % 10_000);
        writer
            .services
            .reports
            .submit(report(&target.to_string(), &format!("c{n}"), noon()))
            .await
            .unwrap();
    }
    let (span, busy) = (began.elapsed(), cpu_seconds(server) - cpu);
    let idle_from = cpu_seconds(server);
    tokio::time::sleep(span).await;
    let idle = cpu_seconds(server) - idle_from;
    (busy - idle) / WRITES as f64 * 1e6
}

fn cpu_seconds(server: &RedisServer) -> f64 {
    let redis::Value::VerbatimString { text, .. } = server.command(&["INFO", "cpu"]) else {
        return cpu_of(&redis::from_redis_value::<String>(server.command(&["INFO", "cpu"])).unwrap());
    };
    cpu_of(&text)
}

fn cpu_of(info: &str) -> f64 {
    info.lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| matches!(*name, "used_cpu_sys" | "used_cpu_user"))
        .map(|(_, value)| value.trim().parse::<f64>().unwrap())
        .sum()
}

/// An instance that follows.
async fn running(server: &RedisServer) -> Instance {
    let config = RedisConfig::parse(&server.url()).unwrap();
    let store = Arc::new(RedisStore::open(config, evidence_version()).await.unwrap());
    let listener = Arc::clone(&store);
    tokio::spawn(async move { listener.run_notifications().await });
    let shared: Arc<dyn Store> = store;
    let instance = Instance::over(shared, Clock::fixed(noon())).await;
    let follower = Arc::clone(&instance.follower);
    tokio::spawn(async move { follower.run().await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    instance
}
