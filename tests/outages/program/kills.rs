//! Redis is killed again and again while clients write: every acknowledged report is there once.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tonic::Code;

use super::scene::{DURABLE, IN_TIME, alone};
use crate::support::program::Program;
use crate::support::random::Random;
use crate::support::redis_server::RedisServer;
use crate::support::report_writers::{Writer, Writers};
use crate::support::sent_reports::SentReports;

const WRITERS: usize = 8;
/// The shortest that Redis is left to run, and how much longer it may be, in milliseconds.
const MIN_RUN_MS: u64 = 300;
const MAX_MORE_MS: usize = 1_200;
/// The longest that it stays away, in milliseconds.
const MAX_AWAY_MS: usize = 500;

#[tokio::test(flavor = "multi_thread")]
async fn kills_of_redis_lose_nothing_that_was_acknowledged() {
    kill_rounds(2).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half a minute"]
async fn many_kills_of_redis_lose_nothing_that_was_acknowledged() {
    kill_rounds(10).await;
}

async fn kill_rounds(rounds: usize) {
    let _alone = alone().await;
    let mut random = Random::from_environment();
    let mut redis = RedisServer::start(&DURABLE);
    let program = Program::serve(&redis.url()).await;
    let sent_reports = Arc::new(SentReports::default());
    let writers = Writers::start(WRITERS, 0, &program.channel(), &sent_reports, &mut random);
    for round in 0..rounds {
        assert_fsync(&redis);
        sleep(Duration::from_millis(MIN_RUN_MS + random.below(MAX_MORE_MS) as u64)).await;
        redis.kill();
        sleep(Duration::from_millis(random.below(MAX_AWAY_MS) as u64)).await;
        redis.start_again();
        let began = Instant::now();
        program
            .wait_for("a write", async || sent_reports.has_succeeded_since(began))
            .await;
        eprintln!(
            "round {round}: {:?}, a write {:?} after the start",
            sent_reports.counts(),
            began.elapsed()
        );
    }
    let seen = writers.end().await;
    let counts = sent_reports.counts();
    assert!(
        seen.codes.iter().all(|code| *code == Code::Unavailable),
        "{:?}",
        seen.codes
    );
    assert!(seen.slowest < IN_TIME, "{:?}", seen.slowest);
    assert!(counts.acknowledged > 100 * rounds && counts.unknown > 0, "{counts:?}");
    sent_reports.check(program.channel()).await;
    Writer::new("retry".to_owned(), program.channel(), &sent_reports, random.any())
        .complete()
        .await;
    let found = sent_reports.check(program.channel()).await;
    assert_eq!(found, sent_reports.counts().acknowledged);
    eprintln!("{counts:?}, slowest write {:?}; {found} after retries", seen.slowest);
    restarted(&redis, &sent_reports).await;
}

/// An instance that loads everything from Redis agrees with the one that followed.
async fn restarted(redis: &RedisServer, sent_reports: &SentReports) {
    let program = Program::serve(&redis.url()).await;
    sent_reports.check(program.channel()).await;
}

fn assert_fsync(redis: &RedisServer) {
    let answer = redis.command(&["CONFIG", "GET", "appendfsync"]);
    let pair: Vec<String> = redis::from_redis_value(answer).unwrap();
    assert_eq!(pair, ["appendfsync", "always"]);
}
