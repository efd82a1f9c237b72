//! What the client sends on a connection: the frames of refused calls are taken out of the bytes that were read.

use std::time::Instant;

use super::calls::{Calls, Opens};
use super::frames::{
    ACK, DATA, HEAD_BYTES, HEADERS, Head, PREFACE_BYTES, PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE,
};
use crate::net::arrival::{ArrivalTimes, CallArrival};

/// The longest frame that is kept back until all of it is read. A call of gRPC opens with some 100 bytes.
pub(super) const HELD_BYTES: usize = 512;

/// What was read so far.
#[derive(Debug)]
pub(super) struct Inbound {
    /// Bytes of the frame that is read, or of the preface, which are still to come.
    rest: usize,
    /// Whether they are taken out.
    is_out: bool,
    /// The beginning of the head of a frame, or of a frame that opens a call, less than `HELD_BYTES`. It is kept back until the
    /// rest is read.
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

    /// Takes the frames of refused calls out of bytes that begin with those which were [held](Self::held). They arrived at
    /// these times. Returns how many bytes are left; they are the first ones then.
    pub(super) fn sift(&mut self, bytes: &mut [u8], calls: &mut Calls, arrived: ArrivalTimes, now: Instant) -> usize {
        self.held.clear();
        let (mut read, mut kept) = (0, 0);
        let mut opening = Opening {
            seen: None,
            arrived,
            now,
        };
        while read < bytes.len() {
            if self.rest == 0 {
                let next = bytes.get(read..).unwrap_or_default();
                let head = Head::read(next).filter(|head| !is_cut(*head, next, calls));
                let Some(head) = head else {
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

/// Whether a frame opens a call, and not all of it was read. What comes of it is decided when the rest is there.
fn is_cut(head: Head, frames: &[u8], calls: &Calls) -> bool {
    let length = HEAD_BYTES + head.length;
    let is_call = head.kind == HEADERS && head.is_of_client() && calls.is_new(head.stream);
    is_call && frames.len() < length && length <= HELD_BYTES
}

/// What is known of the calls that are opened in some bytes.
struct Opening {
    /// `None` before the first call.
    seen: Option<Seen>,
    arrived: ArrivalTimes,
    now: Instant,
}

/// Whether HTTP/2 gets the frame with this head, with which `frames` begin. Its end may not have been read.
fn is_kept(head: Head, frames: &[u8], calls: &mut Calls, opening: &mut Opening) -> bool {
    let block = || head.block(frames.get(HEAD_BYTES..HEAD_BYTES + head.length)?);
    match head.kind {
        HEADERS if head.is_of_client() && calls.is_new(head.stream) => {
            let seen = opening.seen.get_or_insert_with(|| Seen::in_frames(frames, calls));
            let Some(block) = block() else {
                calls.open_in_parts(head.stream, opening.arrived.of_call(0, 1));
                return true;
            };
            let can_miss = calls.may_miss(block);
            if !can_miss {
                calls.changes_table(block);
            }
            if can_miss && seen.resets.contains(&head.stream) {
                calls.skip(head.stream);
                return false;
            }
            let arrived = seen.next_arrived(opening.arrived);
            let how = match (can_miss, seen.calls) {
                (false, _) => Opens::MustBeTaken,
                (true, ..=1) => Opens::Alone,
                (true, calls) => Opens::Before(calls.saturating_sub(seen.opened)),
            };
            calls.open(head.stream, arrived, opening.now, how)
        }
        DATA if calls.is_refused(head.stream) => {
            calls.discarded(head.length);
            false
        }
        PRIORITY | RST_STREAM | WINDOW_UPDATE if calls.is_refused(head.stream) => false,
        // Trailers, which no client of gRPC sends. HTTP/2 ends the connection if they insert a field: it cannot read the field
        // and ignore the call.
        HEADERS if calls.is_refused(head.stream) => !block().is_some_and(|block| calls.may_miss(block)),
        RST_STREAM => {
            calls.reset(head.stream);
            true
        }
        SETTINGS if head.flags & ACK != 0 => calls.took_settings(),
        SETTINGS => {
            calls.got_settings(frames.get(HEAD_BYTES..HEAD_BYTES + head.length));
            true
        }
        _ => true,
    }
}

/// What is in the frames that were read together.
struct Seen {
    /// The streams that are reset.
    resets: Vec<u32>,
    /// The calls that are opened, without those that are reset and without one that is cut.
    calls: usize,
    /// Those of them that were looked at.
    opened: usize,
}

impl Seen {
    fn in_frames(mut frames: &[u8], calls: &Calls) -> Self {
        let (mut opened, mut resets) = (Vec::new(), Vec::new());
        while let Some(head) = Head::read(frames) {
            let length = HEAD_BYTES + head.length;
            match head.kind {
                RST_STREAM => resets.push(head.stream),
                HEADERS if head.is_of_client() && calls.is_new(head.stream) && length <= frames.len() => {
                    opened.push(head.stream);
                }
                _ => {}
            }
            frames = frames.get(length..).unwrap_or_default();
        }
        opened.dedup(); // trailers
        opened.retain(|stream| !resets.contains(stream));
        Self {
            resets,
            calls: opened.len(),
            opened: 0,
        }
    }

    /// When the next call arrived.
    fn next_arrived(&mut self, arrived: ArrivalTimes) -> CallArrival {
        self.opened += 1;
        arrived.of_call(self.opened - 1, self.calls)
    }
}
