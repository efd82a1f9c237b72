//! Gives the codec of a request what the request holds. It is the innermost layer: heavy work runs on another task than the
//! layers around it.

use std::task::{Context, Poll};

use futures_util::future::{Either, FutureExt as _};
use http::Request;
use tokio::task::futures::TaskLocalFuture;
use tower::{Layer, Service};

use super::codec::HELD;
use crate::net::HeldBytes;

/// Gives codecs what their requests hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldLayer;

/// A service whose codecs know what their requests hold.
#[derive(Clone, Debug)]
pub(super) struct WithHeld<S>(S);

impl<S> Layer<S> for HeldLayer {
    type Service = WithHeld<S>;

    fn layer(&self, inner: S) -> WithHeld<S> {
        WithHeld(inner)
    }
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for WithHeld<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<TaskLocalFuture<HeldBytes, S::Future>, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match request.extensions().get::<HeldBytes>().cloned() {
            Some(held) => HELD.scope(held, self.0.call(request)).left_future(),
            // Without a connection, in the warm-up.
            None => self.0.call(request).right_future(),
        }
    }
}
