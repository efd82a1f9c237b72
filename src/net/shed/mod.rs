//! Refuses calls before HTTP/2 takes them up, while the server is late.
//!
//! A lookup costs some microseconds, and the HTTP/2 of its call ten times as much. A server that takes up all calls, and then
//! refuses most of them, has no time left for the others: the more calls come, the fewer it answers. So while the server is
//! late (`net/call_limit.rs`), the frames of calls beyond its limit are taken out where the bytes of a connection are read
//! (`inbound`). HTTP/2 never sees these calls, and the client gets an answer that is the same for all (`calls`). It is sent
//! between the frames of HTTP/2 (`outbound`). A call whose client has reset it before it was read is taken out as well.
//!
//! The receiver of header fields keeps a table of them (HPACK, RFC 7541), so only a call whose header fields leave that table
//! as it is can be taken out (`fields`). Clients insert the fields of their first calls, and refer to them later. Those that
//! insert a field with each call, such as the time that is left to them, are told by settings of the server to insert none.

mod calls;
mod fields;
mod frames;
mod inbound;
mod outbound;
#[cfg(test)]
mod tests;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::calls::{Calls, KEPT_BYTES};
pub(crate) use self::fields::answer_block;
use self::inbound::{HELD_BYTES, Inbound};
use self::outbound::Outbound;
use super::arrival::ArrivalTimes;
use super::call_limit::{CallLimit, now};
use super::usage::ConnectionUsage;

/// Bytes of answers that wait for their client, from which on nothing more is read from it.
const MAX_UNSENT: usize = 64 << 10;
/// Reads in a row whose bytes are all taken out. Then other connections have their turn.
const READS_IN_A_ROW: usize = 8;
/// The room into which bytes are read if the reader has less.
const ROOM_BYTES: usize = 2 << 10;
/// The least room of the reader into which bytes are read: what was kept back, and as much again.
const LEAST_ROOM: usize = 2 * HELD_BYTES;

/// Between the bytes of one connection and its HTTP/2.
#[derive(Debug)]
pub(super) struct Shed {
    inbound: Inbound,
    outbound: Outbound,
    calls: Calls,
    usage: ConnectionUsage,
    /// Bytes that were read and sifted, but for which the reader had no room.
    left: Vec<u8>,
    /// The frames of this layer that are being sent, and how many of their bytes were.
    unsent: Vec<u8>,
    sent: usize,
    /// Whether reading has stopped since too many bytes wait.
    is_stopped: bool,
}

impl Shed {
    pub(super) fn new(usage: ConnectionUsage, limit: Arc<CallLimit>) -> Self {
        Self {
            inbound: Inbound::default(),
            outbound: Outbound::default(),
            calls: Calls::new(usage.clone(), limit),
            usage,
            left: Vec::new(),
            unsent: Vec::new(),
            sent: 0,
            is_stopped: false,
        }
    }

    /// Reads what is left of the next bytes after the refused calls were taken out. Reads nothing at the end of the connection.
    /// Says how many bytes were read from it.
    pub(super) fn poll_read<T>(
        &mut self,
        stream: &mut T,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let mut read = 0;
        for _ in 0..READS_IN_A_ROW {
            // An error says that the connection has ended, as reading will.
            if let Poll::Pending = self.poll_send(stream, cx)
                && self.unsent.len() + self.calls.frame_bytes() > MAX_UNSENT
            {
                self.is_stopped = true;
                return Poll::Pending;
            }
            if !self.left.is_empty() {
                let part = self.left.len().min(buf.remaining());
                buf.put_slice(self.left.get(..part).unwrap_or_default());
                self.left.drain(..part);
                return Poll::Ready(Ok(read));
            }
            let before = buf.filled().len();
            let polled = if buf.remaining() < LEAST_ROOM {
                self.poll_read_aside(stream, cx)
            } else {
                self.poll_sift(stream, cx, buf)
            };
            match polled {
                Poll::Ready(Ok(0)) | Poll::Ready(Err(_)) => return polled,
                Poll::Ready(Ok(more)) => read += more,
                // What was sifted before was taken out.
                Poll::Pending => {
                    let _sent = self.poll_send(stream, cx);
                    return Poll::Pending;
                }
            }
            if buf.filled().len() > before {
                let _sent = self.poll_send(stream, cx);
                return Poll::Ready(Ok(read));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads some bytes, and sifts them. Says how many were read.
    fn poll_sift<T>(&mut self, stream: &mut T, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<usize>>
    where
        T: AsyncRead + Unpin,
    {
        let before = buf.filled().len();
        buf.put_slice(self.inbound.held());
        let held = buf.filled().len();
        let polled = Pin::new(stream).poll_read(cx, buf);
        let read = buf.filled().len() - held;
        if read == 0 {
            // Nothing, or the end; then the beginning of a frame is of no use.
            buf.set_filled(before);
            return polled.map_ok(|()| 0);
        }
        let now = now();
        let arrived = self.usage.last_arrived().unwrap_or(ArrivalTimes::at(now));
        let bytes = buf.filled_mut().get_mut(before..).unwrap_or_default();
        let kept = self.inbound.sift(bytes, &mut self.calls, arrived, now);
        buf.set_filled(before + kept);
        Poll::Ready(Ok(read))
    }

    /// The same, if the reader has little room.
    fn poll_read_aside<T>(&mut self, stream: &mut T, cx: &mut Context<'_>) -> Poll<io::Result<usize>>
    where
        T: AsyncRead + Unpin,
    {
        let mut room = [0; ROOM_BYTES];
        let mut aside = ReadBuf::new(&mut room);
        let read = ready!(self.poll_sift(stream, cx, &mut aside))?;
        self.left.extend(aside.filled());
        Poll::Ready(Ok(read))
    }

    /// Sends the frames of this layer, if they may come now. Ready when there are none.
    pub(super) fn poll_send<T>(&mut self, stream: &mut T, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        T: AsyncWrite + Unpin,
    {
        loop {
            if self.unsent.is_empty() {
                self.calls.take_frames(&mut self.unsent);
            }
            if self.unsent.is_empty() {
                if std::mem::take(&mut self.is_stopped) {
                    cx.waker().wake_by_ref();
                }
                return Poll::Ready(Ok(()));
            }
            if !self.outbound.is_between_frames() {
                return Poll::Pending;
            }
            while let Some(rest) = self.unsent.get(self.sent..).filter(|rest| !rest.is_empty()) {
                let sent = ready!(Pin::new(&mut *stream).poll_write(cx, rest))?;
                if sent == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.sent += sent;
            }
            // Under TLS, bytes that were written may wait until they are flushed.
            ready!(Pin::new(&mut *stream).poll_flush(cx))?;
            self.unsent.clear();
            self.unsent.shrink_to(KEPT_BYTES);
            self.sent = 0;
        }
    }

    /// Ready when the bytes of HTTP/2 may be sent: no frame of this layer is sent in part.
    pub(super) fn poll_turn<T>(&mut self, stream: &mut T, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        T: AsyncWrite + Unpin,
    {
        if self.outbound.is_between_frames() {
            return self.poll_send(stream, cx);
        }
        Poll::Ready(Ok(()))
    }

    /// Notes that HTTP/2 has written so many of the first bytes of these.
    pub(super) fn wrote(&mut self, parts: &[IoSlice<'_>], mut written: usize) {
        for part in parts {
            let part = part.get(..written.min(part.len())).unwrap_or_default();
            self.outbound.sent(part, &mut self.calls);
            written -= part.len();
        }
    }
}
