//! What holds for the bytes of every kind, for the tests of each.

use bytes::Bytes;
use proptest::sample::Index;

use super::{DecodeError, UnreadableValue};
use crate::domain::unknown_fields::UnknownFields;

/// How values of one kind are written and read.
pub(super) struct Codec<T> {
    pub(super) encode: fn(&T) -> Bytes,
    pub(super) decode: fn(&[u8]) -> Result<T, UnreadableValue>,
}

impl<T> Codec<T> {
    /// Any bytes are read or refused, without a panic. What is read can be written and read again. With `is_ours`, the
    /// bytes begin with the major version of this release, so that they are read further.
    pub(super) fn takes_any_bytes(&self, mut bytes: Vec<u8>, is_ours: bool) {
        if let (Some(first), true) = (bytes.first_mut(), is_ours) {
            *first = 1;
        }
        if let Ok(value) = (self.decode)(&bytes) {
            assert!((self.decode)(&(self.encode)(&value)).is_ok());
        }
    }

    /// A value with one damaged byte is read or refused, without a panic. Another major version is refused. Returns what
    /// was read.
    pub(super) fn takes_a_damaged(&self, value: &T, place: &Index, byte: u8) -> Option<T> {
        let mut bytes = (self.encode)(value).to_vec();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let read = (self.decode)(&bytes);
        assert!(place > 0 || byte == 1 || read.is_err());
        read.ok()
    }

    /// Fields of a newer release are carried through, and a newer major version is refused.
    pub(super) fn respects_a_newer_release(&self, value: &T, unknown_fields: fn(&T) -> &UnknownFields) {
        let mut bytes = (self.encode)(value).to_vec();
        bytes.extend_from_slice(b"new");
        let read = (self.decode)(&bytes).unwrap();
        assert!(unknown_fields(&read).bytes().ends_with(b"new"));
        assert_eq!((self.encode)(&read), bytes);
        bytes[0] = 2;
        let newer = DecodeError::NewerMajor { found: 2, known: 1 };
        assert_eq!((self.decode)(&bytes).err().unwrap().cause, newer);
    }
}
