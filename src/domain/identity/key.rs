//! API keys: `rw_<environment>_<key id>_<secret>_<checksum>`.
//!
//! The environment is a word such as `live` or `test`, so that a person sees which server a key is for. The key id has 16
//! hexadecimal digits and is no secret: logs and lists show it. The secret has 64 (256 random bits). The checksum has 8: it is
//! the CRC-32 (IEEE) of all before it, and tells a key that was cut off or misspelt from one that is not known, and a key from
//! any other text that a scanner for secrets finds. Only the SHA-256 of the secret is stored. It needs no salt and no slow
//! hash, since nobody can try 2^256 secrets.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The first word of a key.
const MARK: &str = "rw";
/// The bytes of a secret.
const SECRET_BYTES: usize = 32;
/// The most letters and digits of an environment.
const MAX_ENVIRONMENT: usize = 16;

/// The id of a key: 64 random bits. It is no secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u64);

/// The SHA-256 of a secret.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

/// A key as a client sends it. It holds a secret, and nothing shows it but [`ApiKey::text`].
pub struct ApiKey {
    environment: Box<str>,
    id: KeyId,
    secret: [u8; SECRET_BYTES],
}

/// Why a text is not an API key. It says nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyTextError {
    /// It has not the form of a key.
    #[error("must have the form rw_<environment>_<key id>_<secret>_<checksum>")]
    Form,
    /// Its checksum is not that of the rest.
    #[error("has a wrong checksum: a part of the key is missing or misspelt")]
    Checksum,
}

/// Checks the environment of a new key: 1 to 16 lower-case letters and digits.
///
/// # Errors
/// If it is something else.
pub fn environment(text: &str) -> Result<&str, KeyTextError> {
    let is_word = (1..=MAX_ENVIRONMENT).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if is_word { Ok(text) } else { Err(KeyTextError::Form) }
}

impl ApiKey {
    /// A key from random bits.
    ///
    /// # Errors
    /// If the environment is not one.
    pub fn new(of_environment: &str, id: KeyId, secret: [u8; SECRET_BYTES]) -> Result<Self, KeyTextError> {
        Ok(Self {
            environment: environment(of_environment)?.into(),
            id,
            secret,
        })
    }

    /// Reads a key. Upper-case digits are refused: there is one text for a key.
    ///
    /// # Errors
    /// If the form or the checksum is wrong.
    pub fn parse(text: &str) -> Result<Self, KeyTextError> {
        let (rest, checksum) = text.rsplit_once('_').ok_or(KeyTextError::Form)?;
        let mut parts = rest.split('_');
        let mut part = || parts.next().ok_or(KeyTextError::Form);
        let (mark, of_environment, id, secret) = (part()?, part()?, part()?, part()?);
        if mark != MARK || parts.next().is_some() {
            return Err(KeyTextError::Form);
        }
        let of_environment = environment(of_environment)?;
        let id = u64::from_be_bytes(digits(id)?);
        let secret = digits(secret)?;
        let checksum = u32::from_be_bytes(digits(checksum)?);
        if checksum != checksum_of(rest) {
            return Err(KeyTextError::Checksum);
        }
        Ok(Self {
            environment: of_environment.into(),
            id: KeyId(id),
            secret,
        })
    }

