//! The keys that seal decision ids.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};

use crate::domain::tenant::TenantId;
use crate::service::key_file::{self, KEY_BYTES, KeyFileError, unhex};

/// The first byte of an id: the version of its format.
const VERSION: u8 = 1;
/// Bytes that name a key.
const NAME_BYTES: usize = 4;
/// Bytes of a nonce: enough that every instance can draw a random one for every id.
const NONCE_BYTES: usize = 24;

/// Keys in the order of a file: the first seals, all of them open. To rotate, a new key is put first; an old one is
/// removed when its decisions need no explanation any more.
///
/// An id is one byte of version, four bytes that name the key, a nonce, and the decision under XChaCha20-Poly1305, in
/// base64 (RFC 4648 section 5, not padded). The parts in clear text are authenticated, and so is the tenant.
pub struct KeyRing {
    first: SealingKey,
    others: Vec<SealingKey>,
}

struct SealingKey {
    name: [u8; NAME_BYTES],
    cipher: XChaCha20Poly1305,
}

impl KeyRing {
    /// A key ring with one key.
    #[must_use]
    pub fn of(key: &[u8; KEY_BYTES]) -> Self {
        Self {
            first: SealingKey::new(key),
            others: Vec::new(),
        }
    }

    /// Reads a file of keys: one per line, in hexadecimal digits. Blank lines and lines that begin with `#` are
    /// ignored.
    ///
    /// # Errors
    /// If a line is not a key or repeats one, or if there is no key, or if there are more than 32.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        let read = |line: &str| unhex(line).map(|key| SealingKey::new(&key));
        let keys = key_file::keys(text, read, |one, other| one.name == other.name)?;
        let mut keys = keys.into_iter();
        Ok(Self {
            first: keys.next().ok_or(KeyFileError::Empty)?,
            others: keys.collect(),
        })
    }

    /// Seals bytes into an id for a tenant; none if the machine has no random numbers.
    pub(super) fn seal(&self, bytes: &[u8], tenant: TenantId) -> Option<String> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).ok()?;
        let key = &self.first;
        let head = head(key.name);
        let payload = Payload {
            msg: bytes,
            aad: &bound(&head, tenant),
        };
        let sealed = key.cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
        let id = [head.as_slice(), nonce.as_slice(), sealed.as_slice()].concat();
        Some(URL_SAFE_NO_PAD.encode(id))
    }

    /// The bytes in an id; none if no key here sealed it for this tenant, or if it was changed.
    pub(super) fn open(&self, id: &str, tenant: TenantId) -> Option<Vec<u8>> {
        let id = URL_SAFE_NO_PAD.decode(id).ok()?;
        let (head, rest) = id.split_first_chunk::<{ 1 + NAME_BYTES }>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>()?;
        let [version, name @ ..] = *head;
        if version != VERSION {
            return None;
        }
        let mut keys = std::iter::once(&self.first).chain(&self.others);
        let key = keys.find(|key| key.name == name)?;
        let payload = Payload {
            msg: sealed,
            aad: &bound(head, tenant),
        };
        key.cipher.decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

impl SealingKey {
    fn new(key: &[u8; KEY_BYTES]) -> Self {
        let digest = blake3::derive_key("ringwarden 2026 names of decision keys", key);
        let [a, b, c, d, ..] = digest;
        Self {
            name: [a, b, c, d],
            cipher: XChaCha20Poly1305::new(key.into()),
        }
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyRing({} keys)", 1 + self.others.len())
    }
}

fn head(name: [u8; NAME_BYTES]) -> [u8; 1 + NAME_BYTES] {
    let [a, b, c, d] = name;
    [VERSION, a, b, c, d]
}

/// The data that is authenticated beside the decision, so that the id of one tenant is not valid for another.
fn bound(head: &[u8], tenant: TenantId) -> Vec<u8> {
    [head, tenant.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OWN: TenantId = TenantId::DEFAULT;

    fn line(byte: u8) -> String {
        format!("{byte:02x}").repeat(KEY_BYTES)
    }

    proptest! {
        #[test]
        fn sealed_bytes_are_opened(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let ring = KeyRing::of(&[7; 32]);
            prop_assert_eq!(ring.open(&ring.seal(&bytes, OWN).unwrap(), OWN), Some(bytes));
        }

        #[test]
        fn a_changed_id_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..60), at: prop::sample::Index, bit in 0..8u8) {
            let ring = KeyRing::of(&[7; 32]);
            let mut id = URL_SAFE_NO_PAD.decode(ring.seal(&bytes, OWN).unwrap()).unwrap();
            let at = at.index(id.len());
            id[at] ^= 1 << bit;
            prop_assert_eq!(ring.open(&URL_SAFE_NO_PAD.encode(&id), OWN), None);
            id[at] ^= 1 << bit;
            id.truncate(at);
            prop_assert_eq!(ring.open(&URL_SAFE_NO_PAD.encode(&id), OWN), None);
        }

        #[test]
        fn any_text_is_refused_without_a_panic(text: String) {
            prop_assert_eq!(KeyRing::of(&[7; 32]).open(&text, OWN), None);
        }
    }

    #[test]
    fn ids_of_the_same_decision_differ() {
        let ring = KeyRing::of(&[7; 32]);
        assert_ne!(ring.seal(b"x", OWN), ring.seal(b"x", OWN));
    }

    #[test]
    fn old_keys_open_and_foreign_ones_do_not() {
        let old = KeyRing::parse(&line(1)).unwrap();
        let id = old.seal(b"decided", OWN).unwrap();
        let rotated = KeyRing::parse(&format!("# the new one first\n{}\n\n{}\n", line(2), line(1))).unwrap();
        assert_eq!(rotated.open(&id, OWN).as_deref(), Some(b"decided".as_slice()));
        assert_eq!(old.open(&rotated.seal(b"later", OWN).unwrap(), OWN), None);
        assert_eq!(KeyRing::parse(&line(2)).unwrap().open(&id, OWN), None);
    }

    #[test]
    fn faulty_files_are_refused_by_line_and_without_a_key() {
        let cases = [
            (String::new(), KeyFileError::Empty),
            ("# none\n".to_owned(), KeyFileError::Empty),
            (format!("{}\nabc", line(1)), KeyFileError::Line { line: 2 }),
            (line(1).replace('1', "g"), KeyFileError::Line { line: 1 }),
            (format!("{}0", line(1)), KeyFileError::Line { line: 1 }),
            (format!("{0}\n{0}", line(1)), KeyFileError::Twice { line: 2 }),
            ((0..33).map(|n| line(n) + "\n").collect(), KeyFileError::TooMany),
        ];
        for (text, expected) in cases {
            let found = KeyRing::parse(&text).unwrap_err();
            assert_eq!(found, expected);
            assert!(!found.to_string().contains("0101"));
        }
        assert_eq!(format!("{:?}", KeyRing::of(&[7; 32])), "KeyRing(1 keys)");
    }
}
