//! What the client sends on a connection: the frames of refused calls are taken out of the bytes that were read.

use std::time::Instant;

use super::calls::Calls;
use super::frames::{
    ACK, DATA, HEAD_BYTES, HEADERS, Head, PREFACE_BYTES, PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE,
};

/// What was read so far.
#[derive(Debug)]
pub(super) struct Inbound {
    /// Bytes of the frame that is read, or of the preface, which are still to come.
    rest: usize,
    /// Whether they are taken out.
    is_out: bool,
    /// The beginning of the head of a frame, at most `HEAD_BYTES - 1` bytes. It is kept back until the rest of the head is
    /// read.
    held: Vec<u8>,
}

impl Default for Inbound {
    fn default() -> Self {
        Self {
            rest: PREFACE_BYTES,
            is_out: false,
            held: Vec::new(),
        }
    }
}

impl Inbound {
    /// The bytes that were kept back. They belong before the next bytes that are read.
    pub(super) fn held(&self) -> &[u8] {
        &self.held
    }

    /// Takes the frames of refused calls out of bytes that begin with those which were [held](Self::held). The bytes arrived at
    /// `arrived`. Returns how many bytes are left; they are the first ones then.
    pub(super) fn sift(&mut self, bytes: &mut [u8], calls: &mut Calls, arrived: Instant, now: Instant) -> usize {
        self.held.clear();
        let (mut read, mut kept) = (0, 0);
        let mut opening = Opening {
            resets: None,
            arrived,
            now,
        };
        while read < bytes.len() {
            if self.rest == 0 {
                let next = bytes.get(read..).unwrap_or_default();
                let Some(head) = Head::read(next) else {
                    self.held.extend(next);
                    break;
                };
                self.rest = HEAD_BYTES + head.length;
                self.is_out = !is_kept(head, next, calls, &mut opening);
            }
            let part = self.rest.min(bytes.len() - read);
            if !self.is_out {
                if kept < read {
                    bytes.copy_within(read..read + part, kept);
                }
                kept += part;
            }
            read += part;
            self.rest -= part;
        }
        kept
    }
}

/// What is known of the calls that are opened in some bytes.
struct Opening {
    /// The streams that are reset in these bytes; `None` before the first call.
    resets: Option<Vec<u32>>,
    arrived: Instant,
    now: Instant,
}

/// Whether HTTP/2 gets the frame with this head, with which `frames` begin. Its end may not have been read.
fn is_kept(head: Head, frames: &[u8], calls: &mut Calls, opening: &mut Opening) -> bool {
    let block = || head.block(frames.get(HEAD_BYTES..HEAD_BYTES + head.length)?);
    match head.kind {
        HEADERS if head.is_of_client() && calls.is_new(head.stream) => {
            let block = block();
            let can_miss = block.is_some_and(|block| calls.may_miss(block));
            if let Some(block) = block.filter(|_| !can_miss) {
                calls.changes_table(block);
            }
            let resets = opening.resets.get_or_insert_with(|| streams_reset(frames));
            if can_miss && resets.contains(&head.stream) {
                calls.skip(head.stream);
                return false;
            }
            calls.open(head.stream, opening.arrived, opening.now, !can_miss)
        }
        DATA if calls.is_refused(head.stream) => {
            calls.discarded(head.length);
            false
        }
        PRIORITY | RST_STREAM | WINDOW_UPDATE if calls.is_refused(head.stream) => false,
        // Trailers, which no client of gRPC sends.
        HEADERS if calls.is_refused(head.stream) => !block().is_some_and(|block| calls.may_miss(block)),
        SETTINGS if head.flags & ACK != 0 => calls.took_settings(),
        SETTINGS => {
            calls.got_settings(frames.get(HEAD_BYTES..HEAD_BYTES + head.length));
            true
        }
        _ => true,
    }
}

/// The streams that are reset in these frames.
fn streams_reset(mut frames: &[u8]) -> Vec<u32> {
    let mut streams = Vec::new();
    while let Some(head) = Head::read(frames) {
        if head.kind == RST_STREAM {
            streams.push(head.stream);
        }
        frames = frames.get(HEAD_BYTES + head.length..).unwrap_or_default();
    }
    streams
}
