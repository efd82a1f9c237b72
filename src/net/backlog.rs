//! How long the bytes of a socket have waited at least, by what was seen of its queue.
//!
//! When bytes come faster than they are read, the kernel merges them, and tells the time of the last of them only. So after
//! a read that did not empty the queue, it is noted how far the queue reached then: all bytes up to there had come.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The shortest time between two notes: the precision.
const NOTE_EVERY: Duration = Duration::from_millis(4);
/// The most notes: half a second of them. Nobody waits longer for a lookup.
const MAX_NOTES: usize = 128;

/// What was seen of the queue of one socket.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// The bytes that were read.
    read: u64,
    /// Times, and the bytes that had come by then. Both grow.
    notes: VecDeque<(Instant, u64)>,
}

impl Backlog {
    /// Takes over that `bytes` were read. The time by which the first of them had come, if the queue was seen with it.
    pub(super) fn take(&mut self, bytes: usize) -> Option<Instant> {
        while self.notes.front().is_some_and(|(_, came)| *came <= self.read) {
            self.notes.pop_front();
        }
        self.read = self.read.saturating_add(bytes as u64);
        self.notes.front().map(|(at, _)| *at)
    }

    /// Notes that `bytes` are in the queue now.
    pub(super) fn note(&mut self, bytes: u64, now: Instant) {
        let came = self.read.saturating_add(bytes);
        let is_new = self
            .notes
            .back()
            .is_none_or(|(at, seen)| *seen < came && now.saturating_duration_since(*at) >= NOTE_EVERY);
        if bytes > 0 && is_new && self.notes.len() < MAX_NOTES {
            self.notes.push_back((now, came));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::monotonic;

    #[test]
    fn bytes_are_as_old_as_the_first_time_that_they_were_seen() {
        let start = monotonic();
        let at = |millis| start + Duration::from_millis(millis);
        let mut backlog = Backlog::default();
        assert_eq!(backlog.take(100), None);
        backlog.note(50, at(10)); // up to 150
        backlog.note(60, at(11)); // too soon after the last one
        assert_eq!(backlog.take(40), Some(at(10)));
        backlog.note(100, at(20)); // up to 240
        assert_eq!(backlog.take(20), Some(at(10)), "the first of them");
        assert_eq!(backlog.take(80), Some(at(20)));
        assert_eq!(backlog.take(10), None, "they came later");
        backlog.note(0, at(50));
        assert_eq!(backlog.take(10), None);
    }

    #[test]
    fn it_is_bounded() {
        let start = monotonic();
        let mut backlog = Backlog::default();
        for n in 0..10_000 {
            backlog.note(n + 1, start + NOTE_EVERY * u32::try_from(n).unwrap());
        }
        assert_eq!(backlog.notes.len(), MAX_NOTES);
    }
}
