//! The HTTP edge: every method of the contract as JSON, probes, and metrics.
//!
//! One table, [`ROUTES`], says which request is which method; `docs/http.md` explains it. Beside the table there are
//! `GET /healthz` (the process is alive), `GET /readyz` (the index is loaded, so lookups can be answered), `GET /metrics`
//! (metrics for Prometheus) and `GET /v1/openapi.json` (the table and the contract as OpenAPI).
//!
//! Bodies are proto3 JSON, plain or compressed with gzip: names in lowerCamelCase (names of the contract are read too), enums
//! by name, unknown fields refused. Errors are `google.rpc.Status` in JSON.

mod body;
mod call_outcomes;
mod cid;
mod error_response;
mod export;
mod handler;
mod host;
mod items;
mod json;
mod lists;
mod openapi;
mod parameters;
mod probes;
mod request;
mod response;
mod route;
mod routes;
pub mod server;
mod service;
mod stranger;
mod warm_up;
mod welcome;

pub use parameters::Parameter;
pub use request::Body;
pub use route::{AnswerBody, Route, Size};
pub use routes::ROUTES;
pub(crate) use server::MAX_ADMIN_CONNECTIONS;
pub use server::{HttpLimits, HttpSettings, Pages, serve};
pub use warm_up::{warm_up, warm_up_transport};
