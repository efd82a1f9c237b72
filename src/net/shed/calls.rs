//! Which calls of one connection are taken up and which are refused, and the frames that answer the refused ones.

use std::sync::Arc;
use std::time::Instant;

use super::fields::{leaves_table, table_size};
use super::frames::{self, END_HEADERS, END_STREAM, HEADERS, NO_TABLE, RST_STREAM, SETTINGS, WINDOW_UPDATE};
use crate::net::arrival::CallArrival;
use crate::net::call_limit::{CallLimit, Taken, now};
use crate::net::usage::ConnectionUsage;

/// Refused streams whose further frames are known. A client sends no more of them when it has read the answer; until then it
/// may open some others.
const REFUSED_STREAMS: usize = 1 << 10;

/// Calls that must have changed the table before their client is asked to insert no field. Each client inserts with its first
/// calls, and one that is asked loses its table for ever.
pub(super) const INSERTING_CALLS: u8 = 8;
/// Room for frames that is kept when they are sent.
pub(super) const KEPT_BYTES: usize = 4 << 10;
/// Bytes of frames beyond which a refused call gets no answer but an error: those of all calls that a client may have in
/// progress.
const MAX_ANSWERS: usize = 96 << 10;
/// The error `REFUSED_STREAM` (RFC 9113, section 7).
const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];

/// How a call comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opens {
    /// HTTP/2 needs its header fields.
    MustBeTaken,
    /// No other call was read with it.
    Alone,
    /// So many calls were read with it that come after it.
    Before(usize),
}

/// The calls of one connection.
#[derive(Debug)]
pub(super) struct Calls {
    usage: ConnectionUsage,
    limit: Arc<CallLimit>,
    /// The highest stream that was opened, and the highest of those that were taken up.
    opened: u32,
    taken: u32,
    /// The last refused streams, each at the place of its number; empty before the first.
    refused: Vec<u32>,
    /// Settings that HTTP/2 has sent, and those which the client has said that it has taken over.
    settings: u32,
    taken_over: u32,
    /// Calls whose blocks changed the table.
    inserting: u8,
    /// The number of the settings of this layer among all, if they were sent.
    own_settings: Option<u32>,
    /// Settings of the client that HTTP/2 has not acknowledged, and whether one of them has made the table of the client
    /// smaller. The first block of header fields after that must say so (RFC 7541, section 4.2), and only HTTP/2 can.
    unacknowledged: u32,
    needs_update: bool,
    /// Whether the client inserts no field any more, also if it says so: it has said that its table has no room.
    has_no_table: bool,
    /// Bytes of refused calls that count in the window of the connection, until the client is told that they do no more.
    in_window: u32,
    /// Frames that are to be sent.
    frames: Vec<u8>,
}

impl Calls {
    pub(super) fn new(usage: ConnectionUsage, limit: Arc<CallLimit>) -> Self {
        Self {
            usage,
            limit,
            opened: 0,
            taken: 0,
            refused: Vec::new(),
            settings: 0,
            taken_over: 0,
            inserting: 0,
            own_settings: None,
            unacknowledged: 0,
            needs_update: false,
            has_no_table: false,
            in_window: 0,
            frames: Vec::new(),
        }
    }

    /// Whether a frame with this number opens a stream.
    pub(super) const fn is_new(&self, stream: u32) -> bool {
        stream > self.opened
    }

    /// Whether the call of this stream was refused, so that HTTP/2 knows nothing of it.
    pub(super) fn is_refused(&self, stream: u32) -> bool {
        let is_above = self.taken < stream && stream <= self.opened;
        // The place of stream 0, which is the connection, is that of others too.
        stream != 0 && (is_above || self.refused.get(place(stream)) == Some(&stream))
    }

    /// Decides on a new call whose bytes have arrived at `arrived`: whether it is taken up.
    pub(super) fn open(&mut self, stream: u32, arrived: CallArrival, now: Instant, how: Opens) -> bool {
        if how == Opens::MustBeTaken || self.needs_update {
            self.take_up(stream, arrived, self.limit.place_of_any(now));
            return true;
        }
        let later = if let Opens::Before(later) = how { later } else { 0 };
        let is_only = || how == Opens::Alone && !self.usage.has_waiting(now);
        let Some(place) = self.limit.take(arrived.at, now, later, is_only) else {
            self.opened = stream;
            self.refuse(stream);
            return false;
        };
        self.take_up(stream, arrived, Some(place));
        true
    }

    /// Takes up a new call whose header fields have not all been read. Its client decides when they come, so it has no place.
    pub(super) fn open_in_parts(&mut self, stream: u32, arrived: CallArrival) {
        self.take_up(stream, arrived, None);
    }

    fn take_up(&mut self, stream: u32, arrived: CallArrival, place: Option<Taken>) {
        self.opened = stream;
        self.taken = stream;
        self.usage.taken_up(stream, arrived, place);
    }

