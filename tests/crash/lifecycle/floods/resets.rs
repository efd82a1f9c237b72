//! Calls that time out are no rapid resets: a client keeps its connection when all of its calls time out, also when the
//! server is late and reads each call together with its reset.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::LOOKUP;
use crate::support::frames::{END_HEADERS, HEADERS, PING, RST_STREAM, block, block_with_timeout, frame, preface};
use crate::support::program::Program;

/// The calls of a client at 1,000 calls a second while the server stands still for a second.
const TIMED_OUT: u32 = 1_000;
/// The calls of a client at 5,000 calls a second, all of which time out, while the server is two seconds late.
const ALL_LATE: u32 = 10_000;
/// More than a connection may have in one go.
const FLOOD: u32 = 1_000_000;

fn reset_at_once(calls: std::ops::Range<u32>) -> Vec<u8> {
    let ids = calls.map(|call| 2 * call + 1);
    let frames = ids.flat_map(|id| {
        let open = frame(HEADERS, END_HEADERS, id, &block(LOOKUP));
        [open, frame(RST_STREAM, 0, id, &8_u32.to_be_bytes())].concat()
    });
    frames.collect()
}

/// Whether the connection still answers a ping.
async fn is_alive(stream: &mut TcpStream) -> bool {
    if stream.write_all(&frame(PING, 0, 0, b"rw-alive")).await.is_err() {
        return false;
    }
    let mut heard = Vec::new();
    let mut bytes = [0; 4 << 10];
    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
        heard.extend_from_slice(&bytes[..count]);
        if heard.windows(8).any(|part| part == b"rw-alive") {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_time_out_while_the_server_stands_still_keep_their_connection() {
    let program = Program::serve("memory:").await;
    let mut stream = TcpStream::connect(program.grpc()).await.unwrap();
    stream.write_all(&preface(65_535)).await.unwrap();
    assert!(is_alive(&mut stream).await);
    program.pause().await;
    stream.write_all(&reset_at_once(0..TIMED_OUT)).await.unwrap();
    program.resume();
    // It is still late, and reads each call together with its reset.
    let rest = reset_at_once(TIMED_OUT..ALL_LATE);
    stream.write_all(&rest).await.unwrap();
    assert!(is_alive(&mut stream).await, "{}", program.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_reset_at_once_without_end_lose_their_connection() {
    let program = Program::serve("memory:").await;
    let mut stream = TcpStream::connect(program.grpc()).await.unwrap();
    stream.write_all(&preface(65_535)).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let sink = async {
        let mut bytes = [0; 16 << 10];
        while let Ok(1..) = reading.read(&mut bytes).await {}
    };
    let flood = async {
        for call in (0..FLOOD).step_by(500) {
            if writing.write_all(&reset_at_once(call..call + 500)).await.is_err() {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    // The server hangs up; else neither of them would end.
    tokio::select! {
        () = sink => {}
        () = flood => {}
    }
}

/// A lookup whose client has stopped to wait costs no work: its body is not waited for, and it is counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_for_which_nobody_waits_is_dropped() {
    const LATE: &str = "ringwarden_requests_refused_total{edge=\"grpc\",reason=\"late\"}";
    let program = Program::serve("memory:").await;
    let mut stream = TcpStream::connect(program.grpc()).await.unwrap();
    stream.write_all(&preface(65_535)).await.unwrap();
    let head = block_with_timeout(LOOKUP, "0m");
    stream.write_all(&frame(HEADERS, END_HEADERS, 1, &head)).await.unwrap();
    program
        .wait_for("a call that is dropped", async || program.metric(LATE).await >= 1.0)
        .await;
    assert!(is_alive(&mut stream).await);
    let head = block_with_timeout(LOOKUP, "9S");
    stream.write_all(&frame(HEADERS, END_HEADERS, 3, &head)).await.unwrap();
    assert!(is_alive(&mut stream).await);
    assert!(program.metric(LATE).await < 2.0);
}
