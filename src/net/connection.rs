//! A connection of a client, from its acceptance to its end.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep, timeout};

use super::open::Place;
use super::peer::{ConnectionInfo, PeerAddress, PeerCertificate};
use super::protocol::{Protocol, Refusal};
use super::shed::Shed;
use super::transport::{Handshake, Transport};
use super::usage::ConnectionUsage;

/// Maximum time until a client has sent its first bytes.
const FIRST_BYTES_WITHIN: Duration = Duration::from_secs(10);

/// Maximum time of a TLS handshake.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// Maximum time for which a client may go on sending after it was told that the connection ends.
const REFUSED_WITHIN: Duration = Duration::from_secs(1);

/// The time after the first part of a refusal until its second part: a client has begun its call by then.
const REFUSAL_PAUSE: Duration = Duration::from_millis(100);

/// Bytes that are read from a connection in one go. Then the calls in them are taken up before more bytes are read: else
/// calls that timed out while the server was late would pile up, and their number would look like an attack. A call of a
/// lookup takes some 80 bytes, and HTTP/2 ends a connection with 580 small messages that nobody has taken up.
const READ_AT_ONCE: usize = 16 << 10;

/// The pause after them, and while too many calls of the connection are in progress. A timer ends it, so it does not end while
/// the connection's task is still at work.
const READ_PAUSE: Duration = Duration::from_millis(1);

/// A connection that is refused, and must end.
#[derive(Debug)]
struct Refused {
    /// What is still to be sent, and when.
    then: Option<(Pin<Box<Sleep>>, Vec<u8>)>,
    /// When the connection ends at the latest.
    deadline: Pin<Box<Sleep>>,
}

/// An open connection. Dropping it makes room for another one. Reading and writing fail when the connection is idle and must
/// end.
#[derive(Debug)]
pub(crate) struct AcceptedConnection {
    stream: Transport,
    /// What refuses calls while the server is late; `None` if the connection does not speak HTTP/2.
    shed: Option<Shed>,
    place: Place,
    peer: PeerAddress,
    certificate: Arc<OnceLock<PeerCertificate>>,
    /// Deadline of the TLS handshake; `None` if there is none, and after it.
    handshake: Option<Pin<Box<Sleep>>>,
    /// Bytes that were read since all of them were read, or since the last pause.
    in_a_row: usize,
    /// The pause, if `in_a_row` has reached its limit.
    pause: Option<Pin<Box<Sleep>>>,
    /// Deadline for the first bytes, and how many of them are missing; `None` after they have arrived.
    silence: Option<(Pin<Box<Sleep>>, usize)>,
    /// The protocol of the address, until the first bytes have arrived.
    unheard: Option<Protocol>,
    /// The rest of the refusal of a client that speaks the protocol of the other port.
    refused: Option<Refused>,
}

impl AcceptedConnection {
    /// A connection to an address of this protocol.
    pub(super) fn new(stream: Transport, place: Place, protocol: Protocol, peer: PeerAddress) -> Self {
        let first_bytes = protocol.first_bytes();
        Self {
            peer,
            certificate: Arc::default(),
            handshake: (!stream.is_open()).then(|| Box::pin(sleep(HANDSHAKE_WITHIN))),
            unheard: Some(protocol),
            refused: None,
            shed: place
                .usage()
                .call_limit()
                .map(|limit| Shed::new(place.usage().clone(), limit)),
            stream,
            place,
            in_a_row: 0,
            pause: None,
            silence: (first_bytes > 0).then(|| (Box::pin(sleep(FIRST_BYTES_WITHIN)), first_bytes)),
        }
    }

    /// How the connection is used.
    pub(crate) fn usage(&self) -> &ConnectionUsage {
        self.place.usage()
    }

    /// The connection, for the requests that arrive on it.
    pub(crate) fn info(&self) -> ConnectionInfo {
        ConnectionInfo {
            usage: self.usage().clone(),
            address: self.peer,
            certificate: Arc::clone(&self.certificate),
        }
    }

    /// Ready when bytes can be read and written: at once in plain text, and after the handshake under TLS.
    fn poll_secured(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.handshake.is_none() {
            return Poll::Ready(Ok(()));
        }
        match self.stream.poll_handshake(cx) {
            Poll::Ready(ended) => {
                self.handshake = None;
                self.silence = self
                    .silence
                    .take()
                    .map(|(_, missing)| (Box::pin(sleep(FIRST_BYTES_WITHIN)), missing));
                match ended? {
                    Handshake::Secured(Some(certificate)) => {
                        // It is set here only, and a handshake ends once.
                        let _set = self.certificate.set(PeerCertificate::of(&certificate));
                    }
                    Handshake::Secured(None) => {}
                    Handshake::Refused(refusal) => {
                        self.unheard = None;
                        self.refuse(cx, refusal);
                    }
                }
                Poll::Ready(Ok(()))
            }
            Poll::Pending => {
                if let Poll::Ready(error) = self.poll_closing(cx) {
                    return Poll::Ready(Err(error));
                }
                let late = self.handshake.as_mut().map(|deadline| deadline.as_mut().poll(cx));
                match late {
                    Some(Poll::Ready(())) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                    Some(Poll::Pending) | None => Poll::Pending,
                }
            }
        }
    }

