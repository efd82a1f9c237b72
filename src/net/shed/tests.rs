//! What is taken out of the bytes of a client, and what is sent between those of HTTP/2.

mod places;

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::calls::INSERTING_CALLS;
use super::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, NO_TABLE, PREFACE_BYTES, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, write,
};
use super::*;
use crate::net::ConnectionLimits;

const PREFACE: &[u8; PREFACE_BYTES] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A block without an insertion: POST, and a literal path.
const BLOCK: &[u8] = b"\x83\x04\x05/path";
/// A block that inserts its path.
const INSERTS: &[u8] = b"\x83\x44\x05/path";
const PING: u8 = 6;

fn limits() -> Arc<CallLimit> {
    let mut refused = HeaderMap::new();
    refused.insert("grpc-status", HeaderValue::from_static("8"));
    Arc::new(CallLimit::new(answer_block(&refused)))
}

/// Limits that take up so many calls.
fn late(most: u32) -> Arc<CallLimit> {
    let limits = limits();
    limits.set(most);
    limits
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    write(&mut frame, kind, flags, stream, payload);
    frame
}

fn head(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, BLOCK)
}

fn message(stream: u32) -> Vec<u8> {
    frame(DATA, END_STREAM, stream, b"message")
}

fn call(stream: u32) -> Vec<u8> {
    [head(stream), message(stream)].concat()
}

/// The first calls of a connection, each of which inserts a field.
fn inserting(calls: u8) -> Vec<u8> {
    let streams = (0..u32::from(calls)).map(|number| 2 * number + 1);
    streams
        .flat_map(|stream| frame(HEADERS, END_HEADERS, stream, INSERTS))
        .collect()
}

/// A connection whose server has sent its settings.
struct Pair {
    client: DuplexStream,
    server: DuplexStream,
    shed: Shed,
}

impl Pair {
    async fn new(limits: &Arc<CallLimit>) -> Self {
        let of_connection = ConnectionLimits {
            calls: Some(Arc::clone(limits)),
            ..ConnectionLimits::of(1)
        };
        let usage = ConnectionUsage::new(0, of_connection, Arc::default());
        let (client, server) = duplex(1 << 20);
        let mut pair = Self {
            client,
            server,
            shed: Shed::new(usage, Arc::clone(limits)),
        };
        pair.send(&frame(SETTINGS, 0, 0, b"")).await;
        assert_eq!(pair.answers().await, frame(SETTINGS, 0, 0, b""));
        pair
    }

    /// What HTTP/2 reads of these bytes, into a buffer with so much room.
    async fn read(&mut self, bytes: &[u8], room: usize) -> Vec<u8> {
        self.client.write_all(bytes).await.unwrap();
        let mut all = Vec::new();
        while let Some(more) = self.read_once(room).await {
            all.extend(more);
        }
        all
    }

    async fn read_once(&mut self, room: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; room];
        let mut buf = ReadBuf::new(&mut bytes);
        let polled = std::future::poll_fn(|cx| {
            let polled = self.shed.poll_read(&mut self.server, cx, &mut buf);
            Poll::Ready(polled.map_ok(|_| ()))
        });
        match polled.await {
            Poll::Ready(read) => {
                read.unwrap();
                Some(buf.filled().to_vec()).filter(|read| !read.is_empty())
            }
            Poll::Pending => None,
        }
    }

    /// Sends bytes of HTTP/2, and notes them.
    async fn send(&mut self, bytes: &[u8]) {
        std::future::poll_fn(|cx| self.shed.poll_turn(&mut self.server, cx))
            .await
            .unwrap();
        self.server.write_all(bytes).await.unwrap();
        self.shed.wrote(&[IoSlice::new(bytes)], bytes.len());
    }

    /// The bytes that the client has got.
    async fn answers(&mut self) -> Vec<u8> {
        let mut all = vec![0; 1 << 16];
        let read = tokio::time::timeout(Duration::from_millis(1), self.client.read(&mut all)).await;
        all.truncate(read.map_or(0, Result::unwrap));
        all
    }
}

/// The answer to a refused call.
fn refusal(stream: u32) -> Vec<u8> {
    let block = b"\x88\x00\x0bgrpc-status\x018";
    let answer = frame(HEADERS, END_HEADERS | END_STREAM, stream, block);
    [answer, frame(RST_STREAM, 0, stream, &[0; 4])].concat()
}

