//! The faults.

mod clocks;
mod connections;
mod data;
mod disk;
mod failover;
mod found;
mod kills;
mod lies;
mod load;
mod network;
mod secrets;
mod standstill;

use std::future::Future;
use std::pin::Pin;

use crate::options::Options;
use crate::outcome::Outcome;

/// The settings with which Redis keeps acknowledged writes.
pub const DURABLE: [(&str, &str); 2] = [("appendonly", "yes"), ("appendfsync", "always")];

/// One fault, and how often it is played.
pub struct Row {
    pub name: &'static str,
    /// Rounds in CI, and by hand. Rows with none in CI are like others, or like tests elsewhere, and CI has half an hour.
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
    /// The rounds that these options want of the row.
    pub fn rounds(&self, options: &Options) -> usize {
        let named = usize::from(!options.only.is_empty());
        let form = if options.is_long { self.long } else { self.short };
        options.rounds.unwrap_or_else(|| form.max(named))
    }

    pub async fn play(&self, rounds: usize, options: &Options) -> Outcome {
        let round = Round {
            rounds,
            seed: options.seed,
            is_long: options.is_long,
        };
        (self.play)(round).await
    }
}

/// A row: its name, its rounds in the short and the long form, and what plays it.
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

/// All rows, in the order of the table.
pub fn all() -> Vec<Row> {
    let mut rows = vec![row!("the oracle is lied to", 1, 1, lies::are_found)];
    rows.extend(of_processes());
    rows.extend(of_networks());
    rows.extend(of_data());
    rows.extend(of_disks());
    rows.extend(of_replicas());
    rows.extend(of_operators());
    rows
}

fn of_processes() -> Vec<Row> {
    vec![
        row!(
            "kill -9 of the service, embedded store",
            1,
            200,
            kills::of_embedded_service
        ),
        row!("kill -9 of one of two services, Redis", 1, 200, kills::of_service),
        row!("kill -9 of Redis", 1, 50, kills::of_redis),
        row!("Redis stands still (SIGSTOP)", 0, 5, kills::standstill_of_redis),
        row!(
            "one of two services stands still longer than the log",
            0,
            10,
            standstill::longer_than_the_log
        ),
    ]
}

fn of_networks() -> Vec<Row> {
    vec![
        row!("black hole without a word", 1, 5, network::black_hole),
        row!("an answer is swallowed", 3, 100, network::swallowed_answers),
        row!("a link of 64 kbit/s to Redis", 0, 10, network::slow_link),
        row!("created on one, asked for on the other", 0, 100, found::at_once),
    ]
}

fn of_data() -> Vec<Row> {
    vec![
        row!("Redis is emptied, and brought back", 0, 10, data::emptied),
        row!(
            "Redis is emptied while an instance loads",
            1,
            20,
            load::meets_an_empty_store
        ),
        row!(
            "an older copy of Redis under running instances",
            1,
            20,
            data::older_copy
        ),
        row!("Redis is out of memory, and gets some", 1, 10, data::out_of_memory),
    ]
}

fn of_disks() -> Vec<Row> {
    vec![
        row!(
            "the disk of Redis is full, and has room again",
            1,
            10,
            disk::of_redis_is_full
        ),
        row!("the disk of Redis fails (EIO)", 1, 20, disk::of_redis_fails),
        row!(
            "the disk of the embedded store fails (EIO)",
            1,
            20,
            disk::of_embedded_store_fails
        ),
    ]
}

fn of_replicas() -> Vec<Row> {
    vec![
        row!(
            "one instance is led to a replica that lags",
            1,
            10,
            failover::to_lagging_replica
        ),
        row!(
            "failover to a replica that lacks acknowledged reports",
            1,
            50,
            failover::of_unfollowed_primary
        ),
    ]
}

fn of_operators() -> Vec<Row> {
    vec![
        row!("the password of Redis is exchanged", 0, 20, secrets::password),
        row!(
            "the certificate of the service is exchanged",
            0,
            20,
            secrets::certificate
        ),
        row!(
            "idle connections use up file descriptors",
            0,
            10,
            connections::use_up_descriptors
        ),
        row!("SIGTERM with silent connections", 0, 20, connections::at_the_end),
        row!("the clock of an instance is an hour off", 0, 10, clocks::an_hour_off),
    ]
}
