//! The HTTP edge: every method of the contract as JSON, probes, and metrics.
//!
//! Which request stands for which method is said in one table, [`ROUTES`]; what it means, in `docs/http.md`. Beside the
//! table there are `GET /healthz` (the process is alive), `GET /readyz` (the index is loaded, so that lookups can be
//! answered), `GET /metrics` (figures for Prometheus) and `GET /v1/openapi.json` (the table and the contract, described).
//!
//! Bodies are proto3 JSON: names in lowerCamelCase (those of the contract are read too), enumerations by name, unknown
//! fields refused. The handlers call those of the gRPC edge, so that both give the same answers. Errors are
//! `google.rpc.Status` in JSON.

mod call;
mod cid;
mod failure;
mod json;
mod lists;
mod openapi;
mod outcomes;
mod parameters;
mod probes;
mod respond;
mod route;
mod routes;
pub mod server;

use http::{Method, Request};
use hyper::body::Incoming;

use crate::clock::monotonic;
use crate::grpc::{Api, Arrived};

use self::call::Pending;
use self::failure::Failure;
use self::respond::Reply;
use self::route::{Way, find};

pub use route::{Answer, Body, Parameter, Route, Size};
pub use routes::ROUTES;
pub use server::{Limits, serve};

/// What answers requests. Clones share everything.
#[derive(Clone, Debug)]
struct Edge {
    api: Api,
    limits: Limits,
}

impl Edge {
    fn new(api: Api, limits: Limits) -> Self {
        Self { api, limits }
    }

    /// The answer to a request, whatever it is.
    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let arrived = Arrived(monotonic());
        let is_silent = request.uri().path().starts_with(cid::PATH);
        match self.route(request, arrived).await {
            Ok(reply) => reply,
            Err(failure) if is_silent => cid::silent(failure),
            Err(failure) => failure.into_reply(),
        }
    }

    async fn route(&self, request: Request<Incoming>, arrived: Arrived) -> Result<Reply, Failure> {
        let (route, path_text) = match find(ROUTES, request.method(), request.uri().path()) {
            Way::To(route, text) => (route, text.map(str::to_owned)),
            Way::OtherMethods(methods) => return Err(Failure::no_such_method(&methods)),
            Way::Nowhere => return self.page(request.method(), request.uri().path()),
        };
        let max_bytes = match route.size {
            Size::One => self.limits.body_bytes,
            Size::Batch => self.limits.batch_body_bytes,
        };
        let (head, body) = request.into_parts();
        let pending = Pending {
            api: self.api.clone(),
            route,
            head,
            body,
            path_text,
            max_bytes,
            arrived,
        };
        (route.run)(pending).await
    }

    /// What is no method of the contract.
    fn page(&self, method: &Method, path: &str) -> Result<Reply, Failure> {
        let page: fn(&Api) -> Result<Reply, Failure> = match path {
            "/healthz" => |_| Ok(probes::alive()),
            "/readyz" => probes::ready,
            "/metrics" => |api| Ok(probes::metrics(api)),
            openapi::PATH => |_| Ok(openapi::page()),
            _ => return Err(Failure::no_such_path()),
        };
        if [Method::GET, Method::HEAD].contains(method) {
            page(&self.api)
        } else {
            Err(Failure::no_such_method(&[&Method::GET]))
        }
    }
}
