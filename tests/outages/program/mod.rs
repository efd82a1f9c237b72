//! Outages of Redis, seen by clients of the program. Lookups go on and say how old their data is. Writes fail in time
//! and succeed when they are sent again. Nothing is lost or counted twice, and no restart is needed.

mod instances;
mod kills;
mod password;
mod scene;
mod snapshot;
mod watch;

use std::time::Duration;

use crate::support::program::Program;
use crate::support::redis_server::{RedisServer, free_port};
use scene::Scene;
use tonic::Code;

/// Not long enough for answers to become stale.
const SHORT: Duration = Duration::from_secs(5);
/// Long enough for that.
const LONGER: Duration = Duration::from_secs(7);
const LONG: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_hangs() {
    hang(SHORT).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half a minute"]
async fn a_redis_that_hangs_for_long() {
    hang(LONG).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_killed() {
    killed(LONGER).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half a minute"]
async fn a_redis_that_is_killed_for_long() {
    killed(LONG).await;
}

async fn hang(length: Duration) {
    let mut scene = Scene::start().await;
    scene.begin(|redis| redis.pause());
    scene.last(length).await;
    scene.end("hangs", |redis| redis.resume()).await;
}

async fn killed(length: Duration) {
    let mut scene = Scene::start().await;
    scene.begin(RedisServer::kill);
    scene.last(length).await;
    scene.end("killed", RedisServer::start_again).await;
}

/// A store that comes back empty raises an alarm: the index is kept, nothing is created in the empty store, and the
/// service heals when the old store returns.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_back_empty() {
    let mut scene = Scene::start().await;
    assert_eq!(scene.list_reports().await, Ok(3));
    let mut aside = None;
    scene.is_another = true;
    scene.begin(|redis| {
        redis.kill();
        aside = Some(redis.set_aside());
        redis.start_again();
    });
    assert_eq!(
        scene.list_reports().await,
        Err(Code::Unavailable),
        "an empty store is not an empty list"
    );
    let is_foreign = async |program: &Program| program.metric("ringwarden_store_foreign").await > 0.0;
    scene
        .program
        .wait_for("the alarm", async || is_foreign(&scene.program).await)
        .await;
    scene.program.line(&["\"ERROR\"", "not the one that was opened"]).await;
    let (_, readiness) = scene.program.get("/readyz").await;
    assert!(readiness.contains("\"store\":\"foreign\""), "{readiness}");

    scene.last(LONGER).await;
    assert_eq!(
        scene.redis.command(&["DBSIZE"]),
        redis::Value::Int(0),
        "something was made in it"
    );
    assert_eq!(scene.list_reports().await, Err(Code::Unavailable));
    let (program, _redis) = scene
        .end("comes back empty", |redis| {
            redis.kill();
            redis.bring_back(&aside.unwrap());
            redis.start_again();
        })
        .await;
    assert!(!is_foreign(&program).await);
}

/// A Redis that was made a replica answers every read: only its role says that its data may be old.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_becomes_a_replica() {
    let mut scene = Scene::start().await;
    assert_eq!(scene.list_reports().await, Ok(3));
    let nobody = free_port().to_string();
    scene.is_another = true;
    scene.begin(|redis| drop(redis.command(&["REPLICAOF", "127.0.0.1", &nobody])));
    scene
        .program
        .wait_for("the state", async || {
            scene.program.get("/readyz").await.1.contains("\"store\":\"replica\"")
        })
        .await;
    // Either a write or the check of the role finds it first, and each gives its own reason.
    scene.program.line(&["\"ERROR\"", "\"state\":\"Replica\""]).await;
    scene.last(LONGER).await;
    assert_eq!(scene.list_reports().await, Err(Code::Unavailable));
    scene
        .end("is a replica", |redis| drop(redis.command(&["REPLICAOF", "NO", "ONE"])))
        .await;
}
