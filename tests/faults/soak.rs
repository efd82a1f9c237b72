//! Faults in a random order, in one scene, for as long as it is asked for. By hand only: `--soak 2h`.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::link::Link;
use crate::outcome::Played;
use crate::rows::DURABLE;
use crate::scene::Scene;
use crate::support::redis_server::RedisServer;

/// The longest pause between two faults, in milliseconds. Nobody writes in it, so that hours do not make millions of reports.
const QUIET: usize = 20_000;
/// The longest that a fault lasts, in milliseconds.
const LASTS: usize = 10_000;
/// The longest until an answer is lost that is to be lost.
const NEXT_ANSWER: Duration = Duration::from_secs(10);

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    ServiceKilled,
    ServiceStopped,
    RedisKilled,
    RedisStopped,
    BlackHole,
    SlowLink,
    AnswerSwallowed,
    ConnectionsClosed,
    ScriptsForgotten,
    OutOfMemory,
}

const ALL: [Fault; 10] = [
    Fault::ServiceKilled,
    Fault::ServiceStopped,
    Fault::RedisKilled,
    Fault::RedisStopped,
    Fault::BlackHole,
    Fault::SlowLink,
    Fault::AnswerSwallowed,
    Fault::ConnectionsClosed,
    Fault::ScriptsForgotten,
    Fault::OutOfMemory,
];

/// Plays faults until the time is over. The same seed chooses the same ones.
pub async fn play(lasts: Duration, seed: u64) -> Played {
    let mut redis = RedisServer::start(&DURABLE);
    let links = [Link::to(redis.port()).await, Link::to(redis.port()).await];
    let stores = [links[0].url(), links[1].url()];
    let mut scene = Scene::start(&stores, seed).await;
    let began = Instant::now();
    let mut rounds = 0;
    while began.elapsed() < lasts {
        let fault = ALL[scene.random.below(ALL.len())];
        let instance = scene.random.below(links.len());
        println!("{:?}: {fault:?}, instance {instance}", began.elapsed());
        scene.write(0);
        scene.write(1);
        scene.wait(200, 2_000).await;
        happen(fault, (&mut scene, &mut redis), (instance, &links[instance])).await;
        scene.heal(Instant::now()).await;
        scene.write_no_more().await;
        scene.wait(0, QUIET).await;
        rounds += 1;
    }
    Played {
        name: "faults in a random order",
        rounds,
        outcome: scene.end().await,
    }
}

/// Breaks something for a time, and mends it.
async fn happen(fault: Fault, (scene, redis): (&mut Scene, &mut RedisServer), (instance, link): (usize, &Link)) {
    match fault {
        Fault::ServiceKilled => scene.start_again(instance, &link.url()).await,
        Fault::ServiceStopped => {
            scene.ask_no_more(instance).await;
            scene.instances[instance].pause().await;
            scene.wait(0, LASTS).await;
            scene.instances[instance].resume();
            scene.ask(instance);
        }
        Fault::RedisKilled => {
            redis.kill();
            scene.wait(0, LASTS).await;
            redis.start_again();
        }
        Fault::RedisStopped => {
            redis.pause();
            scene.wait(0, LASTS).await;
            redis.resume();
        }
        Fault::BlackHole => {
            link.black_hole(true);
            scene.wait(0, LASTS).await;
            link.black_hole(false);
        }
        Fault::SlowLink => {
            link.slow_down(Some(8_000));
            scene.wait(0, LASTS).await;
            link.slow_down(None);
        }
        Fault::AnswerSwallowed => {
            link.lose_answer();
            let began = Instant::now();
            while link.is_to_lose() && began.elapsed() < NEXT_ANSWER {
                sleep(Duration::from_millis(1)).await;
            }
        }
        Fault::ConnectionsClosed => _ = redis.command(&["CLIENT", "KILL", "TYPE", "normal"]),
        Fault::ScriptsForgotten => _ = redis.command(&["SCRIPT", "FLUSH"]),
        Fault::OutOfMemory => {
            redis.command(&["CONFIG", "SET", "maxmemory", "1"]);
            scene.wait(0, LASTS).await;
            redis.command(&["CONFIG", "SET", "maxmemory", "0"]);
        }
    }
    if fault == Fault::ServiceKilled {
        // Its writers have ended with it.
        scene.write(0);
        scene.write(1);
    }
}
