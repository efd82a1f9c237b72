//! Accepts connections for both edges, in plain text or under TLS: a bounded number, and only from clients that send their
//! first bytes in time.
//!
//! When all places are taken, the connection that has been idle for the longest time is closed to make room, so idle
//! clients cannot keep out a probe (`usage`). If every connection has a call in progress, a further one waits. If
//! accepting fails, for example because the process has no file descriptors left, the loop pauses before it tries again.
//! Without the pause it would use a whole processor.

mod arrival;
mod backlog;
mod call;
mod call_limit;
mod connection;
mod health;
mod limits;
mod memory;
mod open;
pub(crate) mod peer;
mod protocol;
mod received;
mod resets;
mod shed;
mod socket;
#[cfg(test)]
mod tests;
mod tls;
mod transport;
mod usage;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

pub(crate) use self::call::CallBody;
pub(crate) use self::call_limit::CallLimit;
pub(crate) use self::connection::AcceptedConnection;
pub(crate) use self::health::HealthKind;
pub(crate) use self::limits::{ConnectionLimits, is_loopback};
pub(crate) use self::memory::MemoryBudget;
pub(crate) use self::memory::{HeldBytes, Share};
pub(crate) use self::open::OpenConnections;
pub(crate) use self::peer::{Arrived, ConnectionInfo, PeerAddress, PeerCertificate};
pub(crate) use self::protocol::{JSON_PORT, Protocol, TLS_PORT};
pub(crate) use self::shed::answer_block;
use self::socket::Socket;
pub(crate) use self::tls::certificate::ClientFlaw;
pub(crate) use self::tls::{Tls, TlsFault, TlsFile, TlsPem};
use self::transport::{Transport, Unsecured};
pub(crate) use self::usage::{Begun, Call, ConnectionUsage, SilentStream, WaitingLookup};

/// Pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A socket that listens, and the TLS of its connections.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: TcpListener,
    /// `None` for plain text.
    pub(crate) tls: Option<Arc<Tls>>,
}

impl Listener {
    /// The address on which it listens.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

impl From<TcpListener> for Listener {
    /// A socket whose connections are in plain text.
    fn from(socket: TcpListener) -> Self {
        Self { socket, tls: None }
    }
}

/// Accepts connections, up to a maximum number of open ones.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listener: Listener,
    open: OpenConnections,
    protocol: Protocol,
}

impl Acceptor {
    pub(crate) fn new(listener: Listener, limits: ConnectionLimits, protocol: Protocol) -> Self {
        Self {
            listener,
            open: OpenConnections::new(limits),
            protocol,
        }
    }

    /// The connections that this acceptor has accepted.
    pub(crate) fn open(&self) -> OpenConnections {
        self.open.clone()
    }

    /// Accepts the next connection, and waits until there is room for it. Hangs up on clients whose address has as many
    /// connections as it may.
    pub(crate) async fn accept(&self) -> AcceptedConnection {
        loop {
            let (stream, address) = self.next_stream().await;
            // A client waits for each small answer, so TCP must not hold it back to fill a packet. Setting the option
            // fails only if the peer has closed the connection, and then the first read fails as well.
            drop(stream.set_nodelay(true));
            let Some(place) = self.open.place(address).await else {
                continue;
            };
            let socket = Socket::new(stream, place.usage().clone());
            let transport = match &self.listener.tls {
                None => Transport::Plain(socket),
                Some(tls) => Transport::Unsecured(Unsecured {
                    socket,
                    tls: Arc::clone(tls),
                    protocol: self.protocol,
                }),
            };
            return AcceptedConnection::new(transport, place, self.protocol, PeerAddress(address));
        }
    }

    async fn next_stream(&self) -> (TcpStream, IpAddr) {
        loop {
            match self.listener.socket.accept().await {
                // An IPv4 client of a socket for both families is the same client as on one for IPv4.
                Ok((stream, peer)) => return (stream, peer.ip().to_canonical()),
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
