//! Probes of orchestrators and monitoring systems.

use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::error_response::ErrorResponse;
use super::json;
use super::response::{HttpResponse, TEXT, response};
use crate::api::Api;
use crate::clock::monotonic;
use crate::tasks::polls;
use crate::wire;

/// The path that says that the process is alive.
pub(super) const HEALTH: &str = "/healthz";
/// The path that says whether the server is ready.
pub(super) const READY: &str = "/readyz";
/// The path of the metrics.
pub(super) const METRICS: &str = "/metrics";
/// The paths that a machine asks for by itself.
pub(super) const PATHS: [&str; 3] = [HEALTH, READY, METRICS];

/// The Prometheus format that every scraper reads.
const METRICS_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The body of `/readyz`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ReadinessBody {
    ready: bool,
    /// Why the server is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The result of the last sweep. A server whose store is down stays ready, since it answers lookups from memory.
    store: &'static str,
    /// Whether the last complete sweep is so long ago that an answer may miss a change.
    stale: bool,
    /// The index has every change up to this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_as_of: Option<wire::Timestamp>,
    /// How long ago that was, in whole seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<u64>,
    /// True if the server started from a snapshot and has not followed the store yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    from_snapshot: bool,
}

/// The process is alive.
pub(super) fn alive() -> HttpResponse {
    response(StatusCode::OK, TEXT, "ok\n")
}

/// Whether the server should get lookups: once the index has been loaded, and until a shutdown is announced.
pub(super) fn ready(api: &Api) -> Result<HttpResponse, ErrorResponse> {
    let readiness = api.readiness();
    let body = ReadinessBody {
        ready: readiness.ready,
        reason: (!readiness.ready).then_some(if readiness.leaving {
            "the server is shutting down"
        } else {
            "the index has not been loaded from the store yet"
        }),
        store: readiness.store,
        stale: readiness.stale,
        data_as_of: readiness
            .data_as_of
            .map(|time| wire::Timestamp::from_millis(time.millis())),
        age_seconds: readiness.age.map(|age| age.as_secs()),
        from_snapshot: readiness.from_snapshot,
    };
    let mut response = json::respond(&body)?;
    if !readiness.ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}

/// All metrics.
pub(super) fn metrics(api: &Api) -> HttpResponse {
    let longest = polls::take_longest();
    api.metrics().longest_poll(longest.took, longest.computed);
    response(StatusCode::OK, METRICS_TYPE, api.metrics().render(monotonic()))
}
