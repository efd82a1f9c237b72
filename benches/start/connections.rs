//! The first request on each of several connections to a server that has just become ready, and the later ones.

use std::path::Path;
use std::time::{Duration, Instant};

use ringwarden::wire::v1::LookupRequest;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::transport::Channel;

use super::median;
use super::program::Program;

/// Connections of one start. There are more of them than workers, so each worker gets some.
const CONNECTIONS: usize = 8;
/// Requests on the last connection, of which the second half counts as warm.
const REQUESTS: usize = 2_000;
/// The pause after the connections have been opened, and before each late request.
const PAUSE: Duration = Duration::from_millis(50);
/// Requests after them, each after the same pause as the first one of the server: a machine that was idle is slower.
const PAUSED: usize = 9;
/// The goal: how many times as long as a warm request the first one on a connection may take, in the middle; and so too the
/// first one of the server, beside a warm request after a pause.
const GOAL: f64 = 2.0;
const NUMBER: &str = "+14155550123";

/// An edge of the server.
#[derive(Clone, Copy, Debug)]
pub enum Edge {
    Grpc,
    Http,
}

pub const EDGES: [Edge; 2] = [Edge::Grpc, Edge::Http];

enum Connection {
    Grpc(LookupServiceClient<Channel>),
    Http(TcpStream),
}

/// Measures several starts of this program, or of that of another path, and prints the medians.
pub async fn measure(edge: Edge, starts: usize, path: &Path) {
    let (mut first, mut others, mut warm, mut paused) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..=starts {
        let times = start(edge, path).await;
        first.push(times[0]);
        others.push(median(times[1..CONNECTIONS].iter().copied()));
        let (requests, late) = times.split_at(times.len() - PAUSED);
        warm.push(median(requests[requests.len() - REQUESTS / 2..].iter().copied()));
        paused.push(median(late.iter().copied()));
    }
    // The first start warms the client up.
    let of = |times: &[f64]| median(times[1..].iter().copied());
    let (first, others, warm, paused) = (of(&first), of(&others), of(&warm), of(&paused));
    println!(
        "{edge:?}, {}: the first request on each of {CONNECTIONS} connections",
        path.display()
    );
    for (what, time) in [
        ("of the server", first),
        ("of a connection", others),
        ("warm request", warm),
        ("warm, after a pause", paused),
    ] {
        println!("  {what:<19} {time:>8.0} us  {:>5.1} x", time / warm);
    }
    let is_met = others / warm < GOAL && first / paused < GOAL;
    println!(
        "  the first of the server is {:.1} x one after a pause; goal {GOAL} x for both: {}",
        first / paused,
        super::verdict(is_met)
    );
}

/// The times of all requests, in microseconds: first those on each connection, last those after a pause.
async fn start(edge: Edge, path: &Path) -> Vec<f64> {
    let program = Program::serve_by(path, "memory:", &[]).await;
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(match edge {
            Edge::Grpc => Connection::Grpc(LookupServiceClient::new(program.connect().await)),
            Edge::Http => Connection::Http(TcpStream::connect(program.http()).await.unwrap()),
        });
    }
    // The server accepts all of them before the first request, which would else wait for that.
    tokio::time::sleep(PAUSE).await;
    let mut times = Vec::new();
    for connection in &mut connections {
        times.push(timed_us(connection).await);
    }
    let last = connections.last_mut().unwrap();
    for _ in 0..REQUESTS {
        times.push(timed_us(last).await);
    }
    for _ in 0..PAUSED {
        tokio::time::sleep(PAUSE).await;
        times.push(timed_us(last).await);
    }
    times
}

async fn timed_us(connection: &mut Connection) -> f64 {
    let body = format!(r#"{{"number": "{NUMBER}"}}"#);
    let began = Instant::now();
    match connection {
        Connection::Grpc(lookups) => {
            let request = LookupRequest {
                number: NUMBER.to_owned(),
                ..LookupRequest::default()
            };
            lookups.lookup(request).await.unwrap();
        }
        Connection::Http(stream) => {
            let request = format!(
                "POST /v1/lookup HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            // The answer comes in one piece.
            let read = stream.read(&mut [0; 4_096]).await.unwrap();
            assert!(read > 0, "the server hung up");
        }
    }
    began.elapsed().as_secs_f64() * 1e6
}
