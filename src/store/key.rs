//! Shards and keys. The layout is frozen: stores outlive releases.

use std::fmt;

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::ids::{CaseId, ListId, ReporterHash};
use crate::number::E164;

/// How many shards there are.
pub const SHARDS: usize = 256;

/// For now there is one tenant. It is in every key, id and token all the same, because adding it later is dear.
pub const TENANT: &str = "default";

/// The most decimal digits of a `u64`.
const DECIMAL_DIGITS: usize = 20;

/// One of 256 parts of the store, which are written and followed on their own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u8);

impl Shard {
    /// The shard of a number: `xxh3_64` of its E.164 digits less the last four, at least one digit kept, modulo 256.
    /// So a number, its rows, and the blocks around it share one shard.
    #[must_use]
    pub fn of_number(number: E164) -> Self {
        let block = number.len().saturating_sub(4).max(1);
        Self::of_decimal(number.without_last(number.len().saturating_sub(block)))
    }

    /// The shard of a case: `xxh3_64` of its id, modulo 256.
    #[must_use]
    pub fn of_case(id: &CaseId) -> Self {
        Self::of_text(id.as_str())
    }

    /// The shard of a list: `xxh3_64` of its id, modulo 256.
    #[must_use]
    pub fn of_list(id: &ListId) -> Self {
        Self::of_text(id.as_str())
    }

    /// The shard of a reporter's own record: `xxh3_64` of the hash, eight bytes, big-endian, modulo 256.
    #[must_use]
    pub fn of_reporter(reporter: ReporterHash) -> Self {
        Self::of_bytes(&reporter.raw().to_be_bytes())
    }

    /// The shard of a tenant's own record: `xxh3_64` of its name, modulo 256.
    #[must_use]
    pub fn of_tenant(tenant: &str) -> Self {
        Self::of_text(tenant)
    }

    /// All shards.
    pub fn all() -> impl ExactSizeIterator<Item = Self> + Clone {
        (0..=u8::MAX).map(Self)
    }

    /// The shard with this index.
    #[must_use]
    pub const fn new(index: u8) -> Self {
        Self(index)
    }

    /// Its index, below [`SHARDS`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Its index as a byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// By the decimal digits of `value`: on the stack, since every lookup pays for it.
    fn of_decimal(value: u64) -> Self {
        let mut digits = [b'0'; DECIMAL_DIGITS];
        let (mut rest, mut from) = (value, DECIMAL_DIGITS);
        for (place, digit) in digits.iter_mut().enumerate().rev() {
            *digit += u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            from = place;
            if rest == 0 {
                break;
            }
        }
        Self::of_bytes(digits.get(from..).unwrap_or_default())
    }

    fn of_text(text: &str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    fn of_bytes(bytes: &[u8]) -> Self {
        let [low, ..] = xxh3_64(bytes).to_le_bytes();
        Self(low)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

/// The kinds of records. Their integers and those of [`NoteKind`] are one series, so that both may share one space of
/// keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A number.
    Number = 1,
    /// A case.
    Case = 2,
    /// A list of numbers and prefixes.
    List = 5,
}

/// The kinds of notes, numbered in one series with [`Kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum NoteKind {
    /// What a reporter said lately, and how much today.
    Reporter = 3,
    /// How much of a tenant's quota is given out.
    Tenant = 4,
}

/// What can be scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// Number records; the id is the number, eight bytes, big-endian.
    Numbers,
    /// Case records; the id is the case's, as text.
    Cases,
    /// Lists; the id is the list's, as text.
    Lists,
    /// Row buckets; the id is the number as above and the bucket, four bytes, big-endian.
    Rows,
}

/// Names a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    shard: Shard,
    kind: Kind,
    id: Bytes,
}

impl RecordKey {
    /// The record of a number.
    #[must_use]
    pub fn number(number: E164) -> Self {
        let id = Bytes::copy_from_slice(&number.digits().to_be_bytes());
        Self {
            shard: Shard::of_number(number),
            kind: Kind::Number,
            id,
        }
    }

    /// The record of a case.
    #[must_use]
    pub fn case(id: &CaseId) -> Self {
        let text = Bytes::copy_from_slice(id.as_str().as_bytes());
        Self {
            shard: Shard::of_case(id),
            kind: Kind::Case,
            id: text,
        }
    }

    /// The record of a list.
    #[must_use]
    pub fn list(id: &ListId) -> Self {
        Self {
            shard: Shard::of_list(id),
            kind: Kind::List,
            id: Bytes::copy_from_slice(id.as_str().as_bytes()),
        }
    }