fn window(bytes: u8) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, bytes])
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_every_byte_is_left() {
    let calls: Vec<u8> = (0..40).flat_map(|number| call(2 * number + 1)).collect();
    let ping = frame(PING, 0, 0, &[7; 8]);
    let sent = [&PREFACE[..], &frame(SETTINGS, 0, 0, &[]), &calls, &ping].concat();
    for room in [1, 7, 63, 255, 256, 300, 8_192] {
        for part in [1, 8, 9, 10, 63, 1_000, sent.len()] {
            let mut pair = Pair::new(&limits()).await;
            let mut read = Vec::new();
            for part in sent.chunks(part) {
                read.extend(pair.read(part, room).await);
            }
            assert_eq!(read, sent, "{room}, {part}");
            assert_eq!(pair.answers().await, b"");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_the_limit_are_taken_out_and_answered() {
    let ping = frame(PING, 0, 0, &[7; 8]);
    let sent = [head(5), ping.clone(), message(5), call(7)].concat();
    for room in [64, 8_192] {
        let mut pair = Pair::new(&late(2)).await;
        pair.read(PREFACE, room).await;
        let kept = [call(1), call(3)].concat();
        assert_eq!(pair.read(&kept, room).await, kept);
        assert_eq!(pair.read(&sent, room).await, ping);
        let frames = [refusal(5), refusal(7)].concat();
        assert_eq!(pair.answers().await, [frames, window(14)].concat());
        // Two calls are answered, so there is room again.
        for stream in [1, 3] {
            pair.send(&frame(HEADERS, END_HEADERS, stream, BLOCK)).await;
        }
        assert_eq!(pair.read(&call(9), room).await, call(9));
    }
}

#[tokio::test(start_paused = true)]
async fn frames_of_refused_calls_are_taken_out_however_they_are_read() {
    let kept = [call(1), message(1), frame(RST_STREAM, 0, 1, &[0; 4])].concat();
    let late_frames = [
        frame(RST_STREAM, 0, 5, &[0; 4]),
        frame(WINDOW_UPDATE, 0, 5, &[0, 0, 0, 9]),
    ]
    .concat();
    for part in [1, 5, 9, 40, 1_000] {
        let mut pair = Pair::new(&late(1)).await;
        pair.read(PREFACE, 8_192).await;
        // Whole heads, so that they can be refused; then the rest in parts.
        let mut read = pair.read(&head(1), 8_192).await;
        assert_eq!(pair.read(&[head(3), head(5)].concat(), 8_192).await, b"");
        let rest = [
            message(1),
            message(3),
            message(1),
            late_frames.clone(),
            frame(RST_STREAM, 0, 1, &[0; 4]),
        ];
        for part in rest.concat().chunks(part) {
            read.extend(pair.read(part, 8_192).await);
        }
        assert_eq!(read, kept, "{part}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_reset_before_it_was_read_is_taken_out() {
    let reset = frame(RST_STREAM, 0, 3, &[0; 4]);
    let mut pair = Pair::new(&limits()).await;
    pair.read(PREFACE, 8_192).await;
    let sent = [call(1), call(3), reset.clone(), call(5)].concat();
    assert_eq!(pair.read(&sent, 8_192).await, [call(1), call(5)].concat());
    assert_eq!(pair.answers().await, window(7), "nobody waits for an answer");
    let mut pair = Pair::new(&limits()).await;
    pair.read(PREFACE, 8_192).await;
    let inserts = frame(HEADERS, END_HEADERS, 3, INSERTS);
    let sent = [inserts, message(3), reset].concat();
    assert_eq!(pair.read(&sent, 8_192).await, sent, "HTTP/2 needs its header fields");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_inserts_fields_is_asked_to_insert_none() {
    let ack = frame(SETTINGS, ACK, 0, &[]);
    let mut pair = Pair::new(&limits()).await;
    pair.read(PREFACE, 8_192).await;
    pair.read(&inserting(INSERTING_CALLS), 8_192).await;
    assert_eq!(pair.answers().await, b"", "the server is not late");
    let mut pair = Pair::new(&late(1)).await;
    pair.read(PREFACE, 8_192).await;
    pair.read(&inserting(INSERTING_CALLS - 1), 8_192).await;
    assert_eq!(pair.answers().await, b"", "each client inserts with its first calls");
    let mut pair = Pair::new(&late(1)).await;
    pair.read(PREFACE, 8_192).await;
    let sent = inserting(INSERTING_CALLS);
    assert_eq!(pair.read(&sent, 8_192).await, sent, "HTTP/2 needs their header fields");
    assert_eq!(pair.answers().await, frame(SETTINGS, 0, 0, &NO_TABLE));
    // The client acknowledges the settings of HTTP/2, and then these. HTTP/2 must not see the second acknowledgement.
    assert_eq!(
        pair.read(&[ack.clone(), ack.clone(), ack.clone()].concat(), 8_192)
            .await,
        [ack.clone(), ack].concat()
    );
    assert_eq!(pair.read(&call(17), 8_192).await, b"");
}

#[tokio::test(start_paused = true)]
async fn answers_come_between_the_frames_of_http2() {
    let mut pair = Pair::new(&late(1)).await;
    pair.read(PREFACE, 8_192).await;
    let long = frame(DATA, 0, 1, &[1; 100]);
    for (cut, stream) in [(1, 5), (8, 9), (9, 13), (10, 17), (108, 21)] {
        pair.send(&long[..cut]).await;
        pair.read(&head(stream), 8_192).await;
        pair.read(&head(stream + 2), 8_192).await;
        assert_eq!(pair.answers().await, long[..cut], "a frame of HTTP/2 is not complete");
        pair.send(&long[cut..]).await;
        pair.send(&frame(HEADERS, END_HEADERS, stream, BLOCK)).await;
        let answers = pair.answers().await;
        let rest = &answers[long.len() - cut..];
        assert_eq!(
            rest,
            [refusal(stream + 2), frame(HEADERS, END_HEADERS, stream, BLOCK)].concat()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_window_of_the_connection_is_left_when_calls_were_refused() {
    let mut pair = Pair::new(&late(1)).await;
    pair.read(PREFACE, 8_192).await;
    pair.read(&head(1), 8_192).await;
    pair.read(&head(3), 8_192).await;
    let of_connection = [window(9), frame(PING, 0, 0, &[7; 8])].concat();
    assert_eq!(pair.read(&of_connection, 8_192).await, of_connection);
}

#[tokio::test(start_paused = true)]
async fn no_call_is_refused_before_http2_has_told_the_client_of_its_table() {
    const SMALLER: [u8; 6] = [0, 1, 0, 0, 0, 0];
    let mut pair = Pair::new(&late(1)).await;
    pair.read(&[&PREFACE[..], &frame(SETTINGS, 0, 0, &SMALLER)].concat(), 8_192)
        .await;
    let calls = |from| [call(from), call(from + 2)].concat();
    assert_eq!(pair.read(&calls(1), 8_192).await, calls(1));
    pair.send(&frame(SETTINGS, ACK, 0, &[])).await;
    assert_eq!(pair.read(&calls(5), 8_192).await, calls(5), "no block was sent since");
    pair.send(&frame(HEADERS, END_HEADERS, 3, BLOCK)).await;
    assert_eq!(pair.read(&call(9), 8_192).await, b"");
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_table_may_say_that_it_inserts() {
    let ack = frame(SETTINGS, ACK, 0, &[]);
    let mut pair = Pair::new(&late(1)).await;
    pair.read(&[PREFACE, &ack[..]].concat(), 8_192).await;
    pair.read(&inserting(INSERTING_CALLS), 8_192).await;
    assert_eq!(pair.answers().await, frame(SETTINGS, 0, 0, &NO_TABLE));
    // The first block after its acknowledgement says that the table has no room.
    let says = frame(HEADERS, END_HEADERS, 17, &[&[0x20], INSERTS].concat());
    assert_eq!(pair.read(&[ack, says.clone()].concat(), 8_192).await, says);
    assert_eq!(pair.read(&frame(HEADERS, END_HEADERS, 19, INSERTS), 8_192).await, b"");
}

#[tokio::test(start_paused = true)]
async fn answers_are_sent_when_http2_flushes() {
    let mut pair = Pair::new(&late(1)).await;
    pair.read(PREFACE, 8_192).await;
    let long = frame(DATA, 0, 1, &[1; 100]);
    pair.send(&long[..50]).await;
    pair.read(&head(1), 8_192).await;
    pair.read(&head(3), 8_192).await;
    pair.send(&long[50..]).await;
    std::future::poll_fn(|cx| pair.shed.poll_turn(&mut pair.server, cx))
        .await
        .unwrap(); // as the connection does then
    assert_eq!(pair.answers().await, [long, refusal(3)].concat());
}

#[tokio::test(start_paused = true)]
async fn no_answer_comes_inside_of_a_block_of_header_fields() {
    let mut pair = Pair::new(&late(1)).await;
    pair.read(PREFACE, 8_192).await;
    let begin = frame(HEADERS, 0, 1, BLOCK);
    pair.send(&begin).await;
    pair.read(&head(1), 8_192).await;
    pair.read(&head(3), 8_192).await;
    assert_eq!(pair.answers().await, begin);
    let end = frame(CONTINUATION, END_HEADERS, 1, BLOCK);
    pair.send(&end).await;
    pair.send(&message(1)).await;
    assert_eq!(pair.answers().await, [end, refusal(3), message(1)].concat());
}

#[tokio::test(start_paused = true)]
async fn trailers_that_change_the_table_are_not_missed() {
    let mut pair = Pair::new(&late(1)).await;
    pair.read(PREFACE, 8_192).await;
    pair.read(&head(1), 8_192).await;
    pair.read(&[head(3), head(5)].concat(), 8_192).await;
    let leaves = frame(HEADERS, END_HEADERS | END_STREAM, 3, BLOCK);
    let changes = frame(HEADERS, END_HEADERS | END_STREAM, 5, INSERTS);
    assert_eq!(pair.read(&[leaves, changes.clone()].concat(), 8_192).await, changes);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_no_answers_is_not_read() {
    let limits = late(0);
    let mut pair = Pair::new(&limits).await;
    pair.read(PREFACE, 8_192).await;
    pair.send(&frame(DATA, 0, 1, &[1; 100])[..50]).await;
    let mut stream = 1;
    let mut sent = 0;
    while sent < 10 * MAX_UNSENT {
        let calls: Vec<u8> = (0..100).flat_map(|number| head(stream + 2 * number)).collect();
        stream += 200;
        sent += calls.len();
        pair.read(&calls, 8_192).await;
    }
    let held = pair.shed.unsent.len() + pair.shed.calls.frame_bytes();
    assert!(held > MAX_UNSENT && held < 2 * MAX_UNSENT, "{held}");
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_connection_that_ends_count_no_more() {
    let limits = late(2);
    let mut pair = Pair::new(&limits).await;
    pair.read(PREFACE, 8_192).await;
    let two = [call(1), call(3)].concat();
    assert_eq!(pair.read(&two, 8_192).await, two);
    assert_eq!(pair.read(&call(5), 8_192).await, b"");
    drop(pair);
    let mut other = Pair::new(&limits).await;
    other.read(PREFACE, 8_192).await;
    assert_eq!(other.read(&two, 8_192).await, two);
}

/// The rest may be read later, and the call is refused all the same.
#[tokio::test(start_paused = true)]
async fn a_frame_that_opens_a_call_is_kept_back_until_all_of_it_is_read() {
    for cut in 1..head(3).len() {
        tokio::task::yield_now().await; // the streams give way now and then
        let mut pair = Pair::new(&late(1)).await;
        pair.read(PREFACE, 8_192).await;
        assert_eq!(pair.read(&head(1), 8_192).await, head(1));
        let sent = head(3);
        let (first, rest) = sent.split_at(cut);
        assert_eq!(pair.read(first, 8_192).await, b"", "{cut}");
        assert_eq!(pair.read(rest, 8_192).await, b"", "{cut}");
        assert_eq!(pair.answers().await, refusal(3), "{cut}");
    }
    // A long one is not kept back.
    let mut pair = Pair::new(&late(1)).await;
    pair.read(PREFACE, 8_192).await;
    let long = frame(HEADERS, END_HEADERS, 1, &[0x83; HELD_BYTES]);
    let (first, rest) = long.split_at(100);
    assert_eq!(pair.read(first, 8_192).await, first);
    assert_eq!(pair.read(rest, 8_192).await, rest);
}
