//! Clients that flood the server with frames of HTTP/2: it answers an honest client meanwhile, and its memory is back to
//! normal afterwards. No client library sends such frames, so they are written byte by byte.

mod held;
mod resets;

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use ringwarden::wire::v1::LookupRequest;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::frames::{
    CONTINUATION, DATA, END_HEADERS, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE, block, call, frame,
    preface,
};
use crate::support::program::Program;
use crate::support::resident::Resident;

const LOOKUP: &str = "/ringwarden.v1.LookupService/Lookup";
const CONNECTIONS: usize = 100;
/// A type of frame that HTTP/2 does not have, which is to be ignored (RFC 9113, section 5.5).
const UNKNOWN: u8 = 0xbe;
/// Bytes that one connection sends.
const FLOOD_BYTES: usize = 256 << 10;
/// Bytes that are written at once, so that the client is faster than the server.
const PART_BYTES: usize = 2 << 10;
/// A connection that takes no more bytes for so long has done its harm.
const GIVE_UP: Duration = Duration::from_secs(5);
/// What the allocator may keep after a flood.
const KEPT_KIB: u64 = 96 << 10;

async fn honest_lookups(program: &Program, count: usize) {
    let mut client = LookupServiceClient::new(program.connect().await);
    for _ in 0..count {
        let request = LookupRequest {
            number: "+14155550199".into(),
            ..LookupRequest::default()
        };
        client.lookup(request).await.unwrap();
    }
}

/// The same bytes again and again, until the server takes no more of them or enough are sent. What the server says is read
/// if it should go on.
async fn flood(address: SocketAddr, begin: Vec<u8>, make: fn(u32) -> Vec<u8>, reads: bool) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    if stream.write_all(&begin).await.is_err() {
        return;
    }
    let (mut reading, mut writing) = stream.split();
    let write = async {
        let (mut sent, mut ids) = (0, (1..).step_by(2));
        while sent <= FLOOD_BYTES {
            let mut bytes = Vec::new();
            while bytes.len() < PART_BYTES {
                bytes.extend(make(ids.next().unwrap()));
            }
            if !matches!(timeout(GIVE_UP, writing.write_all(&bytes)).await, Ok(Ok(()))) {
                return;
            }
            sent += bytes.len();
        }
    };
    let read = async {
        let mut answers = vec![0; 16 << 10];
        while reads && matches!(reading.read(&mut answers).await, Ok(1..)) {}
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = write => {}
        () = read => {}
    }
}

async fn check(name: &str, begin: Vec<u8>, make: fn(u32) -> Vec<u8>, reads: bool) {
    let program = Program::serve_with("memory:", &["--max-connections-per-address", "0"]).await;
    honest_lookups(&program, 10).await;
    let before = Resident::of(&program).now;
    let floods = join_all((0..CONNECTIONS).map(|_| flood(program.grpc(), begin.clone(), make, reads)));
    tokio::join!(floods, honest_lookups(&program, 50));
    honest_lookups(&program, 10).await;
    let is_back = async || Resident::of(&program).now < before + KEPT_KIB;
    program.wait_for(name, is_back).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rapid_resets() {
    let make = |id| {
        let open = frame(HEADERS, END_HEADERS, id, &block(LOOKUP));
        [open, frame(RST_STREAM, 0, id, &8_u32.to_be_bytes())].concat()
    };
    check("rapid resets", preface(65_535), make, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn continuations_without_end() {
    let begin = [preface(65_535), frame(HEADERS, 0, 1, &block(LOOKUP))].concat();
    let make = |_| frame(CONTINUATION, 0, 1, b"\0\x03x-a\x03abc");
    check("continuations", begin, make, true).await;
}

/// One field of 4,000 bytes in the table, and then a byte for each further copy of it.
#[tokio::test(flavor = "multi_thread")]
async fn header_bombs() {
    let make = |id| {
        let mut bomb = block(LOOKUP);
        bomb.extend(b"\x40\x01x\x7f\xa1\x1e"); // a literal with indexing, of 4,000 bytes
        bomb.extend([b'a'; 4_000]);
        bomb.extend([0xbe; 8_000]);
        frame(HEADERS, END_HEADERS, id, &bomb)
    };
    check("header bombs", preface(65_535), make, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_and_settings() {
    check("pings", preface(65_535), |_| frame(PING, 0, 0, &[7; 8]), false).await;
    check("settings", preface(65_535), |_| frame(SETTINGS, 0, 0, &[]), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn priorities_and_unknown_frames() {
    // Each stream depends on the one before it, and none of them is ever opened.
    let priority = |id: u32| {
        frame(
            PRIORITY,
            0,
            id,
            &[&id.saturating_sub(2).to_be_bytes()[..], &[7]].concat(),
        )
    };
    check("priorities", preface(65_535), priority, true).await;
    check(
        "unknown frames",
        preface(65_535),
        |id| frame(UNKNOWN, 0, id, &[7; 64]),
        true,
    )
    .await;
}

/// Windows that grow by a byte, of the connection and of a call that is open.
#[tokio::test(flavor = "multi_thread")]
async fn window_updates() {
    let begin = [preface(0), frame(HEADERS, END_HEADERS, 1, &block(LOOKUP))].concat();
    let make = |_| {
        let byte = 1_u32.to_be_bytes();
        [frame(WINDOW_UPDATE, 0, 0, &byte), frame(WINDOW_UPDATE, 0, 1, &byte)].concat()
    };
    check("window updates", begin, make, true).await;
}

/// Calls that the server itself must reset, since the client breaks the rules on them (CVE-2025-8671, "made you reset").
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_the_server_must_reset() {
    let make = |id| {
        let open = frame(HEADERS, END_HEADERS, id, &block(LOOKUP));
        // A window may not grow by nothing (RFC 9113, section 6.9).
        [open, frame(WINDOW_UPDATE, 0, id, &[0; 4])].concat()
    };
    check("faults", preface(65_535), make, true).await;
}

/// Calls that stay open, many more than one connection may have.
#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_the_limit() {
    let make = |id| frame(HEADERS, END_HEADERS, id, &block(LOOKUP));
    check("open calls", preface(65_535), make, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_data() {
    let begin = [preface(65_535), frame(HEADERS, END_HEADERS, 1, &block(LOOKUP))].concat();
    check("empty data", begin, |_| frame(DATA, 0, 1, &[]), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_have_no_window() {
    let make = |id| call(id, LOOKUP, b"\x0a\x0c+14155550199", true);
    check("zero windows", preface(0), make, false).await;
}
