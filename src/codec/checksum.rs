//! The checksum of the records of a shard, by which an index and a store are compared, and two of them with each other.
//!
//! It is the sum of a hash of each record, modulo 2^128, so the order in which the records are read does not matter. A hash
//! is the first 16 bytes, little-endian, of BLAKE3 of these parts:
//!
//! | Part | Bytes |
//! |---|---|
//! | kind | 1 |
//! | tenant | 1 (its length), then its name |
//! | id | 1 (its length), then its bytes |
//! | version | 8, little-endian |
//! | record | the rest: its canonical bytes |
//!
//! The canonical bytes of a record are those that this release writes for it ([`canonical`]). An older release may have
//! written others that say the same. Two servers of different releases may therefore have different checksums of equal
//! records. The checksum finds faults. It is no proof against somebody who chooses records.

use blake3::Hasher;
use bytes::Bytes;

use super::record::{SideRecord, StoredRecord};
use super::{RecordKind, SideKind, UnreadableValue, stored_kinds};
use crate::domain::tenant::TenantId;
use crate::shard::{Shard, Version};

/// A record as it is summed up.
#[derive(Clone, Copy, Debug)]
pub struct SummedRecord<'a> {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its kind.
    pub kind: RecordKind,
    /// The bytes of its id.
    pub id: &'a [u8],
    /// Its version.
    pub version: Version,
    /// Its [`canonical`] bytes.
    pub bytes: &'a [u8],
}

impl SummedRecord<'_> {
    /// The hash of the record.
    #[must_use]
    pub fn hash(&self) -> u128 {
        let mut hasher = Hasher::new();
        hash_name(&mut hasher, self.tenant, self.kind, self.id);
        hasher.update(&self.version.to_le_bytes());
        hasher.update(self.bytes);
        first_half(&hasher)
    }

    /// The hash of what names the record: the same for all its versions.
    #[must_use]
    pub fn name_hash(&self) -> u128 {
        name_hash(self.tenant, self.kind, self.id)
    }
}

/// The hash of what names a record.
#[must_use]
pub fn name_hash(tenant: TenantId, kind: RecordKind, id: &[u8]) -> u128 {
    let mut hasher = Hasher::new();
    hash_name(&mut hasher, tenant, kind, id);
    first_half(&hasher)
}

fn first_half(hasher: &Hasher) -> u128 {
    let hash = hasher.finalize();
    hash.as_bytes().first_chunk().copied().map_or(0, u128::from_le_bytes)
}

fn hash_name(hasher: &mut Hasher, tenant: TenantId, kind: RecordKind, id: &[u8]) {
    hasher.update(&[kind as u8]);
    for part in [tenant.as_str().as_bytes(), id] {
        // Neither is longer than 64 bytes.
        hasher.update(&[u8::try_from(part.len()).unwrap_or(u8::MAX)]);
        hasher.update(part);
    }
}

/// The checksum of some records, and how many of each kind they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checksum {
    sum: u128,
    /// In the order of [`RecordKind::ALL`].
    counts: [u64; RecordKind::ALL.len()],
}

impl Checksum {
    /// Adds a record of this kind with this [hash](SummedRecord::hash).
    pub fn add(&mut self, kind: RecordKind, hash: u128) {
        self.sum = self.sum.wrapping_add(hash);
        let kinds = RecordKind::ALL.iter().zip(&mut self.counts);
        for (_, count) in kinds.filter(|(of, _)| **of == kind) {
            *count = count.saturating_add(1);
        }
    }

    /// Adds the records of another sum. The two have no record in common.
    pub fn add_all(&mut self, other: &Self) {
        self.sum = self.sum.wrapping_add(other.sum);
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
    }

    /// The sum of the hashes, modulo 2^128.
    #[must_use]
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// How many records of each kind there are, in the order of [`RecordKind::ALL`].
    pub fn counts(&self) -> impl Iterator<Item = (RecordKind, u64)> + use<> {
        RecordKind::ALL.iter().copied().zip(self.counts)
    }

    /// How many records there are.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.counts.iter().copied().fold(0, u64::saturating_add)
    }
}

/// The bytes that this release writes for a record of which the store holds `bytes`. None if this release does not know
/// such an id: no index holds the record.
///
/// # Errors
/// If the record cannot be read.
pub fn canonical(kind: RecordKind, id: &[u8], bytes: &[u8]) -> Result<Option<Bytes>, UnreadableValue> {
    canonical_of_kind(kind, id, bytes)
}

fn canonical_as<R: StoredRecord>(id: &[u8], bytes: &[u8]) -> Result<Option<Bytes>, UnreadableValue> {
    if R::id_from_bytes(id).is_none() {
        return Ok(None);
    }
    Ok(Some(R::decode(bytes)?.encode()))
}

/// The shard of the record of a kind with this id. None if this release does not know such an id.
#[must_use]
pub fn shard_of(kind: RecordKind, id: &[u8]) -> Option<Shard> {
    shard_of_kind(kind, id)
}

