//! The cost of one more report on a number that many people have reported, on each store.
//!
//! Run with `cargo bench --bench reports`. It starts a Redis of its own. For each store it brings a number to 300, 3,000
//! and 30,000 reporters in batches, and prints at each size the median time and the CPU time of one more report: of a
//! new reporter, and of one that has reported the number before. The CPU time is that of this process and, on Redis,
//! that of the server. `RINGWARDEN_BENCH_REPORTERS=300,3000` sets other sizes.
#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a benchmark may fail loudly and measures time itself"
)]

#[path = "../tests/support/instance.rs"]
mod instance;
#[path = "../tests/support/redis_server.rs"]
mod redis_server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use instance::{Instance, evidence_version, noon, number, report_of};
use redis_server::RedisServer;
use ringwarden::clock::Clock;
use ringwarden::domain::ids::Area;
use ringwarden::domain::quota::Quotas;
use ringwarden::domain::time::Timestamp;
use ringwarden::service::{NewReport, ServiceSettings};
use ringwarden::store::Store;
use ringwarden::store::embedded::EmbeddedStore;
use ringwarden::store::memory::MemoryStore;
use ringwarden::store::redis::{RedisConfig, RedisStore};

/// Reports of which the median is taken.
const MEASURED: u64 = 100;
/// Reports of one batch while the number grows.
const BATCH: u64 = 1_000;
/// The pause after the number has grown, in which the stores finish their work in the background.
const SETTLES: Duration = Duration::from_secs(3);
/// Seconds from one call to the next.
const APART: u64 = 20;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!(
        "{:>8} {:>8} {:>9} {:>10} {:>8} {:>10} {:>8} {:>12}",
        "store", "reports", "reporter", "median us", "ratio", "CPU us", "ratio", "redis CPU us"
    );
    runtime.block_on(async {
        let memory = MemoryStore::new(evidence_version()).unwrap();
        measure("memory", Arc::new(memory), None).await;
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("store");
        let embedded = EmbeddedStore::open(&path, evidence_version()).await.unwrap();
        measure("embedded", Arc::new(embedded), None).await;
        let server = RedisServer::start(&[("appendonly", "yes"), ("appendfsync", "everysec")]);
        let config = RedisConfig::parse(&server.url()).unwrap();
        let redis = RedisStore::open(config, evidence_version()).await.unwrap();
        measure("redis", Arc::new(redis), Some(&server)).await;
    });
}

/// The number under test, and how many reporters it has.
struct Growing {
    instance: Instance,
    reporters: u64,
}

async fn measure(name: &str, store: Arc<dyn Store>, server: Option<&RedisServer>) {
    let settings = ServiceSettings {
        quotas: Quotas {
            reporter_daily: None,
            tenant_daily: None,
            ..ServiceSettings::default().quotas
        },
        write_timeout: Duration::from_secs(600),
        ..ServiceSettings::default()
    };
    let instance = Instance::unloaded_by(store, Clock::fixed(noon()), settings);
    instance.follower.bootstrap().await.unwrap();
    let mut growing = Growing { instance, reporters: 0 };
    let mut first: [Option<(f64, f64)>; 2] = [None; 2];
    for size in sizes() {
        growing.grow_to(size).await;
        tokio::time::sleep(SETTLES).await;
        for (known, first) in first.iter_mut().enumerate() {
            let (redis, cpu) = (server.map(redis_cpu_us), cpu_us());
            let mut times = Vec::new();
            for n in 0..MEASURED {
                let report = if known == 0 {
                    growing.next()
                } else {
                    growing.again(size, n)
                };
                let began = Instant::now();
                growing.instance.services.reports.submit(report).await.unwrap();
                times.push(began.elapsed());
            }
            times.sort_unstable();
            let median = times[times.len() / 2].as_secs_f64() * 1e6;
            let cpu = (cpu_us() - cpu) / MEASURED as f64;
            let redis = redis.zip(server.map(redis_cpu_us));
            let redis = redis.map_or(f64::NAN, |(before, after)| (after - before) / MEASURED as f64);
            let (least, least_cpu) = *first.get_or_insert((median, cpu));
            println!(
                "{name:>8} {size:>8} {:>9} {median:>10.0} {:>8.2} {cpu:>10.0} {:>8.2} {redis:>12.0}",
                if known == 0 { "new" } else { "known" },
                median / least,
                cpu / least_cpu,
            );
        }
    }
}

impl Growing {
    async fn grow_to(&mut self, size: u64) {
        while self.reporters < size {
            let batch: Vec<_> = (0..BATCH.min(size - self.reporters)).map(|_| Ok(self.next())).collect();
            for outcome in self.instance.services.reports.submit_all(batch).await {
                outcome.unwrap();
            }
        }
    }

    /// A report of a new reporter.
    fn next(&mut self) -> NewReport {
        self.reporters += 1;
        said(self.reporters, &format!("r{}", self.reporters), self.reporters)
    }

    /// A later report of a reporter who has reported the number.
    fn again(&self, size: u64, n: u64) -> NewReport {
        let id = format!("again-{size}-{n}");
        said(1 + n * 7_919 % size, &id, self.reporters + n)
    }
}

fn said(reporter: u64, id: &str, moment: u64) -> NewReport {
    let moment = i64::try_from(moment * APART).unwrap();
    let at = Timestamp::from_secs(noon().millis() / 1_000 - 900_000 + moment);
    NewReport {
        area: Some(Area::parse(&(200 + reporter % 700).to_string()).unwrap()),
        ..report_of(&format!("reporter {reporter}"), &number(7).to_string(), id, at)
    }
}

fn sizes() -> Vec<u64> {
    let text = std::env::var("RINGWARDEN_BENCH_REPORTERS").unwrap_or_else(|_| "300,3000,30000".to_owned());
    text.split(',').map(|size| size.trim().parse().unwrap()).collect()
}

/// The CPU time of all threads of this process.
fn cpu_us() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let of_task = |path: std::path::PathBuf| std::fs::read_to_string(path.join("schedstat")).ok();
    let nanos = tasks.filter_map(|task| of_task(task.ok()?.path()));
    nanos
        .filter_map(|text| text.split_whitespace().next()?.parse::<f64>().ok())
        .sum::<f64>()
        / 1e3
}

fn redis_cpu_us(server: &RedisServer) -> f64 {
    let info: String = redis::from_redis_value(server.command(&["INFO", "cpu"])).unwrap();
    let fields = info.lines().filter_map(|line| line.split_once(':'));
    let used = fields.filter(|(name, _)| matches!(*name, "used_cpu_sys" | "used_cpu_user"));
    used.map(|(_, value)| value.trim().parse::<f64>().unwrap()).sum::<f64>() * 1e6
}
