//! Faults of the network between the instances and Redis.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{DURABLE, Round};
use crate::link::Link;
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::support::redis_server::RedisServer;

/// How long the network is away: longer than data stays fresh.
const AWAY: Duration = Duration::from_millis(6_500);
const LONG_AWAY: Duration = Duration::from_secs(30);
/// The longest time until the next answer of Redis: writers are at work, and there is a sweep a second.
const NEXT_ANSWER: Duration = Duration::from_secs(10);

/// One of two instances loses Redis without a word; the other one goes on.
pub async fn black_hole(round: Round) -> Outcome {
    let redis = RedisServer::start(&DURABLE);
    let link = Link::to(redis.port()).await;
    let mut scene = Scene::of_two([link.url(), redis.url()], round.seed).await;
    for _ in 0..round.rounds {
        scene.wait(300, 1_500).await;
        let stale_before = scene.stale_answers();
        link.black_hole(true);
        sleep(if round.is_long { LONG_AWAY } else { AWAY }).await;
        let stale = scene.stale_answers() > stale_before;
        scene.expect(stale, || "no answer was stale at the end of the outage".to_owned());
        link.black_hole(false);
        scene.heal(Instant::now()).await;
    }
    scene.end().await
}

/// Redis does what it was asked for, and its answer is lost.
pub async fn swallowed_answers(round: Round) -> Outcome {
    let redis = RedisServer::start(&DURABLE);
    let link = Link::to(redis.port()).await;
    let mut scene = Scene::start(&[link.url(), redis.url()], round.seed).await;
    scene.write(0);
    for _ in 0..round.rounds {
        scene.wait(50, 500).await;
        link.lose_answer();
        let since = Instant::now();
        while link.is_to_lose() && since.elapsed() < NEXT_ANSWER {
            sleep(Duration::from_millis(1)).await;
        }
        scene.expect(!link.is_to_lose(), || "Redis was not asked".to_owned());
        scene.heal(Instant::now()).await;
    }
    scene.end().await
}
