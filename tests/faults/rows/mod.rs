//! The faults.

mod data;
mod failover;
mod kills;
mod lies;
mod network;

use std::future::Future;
use std::pin::Pin;

use crate::options::Options;
use crate::outcome::Outcome;

/// The settings with which Redis keeps acknowledged writes.
pub const DURABLE: [(&str, &str); 2] = [("appendonly", "yes"), ("appendfsync", "always")];

/// One fault, and how often it is played.
pub struct Row {
    pub name: &'static str,
    /// Rounds in CI, and by hand.
    pub short: usize,
    pub long: usize,
    play: fn(Round) -> Pin<Box<dyn Future<Output = Outcome>>>,
}

/// How a row is played.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    pub rounds: usize,
    pub seed: u64,
    pub is_long: bool,
}

impl Row {
    pub async fn play(&self, rounds: usize, options: &Options) -> Outcome {
        let round = Round {
            rounds,
            seed: options.seed,
            is_long: options.is_long,
        };
        (self.play)(round).await
    }
}

/// All rows, in the order of the table.
pub fn all() -> Vec<Row> {
    macro_rules! row {
        ($name:literal, $short:literal, $long:literal, $play:path) => {
            Row {
                name: $name,
                short: $short,
                long: $long,
                play: |round| Box::pin($play(round)),
            }
        };
    }
    vec![
        row!("the oracle is lied to", 1, 1, lies::are_found),
        row!(
            "kill -9 of the service, embedded store",
            2,
            200,
            kills::of_embedded_service
        ),
        row!("kill -9 of one of two services, Redis", 2, 200, kills::of_service),
        row!("kill -9 of Redis", 2, 50, kills::of_redis),
        row!("Redis stands still (SIGSTOP)", 1, 5, kills::standstill_of_redis),
        row!("black hole without a word", 1, 5, network::black_hole),
        row!("an answer is swallowed", 5, 100, network::swallowed_answers),
        row!("Redis is emptied, and brought back", 1, 10, data::emptied),
        row!("Redis is out of memory, and gets some", 1, 10, data::out_of_memory),
        row!(
            "one instance is led to a replica that lags",
            1,
            10,
            failover::to_lagging_replica
        ),
        row!(
            "failover to a replica that lacks acknowledged reports",
            2,
            50,
            failover::of_unfollowed_primary
        ),
    ]
}
