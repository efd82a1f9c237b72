//! Processes that are killed or stand still.

use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{DURABLE, Round};
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::support::redis_server::RedisServer;

/// How long a standstill lasts after answers are stale, in the long form.
const LONGER: Duration = Duration::from_secs(25);

/// The only instance of an embedded store is killed while clients write.
pub async fn of_embedded_service(round: Round) -> Outcome {
    let directory = TempDir::new().unwrap();
    let store = format!("embedded:{}", directory.path().display());
    let mut scene = Scene::start(std::slice::from_ref(&store), round.seed).await;
    for _ in 0..round.rounds {
        scene.write(0);
        scene.wait(300, 1_500).await;
        scene.start_again(0, &store).await;
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
        scene.start_again(0, &redis.url()).await;
    }
    scene.end().await
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
    let redis = RedisServer::start(&DURABLE);
    let mut scene = Scene::of_two([redis.url(), redis.url()], round.seed).await;
    for _ in 0..round.rounds {
        scene.wait(300, 1_500).await;
        redis.pause();
        scene.wait_for_stale().await;
        if round.is_long {
            sleep(LONGER).await;
        }
        redis.resume();
        scene.heal(Instant::now()).await;
    }
    scene.end().await
}
