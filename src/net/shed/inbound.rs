//! What the client sends on a connection: the frames of refused calls are taken out of the bytes that were read.

use std::time::Instant;

use super::calls::Calls;
use super::fields::leaves_table;
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
    /// The beginning of the head of a frame, at most `HEAD_BYTES - 1` bytes. It is kept back until the rest of the head is read.
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
        while read < bytes.len() {
            if self.rest == 0 {
                let next = bytes.get(read..).unwrap_or_default();
                let Some(head) = Head::read(next) else {
                    self.held.extend(next);
                    break;
                };
                self.rest = HEAD_BYTES + head.length;
                self.is_out = !is_kept(head, next.get(HEAD_BYTES..).unwrap_or_default(), calls, arrived, now);
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

/// Whether HTTP/2 gets a frame with this head. `rest` begins with its payload, as far as it was read.
fn is_kept(head: Head, rest: &[u8], calls: &mut Calls, arrived: Instant, now: Instant) -> bool {
    match head.kind {
        HEADERS if head.is_of_client() && calls.is_new(head.stream) => {
            let (payload, after) = rest.split_at_checked(head.length).unwrap_or((rest, &[]));
            let block = head.block(payload);
            let can_miss = block.is_some_and(leaves_table);
            if block.is_some() && !can_miss {
                calls.inserts_fields();
            }
            if can_miss && is_reset(head.stream, after) {
                calls.skip(head.stream);
                return false;
            }
            calls.open(head.stream, arrived, now, !can_miss)
        }
        DATA if calls.is_refused(head.stream) => {
            calls.discarded(head.length);
            false
        }
        PRIORITY | RST_STREAM | WINDOW_UPDATE if calls.is_refused(head.stream) => false,
        // Trailers, which no client of gRPC sends.
        HEADERS if calls.is_refused(head.stream) => {
            let payload = rest.get(..head.length).unwrap_or_default();
            !head.block(payload).is_some_and(leaves_table)
        }
        SETTINGS if head.flags & ACK != 0 => calls.took_settings(),
        RST_STREAM => {
            calls.reset(head.stream);
            true
        }
        _ => true,
    }
}

/// Whether a stream is reset in the frames that were read after its head.
fn is_reset(stream: u32, mut frames: &[u8]) -> bool {
    while let Some(head) = Head::read(frames) {
        if head.kind == RST_STREAM && head.stream == stream {
            return true;
        }
        frames = frames.get(HEAD_BYTES + head.length..).unwrap_or_default();
    }
    false
}