    /// The id.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The environment.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// The hash of the secret, which is all that a server keeps of it.
    #[must_use]
    pub fn secret_hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.secret).into())
    }

    /// The key with its secret, as a client sends it.
    #[must_use]
    pub fn text(&self) -> String {
        let secret = hex(&self.secret);
        let rest = format!("{MARK}_{}_{}_{secret}", self.environment, self.id);
        format!("{rest}_{:08x}", checksum_of(&rest))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl KeyId {
    /// The id with this integer.
    #[must_use]
    pub const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// Its integer.
    #[must_use]
    pub const fn raw(self) -> u64 {
        self.0
    }

    /// Reads an id: 16 lower-case hexadecimal digits.
    ///
    /// # Errors
    /// If it has another form.
    pub fn parse(text: &str) -> Result<Self, KeyTextError> {
        digits(text.trim()).map(|bytes| Self(u64::from_be_bytes(bytes)))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {self}")
    }
}

impl SecretHash {
    /// The hash with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads a hash: 64 lower-case hexadecimal digits.
    ///
    /// # Errors
    /// If it has another form.
    pub fn parse(text: &str) -> Result<Self, KeyTextError> {
        digits(text).map(Self)
    }

    /// The hash as 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn text(&self) -> String {
        hex(&self.0)
    }

    /// Whether the hashes are the same. The time that it takes does not tell where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other)
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

fn checksum_of(text: &str) -> u32 {
    crc32fast::hash(text.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _written = write!(text, "{byte:02x}"); // a text takes everything
        text
    })
}

/// The bytes of lower-case hexadecimal digits, two for each byte.
fn digits<const N: usize>(text: &str) -> Result<[u8; N], KeyTextError> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return Err(KeyTextError::Form);
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Ok(bytes)
}

const fn value(digit: u8) -> Result<u8, KeyTextError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(KeyTextError::Form),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "rw_live_0123456789abcdef_\
        000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f_c4c37789";

    fn key() -> ApiKey {
        let secret = std::array::from_fn(|place| u8::try_from(place).unwrap());
        ApiKey::new("live", KeyId::from_raw(0x0123_4567_89ab_cdef), secret).unwrap()
    }

    /// Keys are in the hands of clients: their form never changes.
    #[test]
    fn the_text_of_a_key_is_frozen() {
        assert_eq!(key().text(), TEXT);
        let read = ApiKey::parse(TEXT).unwrap();
        assert_eq!((read.id(), read.environment()), (key().id(), "live"));
        // SHA-256 of the bytes 0 to 31, FIPS 180-4.
        let expected = "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd";
        assert_eq!(read.secret_hash().text(), expected);
        assert!(SecretHash::parse(expected).unwrap().matches(&read.secret_hash()));
    }

    #[test]
    fn a_text_that_is_no_key_is_refused() {
        for text in [
            "",
            "rw",
            "rw____",
            "Bearer x",
            &TEXT.to_uppercase(),
            &TEXT.replacen("rw_", "xx_", 1),
            &TEXT.replacen("live", "LIVE", 1),
            &TEXT.replacen("live", "", 1),
            &TEXT.replacen("live", "live_x", 1),
            &format!("{TEXT} "),
            TEXT.strip_suffix('9').unwrap(),
        ] {
            assert_eq!(ApiKey::parse(text).unwrap_err(), KeyTextError::Form, "{text}");
        }
        for text in [
            TEXT.replacen("live", "test", 1),
            TEXT.replacen("c4c37789", "c4c37780", 1),
            TEXT.replacen("0f1", "1f1", 1),
        ] {
            assert_eq!(ApiKey::parse(&text).unwrap_err(), KeyTextError::Checksum, "{text}");
        }
    }

    #[test]
    fn nothing_shows_the_secret() {
        let shown = format!("{:?} {:?}", key(), key().secret_hash());
        assert!(
            shown.contains("0123456789abcdef") && !shown.contains("0405060708"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn a_key_reads_back(id: u64, secret: [u8; SECRET_BYTES], word in "[a-z0-9]{1,16}") {
            let key = ApiKey::new(&word, KeyId::from_raw(id), secret).unwrap();
            let read = ApiKey::parse(&key.text()).unwrap();
            prop_assert_eq!((read.id(), read.environment()), (key.id(), &*word));
            prop_assert_eq!(read.secret_hash(), key.secret_hash());
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,160}") {
            prop_assert!(ApiKey::parse(&text).is_err());
            prop_assert_eq!(KeyId::parse(&text).is_ok(), false);
        }
    }
}
