//! Ids and names that clients choose: bounded, and checked once, at the edge.

use std::fmt;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::number::E164;

/// Why a text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("must not be empty")]
    Empty,
    /// More bytes than the name may have.
    #[error("must have at most {max_bytes} bytes")]
    TooLong {
        /// The most bytes that this kind of name may have.
        max_bytes: usize,
    },
    /// A character that the name may not have.
    #[error("must hold {allowed} only")]
    Character {
        /// The allowed characters, in words.
        allowed: &'static str,
    },
}

fn visible(c: char) -> bool {
    !c.is_control()
}

fn token(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// Declares a name: a bounded text of an allowed set of characters.
macro_rules! name {
    ($(#[$meta:meta])* $name:ident, max $max:literal, $allowed:literal, $test:expr) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The most bytes that such a name may have.
            pub const MAX_BYTES: usize = $max;

            /// Checks a text, trimmed of white space around it.
            ///
            /// # Errors
            /// If nothing is left, or the text is too long, or holds a character it may not hold.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let text = text.trim();
                if text.is_empty() {
                    return Err(NameError::Empty);
                }
                if text.len() > Self::MAX_BYTES {
                    return Err(NameError::TooLong { max_bytes: Self::MAX_BYTES });
                }
                if !text.chars().all($test) {
                    return Err(NameError::Character { allowed: $allowed });
                }
                Ok(Self(text.into()))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// A 64-bit hash of the name (XXH3), the same on every machine.
            #[must_use]
            pub fn hash64(&self) -> u64 {
                xxh3_64(self.0.as_bytes())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name! {
    /// A client's id of a report, unique for (tenant, number).
    ReportId, max 64, "visible characters", visible
}
name! {
    /// A client's id of a mutation: a retry has the same id.
    RequestId, max 128, "visible characters", visible
}
name! {
    /// A batch of reports that came together and can be withdrawn together.
    ImportId, max 64, "visible characters", visible
}
name! {
    /// Where reports come from, such as `ftc-8col`.
    Feed, max 32, "letters, digits, - and _", token
}
name! {
    /// A coarse area of the person who reported, such as a US area code.
    Area, max 16, "visible characters", visible
}
name! {
    /// The id of a fraud case.
    CaseId, max 64, "letters, digits, - and _", token
}

name! {
    /// The id of a list of numbers and prefixes.
    ListId, max 64, "letters, digits, - and _", token
}
name! {
    /// The source of a list entry.
    ListSource, max 64, "visible characters", visible
}
name! {
    /// The party that asked for a list entry.
    Requester, max 64, "visible characters", visible
}
name! {
    /// The name of an organisation that owns numbers.
    OwnerName, max 120, "visible characters", visible
}

/// The first half of the BLAKE3 hash of an id that is too long for the id of a record. Frozen.
#[must_use]
pub fn half_hash(id: &str) -> u128 {
    let mut half = [0; 16];
    blake3::Hasher::new()
        .update(id.as_bytes())
        .finalize_xof()
        .fill(&mut half);
    u128::from_be_bytes(half)
}

impl CaseId {
    /// The id of a case that was created without one, derived from tenant and request id: a retry derives the same id.
    #[must_use]
    pub fn derived(tenant: &str, request: &RequestId) -> Self {
        let text = format!("{tenant}\n{}", request.as_str());
        Self(format!("c-{:032x}", xxh3_128(text.as_bytes())).into())
    }
}

impl RequestId {
    /// This id among those of all principals. No client can send it, since it has a line break.
    #[must_use]
    pub fn of_principal(&self, principal: &str) -> Self {
        Self(format!("{principal}\n{}", self.as_str()).into())
    }
}

impl ReportId {
    /// The id of a row that is folded and never stored.
    #[must_use]
    pub fn numbered(number: u64) -> Self {
        Self(number.to_string().into())
    }

    /// The id of the row that a report of this sender on `number` adds to a call-back number. Ids are unique for one number
    /// only, so the report's own id may name another report there. It is the same in every store, so that reports move to
    /// another one.
    #[must_use]
    pub fn of_callback(&self, number: &str, sender: Option<SenderHash>) -> Self {
        let hash = xxh3_128(self.callback_text(number, sender).as_bytes());
        Self(format!("{OF_CALLBACK}{hash:032x}").into())
    }

    /// The id that this row has after `number` was erased: a hash under a secret key of the store, since the number could else
    /// be found by trying all. Frozen: stores hold it.
    #[must_use]
    pub fn of_callback_of_erased(&self, key: &[u8; 32], number: &str, sender: Option<SenderHash>) -> Self {
        let mut hash = [0; 16];
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher.update(self.callback_text(number, sender).as_bytes());
        hasher.finalize_xof().fill(&mut hash);
        Self(format!("{OF_CALLBACK}{:032x}", u128::from_be_bytes(hash)).into())
    }

    fn callback_text(&self, number: &str, sender: Option<SenderHash>) -> String {
        match sender {
            None => format!("{number}\n{}", self.as_str()),
            Some(sender) => format!("{number}\n{}\n{:016x}", self.as_str(), sender.raw()),
        }
    }

    /// The id that stands for a withdrawn report of an erased number, under a secret key of the store. Frozen: stores hold it.
    #[must_use]
    pub fn of_erased(&self, key: &[u8; 32], number: NumberHash) -> Self {
        let mut hash = [0; 16];
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher
            .update(b"report\0")
            .update(&number.raw().to_be_bytes())
            .update(self.0.as_bytes());
        hasher.finalize_xof().fill(&mut hash);
        Self(format!("{:032x}", u128::from_be_bytes(hash)).into())
    }

    /// Whether it looks as one of the ids that the server makes for the rows of call-back numbers.
    #[must_use]
    pub fn is_of_callback(&self) -> bool {
        self.as_str().starts_with(OF_CALLBACK)
    }
}

/// The beginning of the ids of the rows of call-back numbers.
const OF_CALLBACK: &str = "callback-";

/// The principal that sent a report: a keyed hash of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SenderHash(u64);

impl SenderHash {
    /// Hashes the id of a principal under the store's secret key. Never 0, which stands for no sender. Frozen: stores hold it.
    #[must_use]
    pub fn keyed(key: &[u8; 32], tenant: &str, principal: &str) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher
            .update(tenant.as_bytes())
            .update(b"\0sender\0")
            .update(principal.as_bytes());
        let mut first = [0u8; 8];
        hasher.finalize_xof().fill(&mut first);
        Self(u64::from_le_bytes(first).max(1))
    }

    /// A sender from a stored hash; none if it is 0.
    #[must_use]
    pub const fn from_raw(hash: u64) -> Option<Self> {
        if hash == 0 { None } else { Some(Self(hash)) }
    }

    /// The hash.
    #[must_use]
    pub const fn raw(self) -> u64 {
        self.0
    }
}

/// The name of a key of reporter hashes, so that the key of a stored hash is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReporterKeyId(u32);

impl ReporterKeyId {
    /// The key that is derived from the secret of the store. Hashes that are stored without the name of a key have this one.
    pub const OF_STORE: Self = Self(0);

    /// From its integer.
    #[must_use]
    pub const fn from_raw(id: u32) -> Self {
        Self(id)
    }

    /// Its integer.
    #[must_use]
    pub const fn raw(self) -> u32 {
        self.0
    }
}

/// A reporter: a keyed hash of the name that the client gives, and the name of the key. The name itself is never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReporterHash {
    hash: u64,
    key: ReporterKeyId,
}

impl ReporterHash {
    /// The most bytes of a reporter's name.
    pub const MAX_NAME_BYTES: usize = 128;

    /// Hashes a reporter's name under a secret key, so that nobody can find names by trying them all.
    #[must_use]
    pub fn keyed((id, key): (ReporterKeyId, &[u8; 32]), tenant: &str, name: &str) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher
            .update(tenant.as_bytes())
            .update(b"\0reporter\0")
            .update(name.trim().as_bytes());
        let mut first = [0u8; 8];
        hasher.finalize_xof().fill(&mut first);
        Self::of_key(u64::from_le_bytes(first), id)
    }

    /// A reporter from a stored hash under the key of the store.
    #[must_use]
    pub const fn from_raw(hash: u64) -> Self {
        Self::of_key(hash, ReporterKeyId::OF_STORE)
    }

    /// A reporter from a stored hash under a key.
    #[must_use]
    pub const fn of_key(hash: u64, key: ReporterKeyId) -> Self {
        Self { hash, key }
    }

    /// The hash.
    #[must_use]
    pub const fn raw(self) -> u64 {
        self.hash
    }

    /// The name of its key.
    #[must_use]
    pub const fn key(self) -> ReporterKeyId {
        self.key
    }
}

/// Writes the hash in 16 hexadecimal digits; under another key than that of the store, then a dash and the name of the key in
/// 8 digits.
impl fmt::Display for ReporterHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.hash)?;
        match self.key {
            ReporterKeyId::OF_STORE => Ok(()),
            ReporterKeyId(key) => write!(f, "-{key:08x}"),
        }
    }
}

