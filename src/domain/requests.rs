//! The last few mutations of a record, so that a retry is recognised.

use std::collections::VecDeque;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::ids::RequestId;

/// Mutations remembered in a record.
pub const MAX_REMEMBERED: usize = 16;

/// The last mutations of a record: a hash of each request's id, and a hash of its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests(VecDeque<(u128, u64)>);

/// Whether a record has seen a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The request is new.
    New,
    /// The same request was done already.
    Done,
    /// Another request was done under the same id.
    OtherContent,
}

/// A request as records remember it: a hash of its id, and a hash of its content, which covers the id too. Both are keyed:
/// contents name phone numbers, and clients make ids of them, so the numbers could else be found by trying all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    id: u128,
    content: u64,
    /// The hashes of the id and the content as earlier releases stored them, without a key; none of a stored fingerprint.
    without_key: Option<(u128, u64)>,
}

impl Fingerprint {
    /// The fingerprint of a request with this id that asks for `content`, under the key of a store. Frozen: stores hold it.
    #[must_use]
    pub fn new(key: &[u8; 32], id: &RequestId, content: &[u8]) -> Self {
        Self::of_name(key, id.as_str().as_bytes(), content)
    }

    /// The fingerprint of one part of a request with this id.
    #[must_use]
    pub fn of_part(key: &[u8; 32], id: &RequestId, part: &[u8], content: &[u8]) -> Self {
        let name = [id.as_str().as_bytes(), b"\n", part].concat();
        Self::of_name(key, &name, content)
    }

    fn of_name(key: &[u8; 32], name: &[u8], content: &[u8]) -> Self {
        let (older_id, older_content) = (xxh3_128(name), xxh3_64(content));
        let mut id = [0; 16];
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher.update(b"id of a request\n").update(name);
        hasher.finalize_xof().fill(&mut id);
        let mut first = [0; 8];
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher.update(&older_id.to_le_bytes()).update(content);
        hasher.finalize_xof().fill(&mut first);
        Self {
            id: u128::from_le_bytes(id),
            content: u64::from_le_bytes(first),
            without_key: Some((older_id, older_content)),
        }
    }
}

impl Fingerprint {
    /// A fingerprint from the hashes of its id and its content.
    #[must_use]
    pub const fn from_pair((id, content): (u128, u64)) -> Self {
        Self {
            id,
            content,
            without_key: None,
        }
    }

    /// Whether this is a repetition of a request that was stored, by this release or by one whose hashes had no key.
    #[must_use]
    pub fn repeats(self, stored: Self) -> bool {
        let is_older = self.without_key.is_some_and(|(_, content)| content == stored.content);
        self.has_id_of(stored) && (self.content == stored.content || is_older)
    }

    /// The hashes of its id and its content.
    #[must_use]
    pub const fn pair(self) -> (u128, u64) {
        (self.id, self.content)
    }

    /// The hash of its id.
    #[must_use]
    pub const fn id_hash(self) -> u128 {
        self.id
    }

    /// The fingerprint under the hash of its id that an earlier release stored; none of a stored fingerprint.
    #[must_use]
    pub fn of_earlier_release(self) -> Option<Self> {
        let (id, _) = self.without_key?;
        Some(Self { id, ..self })
    }

    /// Whether the other request has the same id. Of each of them the hash may be that of an earlier release.
    #[must_use]
    pub fn has_id_of(self, other: Self) -> bool {
        let is_older = |one: Self, other: Self| one.without_key.is_some_and(|(id, _)| id == other.id);
        self.id == other.id || is_older(self, other) || is_older(other, self)
    }
}

impl Requests {
    /// Whether this request was done.
    #[must_use]
    pub fn seen(&self, request: Fingerprint) -> Seen {
        let mut stored = self.0.iter().copied().map(Fingerprint::from_pair);
        match stored.find(|stored| request.has_id_of(*stored)) {
            None => Seen::New,
            Some(stored) if request.repeats(stored) => Seen::Done,
            Some(_) => Seen::OtherContent,
        }
    }

    /// Remembers a request, and forgets the oldest beyond [`MAX_REMEMBERED`].
    pub fn remember(&mut self, request: Fingerprint) {
        self.0.push_back((request.id, request.content));
        while self.0.len() > MAX_REMEMBERED {
            self.0.pop_front();
        }
    }

    /// The remembered pairs, oldest first, as stores keep them.
    pub fn pairs(&self) -> impl ExactSizeIterator<Item = (u128, u64)> {
        self.0.iter().copied()
    }

    /// Memory from the pairs that a store kept.
    #[must_use]
    pub fn from_pairs(pairs: impl Iterator<Item = (u128, u64)>) -> Self {
        Self(pairs.take(MAX_REMEMBERED).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn remembers_the_last_sixteen() {
        let mut requests = Requests::default();
        let fingerprint = |n: usize| Fingerprint::new(&KEY, &RequestId::parse(&format!("r{n}")).unwrap(), b"same");
        for n in 0..=MAX_REMEMBERED {
            assert_eq!(requests.seen(fingerprint(n)), Seen::New);
            requests.remember(fingerprint(n));
        }
        assert_eq!(requests.seen(fingerprint(0)), Seen::New);
        assert_eq!(requests.seen(fingerprint(1)), Seen::Done);
        let other = Fingerprint::new(&KEY, &RequestId::parse("r1").unwrap(), b"other");
        assert_eq!(requests.seen(other), Seen::OtherContent);
    }

    #[test]
    fn a_content_is_found_neither_without_the_key_nor_without_the_id() {
        let of = |key: u8, id: &str| {
            Fingerprint::new(&[key; 32], &RequestId::parse(id).unwrap(), b"same")
                .pair()
                .1
        };
        assert_ne!(of(7, "r1"), of(8, "r1"));
        assert_ne!(of(7, "r1"), of(7, "r2"));
        assert_ne!(of(7, "r1"), xxh3_64(b"same"));
    }

    /// Clients make ids of phone numbers.
    #[test]
    fn an_id_is_not_found_without_the_key() {
        let of = |key: u8| {
            let id = RequestId::parse("reset-14155550199").unwrap();
            Fingerprint::new(&[key; 32], &id, b"same").id_hash()
        };
        assert_ne!(of(7), of(8));
        assert_ne!(of(7), xxh3_128(b"reset-14155550199"));
    }

    #[test]
    fn a_request_that_an_older_release_stored_is_recognised() {
        let id = RequestId::parse("r1").unwrap();
        let mut requests = Requests::default();
        requests.remember(Fingerprint::from_pair((xxh3_128(b"r1"), xxh3_64(b"same"))));
        assert_eq!(requests.seen(Fingerprint::new(&KEY, &id, b"same")), Seen::Done);
        assert_eq!(requests.seen(Fingerprint::new(&KEY, &id, b"other")), Seen::OtherContent);
        // One with a key for the content and none for the id.
        let request = Fingerprint::new(&KEY, &id, b"same");
        let mut requests = Requests::default();
        requests.remember(Fingerprint::from_pair((xxh3_128(b"r1"), request.pair().1)));
        assert_eq!(requests.seen(request), Seen::Done);
        let other = Fingerprint::new(&KEY, &RequestId::parse("r2").unwrap(), b"same");
        assert_eq!(requests.seen(other), Seen::New);
    }
}
