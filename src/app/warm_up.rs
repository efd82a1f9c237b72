//! The warm-up: requests to both edges, on every worker thread, before the server is ready.
//!
//! The first requests of a process load code into memory, and the first ones of a thread fill what each thread has of its
//! own: the caches of the allocator and of regular expressions, and other thread-local values. Without the warm-up, callers
//! would pay for it.

use std::sync::Arc;

use futures_util::FutureExt as _;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::AppError;
use crate::api::Api;
use crate::clock::Clock;
use crate::config::StoreUrl;
use crate::domain::model::ScoreModel;
use crate::follow::Follower;
use crate::grpc;
use crate::http;
use crate::index::Index;
use crate::metrics::Metrics;
use crate::service::{Foundations, ServiceSettings, Services};
use crate::store::memory::MemoryStore;
use crate::store::{Store, StoreError};
use crate::tasks::on_every_worker;

/// Runs the warm-up on a service of its own with a store in memory, which is dropped afterwards: no metric, log line or
/// record remains. After it, the first request of each kind takes no longer than the next ones, on every worker.
///
/// # Errors
/// If a store in memory cannot be made or loaded.
pub async fn warm_up(clock: Clock) -> Result<(), AppError> {
    let api = rehearsal(clock).with_subscriber(NoSubscriber::default()).await;
    let api = api.map_err(|source| AppError::Store {
        place: StoreUrl::Memory.to_string(),
        source,
    })?;
    warm_up_transports(api.clone())
        .with_subscriber(NoSubscriber::default())
        .await;
    on_every_worker(move || {
        let requests = warm_up_edges(api.clone()).with_subscriber(NoSubscriber::default());
        requests.boxed()
    })
    .await;
    Ok(())
}

async fn warm_up_transports(api: Api) {
    grpc::warm_up_transport(api.clone()).await;
    http::warm_up_transport(api).await;
}

async fn warm_up_edges(api: Api) {
    grpc::warm_up(api.clone()).await;
    http::warm_up(api).await;
}

/// The handlers over a service that nobody else uses.
pub(super) async fn rehearsal(clock: Clock) -> Result<Api, StoreError> {
    let model = ScoreModel::default();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(model.fold.evidence_version())?);
    let index = Arc::new(Index::new(Arc::new(model)));
    let metrics = Metrics::new();
    let follower = Follower::new(Arc::clone(&store), index, clock.clone(), metrics.clone());
    let follower = Arc::new(follower);
    follower.bootstrap().await?;
    let foundations = Foundations {
        store,
        follower,
        clock,
        metrics,
    };
    let services = Services::new(foundations, ServiceSettings::default());
    Ok(Api::new(Arc::new(services)))
}
