//! Faults of the network between the instances and Redis.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{DURABLE, Round};
use crate::link::Link;
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::support::redis_server::RedisServer;
use crate::support::resident::Resident;
use crate::support::sent_reports::Name;

/// How long the network is away after answers are stale, in the long form.
const LONGER: Duration = Duration::from_secs(25);
/// The longest time until the next answer of Redis: writers are at work, and there is a sweep a second.
const NEXT_ANSWER: Duration = Duration::from_secs(10);

/// The speed of the slow link: 64 kbit/s.
const SLOW: u32 = 8_000;
/// How long an instance is at rest, and the bytes that it may send and get in a second: a sweep, and signs of life.
const AT_REST: Duration = Duration::from_secs(5);
const SENT_AT_REST: u64 = 2_600;
const GOT_AT_REST: u64 = 600;
/// Reports through each instance while the link is slow.
const REPORTS: usize = 20;
/// The memory that an instance may need more on a slow link, in KiB.
const MORE_MEMORY: u64 = 64 << 10;

/// One of two instances has a link of 64 kbit/s to Redis. It sweeps, takes writes, and sees those of the other one.
pub async fn slow_link(round: Round) -> Outcome {
    let redis = RedisServer::start(&DURABLE);
    let link = Link::to(redis.port()).await;
    let mut scene = Scene::start(&[link.url(), redis.url()], round.seed).await;
    let before = Resident::of(&scene.instances[0]);
    for number in 0..round.rounds {
        link.slow_down(Some(SLOW));
        sleep(Duration::from_secs(1)).await;
        let (sent, got) = link.passed();
        sleep(AT_REST).await;
        let (sent, got) = (link.passed().0 - sent, link.passed().1 - got);
        println!("  {AT_REST:?} at rest: {sent} bytes sent, {got} got");
        // One sweep more than there are seconds.
        let sweeps = AT_REST.as_secs() + 1;
        scene.expect(sent <= SENT_AT_REST * sweeps && got <= GOT_AT_REST * sweeps, || {
            format!("at rest, {sent} bytes were sent and {got} got in {AT_REST:?}")
        });
        scene.expect(sent > 0 && got > 0, || "nothing was asked".to_owned());
        let since = Instant::now();
        for instance in [1, 0] {
            let name = |report| Name {
                number: report,
                id: format!("slow-{number}-{instance}-{report}"),
            };
            let names: Vec<Name> = (0..REPORTS).map(name).collect();
            scene.report_singly(instance, &names).await;
        }
        scene.heal(since).await;
        link.slow_down(None);
    }
    let after = Resident::of(&scene.instances[0]);
    scene.expect(after.highest < before.now + MORE_MEMORY, || {
        format!("the memory grew from {} to {} KiB", before.now, after.highest)
    });
    scene.end().await
}

/// One of two instances loses Redis without a word; the other one goes on.
pub async fn black_hole(round: Round) -> Outcome {
    let redis = RedisServer::start(&DURABLE);
    let link = Link::to(redis.port()).await;
    let mut scene = Scene::of_two([link.url(), redis.url()], round.seed).await;
    for _ in 0..round.rounds {
        scene.wait(300, 1_500).await;
        link.black_hole(true);
        scene.wait_for_stale().await;
        if round.is_long {
            sleep(LONGER).await;
        }
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
