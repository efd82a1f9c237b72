//! Processes that are killed or stand still.

use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{DURABLE, Round};
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::support::program::Program;
use crate::support::redis_server::RedisServer;

/// The age from which on answers are stale, and some time more.
const SURELY_STALE: Duration = Duration::from_millis(6_500);

/// The only instance of an embedded store is killed while clients write.
pub async fn of_embedded_service(round: Round) -> Outcome {
    let directory = TempDir::new().unwrap();
    let store = format!("embedded:{}", directory.path().display());
    let mut scene = Scene::start(std::slice::from_ref(&store), round.seed).await;
    for _ in 0..round.rounds {
        scene.write(0);
        scene.wait(300, 1_500).await;
        scene.ask_no_more(0).await;
        killed_and_started_again(&mut scene, &store).await;
    }
    scene.end().await
}

/// One of two instances is killed while clients write through both.
pub async fn of_service(round: Round) -> Outcome {
    let redis = RedisServer::start(&DURABLE);
    let mut scene = Scene::start(&[redis.url(), redis.url()], round.seed).await;
    for _ in 0..round.rounds {
        scene.write(0);
        scene.write(1);
        scene.wait(300, 1_500).await;
        scene.ask_no_more(0).await;
        killed_and_started_again(&mut scene, &redis.url()).await;
    }
    scene.end().await
}

async fn killed_and_started_again(scene: &mut Scene, store: &str) {
    scene.instances[0].kill();
    let since = Instant::now();
    scene.write_no_more().await;
    scene.instances[0] = Program::serve(store).await;
    scene.ask(0);
    scene.write(0);
    scene.heal(since).await;
    scene.write_no_more().await;
}

/// Redis is killed while clients write through two instances.
pub async fn of_redis(round: Round) -> Outcome {
    let mut redis = RedisServer::start(&DURABLE);
    let mut scene = Scene::of_two([redis.url(), redis.url()], round.seed).await;
    for _ in 0..round.rounds {
        scene.wait(300, 1_500).await;
        redis.kill();
        scene.wait(0, 500).await;
        redis.start_again();
        scene.heal(Instant::now()).await;
    }
    scene.end().await
}

/// Redis accepts connections and answers nothing.
pub async fn standstill_of_redis(round: Round) -> Outcome {
    let lasts = if round.is_long {
        Duration::from_secs(30)
    } else {
        SURELY_STALE
    };
    let redis = RedisServer::start(&DURABLE);
    let mut scene = Scene::of_two([redis.url(), redis.url()], round.seed).await;
    for _ in 0..round.rounds {
        scene.wait(300, 1_500).await;
        let stale_before = scene.stale_answers();
        redis.pause();
        sleep(lasts).await;
        let stale = scene.stale_answers() > stale_before;
        scene.expect(stale, || "no answer was stale at the end of the standstill".to_owned());
        redis.resume();
        scene.heal(Instant::now()).await;
    }
    scene.end().await
}
