//! A follower of a store in Redis.

use std::sync::Arc;

use crate::support::redis_commits::{DURABLE, open};
use crate::support::redis_server::RedisServer;
use ringwarden::clock::{Clock, monotonic};
use ringwarden::domain::time::Timestamp;
use ringwarden::follow::Follower;
use ringwarden::index::{Index, StoreState};
use ringwarden::metrics::Metrics;
use ringwarden::store::STORE_FORMAT;

/// Sets the first byte of the store's identity, which is its format.
fn set_format(server: &RedisServer, format: u8) {
    let byte = char::from(format).to_string();
    server.command(&["SETRANGE", "rw:{meta}:default:meta", "0", &byte]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_another_format_raises_the_alarm_until_it_is_back() {
    let server = RedisServer::start(&DURABLE);
    let metrics = Metrics::new();
    let follower = Follower::new(
        Arc::new(open(&server).await),
        Arc::new(Index::new(Arc::default())),
        Clock::manual(Timestamp::from_secs(1_605_441_600)),
        metrics.clone(),
    );
    follower.bootstrap().await.unwrap();
    for (format, state, alarm) in [
        (STORE_FORMAT + 1, StoreState::Foreign, 1),
        (STORE_FORMAT, StoreState::Up, 0),
        (STORE_FORMAT - 1, StoreState::Foreign, 1),
        (STORE_FORMAT, StoreState::Up, 0),
    ] {
        set_format(&server, format);
        follower.sweep().await;
        assert_eq!(follower.freshness().store(), state);
        let line = format!("ringwarden_store_foreign {alarm}");
        assert!(metrics.render(monotonic()).lines().any(|found| found == line), "{line}");
    }
}
