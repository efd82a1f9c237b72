//! A port in plain text that leads to one under TLS, for clients that speak none.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::support::tls::open;

/// It leads there until it is dropped.
pub struct TlsLink {
    address: SocketAddr,
    _task: JoinSet<()>,
}

impl TlsLink {
    /// A port that leads to `target`. Each connection has a handshake of its own.
    pub async fn to(target: SocketAddr, client: TlsConnector) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(pass(stream, target, client.clone()));
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, _task: task }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Passes on until one side ends it; a failed handshake ends the connection of the client.
async fn pass(mut stream: TcpStream, target: SocketAddr, client: TlsConnector) {
    if let Ok(mut server) = open(&client, target).await {
        copy_bidirectional(&mut stream, &mut server).await.ok();
    }
}
