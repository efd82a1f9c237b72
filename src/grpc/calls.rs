//! What surrounds each call: its connection counts it while it is in progress, so that a connection without one does not
//! delay a shutdown and can make room for another one; its memory is counted until its answer is sent; and the bytes of its
//! request must arrive in time.

use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{FutureExt as _, TryFutureExt as _};
use http::{HeaderMap, Request, Response};
use tonic::body::Body;
use tower::{Layer, Service};

use super::context::timeout;
use super::request_body::{Arrival, RequestBody};
use super::status::status;
use super::{health, stranger};
use crate::api::{ApiError, changes};
use crate::clock::monotonic;
use crate::net::{Arrived, Begun, Call, CallBody, ConnectionInfo, ConnectionUsage, HealthKind, Share};

/// How the path of a method of the contract begins.
const CONTRACT: &str = "/ringwarden.v1.";

/// The paths of reflection. Its stream stays open as long as the client likes, and nothing is lost when it is cut off.
const REFLECTION: &str = "/grpc.reflection.";
/// The methods of single lookups. They count in the limit of calls until they are answered.
const SINGLE_LOOKUPS: [&str; 3] = [
    "/ringwarden.v1.LookupService/Lookup",
    "/ringwarden.v1.LookupService/GetDecision",
    "/ringwarden.v1.LookupService/ListCategories",
];
/// The method of a stream of lookups. A part of the memory is for lookups alone.
const STREAM_LOOKUP: &str = "/ringwarden.v1.LookupService/StreamLookup";
/// The methods whose calls are refused at once if their clients no longer wait for the answer. They change nothing, and when
/// the server is late there are many of them.
const DROPPED_IF_LATE: [&str; 2] = [
    "/ringwarden.v1.LookupService/Lookup",
    "/ringwarden.v1.LookupService/BatchLookup",
];

/// Counts calls and their memory, and tells each request who its client is. The [`ConnectionInfo`] must be in the extensions of
/// the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct CountCalls;

/// A service whose calls are counted until their answers are sent.
#[derive(Clone, Debug)]
pub(super) struct CountedCalls<S>(S);

impl<S> Layer<S> for CountCalls {
    type Service = CountedCalls<S>;

    fn layer(&self, inner: S) -> CountedCalls<S> {
        CountedCalls(inner)
    }
}

type Answered<B, E> = Pin<Box<dyn Future<Output = Result<Response<CallBody<B>>, E>> + Send>>;

impl<S, B> CountedCalls<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Send + 'static, Future: Send + 'static>,
    B: Send + 'static,
{
    /// A health check: its connection is idle all the same, and its memory is not counted. Both are limited by the number of
    /// health checks.
    fn health_check(
        &mut self,
        kind: HealthKind,
        usage: ConnectionUsage,
        mut request: Request<Body>,
    ) -> Answered<B, S::Error> {
        let call = usage.begin_passing_call();
        let Some(place) = usage.begin_health(kind) else {
            return refused(status(&ApiError::overloaded()).into_http(), Some(call));
        };
        health::strip_head(&mut request, kind);
        let request = request.map(|body| Body::new(RequestBody::new(body, Arrival::One, None, usage)));
        let answer = self.0.call(request);
        Box::pin(answer.map_ok(|answer| answer.map(|body| CallBody::of_health(body, call, place))))
    }
}

/// An answer without a body.
fn refused<B, E>(head: Response<()>, call: Option<Call>) -> Answered<B, E>
where
    B: Send + 'static,
    E: Send + 'static,
{
    Box::pin(ready(Ok(head.map(|()| CallBody::empty(call)))))
}

impl<S, B> Service<Request<Body>> for CountedCalls<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Send + 'static, Future: Send + 'static>,
    B: Send + 'static,
{
    type Response = Response<CallBody<B>>;
    type Error = S::Error;
    type Future = Answered<B, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Some(connection) = request.extensions_mut().remove::<ConnectionInfo>() else {
            // Without a connection, in the warm-up.
            return self
                .0
                .call(request)
                .map_ok(|answer| answer.map(|body| CallBody::new(body, None, None)))
                .boxed();
        };
        let usage = connection.usage().clone();
        let now = monotonic();
        let path = request.uri().path();
        let timeout = timeout(request.headers());
        let Begun { arrived, lookup } = usage.begins(now, timeout, SINGLE_LOOKUPS.contains(&path));
        if let Some(head) = stranger::refusal(request.headers()) {
            return refused(head, Some(usage.begin_passing_call()));
        }
        if let Some(kind) = health::kind(path) {
            return self.health_check(kind, usage, request);
        }
        let (arrival, share) = (Arrival::of(path), share_of(path));
        let call = if path.starts_with(REFLECTION) {
            usage.begin_passing_call()
        } else {
            usage.begin_call()
        };
        if DROPPED_IF_LATE.contains(&path)
            && timeout.is_some_and(|timeout| now.saturating_duration_since(arrived) >= timeout)
        {
            usage.too_late();
            return refused(status(&ApiError::too_late()).into_http(), Some(call));
        }
        let Ok(held) = usage.hold(share, head_bytes(request.headers())) else {
            return refused(status(&ApiError::overloaded()).into_http(), Some(call));
        };
        connection.describe(request.extensions_mut());
        request.extensions_mut().insert(Arrived(arrived));
        request.extensions_mut().insert(held.clone());
        let of_body = Some(held.clone());
        let request = request.map(|body| Body::new(RequestBody::new(body, arrival, of_body, usage).of_lookup(lookup)));
        let answer = self.0.call(request);
        Box::pin(answer.map_ok(|answer| answer.map(|body| CallBody::new(body, Some(call), Some(held)))))
    }
}

fn share_of(path: &str) -> Share {
    if SINGLE_LOOKUPS.contains(&path) || path == STREAM_LOOKUP {
        return Share::Lookup;
    }
    match path.rsplit_once('/') {
        Some((service, method)) if service.starts_with(CONTRACT) && changes(method) => Share::Change,
        _ => Share::Other,
    }
}

/// The bytes of the headers of a request.
fn head_bytes(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_has_its_share_of_the_memory() {
        for (path, share) in [
            ("/ringwarden.v1.LookupService/Lookup", Share::Lookup),
            ("/ringwarden.v1.LookupService/BatchLookup", Share::Other),
            ("/ringwarden.v1.CaseService/ListCases", Share::Other),
            ("/ringwarden.v1.CaseService/CreateCase", Share::Change),
            (
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                Share::Other,
            ),
            ("/grpc.health.v1.Health/Other", Share::Other),
        ] {
            assert_eq!(share_of(path), share, "{path}");
        }
    }
}
