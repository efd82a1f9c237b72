//! The time until a change is answered while Redis is there, hangs, is gone, and is back; and the time that other
//! instances need to be whole again.
//!
//! Run with `cargo bench --bench outage`. It starts a Redis of its own, and sends reports one after the other for some
//! seconds in each state. It prints the median and the longest time until the answer, the share that was acknowledged, and
//! the time of a lookup beside them. A change is promised an answer within `--write-timeout` (2 s by default): the last
//! column is the longest answer as a share of that. After the outage it prints how long another instance needs until it
//! shows a new report. It never fails.
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
use ringwarden::service::ServiceSettings;
use ringwarden::store::Store;
use ringwarden::store::redis::{RedisConfig, RedisStore};

/// The length of each state.
const SPAN: Duration = Duration::from_secs(12);
/// The pause between two reports.
const PAUSE: Duration = Duration::from_millis(20);
/// The longest wait for a whole service.
const GIVE_UP: Duration = Duration::from_secs(60);

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!(
        "{:<8} {:>8} {:>13} {:>10} {:>10} {:>17} {:>15}",
        "redis", "reports", "acknowledged", "median ms", "longest ms", "median lookup us", "of the promise"
    );
    runtime.block_on(measure());
}

async fn measure() {
    let mut server = RedisServer::start(&[("appendonly", "yes"), ("appendfsync", "always")]);
    let (writer, other) = (running(&server).await, running(&server).await);
    let mut sent = 0;
    state("there", &writer, &mut sent).await;
    server.pause();
    state("hangs", &writer, &mut sent).await;
    server.resume();
    healed("it hung", &writer, &other, &mut sent).await;
    server.kill();
    state("is gone", &writer, &mut sent).await;
    server.start_again();
    healed("it was gone", &writer, &other, &mut sent).await;
    state("is back", &writer, &mut sent).await;
}

/// Sends reports for the span, and prints a line.
async fn state(name: &str, writer: &Instance, sent: &mut u64) {
    let (mut answers, mut lookups, mut acknowledged) = (Vec::new(), Vec::new(), 0_u32);
    let began = Instant::now();
    while began.elapsed() < SPAN {
        let asked = Instant::now();
        acknowledged += u32::from(submit(writer, sent).await);
        answers.push(asked.elapsed());
        let asked = Instant::now();
        let _ = writer.look_up(&number(*sent % 1_000).to_string());
        lookups.push(asked.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    answers.sort_unstable();
    lookups.sort_unstable();
    let longest = *answers.last().unwrap();
    println!(
        "{name:<8} {:>8} {:>12.0}% {:>10.1} {:>10.1} {:>17.1} {:>14.2}x",
        answers.len(),
        f64::from(acknowledged) * 100.0 / answers.len() as f64,
        millis(answers[answers.len() / 2]),
        millis(longest),
        lookups[lookups.len() / 2].as_secs_f64() * 1e6,
        longest.as_secs_f64() / ServiceSettings::default().write_timeout.as_secs_f64(),
    );
}

/// Prints the time until a report is acknowledged again, and until another instance shows it.
async fn healed(after: &str, writer: &Instance, other: &Instance, sent: &mut u64) {
    let began = Instant::now();
    while !submit(writer, sent).await {
        assert!(began.elapsed() < GIVE_UP, "no change is acknowledged after the outage");
        tokio::time::sleep(PAUSE).await;
    }
    let acknowledged = began.elapsed();
    let shown = number(*sent).to_string();
    while other.count(&shown) == 0 {
        assert!(began.elapsed() < GIVE_UP, "the report did not arrive");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!(
        "after {after}: a change is acknowledged in {:.0} ms, and another instance shows it {:.0} ms later",
        millis(acknowledged),
        millis(began.elapsed().checked_sub(acknowledged).unwrap()),
    );
}

/// Whether a report on a new number was acknowledged.
async fn submit(writer: &Instance, sent: &mut u64) -> bool {
    *sent += 1;
    let target = number(*sent).to_string();
    let report = report(&target, &format!("r{sent}"), noon());
    writer.services.reports.submit(report).await.is_ok()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
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
