//! The recently counted calls, so that no call counts twice.
//!
//! A switch asks again if an answer is late (SIP repeats a request after 500 ms, RFC 3261), and may ask once for each
//! destination that a call is offered to. Two generations of fingerprints are kept. When the younger one is a minute
//! old or full, it becomes the older one, and the old older one is dropped.

use std::time::Duration;

use hashbrown::HashTable;

use crate::domain::time::Timestamp;

/// The least time for which a call is remembered, unless a generation is full earlier.
const REMEMBERED: Duration = Duration::from_secs(60);

/// The recently counted calls.
#[derive(Debug)]
pub(super) struct CountedCalls {
    young: HashTable<u64>,
    old: HashTable<u64>,
    /// The start of the younger generation.
    since: Timestamp,
    /// The most calls in a generation.
    most: usize,
}

impl CountedCalls {
    /// Remembers at most `most` calls, but at least 1, in each of two generations.
    pub(super) fn new(most: usize) -> Self {
        Self {
            young: HashTable::new(),
            old: HashTable::new(),
            since: Timestamp::default(),
            most: most.max(1),
        }
    }

    /// Returns whether the call was counted recently, and remembers it.
    pub(super) fn is_repeated(&mut self, call: u64, now: Timestamp) -> bool {
        self.age(now);
        let is_known = |calls: &HashTable<u64>| calls.find(call, |known| *known == call).is_some();
        if is_known(&self.young) || is_known(&self.old) {
            return true;
        }
        if self.young.len() >= self.most {
            self.begin_anew(now);
        }
        self.young.insert_unique(call, call, |known| *known);
        false
    }

    fn age(&mut self, now: Timestamp) {
        self.since = self.since.min(now); // if the clock was set back
        let age = self.since.until(now);
        if age >= REMEMBERED {
            self.begin_anew(now);
        }
        if age >= 2 * REMEMBERED {
            self.old.clear();
        }
    }

    fn begin_anew(&mut self, now: Timestamp) {
        std::mem::swap(&mut self.young, &mut self.old);
        self.young.clear();
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + millis)
    }

    #[test]
    fn a_call_is_remembered_for_one_minute_and_at_most_two() {
        let mut counted = CountedCalls::new(100);
        assert!(!counted.is_repeated(1, at(0)));
        assert!(!counted.is_repeated(2, at(59_999)));
        assert!(counted.is_repeated(1, at(60_000)));
        assert!(counted.is_repeated(2, at(119_999)));
        assert!(!counted.is_repeated(2, at(120_000)));
        assert!(counted.is_repeated(2, at(120_000)));
        assert!(!counted.is_repeated(2, at(400_000)), "nobody asked in between");
        assert!(counted.is_repeated(2, at(0)), "the clock was set back");
        assert!(!counted.is_repeated(2, at(120_000)), "it lasts no longer for that");
    }

    #[test]
    fn no_more_than_two_generations_are_kept() {
        let mut counted = CountedCalls::new(100);
        for call in 0..1_000u64 {
            assert!(!counted.is_repeated(call << 57 | call, at(0)));
            assert!(counted.young.len() <= 100 && counted.old.len() <= 100);
        }
        let known = |call: u64| call << 57 | call;
        assert!(counted.is_repeated(known(999), at(0)));
        assert!(counted.is_repeated(known(899), at(0)), "a generation at least");
        assert!(!counted.is_repeated(known(0), at(0)));
    }
}
