//! The page at `/`, for a person who opens the address in a browser: what answers here, and where to read on.

use http::StatusCode;
use serde_json::json;

use super::openapi;
use super::response::{HttpResponse, JSON, response};

/// `probes` are the paths of the probes that this address serves.
pub(super) fn page(probes: &[&str]) -> HttpResponse {
    let body = json!({
        "service": "ringwarden",
        "version": env!("CARGO_PKG_VERSION"),
        "openapi": openapi::PATH,
        "documentation": "docs/http.md in the source of this release",
        "probes": probes,
    });
    response(StatusCode::OK, JSON, body.to_string())
}
