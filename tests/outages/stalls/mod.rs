//! One valid request must not stall the rest: lookups and probes while other clients ask for much.
//!
//! The ignored test prints a table: `cargo test --test outages -- --ignored --nocapture stalls`. It measures the program of
//! `RINGWARDEN_STALLS_PROGRAM` if that is set, such as a release build, and else the one that was built with the test. The
//! longest poll also counts the time for which the system lets another thread run; the longest computing does not, and it is
//! what is asserted. `RINGWARDEN_STALLS_SHARE` makes the store smaller: 0.1 for a tenth.

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
/// The longest time for which a worker of lookups may compute without a pause.
const MOST_COMPUTED: Duration = Duration::from_millis(5);

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
    eprintln!(
        "| While | Lookups p50 | p99 | against quiet | Longest | Longest gap of /readyz | Longest poll | Longest computing |"
    );
    eprintln!("|---|---|---|---|---|---|---|---|");
    let (mut quiet, mut computed) = (None, Vec::new());
    for (name, load) in LOADS {
        longest_polls(&program).await; // what was before does not count
        let prober = Prober::start(program.grpc(), program.http());
        load(&scene).await;
        let seen = prober.stop();
        let base = *quiet.get_or_insert(seen.p99());
        let longest = longest_polls(&program).await;
        let text = |time: Option<Duration>| time.map_or_else(|| "-".to_owned(), ms);
        eprintln!(
            "{} {} | {} |",
            row(name, &seen, base),
            text(longest.took),
            text(longest.computed)
        );
        if share >= 1.0 {
            computed.extend(longest.computed.map(|computed| (*name, computed)));
        }
    }
    // A build without optimisation takes ten times as long for everything.
    if is_named {
        let long: Vec<_> = computed.iter().filter(|(_, time)| *time > MOST_COMPUTED).collect();
        assert!(long.is_empty(), "a worker of lookups did not pause: {long:?}");
    }
}

/// The longest polls of the workers of lookups since this was last asked; none where the program does not say it.
struct Longest {
    took: Option<Duration>,
    computed: Option<Duration>,
}

async fn longest_polls(program: &Program) -> Longest {
    let (_, figures) = program.get("/metrics").await;
    let value = |name: &str| {
        let mut lines = figures.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        Some(Duration::from_secs_f64(value.parse().unwrap()))
    };
    Longest {
        took: value("ringwarden_lookup_longest_poll_seconds"),
        computed: value("ringwarden_lookup_longest_computing_seconds"),
    }
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
