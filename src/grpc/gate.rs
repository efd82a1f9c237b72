//! Asks whether the caller may call the method, before a request is read.

use std::task::{Context, Poll};

use futures_util::future::{self, Either, Ready};
use http::{Request, Response};
use tonic::body::Body;
use tower::{Layer, Service};

use super::health;
use super::status::status;
use crate::api::{Api, ApiError, RequestContext};
use crate::clock::monotonic;
use crate::edge::AnswerBody;
use crate::metrics::EdgeLabel;
use crate::net::ConnectionUsage;

/// The path of a method of the contract begins so, and goes on with the service, `/`, and the method.
const CONTRACT: &str = "/ringwarden.v1.";
/// Refuses requests whose caller may not call their method.
#[derive(Clone, Debug)]
pub(super) struct GateLayer(pub(super) Api);

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate {
            api: self.0.clone(),
            inner,
        }
    }
}

/// A service whose callers may call the method that they call.
#[derive(Clone, Debug)]
pub(super) struct Gate<S> {
    api: Api,
    inner: S,
}

impl<S> Gate<S> {
    fn check<B>(&self, request: &mut Request<B>) -> Result<(), ApiError> {
        // Health checks need no credential: an orchestrator has none, and the answer holds nothing of anybody.
        if health::kind(request.uri().path()).is_some() {
            return Ok(());
        }
        // The layer around this one has put it there. Without it, the caller is nobody.
        let nobody = || RequestContext::new(EdgeLabel::Grpc, monotonic());
        let mut context = request.extensions_mut().remove().unwrap_or_else(nobody);
        let named = request.uri().path().strip_prefix(CONTRACT);
        match named.and_then(|named| named.split_once('/')) {
            Some((service, method)) => self.api.authorize(&mut context, service, method)?,
            // Reflection; and what does not exist, which a stranger need not know.
            None => self.api.authorize_anybody(&context)?,
        }
        request.extensions_mut().insert(context);
        if let Some(usage) = request.extensions().get::<ConnectionUsage>() {
            usage.known();
        }
        Ok(())
    }
}

impl<S, B> Service<Request<B>> for Gate<S>
where
    S: Service<Request<B>, Response = Response<AnswerBody<Body>>>,
{
    type Response = Response<AnswerBody<Body>>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<AnswerBody<Body>>, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.check(&mut request) {
            Ok(()) => Either::Left(self.inner.call(request)),
            Err(error) => Either::Right(future::ready(Ok(status(&error).into_http().map(AnswerBody::Whole)))),
        }
    }
}
