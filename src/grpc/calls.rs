//! Counts the calls in progress of each connection, so that a connection without one does not delay a shutdown and can
//! make room for another one.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::TryFutureExt as _;
use http::{Request, Response};
use tower::{Layer, Service};

use crate::net::{CallBody, ConnectionInfo};

/// The paths of reflection. Its stream stays open as long as the client likes, and nothing is lost when it is cut off.
const REFLECTION: &str = "/grpc.reflection.";

/// Counts calls, and tells each request who its client is. The [`ConnectionInfo`] must be in the extensions of the request.
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

impl<S, A, B> Service<Request<A>> for CountedCalls<S>
where
    S: Service<Request<A>, Response = Response<B>, Future: Send + 'static>,
{
    type Response = Response<CallBody<B>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let counts = !request.uri().path().starts_with(REFLECTION);
        let connection = request.extensions_mut().remove::<ConnectionInfo>();
        let call = connection.and_then(|connection| {
            connection.describe(request.extensions_mut());
            counts.then(|| connection.usage().begin_call())
        });
        let answer = self.0.call(request);
        Box::pin(answer.map_ok(|answer| answer.map(|body| CallBody::new(body, call))))
    }
}
