//! The bytes of a request on their way to the decoder: they count as memory, and a message that has begun must arrive in
//! time. A stream of lookups may be silent between two messages for as long as it likes.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::Status;
use tonic::body::Body;

use super::status::status;
use crate::api::ApiError;
use crate::net::{ConnectionUsage, HeldBytes, SilentStream, WaitingLookup};

/// The longest pause of a request whose bytes are awaited.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// How long a message may take to arrive.
const MESSAGE_MAX: Duration = Duration::from_secs(60);
/// Bytes before each message: whether it is compressed, and its length (gRPC over HTTP/2).
const PREFIX_BYTES: usize = 5;

/// How the messages of a request arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// One message, and the end of the request.
    One,
    /// Messages over any time, and each is over when it is answered.
    Stream,
    /// The same for a call that does not count as one in progress: reflection.
    PassingStream,
    /// The parts of one thing, which are all kept until the last one.
    Upload,
}

impl Arrival {
    /// The arrival of the requests of a method.
    pub(super) fn of(path: &str) -> Self {
        match path {
            "/ringwarden.v1.LookupService/StreamLookup" | "/ringwarden.v1.ReportService/SubmitCallOutcomes" => {
                Self::Stream
            }
            "/ringwarden.v1.ListService/ReplaceList" => Self::Upload,
            _ if path.starts_with("/grpc.reflection.") => Self::PassingStream,
            _ => Self::One,
        }
    }

    /// Whether the client may be silent between two messages.
    const fn is_stream(self) -> bool {
        matches!(self, Self::Stream | Self::PassingStream)
    }
}

/// How much of the current message has arrived.
#[derive(Debug, Default)]
struct Progress {
    /// The bytes before the message.
    prefix: [u8; PREFIX_BYTES],
    prefix_bytes: usize,
    /// The bytes of the message that are missing, once its length is known.
    missing: usize,
}

impl Progress {
    /// Takes over bytes that have arrived. Whether a message begins in them.
    fn take(&mut self, mut bytes: &[u8]) -> bool {
        let mut begins = false;
        while let Some((first, rest)) = bytes.split_first() {
            if self.missing > 0 {
                let taken = self.missing.min(bytes.len());
                self.missing -= taken;
                bytes = bytes.get(taken..).unwrap_or_default();
                continue;
            }
            begins |= self.prefix_bytes == 0;
            if let Some(place) = self.prefix.get_mut(self.prefix_bytes) {
                *place = *first;
            }
            self.prefix_bytes += 1;
            bytes = rest;
            if self.prefix_bytes == PREFIX_BYTES {
                let [_, length @ ..] = self.prefix;
                self.missing = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
                self.prefix_bytes = 0;
            }
        }
        begins
    }

    /// Whether a message has begun and has not ended.
    const fn is_within(&self) -> bool {
        self.missing > 0 || self.prefix_bytes > 0
    }
}

/// The body of a request.
#[derive(Debug)]
pub(super) struct RequestBody {
    body: Body,
    arrival: Arrival,
    /// `None` if its memory is not counted, as that of a health check.
    held: Option<HeldBytes>,
    usage: ConnectionUsage,
    progress: Progress,
    /// When the request or its current message began.
    begun: Instant,
    /// When the bytes that are awaited must have arrived; `None` if none are awaited.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Set while a stream is silent between two messages.
    silent: Option<SilentStream>,
    /// The lookup, until the server has waited for its message.
    lookup: Option<WaitingLookup>,
}

impl RequestBody {
    pub(super) fn new(body: Body, arrival: Arrival, held: Option<HeldBytes>, usage: ConnectionUsage) -> Self {
        Self {
            body,
            arrival,
            held,
            usage,
            progress: Progress::default(),
            begun: Instant::now(),
            deadline: None,
            silent: None,
            lookup: None,
        }
    }

    /// The body of the request of this lookup.
    pub(super) fn of_lookup(self, lookup: Option<WaitingLookup>) -> Self {
        Self { lookup, ..self }
    }

    /// Counts bytes that have arrived.
    fn arrived(&mut self, bytes: &[u8]) -> Result<(), Status> {
        self.deadline = None;
        self.silent = None;
        let begins = self.progress.take(bytes) && self.arrival.is_stream();
        if begins {
            self.begun = Instant::now();
        }
        let Some(held) = &self.held else {
            return Ok(());
        };
        if begins {
            held.release();
        }
        held.add(bytes.len()).map_err(|_over| status(&ApiError::overloaded()))
    }

    /// Ready when the bytes that are awaited are late.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        if self.arrival.is_stream() && !self.progress.is_within() {
            if self.arrival == Arrival::Stream {
                self.silent.get_or_insert_with(|| self.usage.silent_stream());
            }
            return Poll::Pending;
        }
        let begun = self.begun;
        let deadline = self.deadline.get_or_insert_with(|| {
            let pause_ends = Instant::now() + PAUSE_MAX;
            Box::pin(sleep_until(pause_ends.min(begun + MESSAGE_MAX)))
        });
        deadline.as_mut().poll(cx).map(|()| {
            self.usage.unfinished();
            status(&ApiError::unfinished())
        })
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let counted = frame.data_ref().map_or(Ok(()), |bytes| self.arrived(bytes));
                Poll::Ready(Some(counted.map(|()| frame)))
            }
            Poll::Pending => {
                if let Some(lookup) = self.lookup.take() {
                    self.usage.waits_for_client(lookup);
                }
                self.poll_late(cx).map(|late| Some(Err(late)))
            }
            ended => ended,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_apart_at_every_cut() {
        let bytes = [&[0, 0, 0, 0, 3][..], b"abc", &[1, 0, 0, 0, 0], &[0, 0, 0, 0, 1], b"x"].concat();
        for size in 1..bytes.len() {
            let mut progress = Progress::default();
            let begun: usize = bytes.chunks(size).map(|chunk| usize::from(progress.take(chunk))).sum();
            assert!((1..=3).contains(&begun) && !progress.is_within(), "{size}");
            if size == 1 {
                assert_eq!(begun, 3);
            }
            progress.take(&[0, 0]);
            assert!(progress.is_within());
            progress.take(&[0, 0, 9, b'a']);
            assert!(progress.is_within());
        }
    }

    #[test]
    fn only_streams_may_be_silent() {
        for (path, arrival) in [
            ("/ringwarden.v1.LookupService/StreamLookup", Arrival::Stream),
            ("/ringwarden.v1.LookupService/Lookup", Arrival::One),
            ("/ringwarden.v1.ListService/ReplaceList", Arrival::Upload),
            ("/grpc.health.v1.Health/Watch", Arrival::One),
        ] {
            assert_eq!(Arrival::of(path), arrival, "{path}");
        }
    }
}
