//! The promises of the service, over the store in memory: idempotency, reading one's own writes, two instances, cases.

mod advised;
mod analysts;
mod audit;
mod bands;
mod brand_feeds;
mod corrections;
mod dossiers;
mod emergency;
mod established;
mod few_accounts;
mod finding;
mod instances;
mod interleaved;
mod links;
mod lists;
mod lookups;
mod manipulation;
mod many_reporters;
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
mod reports;
mod retries;
mod returned;
mod similar;
mod single;
mod traffic;
mod trust;
mod unproven;
mod unreadable;
mod write_deadline;

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::store::Store;
use ringwarden::store::memory::MemoryStore;

use crate::support::instance::{Instance, evidence_version, noon};

const NUMBER: &str = "+13152328257";

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(evidence_version()).unwrap())
}

async fn instance() -> Instance {
    Instance::over(memory(), Clock::manual(noon())).await
}