/// Whether a side record can be read.
///
/// # Errors
/// If it cannot be.
pub fn check_side(kind: SideKind, bytes: &[u8]) -> Result<(), UnreadableValue> {
    check_side_of_kind(kind, bytes)
}

macro_rules! dispatch_by_kind {
    (
        records { $($(#[$doc:meta])* $kind:ident = $code:literal => $record:ty,)* }
        side_records { $($(#[$side_doc:meta])* $side:ident = $side_code:literal => $state:ty,)* }
    ) => {
        fn canonical_of_kind(kind: RecordKind, id: &[u8], bytes: &[u8]) -> Result<Option<Bytes>, UnreadableValue> {
            match kind {
                $(RecordKind::$kind => canonical_as::<$record>(id, bytes),)*
            }
        }

        fn shard_of_kind(kind: RecordKind, id: &[u8]) -> Option<Shard> {
            match kind {
                $(RecordKind::$kind => <$record>::id_from_bytes(id).map(|id| <$record>::shard(&id)),)*
            }
        }

        fn check_side_of_kind(kind: SideKind, bytes: &[u8]) -> Result<(), UnreadableValue> {
            match kind {
                $(SideKind::$side => <$state>::decode(bytes).map(|_| ()),)*
            }
        }
    };
}
stored_kinds!(dispatch_by_kind);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record<'a>(kind: RecordKind, id: &'a [u8], version: Version, bytes: &'a [u8]) -> SummedRecord<'a> {
        SummedRecord {
            tenant: TenantId::DEFAULT,
            kind,
            id,
            version,
            bytes,
        }
    }

    fn sum(records: &[SummedRecord<'_>]) -> Checksum {
        let mut sum = Checksum::default();
        for record in records {
            sum.add(record.kind, record.hash());
        }
        sum
    }

    /// Servers of different releases compare these.
    #[test]
    fn the_checksum_is_frozen() {
        let number = record(RecordKind::Number, b"id", 300, b"record");
        let case = record(RecordKind::Case, b"c-1", 1, b"");
        let of_tenant = SummedRecord {
            tenant: TenantId::parse("north").unwrap(),
            ..number
        };
        let hashes = [number, case, of_tenant].map(|record| format!("{:032x}", record.hash()));
        assert_eq!(hashes, FROZEN);
        let all = sum(&[number, case, of_tenant]);
        assert_eq!(format!("{:032x}", all.sum()), FROZEN_SUM);
        let counts: Vec<_> = all.counts().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counts, [(RecordKind::Number, 2), (RecordKind::Case, 1)]);
        assert_eq!(all.records(), 3);
    }

    const FROZEN: [&str; 3] = [
        "31f2fd2e397b2359790c0609d3b0797d",
        "97044a5cc4b2b3260754f9ac7edd2079",
        "d02e2d890c6aba1938cc2ce52814b16b",
    ];
    const FROZEN_SUM: &str = "992575140a989098b92d2c9b7aa24b61";

    #[test]
    fn a_record_has_one_form() {
        let unknown = canonical(RecordKind::Number, b"short", b"");
        assert_eq!(unknown, Ok(None));
        let number = crate::number::E164::from_digits(13_152_328_257).unwrap();
        let id = <crate::domain::state::NumberState as StoredRecord>::id_bytes(&number);
        assert!(canonical(RecordKind::Number, &id, b"\xff").is_err());
        let blank = crate::domain::state::NumberState::default().encode();
        assert_eq!(canonical(RecordKind::Number, &id, &blank), Ok(Some(blank)));
    }

    type Parts = (usize, Vec<u8>, Version, Vec<u8>);

    fn parts() -> impl Strategy<Value = Parts> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
        (0..RecordKind::ALL.len(), bytes(), any::<Version>(), bytes())
    }

    fn of_parts((kind, id, version, bytes): &Parts) -> SummedRecord<'_> {
        record(RecordKind::ALL[*kind], id, *version, bytes)
    }

    proptest! {
        #[test]
        fn the_order_does_not_matter_and_any_one_difference_does(
            mut all in proptest::collection::vec(parts(), 1..20),
            at in any::<proptest::sample::Index>(),
            other in parts(),
            what in 0..5,
        ) {
            let before = sum(&all.iter().map(of_parts).collect::<Vec<_>>());
            all.reverse();
            prop_assert_eq!(&sum(&all.iter().map(of_parts).collect::<Vec<_>>()), &before);
            let at = at.index(all.len());
            let changed = all[at].clone();
            match what {
                0 => all[at].0 = other.0,
                1 => all[at].1 = other.1,
                2 => all[at].2 = other.2,
                3 => all[at].3 = other.3,
                _ => _ = all.remove(at),
            }
            let is_changed = all.get(at) != Some(&changed) || what == 4;
            let after = sum(&all.iter().map(of_parts).collect::<Vec<_>>());
            prop_assert_eq!(after.sum() != before.sum(), is_changed);
        }
    }
}
