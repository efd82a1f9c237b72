//! Disks that fail or are full.

use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{DURABLE, Round};
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::small_disk::SmallDisk;
use crate::strace::Strace;
use crate::support::redis_server::RedisServer;

/// What fails.
const SYNCS: &str = "fsync,fdatasync:error=EIO";
/// How long clients write to a disk that fails, and after it has failed.
const FAILING: Duration = Duration::from_secs(1);
/// The longest until Redis has ended, or refuses writes.
const FAILED_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);
/// The size of the disk that gets full.
const MEBIBYTES: usize = 64;
/// Redis refuses writes that it cannot append, if it need not force each of them to the disk. Otherwise it ends.
const EVERY_SECOND: [(&str, &str); 2] = [("appendonly", "yes"), ("appendfsync", "everysec")];

/// The disk of the embedded store fails. Nobody knows what it holds then, so writes are refused until the store is opened
/// again.
pub async fn of_embedded_store_fails(round: Round) -> Outcome {
    let directory = TempDir::new().unwrap();
    let store = format!("embedded:{}", directory.path().display());
    let mut scene = Scene::start(std::slice::from_ref(&store), round.seed).await;
    for _ in 0..round.rounds {
        scene.write(0);
        scene.wait(300, 1_000).await;
        let strace = match Strace::attach(scene.instances[0].id(), SYNCS).await {
            Ok(strace) => strace,
            Err(why) => return Outcome::skipped(why),
        };
        let failed = Instant::now();
        sleep(FAILING).await;
        drop(strace);
        sleep(FAILING).await;
        let took_writes = scene.sent.has_succeeded_since(failed);
        scene.expect(!took_writes, || {
            "a write was acknowledged after the disk had failed".to_owned()
        });
        scene.write_no_more().await;
        scene.start_again(0, &store).await;
    }
    scene.end().await
}

/// The disk of Redis fails. It ends then, and is started again.
pub async fn of_redis_fails(round: Round) -> Outcome {
    let mut redis = RedisServer::start(&DURABLE);
    let mut scene = Scene::of_two([redis.url(), redis.url()], round.seed).await;
    for _ in 0..round.rounds {
        scene.wait(300, 1_000).await;
        let strace = match Strace::attach(redis.id(), SYNCS).await {
            Ok(strace) => strace,
            Err(why) => return Outcome::skipped(why),
        };
        let failed = Instant::now();
        while !redis.has_ended() && failed.elapsed() < FAILED_WITHIN {
            sleep(POLL).await;
        }
        drop(strace);
        if failed.elapsed() >= FAILED_WITHIN {
            scene.expect(false, || "redis goes on though its disk has failed".to_owned());
            redis.kill();
        }
        let took_writes = scene.sent.has_succeeded_since(failed);
        scene.expect(!took_writes, || {
            "a write was acknowledged after the disk had failed".to_owned()
        });
        redis.start_again();
        scene.heal(Instant::now()).await;
    }
    scene.end().await
}

/// The disk of Redis is full, and has room again.
pub async fn of_redis_is_full(round: Round) -> Outcome {
    let disk = match SmallDisk::new(MEBIBYTES) {
        Ok(disk) => disk,
        Err(why) => return Outcome::skipped(why),
    };
    let redis = RedisServer::start_in(TempDir::new_in(disk.path()).unwrap(), &EVERY_SECOND);
    let mut scene = Scene::of_two([redis.url(), redis.url()], round.seed).await;
    for _ in 0..round.rounds {
        scene.wait(300, 1_000).await;
        disk.fill();
        for instance in 0..scene.instances.len() {
            let began = Instant::now();
            let is_refusing = async |scene: &Scene| {
                let (status, body) = scene.instances[instance].get("/readyz").await;
                status == 200 && body.contains("\"store\":\"read_only\"")
            };
            while !is_refusing(&scene).await && began.elapsed() < FAILED_WITHIN {
                sleep(POLL).await;
            }
            scene.expect(began.elapsed() < FAILED_WITHIN, || {
                "a store with a full disk is said to take writes".to_owned()
            });
        }
        disk.clear();
        scene.heal(Instant::now()).await;
    }
    scene.end().await
}
