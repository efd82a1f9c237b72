//! The JSON edge on a real server, compared with its own description and with gRPC, and fed with invalid requests.
//!
//! Every route is described and answers. Every example is accepted. Every answer fits its schema. JSON and gRPC give
//! the same answers. The server refuses any invalid request with a message and still answers afterwards.

mod conversation;
mod described;
mod document;
mod fuzz;
mod same;
mod table;

use std::sync::Arc;

use crate::support::instance::evidence_version;
use crate::support::server::Server;
use ringwarden::clock::Clock;
use ringwarden::domain::time::Timestamp;
use ringwarden::store::memory::MemoryStore;

/// 2026-01-05T12:00:00Z, a little after the calls that the examples speak of. The clock stands still, so that the same
/// question gets the same answer.
const NOW_SECS: i64 = 1_767_614_400;

async fn start() -> Server {
    let clock = Clock::fixed(Timestamp::from_secs(NOW_SECS));
    let store = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let server = Server::at(clock, store).await;
    server.instance.follower.bootstrap().await.unwrap();
    server
}