    /// Its shard.
    #[must_use]
    pub const fn shard(&self) -> Shard {
        self.shard
    }

    /// What kind of record.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its id within the table.
    #[must_use]
    pub const fn id(&self) -> &Bytes {
        &self.id
    }
}

/// Names a note.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteKey {
    shard: Shard,
    kind: NoteKind,
    id: Bytes,
}

impl NoteKey {
    /// The note on a reporter; its id is the hash, eight bytes, big-endian.
    #[must_use]
    pub fn reporter(reporter: ReporterHash) -> Self {
        Self {
            shard: Shard::of_reporter(reporter),
            kind: NoteKind::Reporter,
            id: Bytes::copy_from_slice(&reporter.raw().to_be_bytes()),
        }
    }

    /// The note on a tenant; its id is the tenant's name.
    #[must_use]
    pub fn tenant(tenant: &str) -> Self {
        Self {
            shard: Shard::of_tenant(tenant),
            kind: NoteKind::Tenant,
            id: Bytes::copy_from_slice(tenant.as_bytes()),
        }
    }

    /// Its shard.
    #[must_use]
    pub const fn shard(&self) -> Shard {
        self.shard
    }

    /// What kind of note.
    #[must_use]
    pub const fn kind(&self) -> NoteKind {
        self.kind
    }

    /// Its id among the notes of its kind.
    #[must_use]
    pub const fn id(&self) -> &Bytes {
        &self.id
    }
}

/// Names a bucket of a number's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketKey {
    /// The number.
    pub number: E164,
    /// The bucket.
    pub bucket: u32,
}

impl BucketKey {
    /// Its shard: that of the number.
    #[must_use]
    pub fn shard(&self) -> Shard {
        Shard::of_number(self.number)
    }

    /// Its id within the table of rows.
    #[must_use]
    pub fn id(&self) -> [u8; 12] {
        let mut id = [0; 12];
        let (number, bucket) = id.split_at_mut(8);
        number.copy_from_slice(&self.number.digits().to_be_bytes());
        bucket.copy_from_slice(&self.bucket.to_be_bytes());
        id
    }
}

/// Names anything that can be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A record.
    Record(RecordKey),
    /// A bucket.
    Bucket(BucketKey),
    /// A note.
    Note(NoteKey),
}

impl Key {
    /// Its shard.
    #[must_use]
    pub fn shard(&self) -> Shard {
        match self {
            Self::Record(key) => key.shard(),
            Self::Bucket(key) => key.shard(),
            Self::Note(key) => key.shard(),
        }
    }
}

/// The number that an id of the tables of numbers and rows starts with.
#[must_use]
pub fn number_of_id(id: &[u8]) -> Option<E164> {
    let digits = id.first_chunk::<8>()?;
    E164::from_digits(u64::from_be_bytes(*digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_frozen() {
        let shard = |text: &str| Shard::of_number(text.parse().unwrap()).byte();
        // A change of these figures makes every existing store unreadable.
        assert_eq!(
            [
                shard("+13152328257"),
                shard("+13152320000"),
                shard("+14155550199"),
                shard("+4930123456")
            ],
            FROZEN
        );
        assert_eq!(Shard::of_reporter(ReporterHash::from_raw(7)).byte(), FROZEN_REPORTER);
        assert_eq!(Shard::of_tenant(TENANT).byte(), FROZEN_TENANT);
        assert_eq!(Shard::of_case(&CaseId::parse("c-1").unwrap()).byte(), FROZEN_CASE);
        assert_eq!(Shard::of_list(&ListId::parse("dno").unwrap()).byte(), FROZEN_LIST);
    }

    #[test]
    fn a_number_is_hashed_by_its_digits() {
        for value in [0, 9, 10, 1_415_555, 999_999_999_999_999, u64::MAX] {
            assert_eq!(Shard::of_decimal(value), Shard::of_text(&value.to_string()), "{value}");
        }
    }

    const FROZEN: [u8; 4] = [226, 226, 0, 203];
    const FROZEN_CASE: u8 = 12;
    const FROZEN_LIST: u8 = 199;
    const FROZEN_REPORTER: u8 = 252;
    const FROZEN_TENANT: u8 = 26;

    #[test]
    fn ids_round_trip() {
        let number: E164 = "+13152328257".parse().unwrap();
        let key = BucketKey { number, bucket: 7 };
        assert_eq!(number_of_id(&key.id()), Some(number));
        assert_eq!(number_of_id(RecordKey::number(number).id()), Some(number));
        assert_eq!(number_of_id(b"short"), None);
    }
}
