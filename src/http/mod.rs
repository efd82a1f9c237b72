//! The HTTP edge: the most used calls as JSON, probes, and metrics.
//!
//! | Route | What it is |
//! |---|---|
//! | `POST /v1/lookup` | `LookupService.Lookup`; the body is a `LookupRequest` |
//! | `POST /v1/reports` | `ReportService.SubmitReport`; the body is the `Report` itself |
//! | `GET /v1/numbers/{e164}` | `NumberService.GetNumber` |
//! | `GET /healthz` | the process is alive |
//! | `GET /readyz` | the index is loaded, so that lookups can be answered |
//! | `GET /metrics` | figures for Prometheus |
//!
//! Bodies are proto3 JSON: names in lowerCamelCase (those of the contract are read too), enumerations by name, unknown
//! fields refused. The handlers call those of the gRPC edge, so that both give the same answers. Errors are
//! `google.rpc.Status` in JSON.

mod failure;
mod json;
mod probes;
pub mod server;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::Uri;
use tonic::Request;

use crate::grpc::Api;
use crate::metrics::Edge;
use crate::service::ServiceError;
use crate::wire::v1;
use crate::wire::v1::lookup_service_server::LookupService as _;
use crate::wire::v1::number_service_server::NumberService as _;
use crate::wire::v1::report_service_server::ReportService as _;

use self::failure::Failure;
use self::json::JsonBody;

pub use server::{Limits, serve};

fn router(api: Api, limits: &Limits) -> Router {
    Router::new()
        .route("/v1/lookup", post(look_up))
        .route("/v1/reports", post(submit_report))
        .route("/v1/numbers/{e164}", get(number))
        .route("/healthz", get(probes::alive))
        .route("/readyz", get(probes::ready))
        .route("/metrics", get(probes::metrics))
        .fallback(async || Failure::no_such_path())
        .method_not_allowed_fallback(async || Failure::no_such_method())
        .layer(DefaultBodyLimit::max(limits.body_bytes))
        .with_state(api)
}

async fn look_up(State(api): State<Api>, body: JsonBody) -> Result<Response, Failure> {
    let mut request = Request::new(body.read::<v1::LookupRequest>("")?);
    request.extensions_mut().insert(Edge::Http);
    json::respond(&api.lookup(request).await?.into_inner())
}

async fn submit_report(State(api): State<Api>, body: JsonBody) -> Result<Response, Failure> {
    let report = body.read::<v1::Report>("report.")?;
    let request = v1::SubmitReportRequest { report: Some(report) };
    json::respond(&api.submit_report(Request::new(request)).await?.into_inner())
}

async fn number(
    State(api): State<Api>,
    uri: Uri,
    number: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    if uri.query().is_some_and(|query| !query.is_empty()) {
        return Err(ServiceError::field("query", "must be empty: this path has no parameters").into());
    }
    let Ok(Path(number)) = number else {
        return Err(ServiceError::field("e164", "is not UTF-8").into());
    };
    if !number.starts_with('+') {
        return Err(ServiceError::field("e164", "must begin with a plus sign and the country code").into());
    }
    let request = v1::GetNumberRequest {
        number,
        ..v1::GetNumberRequest::default()
    };
    json::respond(&api.get_number(Request::new(request)).await?.into_inner())
}
