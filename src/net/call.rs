//! The body of an answer, which keeps the call in progress until it has been sent. It knows whether the next step is that of
//! the handler or that of the client: the connection asks for a part of the body when the client can take it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};

use super::memory::HeldBytes;
use super::usage::Call;

/// A body that ends its call when it is dropped. The memory of the call is counted until then.
#[derive(Debug)]
pub(crate) struct CallBody<B> {
    /// `None` if all of the answer is in its head.
    body: Option<B>,
    /// `None` if the call does not count.
    call: Option<Call>,
    held: Option<HeldBytes>,
}

impl<B> CallBody<B> {
    pub(crate) fn new(body: B, mut call: Option<Call>, held: Option<HeldBytes>) -> Self {
        if let Some(call) = &mut call {
            call.answered();
            call.untaken(true);
        }
        Self {
            body: Some(body),
            call,
            held,
        }
    }

    /// The body of an answer that is in its head.
    pub(crate) fn empty(call: Option<Call>) -> Self {
        let mut call = call;
        if let Some(call) = &mut call {
            call.answered();
        }
        Self {
            body: None,
            call,
            held: None,
        }
    }
}

impl<B: Body + Unpin> Body for CallBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(body).poll_frame(cx);
        let bytes = match &polled {
            Poll::Ready(Some(Ok(frame))) => frame.data_ref().map(Buf::remaining),
            Poll::Ready(_) | Poll::Pending => None,
        };
        if let Some(bytes) = bytes
            && let Some(held) = &self.held
        {
            // The connection has the bytes now, and nothing else is left of this part of the answer.
            held.release();
            if let Some(call) = &self.call {
                call.handed(bytes);
            }
        }
        if let Some(call) = &mut self.call {
            call.untaken(matches!(polled, Poll::Ready(Some(_))));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