/// An erased number: a keyed hash of its digits. Who has the number and the store's secret finds the events of its erasure;
/// nobody finds the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumberHash(u128);

impl NumberHash {
    /// Hashes a number under a secret key of the store, since all numbers can be tried. Frozen: stores hold it.
    #[must_use]
    pub fn keyed(key: &[u8; 32], tenant: &str, number: E164) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher
            .update(tenant.as_bytes())
            .update(b"\0number\0")
            .update(&number.digits().to_le_bytes());
        let mut half = [0; 16];
        hasher.finalize_xof().fill(&mut half);
        Self(u128::from_be_bytes(half))
    }

    /// A hash as it is stored.
    #[must_use]
    pub const fn from_raw(hash: u128) -> Self {
        Self(hash)
    }

    /// The hash.
    #[must_use]
    pub const fn raw(self) -> u128 {
        self.0
    }
}

/// As 32 hexadecimal digits.
impl fmt::Display for NumberHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_bounded_and_checked() {
        assert_eq!(CaseId::parse(" a-1_B ").unwrap().as_str(), "a-1_B");
        assert_eq!(CaseId::parse("  "), Err(NameError::Empty));
        assert_eq!(
            CaseId::parse("a b"),
            Err(NameError::Character {
                allowed: "letters, digits, - and _"
            })
        );
        assert_eq!(
            ReportId::parse(&"x".repeat(65)),
            Err(NameError::TooLong { max_bytes: 64 })
        );
        assert!(ReportId::parse("a\u{0}b").is_err());
    }

    #[test]
    fn a_retried_creation_names_the_same_case() {
        let request = RequestId::parse("r1").unwrap();
        assert_eq!(
            CaseId::derived("default", &request),
            CaseId::derived("default", &request)
        );
        assert_ne!(CaseId::derived("default", &request), CaseId::derived("other", &request));
        assert!(CaseId::parse(CaseId::derived("default", &request).as_str()).is_ok());
        let of_ana = request.of_principal("ana");
        assert_ne!(
            CaseId::derived("default", &request),
            CaseId::derived("default", &of_ana)
        );
        assert!(of_ana != request.of_principal("ben") && RequestId::parse(of_ana.as_str()).is_err());
    }

    #[test]
    fn reporters_are_hashed_under_the_key() {
        let under = |byte, tenant: &str, name: &str| {
            ReporterHash::keyed((ReporterKeyId::from_raw(0xab), &[byte; 32]), tenant, name)
        };
        let one = under(1, "default", "alice");
        assert_eq!(one, under(1, "default", " alice "));
        assert_ne!(one.raw(), under(2, "default", "alice").raw());
        assert_ne!(one.raw(), under(1, "other", "alice").raw());
        assert_ne!(one, ReporterHash::from_raw(one.raw()));
        assert_eq!(one.to_string(), format!("{:016x}-000000ab", one.raw()));
        assert_eq!(ReporterHash::from_raw(7).to_string(), "0000000000000007");
    }
}
