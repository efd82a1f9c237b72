//! Accepts connections for both edges: a bounded number, and only from clients that send their first bytes in time.
//!
//! When all places are taken, the connection that has been idle for the longest time is closed to make room, so idle
//! clients cannot keep out a probe (`usage`). If every connection has a call in progress, a further one waits. If
//! accepting fails, for example because the process has no file descriptors left, the loop pauses before it tries again.
//! Without the pause it would use a whole processor.

mod call;
mod connection;
mod limits;
mod memory;
mod protocol;
mod resets;
mod usage;

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::Stream;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

pub(crate) use self::call::CallBody;
pub(crate) use self::connection::AcceptedConnection;
pub(crate) use self::limits::ConnectionLimits;
pub(crate) use self::memory::MemoryBudget;
pub(crate) use self::memory::{HeldBytes, Share};
pub(crate) use self::protocol::{JSON_PORT, Protocol};
pub(crate) use self::usage::{ConnectionUsage, OpenConnections};

/// Pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Accepts connections, up to a maximum number of open ones.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listener: TcpListener,
    open: OpenConnections,
    protocol: Protocol,
}

impl Acceptor {
    pub(crate) fn new(listener: TcpListener, limits: ConnectionLimits, protocol: Protocol) -> Self {
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
            if let Some(place) = self.open.place(address).await {
                return AcceptedConnection::new(stream, place, self.protocol);
            }
        }
    }

    async fn next_stream(&self) -> (TcpStream, IpAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => return (stream, address.ip()),
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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    async fn acceptor(max_connections: usize) -> (Acceptor, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = ConnectionLimits::of(max_connections);
        (Acceptor::new(listener, limits, Protocol::Grpc), address)
    }

    #[tokio::test]
    async fn a_further_connection_waits_for_a_place() {
        let (acceptor, address) = acceptor(1).await;
        let _one = TcpStream::connect(address).await.unwrap();
        let _other = TcpStream::connect(address).await.unwrap();
        let first = acceptor.accept().await;
        let call = first.usage().begin_call();
        let mut second = std::pin::pin!(acceptor.accept());
        let soon = Duration::from_millis(600);
        assert!(tokio::time::timeout(soon, &mut second).await.is_err());
        drop((call, first));
        second.await;
    }
}
