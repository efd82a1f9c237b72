//! The body of an answer, which keeps the call in progress until it has been sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};

use super::usage::Call;

/// A body that ends its call when it is dropped.
#[derive(Debug)]
pub(crate) struct CallBody<B> {
    body: B,
    /// `None` if the call does not count.
    _call: Option<Call>,
}

impl<B> CallBody<B> {
    pub(crate) fn new(body: B, call: Option<Call>) -> Self {
        Self { body, _call: call }
    }
}

impl<B: Body + Unpin> Body for CallBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
