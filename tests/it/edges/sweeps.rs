//! The sweep that drops clients which take nothing of an answer, while others connect all the time.

use std::time::Duration;

use ringwarden::clock::monotonic;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{pause, sleep, timeout};

use crate::support::server::Server;

/// The buffers of the client, so that answers wait in the server soon.
const SMALL: u32 = 4 << 10;
/// More than the client and the kernel take.
const REQUESTS: usize = 1 << 20;
/// The time for which the server takes nothing of a client that does not read.
const BLOCKED_FOR: Duration = Duration::from_millis(500);
/// New connections come faster than the sweep, which is once a second, and for longer than the 30 s after which a client is
/// dropped.
const EVERY: Duration = Duration::from_millis(300);
const CONNECTIONS: usize = 150;

#[tokio::test]
async fn a_client_that_does_not_read_is_dropped_while_others_connect() {
    const DROPPED: &str = "ringwarden_connections_dropped_total{edge=\"http\",reason=\"slow_reader\"} 1\n";
    let server = Server::start().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(SMALL).unwrap();
    socket.set_send_buffer_size(SMALL).unwrap();
    let mut slow = socket.connect(server.http).await.unwrap();
    // Requests until the server takes no more of them, since its answers are not taken.
    let requests = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(100);
    for _ in 0..REQUESTS / 100 {
        if timeout(BLOCKED_FOR, slow.write_all(requests.as_bytes())).await.is_err() {
            break;
        }
    }
    pause(); // from here on, time advances as soon as all tasks are idle
    for _ in 0..CONNECTIONS {
        sleep(EVERY).await;
        drop(TcpStream::connect(server.http).await.unwrap());
    }
    let metrics = server.instance.services.metrics().render(monotonic());
    assert!(metrics.contains(DROPPED), "{metrics}");
}
