//! What a server answers while it waits for its store: probes and metrics, and to everything else that its index is
//! loading.
//!
//! The services of a store need its identity, so those of a store that was never opened are over a store that refuses
//! everything, and are dropped when the real one is open. Connections are closed then; clients connect again.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use super::AppError;
use super::first_admin;
use super::opening::Place;
use crate::api::Api;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::follow::Follower;
use crate::grpc;
use crate::http;
use crate::index::Index;
use crate::service::{Foundations, ServiceSettings, Services};
use crate::store::{
    CommitError, EventSpan, LogHead, Meta, RawLogEntry, ReplacedEvent, ScanPage, ScanTable, Shard, ShardCommit,
    ShardNotification, Store, StoreError, Stored, StoredEvent, StoredKey, Version,
};
use crate::tasks::Tasks;

/// The most time for the calls in progress to end when the store is open.
const DRAIN: Duration = Duration::from_secs(1);

/// Serves on the ports of a server until its store is open.
pub(super) struct WaitingServer(Tasks);

impl WaitingServer {
    /// Starts to serve.
    ///
    /// # Errors
    /// If the sockets cannot be used.
    pub(super) async fn start(place: Place<'_>) -> Result<Self, AppError> {
        let listeners = place.listeners.try_clone().map_err(AppError::Sockets)?;
        let addresses = listeners
            .grpc
            .local_addr()
            .and_then(|grpc| Ok((grpc, listeners.http.local_addr()?)));
        let (grpc, http) = addresses.map_err(AppError::Sockets)?;
        let api = api(place).map_err(|source| AppError::Store {
            place: place.config.store.url.to_string(),
            source,
        })?;
        let tasks = Tasks::new();
        let limits = &place.config.limits;
        tasks.spawn(
            "grpc, waiting",
            grpc::serve(listeners.grpc, api.clone(), limits.into(), tasks.clone()),
        );
        tasks.spawn(
            "http, waiting",
            http::serve(listeners.http, api.clone(), place.config.into(), tasks.clone()),
        );
        if let Some(admin) = listeners.admin {
            tasks.spawn(
                "admin, waiting",
                http::serve(admin, api, http::HttpSettings::admin(), tasks.clone()),
            );
        }
        tracing::warn!("gRPC on {grpc}, HTTP on {http}, both say that the server is not ready: it waits for its store");
        Ok(Self(tasks))
    }

    /// Ends the connections. New ones wait in the sockets for the server itself.
    pub(super) async fn end(self) {
        self.0.drain(DRAIN).await;
    }
}

impl Drop for WaitingServer {
    fn drop(&mut self) {
        self.0.request_shutdown();
    }
}

fn api(place: Place<'_>) -> Result<Api, StoreError> {
    let store: Arc<dyn Store> = Arc::new(UnopenedStore(Meta::create(0)?));
    let index = Arc::new(Index::new(Arc::default()));
    let (clock, metrics) = (place.clock.clone(), place.metrics.clone());
    let follower = Follower::new(Arc::clone(&store), index, clock.clone(), metrics.clone());
    let foundations = Foundations {
        store,
        follower: Arc::new(follower),
        clock,
        metrics,
    };
    let services = Services::new(foundations, ServiceSettings::default());
    Ok(Api::waiting(Arc::new(services), first_admin::admission(place.config)))
}

/// The store before it is open. Nobody sees its identity: the services need one, and use it for nothing.
struct UnopenedStore(Meta);

fn unopened() -> StoreError {
    StoreError::Unavailable {
        cause: "it is not open yet".to_owned(),
    }
}

#[async_trait]
impl Store for UnopenedStore {
    fn meta(&self) -> &Meta {
        &self.0
    }

    fn describe(&self) -> String {
        "a store that is not open yet".to_owned()
    }

    async fn verify(&self) -> Result<(), StoreError> {
        Err(unopened())
    }

    async fn evidence_version(&self) -> Result<u32, StoreError> {
        Err(unopened())
    }

    async fn set_evidence_version(&self, _: u32) -> Result<(), StoreError> {
        Err(unopened())
    }

    async fn read(&self, _: &[StoredKey]) -> Result<Vec<Option<Stored>>, StoreError> {
        Err(unopened())
    }

    async fn commit(&self, commits: Vec<ShardCommit>) -> Vec<Result<Vec<Version>, CommitError>> {
        commits.iter().map(|_| Err(unopened().into())).collect()
    }

    async fn scan(
        &self,
        _: Shard,
        _: TenantId,
        _: ScanTable,
        _: Option<Bytes>,
        _: usize,
    ) -> Result<ScanPage, StoreError> {
        Err(unopened())
    }

    async fn heads(&self) -> Result<Vec<LogHead>, StoreError> {
        Err(unopened())
    }

    async fn entries(&self, _: Shard, _: Version, _: usize) -> Result<Vec<RawLogEntry>, StoreError> {
        Err(unopened())
    }

    async fn events(&self, _: &[Shard], _: EventSpan, _: usize) -> Result<Vec<Vec<StoredEvent>>, StoreError> {
        Err(unopened())
    }

    async fn drop_events(&self, _: Shard, _: TenantId, _: Timestamp, _: usize) -> Result<usize, StoreError> {
        Err(unopened())
    }

    async fn replace_events(&self, _: Shard, _: TenantId, _: Vec<ReplacedEvent>) -> Result<(), StoreError> {
        Err(unopened())
    }

    async fn forget_log(&self, _: Shard, _: Version) -> Result<(), StoreError> {
        Err(unopened())
    }

    fn notifications(&self) -> broadcast::Receiver<ShardNotification> {
        broadcast::Sender::new(1).subscribe()
    }
}
