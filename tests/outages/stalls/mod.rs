//! One valid request must not stall the rest: lookups and probes while other clients ask for much.
//!
//! The ignored test prints a table: `cargo test --test outages -- --ignored --nocapture stalls`. It measures the program of
//! `RINGWARDEN_STALLS_PROGRAM` if that is set, such as a release build, and else the one that was built with the test.
//! `RINGWARDEN_STALLS_SHARE` makes the store smaller: 0.1 for a tenth.

mod loads;
mod prober;

use std::path::PathBuf;
use std::time::Duration;

use crate::support::program::Program;
use loads::{LOADS, Scene};
use prober::{Prober, Seen};

/// How long the quiet server is measured.
const QUIET: Duration = Duration::from_secs(4);
/// How many times longer a lookup may take while others ask for much: the 99th percentile against that of quiet times.
const GOAL: f64 = 5.0;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, which takes minutes"]
async fn nothing_stalls() {
    let path = std::env::var_os("RINGWARDEN_STALLS_PROGRAM").map(PathBuf::from);
    let share: f64 = std::env::var("RINGWARDEN_STALLS_SHARE").map_or(1.0, |share| share.parse().unwrap());
    let path = path.unwrap_or_else(|| env!("CARGO_BIN_EXE_ringwarden").into());
    let limits = [
        "--reporter-daily-quota",
        "0",
        "--tenant-daily-quota",
        "0",
        "--write-timeout",
        "1m",
    ];
    let program = Program::serve_by(&path, "memory:", &limits).await;
    let scene = Scene::set(&program, share).await;
    eprintln!("{} numbers, {} cases", scene.numbers, scene.cases);
    eprintln!("| While | Lookups p50 | p99 | against quiet | Longest | Longest gap of /readyz |");
    eprintln!("|---|---|---|---|---|---|");
    let mut quiet = None;
    for (name, load) in LOADS {
        let prober = Prober::start(program.grpc(), program.http());
        load(&scene).await;
        let seen = prober.stop();
        let base = *quiet.get_or_insert(seen.p99());
        eprintln!("{}", row(name, &seen, base));
    }
}

fn row(name: &str, seen: &Seen, quiet: Duration) -> String {
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1_000.0);
    let times = seen.p99().as_secs_f64() / quiet.as_secs_f64();
    let mark = if times > GOAL { " (!)" } else { "" };
    format!(
        "| {name} | {} | {} | {times:.1}{mark} | {} | {} |",
        ms(seen.p50()),
        ms(seen.p99()),
        ms(seen.longest()),
        ms(seen.longest_gap)
    )
}
