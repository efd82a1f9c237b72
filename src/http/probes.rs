//! What an orchestrator and a monitoring system ask.

use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::failure::Failure;
use super::json;
use super::respond::{Reply, TEXT, reply};
use crate::clock::monotonic;
use crate::follow::StoreState;
use crate::grpc::Api;
use crate::wire;

/// The format of Prometheus that every scraper reads.
const METRICS_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// How the index stands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Readiness {
    ready: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What the last sweep found of the store. A store that is down makes nothing unready: lookups are answered from
    /// memory.
    store: &'static str,
    /// Whether the last completed sweep is so long ago that answers may have missed something.
    stale: bool,
    /// The moment up to which answers surely know everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_as_of: Option<wire::Timestamp>,
}

/// The process is alive.
pub(super) fn alive() -> Reply {
    reply(StatusCode::OK, TEXT, "ok\n")
}

/// Whether lookups can be answered: from the moment the index has been loaded, for good.
pub(super) fn ready(api: &Api) -> Result<Reply, Failure> {
    let freshness = api.service().follower().freshness();
    let ready = freshness.is_ready();
    let store = match freshness.store() {
        StoreState::Up => "up",
        StoreState::Down => "down",
        StoreState::Foreign => "foreign",
    };
    let body = Readiness {
        ready,
        reason: (!ready).then_some("the index has not been loaded from the store yet"),
        store,
        stale: freshness.is_stale(),
        data_as_of: ready.then(|| wire::Timestamp::from_millis(freshness.data_as_of().millis())),
    };
    let mut response = json::respond(&body)?;
    if !ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}

/// All figures.
pub(super) fn metrics(api: &Api) -> Reply {
    let figures = api.service().metrics().render(monotonic());
    reply(StatusCode::OK, METRICS_TYPE, figures)
}
