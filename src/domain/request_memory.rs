//! The memory of a tenant's requests: which request ids were used, for what, and with which figures in the answer.
//!
//! A record remembers its own last requests ([`super::requests`]), in the same step as the change. This memory is beside
//! all records, so that a request id is used for one thing only, whichever record it names, and so that a repetition is
//! recognised after many other changes of the record.

use std::collections::VecDeque;

use super::requests::Fingerprint;
use super::time::Timestamp;
use super::unknown_fields::UnknownFields;

/// The parts of a tenant's memory. A request belongs to one of them, by the hash of its id.
pub const MEMORY_PARTS: u16 = 4_096;

/// The requests that a part remembers. If hashes spread evenly, a request is forgotten before 100,000 others came with
/// a probability below one in a billion.
pub const MAX_IN_PART: usize = 64;

/// The number of one part of the memory, below [`MEMORY_PARTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryPart(u16);

impl MemoryPart {
    /// The part of a request: the lowest 12 bits of the hash of its id. Frozen. Earlier releases hashed ids without a key, so
    /// their requests are in other parts ([`Fingerprint::of_earlier_release`]).
    #[must_use]
    pub fn of(request: Fingerprint) -> Self {
        let [low, high, ..] = request.id_hash().to_le_bytes();
        Self(u16::from_le_bytes([low, high]) % MEMORY_PARTS)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// A request in the memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedRequest {
    /// The hashes of its id and its content.
    pub request: Fingerprint,
    /// When it was first noted, by the clock of the server that noted it. It does not change when the request is repeated.
    pub noted_at: Timestamp,
    /// Whether it is carried out completely. If not, a repetition continues it.
    pub is_done: bool,
    /// Figures of its answer, as its method uses them.
    pub figures: Vec<u32>,
}

/// What the memory knows of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// The id is new, or forgotten.
    No,
    /// The same request came before.
    Same(&'a RememberedRequest),
    /// The id was used for something else.
    OtherContent,
}

/// One part of the memory, oldest request first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestMemory {
    requests: VecDeque<RememberedRequest>,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

impl RequestMemory {
    /// A part with these requests, oldest first, as stores keep it.
    #[must_use]
    pub fn of(requests: Vec<RememberedRequest>, unknown_fields: UnknownFields) -> Self {
        Self {
            requests: requests.into(),
            unknown_fields,
        }
    }

    /// The requests, oldest first.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &RememberedRequest> {
        self.requests.iter()
    }

    /// What is known of a request.
    #[must_use]
    pub fn known(&self, request: Fingerprint) -> Known<'_> {
        match self.all().find(|known| known.request.has_id_of(request)) {
            None => Known::No,
            Some(known) if request.repeats(known.request) => Known::Same(known),
            Some(_) => Known::OtherContent,
        }
    }

    /// Remembers a request in place of what was known of its id, and forgets the oldest beyond [`MAX_IN_PART`].
    pub fn remember(&mut self, request: RememberedRequest) {
        let mut all = self.requests.iter_mut();
        match all.find(|known| known.request.has_id_of(request.request)) {
            Some(known) => *known = request,
            None => self.requests.push_back(request),
        }
        while self.requests.len() > MAX_IN_PART {
            self.requests.pop_front();
        }
    }

    /// Forgets a request that changed nothing. Its id may be used for another one.
    pub fn forget(&mut self, request: Fingerprint) {
        self.requests.retain(|known| !request.repeats(known.request));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::RequestId;

    fn fingerprint(id: &str, content: &[u8]) -> Fingerprint {
        Fingerprint::new(&[7; 32], &RequestId::parse(id).unwrap(), content)
    }

    fn done(request: Fingerprint) -> RememberedRequest {
        RememberedRequest {
            request,
            noted_at: Timestamp::from_secs(5),
            is_done: true,
            figures: vec![7],
        }
    }

    #[test]
    fn a_request_is_known_by_its_id_and_its_content() {
        let mut memory = RequestMemory::default();
        let (one, other) = (fingerprint("r1", b"one"), fingerprint("r1", b"other"));
        assert_eq!(memory.known(one), Known::No);
        memory.remember(done(one));
        assert_eq!(memory.known(one), Known::Same(&done(one)));
        assert_eq!(memory.known(other), Known::OtherContent);
        memory.forget(other);
        assert_eq!(memory.known(other), Known::OtherContent);
        memory.forget(one);
        assert_eq!(memory.known(other), Known::No);
    }

    #[test]
    fn the_oldest_is_forgotten_and_a_repetition_takes_no_room() {
        let mut memory = RequestMemory::default();
        let of = |n: usize| fingerprint(&format!("r{n}"), b"same");
        for n in 0..MAX_IN_PART {
            memory.remember(done(of(n)));
            memory.remember(done(of(n)));
        }
        assert_eq!(memory.known(of(0)), Known::Same(&done(of(0))));
        memory.remember(done(of(MAX_IN_PART)));
        assert_eq!(memory.known(of(0)), Known::No);
        assert_eq!(memory.known(of(1)), Known::Same(&done(of(1))));
        assert_eq!(memory.all().len(), MAX_IN_PART);
    }

    /// A change of the part makes every store forget its requests.
    #[test]
    fn parts_are_frozen() {
        let all = ["r1", "import-7", "ä"].map(|id| fingerprint(id, b""));
        let parts = all.map(|request| MemoryPart::of(request).number());
        assert_eq!(parts, [3_248, 2_074, 1_008]);
        let earlier = all.map(|request| MemoryPart::of(request.of_earlier_release().unwrap()).number());
        assert_eq!(earlier, [1_875, 2_265, 1_204]);
        assert!(parts.iter().all(|part| *part < MEMORY_PARTS));
    }
}
