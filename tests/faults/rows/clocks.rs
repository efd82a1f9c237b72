//! The clock of an instance is an hour off.

use tokio::time::Instant;

use super::{DURABLE, Round};
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::support::program::Program;
use crate::support::redis_server::RedisServer;

/// Where Debian and others put the library that shows another time to a program.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib64/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
];
const HOUR_MS: i64 = 3_600_000;

/// The wall clock of one of two instances is an hour ahead, and then an hour behind. Nothing that is decided between
/// instances may depend on it. Its `data_as_of` is in its own time.
pub async fn an_hour_off(round: Round) -> Outcome {
    let Some(library) = LIBRARIES.iter().find(|path| std::path::Path::new(path).exists()) else {
        return Outcome::skipped("libfaketime is not installed".to_owned());
    };
    let redis = RedisServer::start(&DURABLE);
    let mut scene = Scene::start(&[redis.url(), redis.url()], round.seed).await;
    for number in 0..round.rounds {
        let (off, off_ms) = if number % 2 == 0 {
            ("+1h", HOUR_MS)
        } else {
            ("-1h", -HOUR_MS)
        };
        scene.ask_no_more(0).await;
        scene.instances[0].kill();
        let since = Instant::now();
        let variables = [
            ("LD_PRELOAD", *library),
            ("FAKETIME", off),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("RINGWARDEN_LOOKUP_BUDGET", "10s"),
        ];
        scene.instances[0] = Program::serve_in(&redis.url(), &[], &variables).await;
        scene.ask_with_clock(0, off_ms);
        scene.write(0);
        scene.write(1);
        scene.heal(since).await;
        scene.wait(2_000, 3_000).await;
        scene.write_no_more().await;
    }
    scene.end().await
}
