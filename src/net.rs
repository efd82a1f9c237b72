//! Accepts connections for both edges: a bounded number, and only from clients that send their first bytes in time.
//!
//! A connection above the limit waits in the queue of the kernel until another connection ends. If accepting fails, for
//! example because the process has no file descriptors left, the loop pauses before it tries again. Without the pause
//! it would use a whole processor.

use std::convert::Infallible;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// Pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Maximum time until a client has sent its first bytes.
const FIRST_BYTES_WITHIN: Duration = Duration::from_secs(10);
/// Length of the preface that every HTTP/2 client sends first (RFC 9113, section 3.4), in bytes. After it, HTTP/2 pings
/// show whether the client is still there.
pub(crate) const HTTP2_FIRST_BYTES: usize = 24;

/// Accepts connections, up to a maximum number of open ones.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listener: TcpListener,
    /// One permit for each connection that may be open.
    permits: Arc<Semaphore>,
    /// Number of bytes that a client must send in time; 0 if the protocol has its own time limit.
    first_bytes: usize,
}

/// An open connection. Dropping it makes room for another one.
#[derive(Debug)]
pub(crate) struct AcceptedConnection {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
    /// Deadline for the first bytes, and how many of them are missing; `None` after they have arrived.
    silence: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Acceptor {
    pub(crate) fn new(listener: TcpListener, max_connections: usize, first_bytes: usize) -> Self {
        Self {
            listener,
            permits: Arc::new(Semaphore::new(max_connections.min(Semaphore::MAX_PERMITS))),
            first_bytes,
        }
    }

    /// Waits until there is room for a connection, and accepts the next one.
    pub(crate) async fn accept(&self) -> AcceptedConnection {
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&self.permits).acquire_owned().await else {
            return std::future::pending().await;
        };
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    // A client waits for each small answer, so TCP must not hold it back to fill a packet. Setting the
                    // option fails only if the peer has closed the connection, and then the first read fails as well.
                    drop(stream.set_nodelay(true));
                    let deadline = || Box::pin(sleep(FIRST_BYTES_WITHIN));
                    return AcceptedConnection {
                        stream,
                        _place: place,
                        silence: (self.first_bytes > 0).then(|| (deadline(), self.first_bytes)),
                    };
                }
                Err(cause) => {
                    tracing::warn!(%cause, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// An endless stream of connections.
    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<AcceptedConnection, Infallible>> {
        futures_util::stream::unfold(self, async |acceptor| Some((Ok(acceptor.accept().await), acceptor)))
    }
}

impl AcceptedConnection {
    /// The TCP socket of the connection.
    pub(crate) fn socket(&self) -> &TcpStream {
        &self.stream
    }

    /// Counts bytes that have arrived. Ends the deadline when no first bytes are missing.
    fn heard(&mut self, bytes: usize) {
        self.silence = self.silence.take().and_then(|(deadline, missing)| {
            let missing = missing.saturating_sub(bytes);
            (missing > 0).then_some((deadline, missing))
        });
    }
}

impl AsyncRead for AcceptedConnection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buf);
        if polled.is_ready() {
            this.heard(buf.filled().len().saturating_sub(before));
            return polled;
        }
        match &mut this.silence {
            Some((deadline, _)) => deadline
                .as_mut()
                .poll(cx)
                .map(|()| Err(io::Error::from(io::ErrorKind::TimedOut))),
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for AcceptedConnection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn acceptor(max_connections: usize) -> (Acceptor, std::net::SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (Acceptor::new(listener, max_connections, HTTP2_FIRST_BYTES), address)
    }

    #[tokio::test]
    async fn a_further_connection_waits_for_a_place() {
        let (acceptor, address) = acceptor(1).await;
        let _one = TcpStream::connect(address).await.unwrap();
        let _other = TcpStream::connect(address).await.unwrap();
        let first = acceptor.accept().await;
        assert!(futures_util::poll!(std::pin::pin!(acceptor.accept())).is_pending());
        drop(first);
        acceptor.accept().await;
    }

    #[tokio::test]
    async fn a_client_that_says_too_little_is_given_up() {
        let (acceptor, address) = acceptor(2).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        let mut connection = acceptor.accept().await;
        client.write_all(b"PRI").await.unwrap();
        assert_eq!(connection.read(&mut [0; 8]).await.unwrap(), 3);
        tokio::time::pause(); // from here on, time advances as soon as all tasks are idle
        let error = connection.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_has_spoken_may_be_silent() {
        let (acceptor, address) = acceptor(2).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        let mut connection = acceptor.accept().await;
        client.write_all(&[b'x'; HTTP2_FIRST_BYTES]).await.unwrap();
        connection.read_exact(&mut [0; HTTP2_FIRST_BYTES]).await.unwrap();
        tokio::time::pause();
        let read = tokio::time::timeout(10 * FIRST_BYTES_WITHIN, connection.read_u8()).await;
        assert!(read.is_err(), "{read:?}");
    }
}
