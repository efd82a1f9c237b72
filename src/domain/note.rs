//! The notes of analysts on numbers and cases. A note does not change a score, and is never changed.

use std::fmt;

use super::actor::Actor;
use super::ids::{CaseId, RequestId};
use super::time::Timestamp;
use super::unknown_fields::UnknownFields;
use crate::number::E164;

/// The most characters of a note's text.
pub const MAX_NOTE_CHARS: usize = 2_000;
/// The most notes on one number or one case.
pub const MAX_NOTES: usize = 1_000;

/// A note: written once, by one analyst, on a number or a case.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// The number or case that it is about.
    pub subject: NoteSubject,
    /// Who wrote it.
    pub author: Actor,
    /// When it was written.
    pub created_at: Timestamp,
    /// The text, which may have several lines. It may hold personal data, so `Debug` does not show it.
    pub text: Box<str>,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

/// The subject of a note.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteSubject {
    /// A number. It needs no record.
    Number(E164),
    /// A case.
    Case(CaseId),
}

/// The id of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteId(u128);

impl NoteId {
    /// The id of the note that a request adds: the first half of the BLAKE3 hash of tenant, subject and request id under
    /// a secret key of the store, so that nobody can find a number by trying them all. A retry derives the same id.
    /// Frozen: a change of the bytes makes every retry across releases a second note.
    #[must_use]
    pub fn keyed(key: &[u8; 32], tenant: &str, subject: &NoteSubject, request: &RequestId) -> Self {
        let subject = match subject {
            NoteSubject::Number(number) => format!("number {}", number.digits()),
            NoteSubject::Case(id) => format!("case {id}"),
        };
        let mut hasher = blake3::Hasher::new_keyed(key);
        for part in [tenant, "\n", &subject, "\n", request.as_str()] {
            hasher.update(part.as_bytes());
        }
        let mut half = [0; 16];
        hasher.finalize_xof().fill(&mut half);
        Self(u128::from_be_bytes(half))
    }

    /// Reads an id as clients see it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().strip_prefix("n-").filter(|digits| digits.len() == 32)?;
        let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u128::from_str_radix(digits, 16)
            .ok()
            .filter(|_| is_hexadecimal)
            .map(Self)
    }

    /// An id from a stored integer.
    #[must_use]
    pub const fn from_raw(id: u128) -> Self {
        Self(id)
    }

    /// The integer that is stored for the id.
    #[must_use]
    pub const fn raw(self) -> u128 {
        self.0
    }
}

/// The id as clients see it: `n-` and 32 hexadecimal digits.
impl fmt::Display for NoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n-{:032x}", self.0)
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Note")
            .field("id", &self.id)
            .field("subject", &self.subject)
            .field("author", &self.author)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number() -> NoteSubject {
        NoteSubject::Number(E164::from_digits(14_155_550_199).unwrap())
    }

    #[test]
    fn ids_are_frozen_and_differ_by_key_tenant_subject_and_request() {
        let (one, two) = (RequestId::parse("r1").unwrap(), RequestId::parse("r2").unwrap());
        let case = NoteSubject::Case(CaseId::parse("14155550199").unwrap());
        let key = [1; 32];
        let id = NoteId::keyed(&key, "default", &number(), &one);
        assert_eq!(id.to_string(), FROZEN_ON_NUMBER);
        assert_eq!(NoteId::keyed(&key, "default", &case, &one).to_string(), FROZEN_ON_CASE);
        assert_ne!(id, NoteId::keyed(&key, "default", &number(), &two));
        assert_ne!(id, NoteId::keyed(&key, "other", &number(), &one));
        assert_ne!(id, NoteId::keyed(&[2; 32], "default", &number(), &one));
    }

    #[test]
    fn debug_shows_neither_the_text_nor_the_whole_number() {
        let note = Note {
            id: NoteId::from_raw(7),
            subject: number(),
            author: Actor::parse("ana").unwrap(),
            created_at: Timestamp::from_secs(5),
            text: "the owner called".into(),
            unknown_fields: UnknownFields::default(),
        };
        let shown = format!("{note:?}");
        assert!(shown.contains("ana") && shown.contains("+1415555xxxx"), "{shown}");
        assert!(!shown.contains("owner") && !shown.contains("0199"), "{shown}");
    }

    const FROZEN_ON_NUMBER: &str = "n-3608b39b8226b9908f6cf377f48becf9";
    const FROZEN_ON_CASE: &str = "n-9b833f5d184ae6222e29feb281ef4bf2";
}
