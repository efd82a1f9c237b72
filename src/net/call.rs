//! The body of an answer, which keeps the call in progress until it has been sent. It knows whether the next step is that of
//! the handler or that of the client: the connection asks for a part of the body when the client can take it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::health::HealthPlace;
use super::memory::{HandedBytes, HeldBytes};
use super::usage::{Call, ConnectionUsage};

/// The most bytes that the connection takes over at once, so that a client that takes a long answer slowly is seen to take it.
const SLICE_BYTES: usize = 8 << 10;

/// A body that ends its call when it is dropped. The memory of the call is counted until then, and that of the bytes which the
/// connection has taken over until it drops them.
#[derive(Debug)]
pub(crate) struct CallBody<B> {
    /// `None` if all of the answer is in its head.
    body: Option<B>,
    /// `None` without a connection.
    call: Option<Call>,
    held: Option<HeldBytes>,
    /// The place of a health check.
    _health: Option<HealthPlace>,
    /// The rest of the part that the connection takes over.
    part: Option<Part>,
}

/// A part of a body. The connection takes it over in slices, one after the other.
#[derive(Debug)]
struct Part {
    rest: Bytes,
    /// `None` if the memory of the call is not counted.
    handed: Option<Arc<HandedBytes>>,
}

/// Bytes that the connection has taken over. It drops them when they are sent, and when the client has reset their stream.
struct Slice {
    bytes: Bytes,
    usage: ConnectionUsage,
    /// All slices of a part share its memory.
    _handed: Option<Arc<HandedBytes>>,
}

impl AsRef<[u8]> for Slice {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Slice {
    fn drop(&mut self) {
        self.usage.took();
    }
}

impl Part {
    /// Takes the next slice off. The last one leaves nothing.
    fn next_slice(&mut self, usage: &ConnectionUsage) -> Bytes {
        let length = self.rest.len().min(SLICE_BYTES);
        Bytes::from_owner(Slice {
            bytes: self.rest.split_to(length),
            usage: usage.clone(),
            _handed: self.handed.clone(),
        })
    }
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
            _health: None,
            part: None,
        }
    }

    /// The body of the answer to a health check, which keeps its place.
    pub(crate) fn of_health(body: B, call: Call, place: HealthPlace) -> Self {
        Self {
            _health: Some(place),
            ..Self::new(body, Some(call), None)
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
            _health: None,
            part: None,
        }
    }

    /// The next slice of a part of the body, if there is one.
    fn slice(&mut self) -> Option<Bytes> {
        let mut part = self.part.take()?;
        let slice = part.next_slice(self.call.as_ref()?.usage());
        self.part = Some(part).filter(|part| !part.rest.is_empty());
        Some(slice)
    }

    /// Takes over a frame of the body: of its data, one slice.
    fn take_over(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        let Some(call) = &self.call else {
            return frame;
        };
        let rest = match frame.into_data() {
            Ok(data) if !data.is_empty() => data,
            Ok(empty) => return Frame::data(empty),
            Err(trailers) => return trailers,
        };
        let handed = self.held.as_ref().map(|held| {
            // Nothing else is left of this part of the answer.
            held.release();
            Arc::new(call.hand(rest.len()))
        });
        self.part = Some(Part { rest, handed });
        Frame::data(self.slice().unwrap_or_default())
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for CallBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        let polled = if let Some(slice) = this.slice() {
            Poll::Ready(Some(Ok(Frame::data(slice))))
        } else {
            let Some(body) = &mut this.body else {
                return Poll::Ready(None);
            };
            let polled = Pin::new(body).poll_frame(cx);
            polled.map(|frame| frame.map(|frame| frame.map(|frame| this.take_over(frame))))
        };
        if let Some(call) = &mut this.call {
            call.untaken(matches!(polled, Poll::Ready(Some(_))));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.part.is_none() && self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        // Asked before the first frame.
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, Full};

    use super::*;
    use crate::net::{ConnectionLimits, MemoryBudget, Share};

    const LENGTH: usize = 2 * SLICE_BYTES + 100;

    fn answer(budget: &MemoryBudget) -> CallBody<Full<Bytes>> {
        let limits = ConnectionLimits {
            memory: budget.clone(),
            ..ConnectionLimits::of(1)
        };
        let usage = ConnectionUsage::new(0, limits, Arc::default());
        let held = usage.hold(Share::Other, 0).unwrap();
        held.answer(LENGTH).unwrap();
        CallBody::new(Full::new(vec![7; LENGTH].into()), Some(usage.begin_call()), Some(held))
    }

    #[tokio::test]
    async fn a_long_part_is_handed_over_in_slices_and_counts_until_the_last_one_is_sent() {
        let budget = MemoryBudget::new(1 << 30);
        let mut body = answer(&budget);
        let mut slices = Vec::new();
        while let Some(frame) = body.frame().await {
            slices.push(frame.unwrap().into_data().unwrap());
        }
        let lengths: Vec<_> = slices.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [SLICE_BYTES, SLICE_BYTES, 100]);
        drop(body);
        let last = slices.pop();
        assert_eq!(budget.held(), LENGTH);
        drop(slices);
        assert_eq!(budget.held(), LENGTH, "the buffer is one");
        drop(last);
        assert_eq!(budget.held(), 0);
    }

    #[tokio::test]
    async fn an_answer_that_is_given_up_counts_no_more() {
        let budget = MemoryBudget::new(1 << 30);
        let mut body = answer(&budget);
        let first = body.frame().await.unwrap().unwrap();
        assert!(!body.is_end_stream());
        drop(body); // a client has reset the stream, and the connection drops what it has of it
        drop(first);
        assert_eq!(budget.held(), 0);
    }
}
