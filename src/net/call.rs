//! The body of an answer, which keeps the call in progress until it has been sent. It knows whether the next step is that of
//! the handler or that of the client: the connection asks for a part of the body when the client can take it.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};

use super::usage::Call;

/// A body that ends its call when it is dropped.
#[derive(Debug)]
pub(crate) struct CallBody<B> {
    body: B,
    /// `None` if the call does not count.
    call: Option<Call>,
}

impl<B> CallBody<B> {
    pub(crate) fn new(body: B, mut call: Option<Call>) -> Self {
        if let Some(call) = &mut call {
            call.untaken(true);
        }
        Self { body, call }
    }
}

impl<B: Body + Unpin> Body for CallBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Some(call) = &mut self.call {
            call.untaken(matches!(polled, Poll::Ready(Some(_))));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
