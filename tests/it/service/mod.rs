//! The promises of the service, over the store in memory: idempotency, reading one's own writes, two instances, cases.

mod advised;
mod analysts;
mod audit;
mod bands;
mod brand_feeds;
mod case_history;
mod corrections;
mod dossiers;
mod emergency;
mod erasure;
mod erasure_rest;
mod erasure_withdrawn;
mod established;
mod few_accounts;
mod finding;
mod instances;
mod interleaved;
mod key_uses;
mod links;
mod lists;
mod lookups;
mod manipulation;
mod many_reporters;
mod migration;
mod misread;
mod notes;
mod odd_callers;
mod once;
mod order;
mod owner_lists;
mod owners;
mod page_bytes;
mod pages;
mod pending;
mod quotas;
mod reporter_keys;
mod reports;
mod retention;
mod retries;
mod returned;
mod similar;
mod single;
mod tenants;
mod traffic;
mod trust;
mod unproven;
mod unreadable;
mod write_deadline;

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::store::Store;
use ringwarden::store::memory::MemoryStore;

use crate::support::backends::Place;
use crate::support::instance::{Instance, evidence_version, noon};

const NUMBER: &str = "+13152328257";

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(evidence_version()).unwrap())
}

/// One store in memory, with the evidence version of the services.
struct InMemory(Arc<dyn Store>);

#[async_trait::async_trait]
impl Place for InMemory {
    async fn open(&self, _: u32) -> Arc<dyn Store> {
        Arc::clone(&self.0)
    }

    async fn join(&self) -> Option<Arc<dyn Store>> {
        Some(Arc::clone(&self.0))
    }
}

async fn instance() -> Instance {
    Instance::over(memory(), Clock::manual(noon())).await
}
