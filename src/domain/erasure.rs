//! Erasures in progress: what an interrupted erasure still has to do.
//!
//! The deletion of a number and the note of its erasure are one step. What points to the number from elsewhere goes after it,
//! so a server that ends in between leaves the note, and any instance completes the erasure.

use super::requests::Fingerprint;
use super::time::Timestamp;
use super::unknown_fields::UnknownFields;
use crate::number::E164;

/// A number under a key of the store: the note of an erasure must not keep what is erased in any file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedNumber(u64);

impl SealedNumber {
    /// Seals a number for the erasure that this request asked for. Frozen: stores hold it.
    #[must_use]
    pub fn seal(key: &[u8; 32], request: Fingerprint, number: E164) -> Self {
        Self(number.digits() ^ pad(key, request))
    }

    /// The number; none if it was sealed under another key.
    #[must_use]
    pub fn open(self, key: &[u8; 32], request: Fingerprint) -> Option<E164> {
        E164::from_digits(self.0 ^ pad(key, request))
    }

    /// From its stored bytes.
    #[must_use]
    pub const fn from_raw(sealed: u64) -> Self {
        Self(sealed)
    }

    /// Its stored bytes.
    #[must_use]
    pub const fn raw(self) -> u64 {
        self.0
    }
}

/// The bits that hide a number. Each request has its own: the memory of requests lets an id be used for one number only.
fn pad(key: &[u8; 32], request: Fingerprint) -> u64 {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&request.id_hash().to_le_bytes());
    let mut first = [0; 8];
    hasher.finalize_xof().fill(&mut first);
    u64::from_le_bytes(first)
}

/// An erasure that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BegunErasure {
    /// The request that asked for it.
    pub request: Fingerprint,
    /// The number.
    pub number: SealedNumber,
    /// When it began, by the clock of its server.
    pub begun_at: Timestamp,
    /// Whether the record of the number is deleted. If not, only some of its rows are.
    pub is_deleted: bool,
}

/// The erasures in progress of a shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erasures {
    /// The erasures, oldest first.
    pub all: Vec<BegunErasure>,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

impl Erasures {
    /// Notes an erasure, in place of what was noted for the same request; says whether the request is new.
    pub fn note(&mut self, erasure: BegunErasure) -> bool {
        match self
            .all
            .iter_mut()
            .find(|known| known.request.has_id_of(erasure.request))
        {
            Some(known) => {
                known.is_deleted = erasure.is_deleted;
                false
            }
            None => {
                self.all.push(erasure);
                true
            }
        }
    }

    /// Forgets an erasure that is complete; says whether it was noted.
    pub fn forget(&mut self, request: Fingerprint) -> bool {
        let before = self.all.len();
        self.all.retain(|known| !known.request.has_id_of(request));
        self.all.len() != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erasure(id: u128, is_deleted: bool) -> BegunErasure {
        BegunErasure {
            request: Fingerprint::from_pair((id, 1)),
            number: SealedNumber::from_raw(5),
            begun_at: Timestamp::from_secs(7),
            is_deleted,
        }
    }

    #[test]
    fn an_erasure_is_noted_once() {
        let mut erasures = Erasures::default();
        assert!(erasures.note(erasure(1, false)) && erasures.note(erasure(2, true)));
        assert!(!erasures.note(erasure(1, true)));
        assert_eq!(erasures.all, [erasure(1, true), erasure(2, true)]);
        assert!(erasures.forget(Fingerprint::from_pair((1, 0))));
        assert!(!erasures.forget(Fingerprint::from_pair((1, 0))));
        assert_eq!(erasures.all, [erasure(2, true)]);
    }

    #[test]
    fn a_number_is_read_with_the_key_and_the_request_alone() {
        let number = E164::from_digits(14_155_550_199).unwrap();
        let (one, other) = (Fingerprint::from_pair((1, 0)), Fingerprint::from_pair((2, 0)));
        let sealed = SealedNumber::seal(&[7; 32], one, number);
        assert_eq!(sealed.open(&[7; 32], one), Some(number));
        assert_ne!(sealed.open(&[8; 32], one), Some(number));
        assert_ne!(sealed.open(&[7; 32], other), Some(number));
        assert_eq!(sealed.raw(), 2_341_337_506_623_313_235, "frozen");
    }
}
