//! What the service promises, over the store in memory: idempotence, reading one's own writes, two instances, cases.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test may fail loudly")]

mod calls;
mod decisions;
mod instances;
mod interleaved;
mod lists;
mod quotas;
mod rates;
mod reports;
#[path = "../support/mod.rs"]
mod support;
mod trust;

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::store::Store;
use ringwarden::store::memory::MemoryStore;

use support::instance::{Instance, evidence_version, noon};

const NUMBER: &str = "+13152328257";

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(evidence_version()).unwrap())
}

async fn instance() -> Instance {
    Instance::over(memory(), Clock::manual(noon())).await
}
