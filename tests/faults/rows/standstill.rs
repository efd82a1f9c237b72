//! An instance stands still while the other one goes on.

use tokio::time::Instant;

use super::{DURABLE, Round};
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::support::redis_server::RedisServer;
use crate::support::sent_reports::Name;

/// Reports of one number: more than the log of a shard keeps (`LOG_ENTRIES_KEPT`).
const REPORTS: usize = 1_100;

/// An instance stands still until the log does not reach back to what it has read.
pub async fn longer_than_the_log(round: Round) -> Outcome {
    let redis = RedisServer::start(&DURABLE);
    let mut scene = Scene::start(&[redis.url(), redis.url()], round.seed).await;
    for number in 0..round.rounds {
        scene.write(0);
        scene.write(1);
        scene.wait(300, 1_000).await;
        scene.write_no_more().await;
        scene.ask_no_more(0).await;
        let reloads = "ringwarden_follow_shards_reloaded_total{reason=\"trimmed\"}";
        let before = scene.instances[0].metric(reloads).await;
        scene.instances[0].pause().await;
        let name = |report| Name {
            number: 0,
            id: format!("many-{number}-{report}"),
        };
        let names: Vec<Name> = (0..REPORTS).map(name).collect();
        scene.report_singly(1, &names).await;
        let since = Instant::now();
        scene.instances[0].resume();
        scene.ask(0);
        scene.write(0);
        scene.heal(since).await;
        scene.write_no_more().await;
        let after = scene.instances[0].metric(reloads).await;
        scene.expect(after > before, || "no shard was loaded again".to_owned());
    }
    scene.end().await
}
