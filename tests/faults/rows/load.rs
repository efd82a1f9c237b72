//! Redis is emptied while an instance loads.

use std::fs::OpenOptions;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::data::LOG;
use super::{DURABLE, Round};
use crate::link::Link;
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::support::program::Program;
use crate::support::redis_server::RedisServer;

/// The speed at which an instance loads, in bytes a second.
const SLOW: u32 = 400_000;
/// How long Redis stays empty.
const EMPTY: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(10);

/// Redis is emptied while a further instance loads, and gets its data back. Whenever that instance says that it is ready,
/// clients ask it: it may not have taken what was there meanwhile for the whole.
pub async fn meets_an_empty_store(round: Round) -> Outcome {
    let mut redis = RedisServer::start(&DURABLE);
    let link = Link::to(redis.port()).await;
    let mut scene = Scene::start(&[redis.url()], round.seed).await;
    for _ in 0..round.rounds {
        scene.write(0);
        scene.wait(500, 1_000).await;
        scene.write_no_more().await;
        link.slow_down(Some(SLOW));
        let mut loading = Some(Program::serve_anyhow(&link.url(), &[]).await);
        scene.wait(0, 1_500).await;
        let log = redis.directory().join(LOG);
        let whole = log.metadata().unwrap().len();
        redis.command(&["FLUSHALL"]);
        link.slow_down(None);
        let emptied = Instant::now();
        while emptied.elapsed() < EMPTY {
            ask_when_ready(&mut scene, &mut loading).await;
            sleep(POLL).await;
        }
        redis.kill();
        let file = OpenOptions::new().write(true).open(&log).unwrap();
        file.set_len(whole).unwrap();
        redis.start_again();
        let since = Instant::now();
        if let Some(program) = &loading {
            program
                .wait_for("the index", async || program.get("/readyz").await.0 == 200)
                .await;
        }
        ask_when_ready(&mut scene, &mut loading).await;
        scene.write(0);
        scene.heal(since).await;
        scene.write_no_more().await;
    }
    scene.end().await
}

/// Lets clients ask an instance once it is ready.
async fn ask_when_ready(scene: &mut Scene, loading: &mut Option<Program>) {
    let is_ready = match loading {
        Some(program) => program.get("/readyz").await.0 == 200,
        None => false,
    };
    if let Some(program) = loading.take_if(|_| is_ready) {
        scene.add(program);
    }
}
