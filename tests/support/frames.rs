//! Frames of HTTP/2 (RFC 9113), byte by byte, as no client library would send them.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// A frame that was received.
#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// The next frame of a connection.
pub async fn read_frame(connection: &mut (impl AsyncRead + Unpin)) -> io::Result<Frame> {
    let mut head = [0; 9];
    connection.read_exact(&mut head).await?;
    let [a, b, c, kind, flags, stream @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    connection.read_exact(&mut payload).await?;
    Ok(Frame {
        kind,
        flags,
        stream: u32::from_be_bytes(stream) & (u32::MAX >> 1),
        payload,
    })
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The preface, and settings with this window for each stream.
pub fn preface(window: u32) -> Vec<u8> {
    let mut setting = vec![0, 4];
    setting.extend(window.to_be_bytes());
    [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        &frame(SETTINGS, 0, 0, &setting),
    ]
    .concat()
}

/// The header block of a call: literals without a table (RFC 7541, section 6.2.2), and indexed fields.
pub fn block(path: &str) -> Vec<u8> {
    let mut block = vec![0x83, 0x86]; // POST, http
    for (name, value) in [(4, path), (1, "localhost")] {
        block.extend([name, u8::try_from(value.len()).unwrap()]);
        block.extend(value.as_bytes());
    }
    block.extend([0x0f, 0x10, 16]); // content-type
    block.extend(b"application/grpc");
    block.extend([0, 2]);
    block.extend(b"te\x08trailers");
    block
}

/// The same, with a time for which the client waits.
pub fn block_with_timeout(path: &str, timeout: &str) -> Vec<u8> {
    let mut block = block(path);
    block.extend([0, 12]);
    block.extend(b"grpc-timeout");
    block.push(u8::try_from(timeout.len()).unwrap());
    block.extend(timeout.as_bytes());
    block
}

/// A message with its length before it, as gRPC sends it.
pub fn body(message: &[u8]) -> Vec<u8> {
    let mut body = vec![0];
    body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    body.extend(message);
    body
}

/// A call with one message, complete or with half of it.
pub fn call(stream: u32, path: &str, message: &[u8], is_complete: bool) -> Vec<u8> {
    let mut bytes = frame(HEADERS, END_HEADERS, stream, &block(path));
    let mut body = body(message);
    if !is_complete {
        body.truncate(body.len() / 2);
    }
    for part in body.chunks(16 << 10) {
        bytes.extend(frame(DATA, 0, stream, part));
    }
    if is_complete {
        bytes.extend(frame(DATA, END_STREAM, stream, &[]));
    }
    bytes
}
