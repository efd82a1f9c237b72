//! A client of HTTP/2 that keeps to the windows of the server, so that it is not hung up on, and takes nothing of the answers.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::frames::{
    DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE, block, frame, preface,
    read_frame,
};

/// A server that gives no room for so long gives none.
const PATIENCE: Duration = Duration::from_secs(2);
/// The window of a stream and of a connection at first (RFC 9113, section 6.9.2), and the largest frame.
const FIRST_WINDOW: usize = 65_535;
const MAX_FRAME: usize = 16 << 10;
/// The setting of the window of new streams.
const WINDOW_SETTING: u16 = 4;

/// Calls to one method.
#[derive(Clone, Copy)]
pub(super) struct Calls<'a> {
    pub(super) path: &'static str,
    pub(super) count: u32,
    /// The body of each.
    pub(super) body: &'a [u8],
    /// Whether the body ends after these bytes.
    pub(super) is_complete: bool,
}

/// A call on its way.
struct Sending {
    stream: u32,
    sent: usize,
    window: usize,
    is_over: bool,
}

/// A connection on which calls are sent.
struct Flow<'a> {
    connection: TcpStream,
    calls: Calls<'a>,
    sending: Vec<Sending>,
    window: usize,
    sent: usize,
}

/// Sends calls, a part of each in turn, until all is sent, or the server takes no more. Returns the connection, which is to
/// stay open, and the bytes that were sent of bodies. The answers have no window.
pub(super) async fn send(address: SocketAddr, calls: Calls<'_>) -> (TcpStream, usize) {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(&preface(0)).await.unwrap();
    let mut flow = Flow {
        connection,
        calls,
        sending: Vec::new(),
        window: FIRST_WINDOW,
        sent: 0,
    };
    let window = flow.window_of_streams().await;
    for number in 0..calls.count {
        let stream = 2 * number + 1;
        let head = frame(HEADERS, END_HEADERS, stream, &block(calls.path));
        flow.connection.write_all(&head).await.ok();
        flow.sending.push(Sending {
            stream,
            sent: 0,
            window,
            is_over: false,
        });
    }
    while flow.send_parts().await || flow.hear().await {}
    (flow.connection, flow.sent)
}

impl Flow<'_> {
    /// The window of new streams, from the settings of the server.
    async fn window_of_streams(&mut self) -> usize {
        loop {
            let received = read_frame(&mut self.connection).await.unwrap();
            if received.kind == SETTINGS {
                let mut settings = received.payload.chunks_exact(6);
                let window = settings.find(|setting| setting[..2] == WINDOW_SETTING.to_be_bytes());
                return window.map_or(FIRST_WINDOW, |setting| number(&setting[2..]));
            }
            self.grow(&received);
        }
    }

    /// Sends a part of each call for which there is room. Whether something was sent.
    async fn send_parts(&mut self) -> bool {
        let (body, mut has_sent) = (self.calls.body, false);
        for call in &mut self.sending {
            let left = &body[call.sent..];
            let part = &left[..left.len().min(call.window).min(self.window).min(MAX_FRAME)];
            if call.is_over || part.is_empty() {
                continue;
            }
            let flags = if self.calls.is_complete && part.len() == left.len() {
                END_STREAM
            } else {
                0
            };
            let bytes = frame(DATA, flags, call.stream, part);
            if !matches!(timeout(PATIENCE, self.connection.write_all(&bytes)).await, Ok(Ok(()))) {
                return false;
            }
            call.sent += part.len();
            call.window -= part.len();
            call.is_over = call.sent == body.len();
            self.window -= part.len();
            self.sent += part.len();
            has_sent = true;
        }
        has_sent
    }

    /// Reads a frame of the server. False if nothing is left to be sent, or if the server gives no room.
    async fn hear(&mut self) -> bool {
        if self.sending.iter().all(|call| call.is_over) {
            return false;
        }
        match timeout(PATIENCE, read_frame(&mut self.connection)).await {
            Ok(Ok(received)) => {
                self.grow(&received);
                received.kind != GOAWAY
            }
            Ok(Err(_)) | Err(_) => false,
        }
    }

    /// Takes over what a frame says of the windows, and which calls are over.
    fn grow(&mut self, received: &Frame) {
        let of_stream = self.sending.iter_mut().find(|call| call.stream == received.stream);
        let is_last = received.kind == RST_STREAM || received.kind == HEADERS && received.flags & END_STREAM != 0;
        match (received.kind, of_stream) {
            (WINDOW_UPDATE, None) if received.stream == 0 => self.window += number(&received.payload),
            (WINDOW_UPDATE, Some(call)) => call.window += number(&received.payload),
            (_, Some(call)) if is_last => call.is_over = true,
            _ => {}
        }
    }
}

fn number(bytes: &[u8]) -> usize {
    u32::from_be_bytes(bytes.try_into().unwrap()) as usize
}