    /// Ends a connection that was shut down after an answer which said that a request has a fault. Takes what the client still
    /// sends, for a moment: if the connection closed at once, the kernel would discard the answer.
    pub(crate) async fn linger(mut self) {
        let discard = async {
            let mut bytes = [0; 1_024];
            while matches!(self.read(&mut bytes).await, Ok(1..)) {}
        };
        // If the time is over, the client has had its chance.
        drop(timeout(REFUSED_WITHIN, discard).await);
    }

    /// Counts bytes that have arrived. Ends the deadline when no first bytes are missing.
    fn heard(&mut self, bytes: usize) {
        self.silence = self.silence.take().and_then(|(deadline, missing)| {
            let missing = missing.saturating_sub(bytes);
            (missing > 0).then_some((deadline, missing))
        });
    }

    /// Answers a client whose first bytes belong to the other protocol. The connection then takes what the client still
    /// sends, for a moment: if it closed at once, the kernel would discard the answer.
    fn check_protocol(&mut self, cx: &mut Context<'_>, first: &[u8]) {
        if let Some(refusal) = self.unheard.take().and_then(|protocol| protocol.refusal(first)) {
            self.refuse(cx, refusal);
        }
    }

    fn refuse(&mut self, cx: &mut Context<'_>, refusal: Refusal) {
        self.stream.write_now(cx, &refusal.first);
        let then = Some(refusal.then).filter(|then| !then.is_empty());
        self.refused = Some(Refused {
            then: then.map(|then| (Box::pin(sleep(REFUSAL_PAUSE)), then)),
            deadline: Box::pin(sleep(REFUSED_WITHIN)),
        });
    }

    /// Waits before the first write until the client has spoken, and refuses a client of the other protocol: an HTTP/2
    /// server writes first, and the client would see its frames before the refusal.
    fn poll_first_bytes(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unheard == Some(Protocol::Grpc) {
            let mut bytes = [0; Protocol::Grpc.first_bytes()];
            let mut first = ReadBuf::new(&mut bytes);
            match self.stream.poll_peek(cx, &mut first) {
                Poll::Ready(Ok(())) if !first.filled().is_empty() => self.check_protocol(cx, first.filled()),
                // The client has left: the write or the next read says so.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return self.poll_silence(cx),
            }
        }
        if self.refused.is_some() {
            return self.poll_refused(cx).map(Err);
        }
        Poll::Ready(Ok(()))
    }

    /// Ready with an error when the connection should close, or when the first bytes are late.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(error) = self.poll_closing(cx) {
            return Poll::Ready(Err(error));
        }
        match &mut self.silence {
            Some((deadline, _)) => deadline
                .as_mut()
                .poll(cx)
                .map(|()| Err(io::Error::from(io::ErrorKind::TimedOut))),
            None => Poll::Pending,
        }
    }

    /// Discards what the client of a refused connection sends. Ready with an error when the connection must end.
    fn poll_refused(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let ended = io::Error::new(
            io::ErrorKind::InvalidData,
            "the client speaks the protocol of the other port",
        );
        let Some(refused) = &mut self.refused else {
            return Poll::Pending;
        };
        if refused.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(ended);
        }
        if let Some((pause, then)) = &mut refused.then
            && pause.as_mut().poll(cx).is_ready()
        {
            self.stream.write_now(cx, then);
            refused.then = None;
        }
        if refused.then.is_none() {
            // It says to the client that the answer is complete. It is ready at once.
            let _closed = Pin::new(&mut self.stream).poll_shutdown(cx);
        }
        let mut bytes = [0; 1_024];
        loop {
            let mut discarded = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(cx, &mut discarded) {
                Poll::Ready(Ok(())) if !discarded.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(ended),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Reads the next bytes, without the calls that are refused. Says how many were read with these.
    fn poll_bytes(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        if let Some(shed) = &mut self.shed {
            return shed.poll_read(&mut self.stream, cx, buf);
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        polled.map_ok(|()| buf.filled().len() - before)
    }

    /// Ready when the bytes of HTTP/2 may be written.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_secured(cx))?;
        ready!(self.poll_first_bytes(cx))?;
        let Some(shed) = &mut self.shed else {
            return Poll::Ready(Ok(()));
        };
        match shed.poll_turn(&mut self.stream, cx) {
            Poll::Ready(turn) => Poll::Ready(turn),
            Poll::Pending => self.blocked(cx).map(Err),
        }
    }

    /// Notes that the client has yet to take bytes. Ready with an error when the connection should close.
    fn blocked(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        self.usage().blocked(true);
        // A connection that cannot write may not read either, and so would not see that it must end.
        self.poll_closing(cx)
    }

    /// Notes the bytes that were written, or that the client takes none.
    fn wrote(
        &mut self,
        bufs: &[io::IoSlice<'_>],
        polled: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let Poll::Ready(result) = polled else {
            return self.blocked(cx).map(Err);
        };
        if let (Some(shed), Ok(sent)) = (&mut self.shed, &result) {
            shed.wrote(bufs, *sent);
        }
        Poll::Ready(result)
    }

    /// Ready with an error when the connection should close.
    fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if self.usage().poll_closing(cx) {
            self.stream.say_end(cx);
            Poll::Ready(io::ErrorKind::ConnectionAborted.into())
        } else {
            Poll::Pending
        }
    }
}

impl AsyncRead for AcceptedConnection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_secured(cx))?;
        let before = buf.filled().len();
        if this.refused.is_some() {
            return this.poll_refused(cx).map(Err);
        }
        while this.in_a_row >= READ_AT_ONCE || this.usage().is_crowded() {
            let pause = this.pause.get_or_insert_with(|| Box::pin(sleep(READ_PAUSE)));
            ready!(pause.as_mut().poll(cx));
            this.pause = None;
            this.in_a_row = 0;
        }
        let polled = this.poll_bytes(cx, buf);
        this.in_a_row = match &polled {
            Poll::Ready(read) => this.in_a_row.saturating_add(*read.as_ref().unwrap_or(&0)),
            Poll::Pending => 0,
        };
        if let Poll::Ready(read) = polled {
            let arrived = buf.filled().get(before..).unwrap_or_default();
            this.heard(*read.as_ref().unwrap_or(&0));
            if this.unheard.is_some() && !arrived.is_empty() {
                this.check_protocol(cx, arrived);
            }
            if this.refused.is_none() {
                return Poll::Ready(read.map(|_| ()));
            }
            buf.set_filled(before);
            return this.poll_refused(cx).map(Err);
        }
        this.poll_silence(cx)
    }
}

