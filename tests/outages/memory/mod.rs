//! What a server holds of requests that nobody finishes and of answers that nobody reads: the resident memory over that of the
//! quiet server, and lookups meanwhile.
//!
//! The ignored test prints a table: `cargo test --test outages -- --ignored --nocapture memory`. It measures the program of
//! `RINGWARDEN_STALLS_PROGRAM` if that is set, such as that of an earlier commit, and else the one that was built with the
//! test. Each attack gets a server of its own, with the same cases. `RINGWARDEN_MEMORY_ATTACK` names one of them by a part of
//! its name.

mod attacks;
mod flow;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::stalls::prober::Prober;
use crate::support::program::Program;
use crate::support::resident::{Resident, forget_highest};
use attacks::{ATTACKS, Held, fill};

/// Cases of the store.
const CASES: usize = 1_000;
/// How long lookups are asked before an attack.
const WARM: Duration = Duration::from_secs(1);
/// How long an attack is held after all of it was sent. The server gives up what does not arrive after 10 s.
const HOLD: Duration = Duration::from_secs(6);
/// The most that requests and answers may hold, by the default of `--request-memory`.
const CAP_MIB: u64 = 256;
/// The memory is back to normal when this much is left at most, and how long that may take.
const LEFT_MIB: u64 = 32;
const BACK_WITHIN: Duration = Duration::from_secs(60);

/// What was seen of an attack.
struct Row {
    name: &'static str,
    sent: usize,
    /// What the server says that requests and answers hold.
    counted_mib: f64,
    peak_mib: u64,
    left_mib: u64,
    back: Duration,
    p50: Duration,
    p99: Duration,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, which takes minutes"]
async fn nothing_that_clients_send_fills_the_memory() {
    let path = std::env::var_os("RINGWARDEN_STALLS_PROGRAM").map(PathBuf::from);
    let path = path.unwrap_or_else(|| env!("CARGO_BIN_EXE_ringwarden").into());
    eprintln!(
        "| Attack | Sent | Memory over that before | Left after it | Back in | Lookups p50 | p99 | against quiet |"
    );
    eprintln!("|---|---|---|---|---|---|---|---|");
    let (mut quiet, mut over) = (None, Vec::new());
    let only = std::env::var("RINGWARDEN_MEMORY_ATTACK").unwrap_or_default();
    for (name, attack) in ATTACKS.iter().filter(|(name, _)| name.contains(&only)) {
        let program = Program::serve_by(&path, "memory:", &[]).await;
        fill(&program).await;
        // The first lookups fill caches.
        let prober = Prober::start(program.grpc(), program.http());
        sleep(WARM).await;
        prober.stop();
        let before = Resident::of(&program).now;
        forget_highest(&program);
        let prober = Prober::start(program.grpc(), program.http());
        let held: Held = attack(&program).await;
        sleep(HOLD).await;
        let seen = prober.stop();
        let (sent, peak) = (held.sent, Resident::of(&program).highest);
        let counted_mib = counted_mib(&program).await;
        drop(held);
        let ended = Instant::now();
        let left = || Resident::of(&program).now.saturating_sub(before) >> 10;
        while left() > LEFT_MIB && ended.elapsed() < BACK_WITHIN {
            // What one thread has freed of the memory of another one goes back to the system when the other one works again.
            // Monitoring lets them work.
            program.get("/metrics").await;
            sleep(Duration::from_millis(100)).await;
        }
        let row = Row {
            name,
            sent,
            counted_mib,
            peak_mib: peak.saturating_sub(before) >> 10,
            left_mib: left(),
            back: ended.elapsed(),
            p50: seen.p50(),
            p99: seen.p99(),
        };
        row.print(*quiet.get_or_insert(row.p99));
        if row.peak_mib > CAP_MIB || row.left_mib > LEFT_MIB {
            over.push(row.name);
        }
    }
    assert!(
        over.is_empty(),
        "more than {CAP_MIB} MiB, or not back to normal: {over:?}"
    );
}

/// What the server says that requests and answers hold; nothing if it is of a time before it said so.
async fn counted_mib(program: &Program) -> f64 {
    let (_, figures) = program.get("/metrics").await;
    let mut lines = figures.lines();
    let value = lines.find_map(|line| line.strip_prefix("ringwarden_request_memory_bytes "));
    value.map_or(0.0, |value| value.parse::<f64>().unwrap() / f64::from(1 << 20))
}

impl Row {
    fn print(&self, quiet: Duration) {
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1_000.0);
        eprintln!(
            "| {} | {:.1} MB | {:.0} MiB | {} MiB | {} MiB | {:.1} s | {} | {} | {:.1} |",
            self.name,
            self.sent as f64 / 1e6,
            self.counted_mib,
            self.peak_mib,
            self.left_mib,
            self.back.as_secs_f64(),
            ms(self.p50),
            ms(self.p99),
            self.p99.as_secs_f64() / quiet.as_secs_f64()
        );
    }
}
