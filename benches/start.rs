//! A start on an empty store: its time, its memory, and the delay of the first lookup.
//!
//! Run with `cargo bench --bench start`. It starts the program itself, several times over each store that needs no other
//! server, on ports of its own, and looks numbers of the whole world up over one gRPC connection on which health has
//! been asked before the first of them. Then it starts the program again and sends the first request on each of several
//! connections of one edge, and many more on the last of them; so too with the program whose path is in
//! `RINGWARDEN_BENCH_RIVAL`. Times to readiness are seen in steps of 10 ms. It never fails: it says which goal is met.
#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a benchmark may fail loudly, measures time itself, and prints what it found"
)]

#[path = "start/connections.rs"]
mod connections;
#[path = "normalize/inputs.rs"]
mod inputs;
#[path = "../tests/support/program.rs"]
mod program;
#[path = "../tests/support/redis_server.rs"]
mod redis_server; // for its free ports

use std::path::PathBuf;
use std::time::Instant;

use program::Program;
use ringwarden::wire::v1::LookupRequest;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use tempfile::TempDir;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// Starts of each store that count; one more before them warms the client and the disk up.
const STARTS: usize = 7;
/// Lookups of one start, over all numbers again and again.
const LOOKUPS: usize = 3_000;
/// The lookup from which the server counts as warm.
const WARM: usize = 1_000;

/// Names a program to compare with, such as one built from an earlier commit.
const RIVAL: &str = "RINGWARDEN_BENCH_RIVAL";

/// Goals: milliseconds to readiness, and megabytes of resident memory.
const READY_MS: f64 = 300.0;
const RESIDENT_MB: f64 = 60.0;

/// The results of one start.
struct Start {
    ready_ms: f64,
    ready_mb: f64,
    first_us: f64,
    /// The middle and the worst of the first numbers of every region.
    world_us: f64,
    worst_us: f64,
    warm_us: f64,
    warm_mb: f64,
}

#[tokio::main]
async fn main() {
    let numbers: Vec<String> = inputs::sets()[0]
        .inputs
        .iter()
        .map(|input| input.e164.clone())
        .collect();
    println!(
        "{STARTS} starts of each store, medians; {} numbers of the world",
        numbers.len()
    );
    for store in ["embedded", "memory"] {
        let mut starts = Vec::new();
        for _ in 0..=STARTS {
            starts.push(start(store, &numbers).await);
        }
        starts.remove(0);
        print(store, &starts);
    }
    let this = PathBuf::from(env!("CARGO_BIN_EXE_ringwarden"));
    let rival = std::env::var_os(RIVAL).map(PathBuf::from);
    for path in std::iter::once(this).chain(rival) {
        for edge in connections::EDGES {
            connections::measure(edge, STARTS, &path).await;
        }
    }
}

async fn start(store: &str, numbers: &[String]) -> Start {
    let place = TempDir::new().unwrap();
    let url = match store {
        "memory" => "memory:".to_owned(),
        _ => format!("embedded:{}", place.path().join("store").display()),
    };
    let began = Instant::now();
    let program = Program::serve(&url).await;
    let ready_ms = began.elapsed().as_secs_f64() * 1e3;
    let ready_mb = resident_mb(program.id());
    let channel = program.connect().await;
    let mut health = HealthClient::new(channel.clone());
    health.check(HealthCheckRequest::default()).await.unwrap();
    let mut lookups = LookupServiceClient::new(channel);
    let mut times = Vec::new();
    for number in numbers.iter().cycle().take(LOOKUPS) {
        times.push(timed_us(&mut lookups, number).await);
    }
    let world = &times[1..numbers.len()];
    Start {
        ready_ms,
        ready_mb,
        first_us: times[0],
        world_us: median(world.iter().copied()),
        worst_us: world.iter().copied().fold(0.0, f64::max),
        warm_us: median(times[WARM..].iter().copied()),
        warm_mb: resident_mb(program.id()),
    }
}

async fn timed_us(lookups: &mut LookupServiceClient<Channel>, number: &str) -> f64 {
    let request = LookupRequest {
        number: number.to_owned(),
        ..LookupRequest::default()
    };
    let began = Instant::now();
    lookups.lookup(request).await.unwrap();
    began.elapsed().as_secs_f64() * 1e6
}

fn print(store: &str, starts: &[Start]) {
    let of = |what: fn(&Start) -> f64| median(starts.iter().map(what));
    let (ready, resident, warm) = (of(|one| one.ready_ms), of(|one| one.warm_mb), of(|one| one.warm_us));
    println!("{store}");
    println!(
        "  ready               {ready:>8.0} ms  goal {READY_MS} ms: {}",
        verdict(ready < READY_MS)
    );
    println!("  resident when ready {:>8.1} MB", of(|one| one.ready_mb));
    println!(
        "  after {LOOKUPS} lookups  {resident:>8.1} MB  goal {RESIDENT_MB} MB: {}",
        verdict(resident < RESIDENT_MB)
    );
    for (what, time) in [
        ("first lookup", of(|one| one.first_us)),
        ("first of a number", of(|one| one.world_us)),
        ("the worst of these", of(|one| one.worst_us)),
        ("warm lookup", warm),
    ] {
        println!("  {what:<19} {time:>8.0} us  {:>5.1} x", time / warm);
    }
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

fn resident_mb(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1_024.0 / 1e6
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
