//! Places where a store is kept for the length of one test.

use std::sync::Arc;

use async_trait::async_trait;
use ringwarden::store::Store;
use ringwarden::store::embedded::EmbeddedStore;
use ringwarden::store::memory::MemoryStore;
use tempfile::TempDir;

use super::flaky::Flaky;

/// A fresh place for a store: a new directory, a new key prefix. What is left in it goes when it is dropped.
#[async_trait]
pub trait Place: Send + Sync {
    /// Opens the store that lives here, or makes it. Where the store allows one process only, the one opened before
    /// has been dropped.
    async fn open(&self, evidence_version: u32) -> Arc<dyn Store>;

    /// Another instance on the same store while the first is open; none where the store does not allow that.
    async fn join(&self) -> Option<Arc<dyn Store>> {
        None
    }
}

/// The version with which the tests open a store, if they do not care.
pub const EVIDENCE_VERSION: u32 = 7;

/// One store in memory.
pub struct Memory(Arc<MemoryStore>);

impl Memory {
    pub async fn fresh() -> Self {
        Self(Arc::new(MemoryStore::new(EVIDENCE_VERSION).expect("random numbers")))
    }
}

#[async_trait]
impl Place for Memory {
    async fn open(&self, _: u32) -> Arc<dyn Store> {
        self.0.clone()
    }

    async fn join(&self) -> Option<Arc<dyn Store>> {
        Some(self.0.clone())
    }
}

/// A directory of an embedded store, which one process has open at a time.
pub struct Embedded(TempDir);

impl Embedded {
    pub async fn fresh() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }
}

#[async_trait]
impl Place for Embedded {
    async fn open(&self, evidence_version: u32) -> Arc<dyn Store> {
        let store = EmbeddedStore::open(self.0.path(), evidence_version).await;
        Arc::new(store.expect("the store before is closed"))
    }
}

/// A store in memory behind a [`Flaky`] without faults: what is wrapped passes the same suite.
pub struct Wrapped(Memory);

impl Wrapped {
    pub async fn fresh() -> Self {
        Self(Memory::fresh().await)
    }
}

#[async_trait]
impl Place for Wrapped {
    async fn open(&self, evidence_version: u32) -> Arc<dyn Store> {
        Arc::new(Flaky::new(self.0.open(evidence_version).await))
    }

    async fn join(&self) -> Option<Arc<dyn Store>> {
        Some(self.open(EVIDENCE_VERSION).await)
    }
}
