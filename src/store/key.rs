//! The keys of everything stored. They are frozen: stores outlive releases.

use bytes::Bytes;

use crate::codec::{RecordKind, SideKind, SideRecord, StoredRecord};
use crate::domain::tenant::TenantId;
use crate::number::E164;
use crate::shard::Shard;

/// A table that can be scanned, within a shard and a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScanTable {
    /// The records of a kind; the ids are those of the kind ([`StoredRecord::id_bytes`]).
    Records(RecordKind),
    /// Row buckets; an id is the number (eight bytes, big-endian) and the bucket (four bytes, big-endian).
    Rows,
    /// The side records of a kind; the ids are those of the kind ([`SideRecord::id_bytes`]).
    Sides(SideKind),
}

impl ScanTable {
    /// All tables of records and rows. Side records, which no index holds, are left out.
    pub fn all() -> impl Iterator<Item = Self> {
        RecordKind::ALL
            .iter()
            .map(|kind| Self::Records(*kind))
            .chain([Self::Rows])
    }
}

/// The key of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    shard: Shard,
    tenant: TenantId,
    kind: RecordKind,
    id: Bytes,
}

impl RecordKey {
    /// The key of the record of kind `R` with this id.
    #[must_use]
    pub fn of<R: StoredRecord>(tenant: TenantId, id: &R::Id) -> Self {
        Self {
            shard: R::shard(id),
            tenant,
            kind: R::KIND,
            id: R::id_bytes(id),
        }
    }

    /// The key of the record that a change-log entry names. `id` are the bytes of an id of this kind.
    #[must_use]
    pub(crate) const fn of_entry(shard: Shard, tenant: TenantId, kind: RecordKind, id: Bytes) -> Self {
        Self {
            shard,
            tenant,
            kind,
            id,
        }
    }

    /// Its shard.
    #[must_use]
    pub const fn shard(&self) -> Shard {
        self.shard
    }

    /// The tenant of the record.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The kind of the record.
    #[must_use]
    pub const fn kind(&self) -> RecordKind {
        self.kind
    }

    /// Its id within the table.
    #[must_use]
    pub const fn id(&self) -> &Bytes {
        &self.id
    }
}

/// The key of a side record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SideKey {
    shard: Shard,
    tenant: TenantId,
    kind: SideKind,
    id: Bytes,
}

impl SideKey {
    /// The key of the side record of kind `S` with this id.
    #[must_use]
    pub fn of<S: SideRecord>(tenant: TenantId, id: &S::Id) -> Self {
        Self {
            shard: S::shard(id),
            tenant,
            kind: S::KIND,
            id: S::id_bytes(id),
        }
    }

    /// The key of a side record that a scan of [`ScanTable::Sides`] found under this id.
    #[must_use]
    pub const fn of_scanned(shard: Shard, tenant: TenantId, kind: SideKind, id: Bytes) -> Self {
        Self {
            shard,
            tenant,
            kind,
            id,
        }
    }

    /// Its shard.
    #[must_use]
    pub const fn shard(&self) -> Shard {
        self.shard
    }

    /// The tenant of the side record.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The kind of the side record.
    #[must_use]
    pub const fn kind(&self) -> SideKind {
        self.kind
    }

    /// Its id among the side records of its kind.
    #[must_use]
    pub const fn id(&self) -> &Bytes {
        &self.id
    }
}

/// The key of a bucket of a number's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketKey {
    /// The tenant of the rows.
    pub tenant: TenantId,
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

/// The key of anything that can be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StoredKey {
    /// A record.
    Record(RecordKey),
    /// A bucket.
    Bucket(BucketKey),
    /// A side record.
    Side(SideKey),
}

impl StoredKey {
    /// Its shard.
    #[must_use]
    pub fn shard(&self) -> Shard {
        match self {
            Self::Record(key) => key.shard(),
            Self::Bucket(key) => key.shard(),
            Self::Side(key) => key.shard(),
        }
    }

    /// Its tenant.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        match self {
            Self::Record(key) => key.tenant(),
            Self::Bucket(key) => key.tenant,
            Self::Side(key) => key.tenant(),
        }
    }
}

/// The number that an id of the tables of numbers and of rows starts with.
#[must_use]
pub fn number_of_id(id: &[u8]) -> Option<E164> {
    let digits = id.first_chunk::<8>()?;
    E164::from_digits(u64::from_be_bytes(*digits))
}

/// The bucket that an id of the table of rows ends with.
#[must_use]
pub fn bucket_of_id(id: &[u8]) -> Option<u32> {
    let bucket = id.get(8..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*bucket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::state::NumberState;

    #[test]
    fn ids_round_trip() {
        let number: E164 = "+13152328257".parse().unwrap();
        let key = BucketKey {
            tenant: TenantId::DEFAULT,
            number,
            bucket: 7,
        };
        assert_eq!(number_of_id(&key.id()), Some(number));
        assert_eq!(bucket_of_id(&key.id()), Some(7));
        assert_eq!(bucket_of_id(b"short"), None);
        assert_eq!(
            number_of_id(RecordKey::of::<NumberState>(TenantId::DEFAULT, &number).id()),
            Some(number)
        );
        assert_eq!(number_of_id(b"short"), None);
    }
}
