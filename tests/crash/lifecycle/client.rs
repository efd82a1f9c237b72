//! Connections without a call, as clients, probes and attackers leave them open.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::program::Program;

/// The preface of HTTP/2 and empty settings: all that a client must send before it may open streams.
pub const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

const HALF_A_BODY: &[u8] =
    b"POST /v1/lookup HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n{\"number\"";

/// A name, whether it is the address for gRPC, and the bytes that are sent.
const SILENT: [(&str, bool, &[u8]); 8] = [
    ("no byte to HTTP", false, b""),
    ("half a line to HTTP", false, b"GET /heal"),
    (
        "half a head to HTTP",
        false,
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A",
    ),
    ("half a body to HTTP", false, HALF_A_BODY),
    ("no byte to gRPC", true, b""),
    ("half a preface to gRPC", true, b"PRI * HTTP/2.0\r\n"),
    (
        "a preface without settings to gRPC",
        true,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ),
    // It answers no ping, so it never agrees to the end.
    ("a preface with settings to gRPC", true, HTTP2),
];

/// One connection of each kind, which nobody reads. The first request of the last one has been answered.
pub async fn connections_without_a_call(program: &Program) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    for (name, is_grpc, bytes) in SILENT {
        let address = if is_grpc { program.grpc() } else { program.http() };
        connections.push(
            connected(address, bytes)
                .await
                .unwrap_or_else(|error| panic!("{name}: {error}")),
        );
    }
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut kept = connected(program.http(), request).await.unwrap();
    let mut answer = [0; 64];
    assert!(kept.read(&mut answer).await.unwrap() > 0);
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    connections.push(kept);
    connections
}

pub async fn connected(address: SocketAddr, bytes: &[u8]) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(bytes).await?;
    Ok(stream)
}

/// A request whose body arrives byte for byte and does not end. It is aborted when the returned task is.
pub async fn endless_request(program: &Program) -> tokio::task::JoinHandle<()> {
    let head = b"POST /v1/lookup HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n";
    let mut request = connected(program.http(), head).await.unwrap();
    // One connection after the other is accepted, so this request has arrived when another one is answered.
    assert_eq!(program.get("/healthz").await.0, 200);
    tokio::spawn(async move {
        while request.write_all(b" ").await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    })
}
