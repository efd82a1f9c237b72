//! The keys of everything stored. The layout is frozen: stores outlive releases.

use bytes::Bytes;

use crate::codec::Kind;
use crate::domain::ids::{CaseId, ListId, ReporterHash};
use crate::number::E164;
use crate::shard::Shard;

/// For now there is one tenant. It is in every key, id and token all the same, because adding it later is dear.
pub const TENANT: &str = "default";

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
    fn ids_round_trip() {
        let number: E164 = "+13152328257".parse().unwrap();
        let key = BucketKey { number, bucket: 7 };
        assert_eq!(number_of_id(&key.id()), Some(number));
        assert_eq!(number_of_id(RecordKey::number(number).id()), Some(number));
        assert_eq!(number_of_id(b"short"), None);
    }
}
