//! A store in a Redis that exists for the length of one test.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use ringwarden::store::Store;
use ringwarden::store::redis::{RedisConfig, RedisStore};
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};

use super::backends::{EVIDENCE_VERSION, Place};
use super::redis_server::RedisServer;

/// A server of its own, and the tasks that receive its notifications.
pub struct Redis {
    server: RedisServer,
    listeners: Mutex<JoinSet<()>>,
}

impl Redis {
    pub async fn fresh() -> Self {
        Self {
            server: RedisServer::start(&[("appendonly", "no")]),
            listeners: Mutex::default(),
        }
    }
}

#[async_trait]
impl Place for Redis {
    async fn open(&self, evidence_version: u32) -> Arc<dyn Store> {
        let config = RedisConfig::parse(&self.server.url()).expect("a URL");
        let store = RedisStore::open(config, evidence_version).await.expect("a store");
        let store = Arc::new(store);
        let listener = store.clone();
        self.listeners
            .lock()
            .spawn(async move { listener.run_notifications().await });
        while !store.hears_notifications() {
            sleep(Duration::from_millis(1)).await;
        }
        store
    }

    async fn join(&self) -> Option<Arc<dyn Store>> {
        Some(self.open(EVIDENCE_VERSION).await)
    }
}
