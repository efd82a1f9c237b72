//! What Redis holds is lost, or it has no room for more.

use std::fs::OpenOptions;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::failover::with_losses;
use super::{DURABLE, Round};
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::support::program::Program;
use crate::support::redis_server::RedisServer;

/// How long Redis stays empty: longer than data stays fresh.
const EMPTY: Duration = Duration::from_millis(6_500);
/// The room that Redis has left, in bytes; how long it is full by the word of all instances, and the longest time until then.
const ROOM: usize = 64 << 10;
const FULL: Duration = Duration::from_secs(2);
const FULL_WITHIN: Duration = Duration::from_secs(30);
/// The most warnings that an instance may log in a second, however many writes are refused: one of each kind of failure.
const WARNINGS_A_SECOND: usize = 3;
/// The file to which Redis appends its commands.
pub const LOG: &str = "appendonlydir/appendonly.aof.1.incr.aof";

/// Redis is emptied under running instances, and its log is cut before that, as its manual advises.
pub async fn emptied(round: Round) -> Outcome {
    let mut redis = RedisServer::start(&DURABLE);
    let mut scene = Scene::start(&[redis.url(), redis.url()], round.seed).await;
    for _ in 0..round.rounds {
        scene.write(0);
        scene.write(1);
        scene.wait(300, 1_500).await;
        scene.write_no_more().await;
        let log = redis.directory().join(LOG);
        let whole = log.metadata().unwrap().len();
        let emptied = Instant::now();
        redis.command(&["FLUSHALL"]);
        scene.write(0);
        scene.write(1);
        sleep(EMPTY).await;
        let took_writes = scene.sent.has_succeeded_since(emptied);
        scene.expect(!took_writes, || "a write was acknowledged by an empty store".to_owned());
        redis.kill();
        let file = OpenOptions::new().write(true).open(&log).unwrap();
        file.set_len(whole).unwrap();
        redis.start_again();
        scene.heal(Instant::now()).await;
        scene.write_no_more().await;
    }
    scene.end().await
}

/// An older copy of Redis is put in the place of its data, under running instances. What came after it is lost; all else must
/// be right.
pub async fn older_copy(round: Round) -> Outcome {
    let mut redis = RedisServer::start(&DURABLE);
    let mut scene = Scene::start(&[redis.url(), redis.url()], round.seed).await;
    scene.may_lose();
    for _ in 0..round.rounds {
        scene.write(0);
        scene.write(1);
        scene.wait(300, 1_000).await;
        scene.write_no_more().await;
        redis.kill();
        let copy = redis.copy();
        redis.start_again();
        scene.write(0);
        scene.write(1);
        scene.heal(Instant::now()).await;
        scene.wait(100, 1_000).await;
        scene.write_no_more().await;
        redis.kill();
        redis.bring_back(&copy);
        redis.start_again();
        let since = Instant::now();
        scene.write(0);
        scene.write(1);
        scene.heal(since).await;
        scene.write_no_more().await;
    }
    with_losses(scene.end().await)
}

/// Redis has no more room, and gets some again.
pub async fn out_of_memory(round: Round) -> Outcome {
    let redis = RedisServer::start(&DURABLE);
    let mut scene = Scene::of_two([redis.url(), redis.url()], round.seed).await;
    for _ in 0..round.rounds {
        scene.wait(300, 1_500).await;
        let warned = warnings(&scene);
        let most = used_memory(&redis) + ROOM;
        redis.command(&["CONFIG", "SET", "maxmemory", &most.to_string()]);
        let began = Instant::now();
        for instance in 0..scene.instances.len() {
            let is_up = async |scene: &Scene| scene.instances[instance].metric("ringwarden_store_up").await > 0.5;
            while is_up(&scene).await && began.elapsed() < FULL_WITHIN {
                sleep(Duration::from_millis(100)).await;
            }
        }
        scene.expect(began.elapsed() < FULL_WITHIN, || {
            "a store that is full is said to be up".to_owned()
        });
        sleep(FULL).await;
        redis.command(&["CONFIG", "SET", "maxmemory", "0"]);
        scene.heal(Instant::now()).await;
        let warned = warnings(&scene) - warned;
        let most = WARNINGS_A_SECOND * scene.instances.len() * (began.elapsed().as_secs() as usize + 1);
        println!("  {warned} warnings in {:?}", began.elapsed());
        scene.expect(warned <= most, || {
            format!("{warned} warnings in {:?}: one for each refused write", began.elapsed())
        });
    }
    scene.end().await
}

/// The warnings in the logs of all instances.
fn warnings(scene: &Scene) -> usize {
    let of = |instance: &Program| instance.log().matches("\"level\":\"WARN\"").count();
    scene.instances.iter().map(of).sum()
}

fn used_memory(redis: &RedisServer) -> usize {
    let answer = redis.command(&["INFO", "memory"]);
    let text: String = redis::from_redis_value(answer).unwrap();
    let used = text.lines().find_map(|line| line.strip_prefix("used_memory:"));
    used.unwrap().trim().parse().unwrap()
}