    /// Notes a new call whose block of header fields changes the table, so that it must be taken up. If the server is late,
    /// asks a client that goes on like this to insert no field from now on.
    pub(super) fn changes_table(&mut self, block: &[u8]) {
        self.got_block(block);
        self.inserting = self.inserting.saturating_add(1);
        if self.inserting >= INSERTING_CALLS && self.own_settings.is_none() && self.limit.is_late(now()) {
            self.own_settings = Some(self.settings + 1);
            frames::write(&mut self.frames, SETTINGS, 0, 0, &NO_TABLE);
        }
    }

    /// Notes settings that HTTP/2 has sent.
    pub(super) const fn sent_settings(&mut self) {
        self.settings += 1;
    }

    /// Notes that HTTP/2 has acknowledged settings of the client.
    pub(super) const fn acknowledged_settings(&mut self) {
        self.unacknowledged = self.unacknowledged.saturating_sub(1);
    }

    /// Notes settings of the client, by their payload; `None` if a part of it was not read.
    pub(super) fn got_settings(&mut self, payload: Option<&[u8]>) {
        self.unacknowledged = self.unacknowledged.saturating_add(1);
        self.needs_update |= payload.is_none_or(frames::makes_table_smaller);
    }

    /// Whether HTTP/2 may miss a call with this block of header fields, since its table stays as it is.
    pub(super) fn may_miss(&self, block: &[u8]) -> bool {
        leaves_table(block, self.has_no_table)
    }

    /// Notes the block of a call that is taken up.
    fn got_block(&mut self, block: &[u8]) {
        if self.own_settings.is_some_and(|own| own <= self.taken_over)
            && let Some(size) = table_size(block)
        {
            self.has_no_table = size == 0;
        }
    }

    /// Notes that the client has taken over the next settings. Whether they are those of HTTP/2: the client takes them over
    /// in their order (RFC 9113, section 6.5.3).
    pub(super) fn took_settings(&mut self) -> bool {
        self.taken_over = self.taken_over.saturating_add(1);
        self.own_settings != Some(self.taken_over)
    }

    /// Notes a new call that its client has reset before it was read. It is not taken up.
    pub(super) fn skip(&mut self, stream: u32) {
        self.opened = stream;
        self.note_refused(stream);
        self.usage.reset_unread();
    }

    fn refuse(&mut self, stream: u32) {
        self.note_refused(stream);
        self.usage.not_taken_up();
        if self.frames.len() > MAX_ANSWERS {
            // The client has more calls in progress than it may. That says as much, in fewer bytes.
            frames::write(&mut self.frames, RST_STREAM, 0, stream, &REFUSED_STREAM);
            return;
        }
        let block = self.limit.refusal();
        frames::write(&mut self.frames, HEADERS, END_HEADERS | END_STREAM, stream, block);
        // Nothing else of the call is wanted (RFC 9113, section 8.1).
        frames::write(&mut self.frames, RST_STREAM, 0, stream, &[0; 4]);
    }

    fn note_refused(&mut self, stream: u32) {
        if self.refused.is_empty() {
            self.refused = vec![0; REFUSED_STREAMS];
        }
        if let Some(refused) = self.refused.get_mut(place(stream)) {
            *refused = stream;
        }
    }

    /// Notes bytes of a refused call that count in the window of the connection.
    pub(super) fn discarded(&mut self, bytes: usize) {
        self.in_window = self.in_window.saturating_add(u32::try_from(bytes).unwrap_or(0));
    }

    /// Notes that a call was answered.
    pub(super) fn answered(&self, stream: u32) {
        self.usage.answered(stream);
    }

    /// Notes that the client has reset a call that was taken up.
    pub(super) fn reset(&self, stream: u32) {
        self.usage.reset(stream);
    }

    /// Notes that HTTP/2 has sent a block of header fields, with the new size of its table if that has changed.
    pub(super) const fn sent_block(&mut self) {
        if self.unacknowledged == 0 {
            self.needs_update = false;
        }
    }

    /// Moves the frames that are to be sent to an empty buffer: the answers, and the window that the discarded bytes leave.
    pub(super) fn take_frames(&mut self, to: &mut Vec<u8>) {
        if self.in_window > 0 {
            let bytes = std::mem::take(&mut self.in_window).to_be_bytes();
            frames::write(&mut self.frames, WINDOW_UPDATE, 0, 0, &bytes);
        }
        std::mem::swap(&mut self.frames, to);
        self.frames.shrink_to(KEPT_BYTES);
    }

    /// Bytes of these frames, without the window.
    pub(super) const fn frame_bytes(&self) -> usize {
        self.frames.len()
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.usage.forget_waiting();
    }
}

const fn place(stream: u32) -> usize {
    (stream / 2) as usize % REFUSED_STREAMS
}
