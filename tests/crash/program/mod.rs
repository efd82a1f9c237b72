//! The program over the embedded store is killed at a random moment or asked to end. Clients then see over gRPC that no
//! acknowledged report is lost and no report is counted twice.
//!
//! `kill -9` does not lose the page cache, so these tests say nothing about fsync. The tests in `crash/store` do.

mod graceful;

use std::sync::Arc;
use std::time::Duration;

use crate::support::program::Program;
use crate::support::random::Random;
use crate::support::report_writers::Writers;
use crate::support::sent_reports::SentReports;
use tokio::time::sleep;

/// Writers at work when the program is killed.
const WRITERS: usize = 8;
/// The longest that a program is left to run, in milliseconds.
const MAX_RUN_MS: usize = 1_500;
/// The factor of the rounds that are played at most. A busy machine needs more of them to show as much.
const MAX_ROUNDS: usize = 10;
/// The longest that a program is left to start in, where it is killed while it starts, in milliseconds.
const MAX_START_MS: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_nothing_that_was_acknowledged() {
    kill_rounds(3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn many_kills_lose_nothing_that_was_acknowledged() {
    kill_rounds(20).await;
}

/// All rounds use one directory: data of an earlier round has to survive the later ones. The rounds go on until 100 reports
/// for each of `rounds` are acknowledged, and a kill has met a request in progress.
async fn kill_rounds(rounds: usize) {
    let mut random = Random::from_environment();
    let directory = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", directory.path().join("store").display());
    let sent_reports = Arc::new(SentReports::default());
    let mut round = 0;
    while round < rounds || !is_enough(&sent_reports, rounds) {
        assert!(round < MAX_ROUNDS * rounds, "{:?}", sent_reports.counts());
        let mut program = Program::serve(&store).await;
        let writers = Writers::start(WRITERS, round, &program.channel(), &sent_reports, &mut random);
        sleep(Duration::from_millis(50 + random.below(MAX_RUN_MS) as u64)).await;
        program.kill();
        writers.end().await;
        if random.below(2) == 0 {
            let delay = Duration::from_millis(random.below(MAX_START_MS) as u64);
            Program::killed_after(&store, delay).await;
        }
        let program = Program::serve(&store).await;
        let found = sent_reports.check(program.channel()).await;
        eprintln!("round {round}: {:?}, {found} found", sent_reports.counts());
        round += 1;
    }
}

fn is_enough(sent_reports: &SentReports, rounds: usize) -> bool {
    let counts = sent_reports.counts();
    counts.acknowledged > 100 * rounds && counts.unknown > 0
}
