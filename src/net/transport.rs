//! The bytes of a connection: in plain text, or under TLS.
//!
//! The handshake runs when the connection is first read or written, thus in the task of the connection and never where
//! connections are accepted. A client that does not begin with a record of TLS is told so in plain text.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{FallibleAccept, TlsAcceptor};

use super::protocol::{Protocol, Refusal};
use super::socket::Socket;
use super::tls::Tls;

/// The first byte of a client that speaks TLS: a record of the handshake (RFC 8446, section 5.1).
const HANDSHAKE_RECORD: u8 = 0x16;
/// The bytes of a client in plain text that are looked at.
const PEEKED_BYTES: usize = 24;

/// The bytes of a connection.
pub(super) enum Transport {
    /// In plain text.
    Plain(Socket),
    /// TLS is expected, and nothing was read yet.
    Unsecured(Unsecured),
    /// The handshake is in progress.
    Handshake(Box<FallibleAccept<Socket>>),
    /// Under TLS.
    Secured(Box<Secured>),
    /// The connection is of no more use.
    Closed,
}

/// A connection whose handshake has not begun.
pub(super) struct Unsecured {
    pub(super) socket: Socket,
    pub(super) tls: Arc<Tls>,
    pub(super) protocol: Protocol,
}

/// A connection under TLS.
pub(super) struct Secured {
    stream: TlsStream<Socket>,
    /// What was read by [`Transport::poll_peek`], and is still to be read.
    peeked: Vec<u8>,
}

/// How an attempt to secure a connection ended.
#[derive(Debug)]
pub(super) enum Handshake {
    /// The connection is under TLS. The certificate of the client (DER), if it has shown one.
    Secured(Option<Vec<u8>>),
    /// The client speaks plain text, or its handshake failed. The connection is in plain text, and this is to be said.
    Refused(Refusal),
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Unsecured(_) => "Unsecured",
            Self::Handshake(_) => "Handshake",
            Self::Secured(_) => "Secured",
            Self::Closed => "Closed",
        })
    }
}

impl Transport {
    /// Whether bytes can be read and written: there is no handshake, or it has ended.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Plain(_) | Self::Secured(_))
    }

    /// Goes on with the handshake.
    pub(super) fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Handshake>> {
        if let Self::Unsecured(unsecured) = self {
            let mut bytes = [0; PEEKED_BYTES];
            let mut first = ReadBuf::new(&mut bytes);
            ready!(unsecured.socket.poll_peek(cx, &mut first))?;
            match first.filled().first() {
                None => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Some(&HANDSHAKE_RECORD) => self.begin_handshake(),
                Some(_) => return Poll::Ready(Ok(self.refuse_plain_text(first.filled()))),
            }
        }
        let Self::Handshake(accepting) = self else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        match ready!(Pin::new(accepting.as_mut()).poll(cx)) {
            Ok(stream) => {
                let shown = stream.get_ref().1.peer_certificates();
                let leaf = shown.and_then(|chain| chain.first()).map(|leaf| leaf.to_vec());
                let peeked = Vec::new();
                *self = Self::Secured(Box::new(Secured { stream, peeked }));
                Poll::Ready(Ok(Handshake::Secured(leaf)))
            }
            // The alert has been written. The client sees it only if the connection still takes what it sends.
            Err((_, socket)) => {
                *self = Self::Plain(socket);
                Poll::Ready(Ok(Handshake::Refused(Refusal::silent())))
            }
        }
    }

    fn begin_handshake(&mut self) {
        if let Self::Unsecured(unsecured) = std::mem::replace(self, Self::Closed) {
            let Unsecured { socket, tls, protocol } = unsecured;
            let accepting = TlsAcceptor::from(tls.config(protocol)).accept(socket);
            *self = Self::Handshake(Box::new(accepting.into_fallible()));
        }
    }

    fn refuse_plain_text(&mut self, first: &[u8]) -> Handshake {
        let mut refusal = Refusal::silent();
        if let Self::Unsecured(unsecured) = std::mem::replace(self, Self::Closed) {
            unsecured.tls.warn_of_plain_text(unsecured.protocol);
            refusal = Protocol::plain_text_refusal(first);
            *self = Self::Plain(unsecured.socket);
        }
        Handshake::Refused(refusal)
    }

    /// Reads the next bytes without taking them.
    pub(super) fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => socket.poll_peek(cx, buf),
            Self::Secured(secured) => {
                if secured.peeked.is_empty() {
                    ready!(Pin::new(&mut secured.stream).poll_read(cx, buf))?;
                    secured.peeked.extend_from_slice(buf.filled());
                } else {
                    let length = secured.peeked.len().min(buf.remaining());
                    buf.put_slice(secured.peeked.get(..length).unwrap_or_default());
                }
                Poll::Ready(Ok(()))
            }
            Self::Unsecured(_) | Self::Handshake(_) | Self::Closed => Poll::Pending,
        }
    }

    /// Writes a few bytes to a client that is refused. Nothing was written before, so there is room for them.
    pub(super) fn write_now(&mut self, cx: &mut Context<'_>, bytes: &[u8]) {
        match self {
            Self::Plain(socket) => {
                let _written = socket.try_write(bytes);
            }
            Self::Secured(secured) => {
                let _written = Pin::new(&mut secured.stream).poll_write(cx, bytes);
                let _flushed = Pin::new(&mut secured.stream).poll_flush(cx);
            }
            Self::Unsecured(_) | Self::Handshake(_) | Self::Closed => {}
        }
    }

    /// Tells a client under TLS that the connection ends here, and was not cut.
    pub(super) fn say_end(&mut self, cx: &mut Context<'_>) {
        if let Self::Secured(secured) = self {
            let _closed = Pin::new(&mut secured.stream).poll_shutdown(cx);
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Self::Secured(secured) => {
                if secured.peeked.is_empty() {
                    return Pin::new(&mut secured.stream).poll_read(cx, buf);
                }
                let length = secured.peeked.len().min(buf.remaining());
                let bytes: Vec<u8> = secured.peeked.drain(..length).collect();
                buf.put_slice(&bytes);
                Poll::Ready(Ok(()))
            }
            Self::Unsecured(_) | Self::Handshake(_) | Self::Closed => {
                Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
            }
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, buf),
            Self::Secured(secured) => Pin::new(&mut secured.stream).poll_write(cx, buf),
            Self::Unsecured(_) | Self::Handshake(_) | Self::Closed => {
                Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Secured(secured) => Pin::new(&mut secured.stream).poll_flush(cx),
            // Nothing was written yet.
            Self::Unsecured(_) | Self::Handshake(_) | Self::Closed => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Secured(secured) => Pin::new(&mut secured.stream).poll_shutdown(cx),
            Self::Unsecured(_) | Self::Handshake(_) | Self::Closed => Poll::Ready(Ok(())),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write_vectored(cx, bufs),
            Self::Secured(secured) => Pin::new(&mut secured.stream).poll_write_vectored(cx, bufs),
            Self::Unsecured(_) | Self::Handshake(_) | Self::Closed => {
                Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(socket) => socket.is_write_vectored(),
            Self::Secured(secured) => secured.stream.is_write_vectored(),
            // Asked before the handshake; TLS takes several parts at once.
            Self::Unsecured(_) | Self::Handshake(_) => true,
            Self::Closed => false,
        }
    }
}
