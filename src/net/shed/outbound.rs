//! What the server sends on a connection: where its frames end, so that others can be sent between them, and which calls they
//! answer.

use super::calls::Calls;
use super::frames::{ACK, CONTINUATION, END_HEADERS, HEAD_BYTES, HEADERS, Head, RST_STREAM, SETTINGS};

/// What was sent so far.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    /// The beginning of the head of a frame, if it was not sent as a whole.
    head: [u8; HEAD_BYTES],
    head_bytes: usize,
    /// Bytes of the payload that are still to be sent.
    rest: usize,
    /// Whether the first frame was sent, the settings of the server. No other may come before it.
    has_begun: bool,
    /// Whether a block of header fields goes on in the next frame. No other may come before it (RFC 9113, section 4.3).
    is_in_block: bool,
}

impl Outbound {
    /// Whether the next byte begins a frame, and another frame may be sent before it.
    pub(super) const fn is_between_frames(&self) -> bool {
        self.has_begun && !self.is_in_block && self.head_bytes == 0 && self.rest == 0
    }

    /// Notes the bytes that were sent.
    pub(super) fn sent(&mut self, mut bytes: &[u8], calls: &mut Calls) {
        while !bytes.is_empty() {
            let payload = self.rest.min(bytes.len());
            bytes = bytes.get(payload..).unwrap_or_default();
            self.rest -= payload;
            if self.rest == 0 {
                bytes = self.head(bytes, calls);
            }
        }
    }

    /// Takes bytes of a head, and returns those after it.
    fn head<'b>(&mut self, bytes: &'b [u8], calls: &mut Calls) -> &'b [u8] {
        let missing = (HEAD_BYTES - self.head_bytes).min(bytes.len());
        let (taken, after) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
        if let Some(room) = self.head.get_mut(self.head_bytes..self.head_bytes + taken.len()) {
            room.copy_from_slice(taken);
        }
        self.head_bytes += taken.len();
        if self.head_bytes == HEAD_BYTES
            && let Some(head) = Head::read(&self.head)
        {
            self.head_bytes = 0;
            self.rest = head.length;
            self.has_begun = true;
            if matches!(head.kind, HEADERS | CONTINUATION) {
                self.is_in_block = head.flags & END_HEADERS == 0;
            }
            match head.kind {
                HEADERS => {
                    calls.sent_block();
                    calls.answered(head.stream);
                }
                RST_STREAM => calls.answered(head.stream),
                SETTINGS if head.flags & ACK == 0 => calls.sent_settings(),
                SETTINGS => calls.acknowledged_settings(),
                _ => {}
            }
        }
        after
    }
}
