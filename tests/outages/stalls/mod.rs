//! One valid request must not stall the rest: lookups and probes while other clients ask for much.
//!
//! The ignored test prints a table: `cargo test --test outages -- --ignored --nocapture stalls`. It measures the program of
//! `RINGWARDEN_STALLS_PROGRAM` if that is set, such as a release build, and else the one that was built with the test.
//! On a machine that does other work, the longest poll also counts the time for which the system lets another process run.
//! `RINGWARDEN_STALLS_SHARE` makes the store smaller: 0.1 for a tenth.

mod loads;
pub(crate) mod prober;

use std::path::PathBuf;
use std::time::Duration;

use crate::support::program::Program;
use loads::{LOADS, Scene};
use prober::{Prober, Seen};

/// How long the quiet server is measured.
const QUIET: Duration = Duration::from_secs(4);
/// How many times longer a lookup may take while others ask for much: the 99th percentile against that of quiet times.
const GOAL: f64 = 5.0;
/// The longest time for which a worker of lookups may do one thing.
const LONGEST_POLL: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, which takes minutes"]
async fn nothing_stalls() {
    let path = std::env::var_os("RINGWARDEN_STALLS_PROGRAM").map(PathBuf::from);
    let share: f64 = std::env::var("RINGWARDEN_STALLS_SHARE").map_or(1.0, |share| share.parse().unwrap());
    let is_named = path.is_some();
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
    eprintln!("| While | Lookups p50 | p99 | against quiet | Longest | Longest gap of /readyz | Longest poll |");
    eprintln!("|---|---|---|---|---|---|---|");
    let (mut quiet, mut polls) = (None, Vec::new());
    for (name, load) in LOADS {
        longest_poll(&program).await; // what was before does not count
        let prober = Prober::start(program.grpc(), program.http());
        load(&scene).await;
        let seen = prober.stop();
        let base = *quiet.get_or_insert(seen.p99());
        let poll = longest_poll(&program).await;
        eprintln!(
            "{} {} |",
            row(name, &seen, base),
            poll.map_or_else(|| "-".to_owned(), ms)
        );
        if share >= 1.0 {
            polls.extend(poll.map(|poll| (*name, poll)));
        }
    }
    // A build without optimisation takes ten times as long for everything.
    if is_named {
        let long: Vec<_> = polls.iter().filter(|(_, poll)| *poll > LONGEST_POLL).collect();
        assert!(long.is_empty(), "a worker of lookups did not pause: {long:?}");
    }
}

/// The longest poll of the workers of lookups since this was last asked; none if the program does not say it.
async fn longest_poll(program: &Program) -> Option<Duration> {
    let (_, figures) = program.get("/metrics").await;
    let mut lines = figures.lines();
    let value = lines.find_map(|line| line.strip_prefix("ringwarden_lookup_longest_poll_seconds "))?;
    Some(Duration::from_secs_f64(value.parse().unwrap()))
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

fn row(name: &str, seen: &Seen, quiet: Duration) -> String {
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
