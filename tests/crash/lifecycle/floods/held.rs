//! What requests and answers hold that nobody reads, by the resident memory of the program. The long form, with a table of
//! attacks, is `memory` in `tests/outages`.

use std::time::Duration;

use prost::Message as _;
use ringwarden::wire::v1;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::honest_lookups;
use crate::support::frames::{DATA, RST_STREAM, WINDOW_UPDATE, call, frame, preface};
use crate::support::program::Program;
use crate::support::resident::Resident;

const BATCH: &str = "/ringwarden.v1.LookupService/BatchLookup";
/// The bytes sent at once, and the pause after them.
const PART_BYTES: usize = 64 << 10;
const PAUSE: Duration = Duration::from_millis(20);
/// Requests on one connection that its window takes at once, whose answers are more than a connection may hold.
const FEW_STREAMS: u32 = 100;
/// How long the server may take to make the answers.
const SETTLE: Duration = Duration::from_secs(5);

/// Sends requests over some connections, whose answers nobody reads.
async fn unread(program: &Program, connections: usize, window: u32, requests: &[u8]) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for _ in 0..connections {
        let mut stream = TcpStream::connect(program.grpc()).await.unwrap();
        let grow = frame(WINDOW_UPDATE, 0, 0, &0x7fff_0000_u32.to_be_bytes());
        stream.write_all(&[preface(window), grow].concat()).await.unwrap();
        // In parts that are smaller than the windows of the server, which it opens again when it has read them. It takes no
        // more once the connection holds as much as it may.
        for part in requests.chunks(PART_BYTES) {
            if !matches!(timeout(SETTLE, stream.write_all(part)).await, Ok(Ok(()))) {
                break;
            }
            sleep(PAUSE).await;
        }
        open.push(stream);
    }
    open
}

fn questions(count: usize) -> Vec<u8> {
    let requests = vec![v1::LookupRequest::default(); count];
    v1::BatchLookupRequest { requests }.encode_to_vec()
}

/// The growth of the program, in MiB, while so many connections hold these requests.
async fn growth(program: &Program, window: u32, requests: &[u8], connections: usize) -> u64 {
    honest_lookups(program, 10).await;
    let before = Resident::of(program).now;
    let open = unread(program, connections, window, requests).await;
    sleep(SETTLE).await;
    let highest = Resident::of(program).highest;
    honest_lookups(program, 10).await;
    drop(open);
    highest.saturating_sub(before) >> 10
}

/// Unread answers and unfinished requests stay within the setting, with room for what the estimate leaves out.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_reads_stays_within_the_memory_of_requests() {
    let program = Program::serve_with("memory:", &["--request-memory", "64MiB"]).await;
    let requests: Vec<u8> = (0..FEW_STREAMS)
        .flat_map(|number| call(2 * number + 1, BATCH, &questions(1_000), true))
        .collect();
    let grown = growth(&program, 0, &requests, 4).await;
    assert!(grown < 160, "{grown} MiB");
}

/// A client cancels long answers after their first byte: the server drops the rest, and it counts no more.
#[tokio::test(flavor = "multi_thread")]
async fn cancelled_answers_hold_nothing() {
    const HELD: &str = "ringwarden_request_memory_bytes";
    let program = Program::serve("memory:").await;
    let mut stream = TcpStream::connect(program.grpc()).await.unwrap();
    stream.write_all(&preface(1)).await.unwrap();
    let mut heard = Vec::new();
    for number in [1, 3, 5] {
        stream
            .write_all(&call(number, BATCH, &questions(1_000), true))
            .await
            .unwrap();
        // A frame of data with one byte.
        let first = [&[0, 0, 1, DATA, 0][..], &number.to_be_bytes()].concat();
        while !heard.windows(first.len()).any(|part| part == first) {
            let mut bytes = [0; 4 << 10];
            let count = stream.read(&mut bytes).await.unwrap();
            assert!(count > 0, "{heard:?}");
            heard.extend_from_slice(&bytes[..count]);
        }
    }
    // The answers wait for the client.
    program
        .wait_for("the answers", async || program.metric(HELD).await > 100_000.0)
        .await;
    for number in [1, 3, 5] {
        stream
            .write_all(&frame(RST_STREAM, 0, number, &8_u32.to_be_bytes()))
            .await
            .unwrap();
    }
    program
        .wait_for("their end", async || program.metric(HELD).await < 1.0)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_names_few_of_many_unknown_fields() {
    let program = Program::serve("memory:").await;
    let length = answer_to_unknown_fields(&program).await;
    assert!(length < 8_000, "{length} bytes");
}

async fn answer_to_unknown_fields(program: &Program) -> usize {
    let item = r#"{"unknownField": 1, "another": 2}"#;
    let requests = vec![item; 1_000].join(",");
    let fields: Vec<String> = (0..400_000).map(|number| format!(r#""field{number}":1"#)).collect();
    let body = format!(r#"{{"requests":[{requests}],{}}}"#, fields.join(","));
    let mut stream = TcpStream::connect(program.http()).await.unwrap();
    let head = format!(
        "POST /v1/lookup:batch HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 400"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    answer.len()
}
