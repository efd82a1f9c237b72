//! Accepting connections, for both edges: a bounded number of them, and none that stays silent from the start.
//!
//! A further connection waits in the kernel's queue until another ends. An accept that fails, as it does when file
//! descriptors run out, is tried again after a pause: without one the loop would eat a processor.

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

/// How long to wait after an accept failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a client may take to send its first bytes.
const FIRST_BYTES_WITHIN: Duration = Duration::from_secs(10);
/// The bytes that every HTTP/2 client sends first; from then on HTTP/2's own pings tell whether somebody is there.
pub(crate) const HTTP2_FIRST_BYTES: usize = 24;

/// Accepts connections, no more than so many at a time.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listener: TcpListener,
    /// One permit for each connection that may be open.
    permits: Arc<Semaphore>,
    /// Bytes that a client must send soon; 0 where the protocol itself sees to that.
    first_bytes: usize,
}

/// An open connection. Its place is free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
    /// Until when the first bytes must have come, and how many are still missing; none once they have.
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

    /// The next connection, once there is a place for it.
    pub(crate) async fn accept(&self) -> Connection {
        // Never closed.
        let Ok(place) = Arc::clone(&self.permits).acquire_owned().await else {
            return std::future::pending().await;
        };
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    // Answers are small and awaited: they must not wait for more to send. That it cannot be set
                    // happens when the peer has gone already, which the first read will tell.
                    drop(stream.set_nodelay(true));
                    let deadline = || Box::pin(sleep(FIRST_BYTES_WITHIN));
                    return Connection {
                        stream,
                        _place: place,
                        silence: (self.first_bytes > 0).then(|| (deadline(), self.first_bytes)),
                    };
                }
                Err(cause) => {
                    tracing::warn!(%cause, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Connections, for ever.
    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<Connection, Infallible>> {
        futures_util::stream::unfold(self, async |acceptor| Some((Ok(acceptor.accept().await), acceptor)))
    }
}

impl Connection {
    /// The socket.
    pub(crate) fn socket(&self) -> &TcpStream {
        &self.stream
    }

    /// Notes how many bytes have come.
    fn heard(&mut self, bytes: usize) {
        self.silence = self.silence.take().and_then(|(deadline, missing)| {
            let missing = missing.saturating_sub(bytes);
            (missing > 0).then_some((deadline, missing))
        });
    }
}

impl AsyncRead for Connection {
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

impl AsyncWrite for Connection {
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
        tokio::time::pause(); // from here on time passes as soon as nobody has anything to do
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