impl AsyncWrite for AcceptedConnection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_turn(cx))?;
        let polled = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.wrote(&[io::IoSlice::new(buf)], polled, cx)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(shed) = &mut this.shed
            && shed.poll_turn(&mut this.stream, cx)?.is_pending()
        {
            return this.blocked(cx).map(Err);
        }
        match Pin::new(&mut this.stream).poll_flush(cx) {
            // Under TLS, bytes wait here and not in the kernel.
            Poll::Pending => this.poll_closing(cx).map(Err),
            ready @ Poll::Ready(_) => ready,
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_shutdown(cx) {
            Poll::Pending => this.poll_closing(cx).map(Err),
            ready @ Poll::Ready(_) => ready,
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_turn(cx))?;
        let polled = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.wrote(bufs, polled, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::net::{Acceptor, ConnectionLimits};

    const HTTP2_FIRST_BYTES: usize = Protocol::Grpc.first_bytes();

    async fn connected() -> (TcpStream, AcceptedConnection, Acceptor) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = Acceptor::new(listener.into(), ConnectionLimits::of(2), Protocol::Grpc);
        let client = TcpStream::connect(address).await.unwrap();
        let connection = acceptor.accept().await;
        (client, connection, acceptor)
    }

    #[tokio::test]
    async fn a_client_that_says_too_little_is_given_up() {
        let (mut client, mut connection, _acceptor) = connected().await;
        client.write_all(b"PRI").await.unwrap();
        assert_eq!(connection.read(&mut [0; 8]).await.unwrap(), 3);
        tokio::time::pause(); // from here on, time advances as soon as all tasks are idle
        let error = connection.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_has_spoken_may_be_silent() {
        let (mut client, mut connection, _acceptor) = connected().await;
        client.write_all(&[b'\0'; HTTP2_FIRST_BYTES]).await.unwrap();
        connection.read_exact(&mut [0; HTTP2_FIRST_BYTES]).await.unwrap();
        tokio::time::pause();
        let read = tokio::time::timeout(10 * FIRST_BYTES_WITHIN, connection.read_u8()).await;
        assert!(read.is_err(), "{read:?}");
    }

    #[tokio::test]
    async fn a_client_that_reads_nothing_ends_with_the_server() {
        let (mut client, mut connection, acceptor) = connected().await;
        client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let writing = async {
            let error = loop {
                if let Err(error) = connection.write_all(&[0; 1 << 16]).await {
                    break error;
                }
            };
            drop(connection);
            error
        };
        let open = acceptor.open();
        let ending = async {
            tokio::time::sleep(Duration::from_millis(200)).await; // the buffers of the network are full
            tokio::time::pause();
            open.close_when_idle().await;
        };
        let (error, ()) = tokio::join!(writing, ending);
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    }

    #[tokio::test]
    async fn an_idle_connection_ends_with_the_server() {
        let (_client, mut connection, acceptor) = connected().await;
        let reading = async {
            let error = connection.read_u8().await.unwrap_err();
            drop(connection);
            error
        };
        let open = acceptor.open();
        let (error, ()) = tokio::join!(reading, open.close_when_idle());
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    }
}
