//! The keys of the engine. They are frozen, as everything stored is.
//!
//! Every key starts with the shard, so that a shard is one range of each key space. A tenant is written as its length
//! (one byte) and its name:
//!
//! | space  | key                                        | payload                              |
//! |--------|--------------------------------------------|--------------------------------------|
//! | states | shard, kind, tenant, id                    | version (8 bytes, big-endian), state |
//! |        | (records and side records)                 |                                      |
//! | rows   | shard, tenant, id                          | the bucket                           |
//! | log    | shard, sequence number (8, big-endian)     | the entry, of any tenant             |
//! | events | shard, tenant, time and random number (16) | the audit event                      |
//! | parts  | space, a key of it, index (2, big-endian)  | the rest of a long value             |
//!
//! Kind 0 belongs to no record: the store's identity has that key, under shard 0, and so have the notes that erased bytes are
//! still in the files and the number of commits. A key of the parts that begins with no space is of [`purge`](super::purge).

use crate::codec::MAX_ID_BYTES;
use crate::domain::tenant::TenantId;
use crate::store::{BucketKey, EventId, EventKey, RecordKey, ScanTable, Shard, SideKey, StoredKey, Version};

/// The key of the store's identity, in [`EngineSpace::States`].
pub(super) const META: &[u8] = &[0, 0];

/// The beginning of the keys of the notes that the files hold erased bytes, in [`EngineSpace::States`]. A random number
/// follows it.
pub(super) const PURGE_DUE: &[u8] = &[0, 0, 1];

/// The key of a value that is written while erased bytes are removed, in [`EngineSpace::States`].
pub(super) const PURGE_RUNS: &[u8] = &[0, 0, 2];

/// The key of the number of commits (8 bytes, big-endian), in [`EngineSpace::States`]. Every commit writes it.
pub(super) const COMMITS: &[u8] = &[0, 0, 3];

/// The longest key of the states, rows and log: shard, kind, length of the tenant, tenant, id.
pub(super) const MAX_KEY_BYTES: usize = 3 + TenantId::MAX_BYTES + MAX_ID_BYTES;

/// A part of the engine that is ordered and flushed on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(super) enum EngineSpace {
    /// Records and side records of all kinds.
    States = 1,
    /// Row buckets.
    Rows = 2,
    /// The change log.
    Log = 3,
    /// Audit events.
    Events = 4,
}

/// The key of a record, in [`EngineSpace::States`].
pub(super) fn record(key: &RecordKey) -> Vec<u8> {
    state(key.shard(), key.kind() as u8, key.tenant(), key.id())
}

/// The key of a side record, in [`EngineSpace::States`].
pub(super) fn side_record(key: &SideKey) -> Vec<u8> {
    state(key.shard(), key.kind() as u8, key.tenant(), key.id())
}

fn state(shard: Shard, kind: u8, tenant: TenantId, id: &[u8]) -> Vec<u8> {
    of_tenant(&[shard.byte(), kind], tenant, id)
}

/// The start of a key, a tenant, and an id, in one vector of their length.
fn of_tenant(start: &[u8], tenant: TenantId, id: &[u8]) -> Vec<u8> {
    let name = tenant.as_bytes();
    let mut bytes = Vec::with_capacity(start.len() + 1 + name.len() + id.len());
    bytes.extend_from_slice(start);
    bytes.extend(u8::try_from(name.len())); // at most TenantId::MAX_BYTES
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(id);
    bytes
}

/// The key of a bucket, in [`EngineSpace::Rows`].
pub(super) fn bucket(key: &BucketKey) -> Vec<u8> {
    of_tenant(&[key.shard().byte()], key.tenant, &key.id())
}

/// The key of a log entry, in [`EngineSpace::Log`].
pub(super) fn entry(shard: Shard, seq: Version) -> Vec<u8> {
    under(&[shard.byte()], &seq.to_be_bytes())
}

/// The sequence number in the key of a log entry.
pub(super) fn seq_of_entry(key: &[u8]) -> Option<Version> {
    key.get(1..)?.try_into().ok().map(Version::from_be_bytes)
}

/// The key of an audit event, in [`EngineSpace::Events`].
pub(super) fn event(key: &EventKey) -> Vec<u8> {
    of_tenant(&[key.shard.byte()], key.tenant, key.id.bytes())
}

/// The place in time in the key of an audit event.
pub(super) fn id_of_event(key: &[u8]) -> Option<EventId> {
    key.last_chunk::<{ EventId::BYTES }>()
        .and_then(|id| EventId::from_bytes(id))
}

/// The key of anything that can be read, and its space.
pub(super) fn any(key: &StoredKey) -> (EngineSpace, Vec<u8>) {
    match key {
        StoredKey::Record(key) => (EngineSpace::States, record(key)),
        StoredKey::Bucket(key) => (EngineSpace::Rows, bucket(key)),
        StoredKey::Side(key) => (EngineSpace::States, side_record(key)),
    }
}

/// The space of a table, and the prefix of its keys in a shard and a tenant; the id follows it.
pub(super) fn table(shard: Shard, tenant: TenantId, table: ScanTable) -> (EngineSpace, Vec<u8>) {
    match table {
        ScanTable::Records(kind) => (EngineSpace::States, state(shard, kind as u8, tenant, &[])),
        ScanTable::Rows => (EngineSpace::Rows, of_tenant(&[shard.byte()], tenant, &[])),
        ScanTable::Sides(kind) => (EngineSpace::States, state(shard, kind as u8, tenant, &[])),
    }
}

/// The key of a further part of a value.
pub(super) fn part(space: EngineSpace, key: &[u8], index: u16) -> Vec<u8> {
    [&[space as u8], key, &index.to_be_bytes()].concat()
}

/// A prefix and the id after it.
pub(super) fn under(prefix: &[u8], id: &[u8]) -> Vec<u8> {
    [prefix, id].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::case::Case;
    use crate::domain::ids::{CaseId, ListId, ReporterHash};
    use crate::domain::list::List;
    use crate::domain::quota::TenantDay;
    use crate::domain::reporter::ReporterState;
    use crate::domain::state::NumberState;

    const TENANT: TenantId = TenantId::DEFAULT;

    #[test]
    fn keys_are_frozen() {
        let number = "+13152328257".parse().unwrap();
        let id = 13_152_328_257_u64.to_be_bytes();
        let tenant = b"\x07default";
        let record_key = RecordKey::of::<NumberState>(TENANT, &number);
        assert_eq!(record(&record_key), [&[226, 1][..], tenant, &id].concat());
        let bucket_key = BucketKey {
            tenant: TENANT,
            number,
            bucket: 7,
        };
        assert_eq!(bucket(&bucket_key), [&[226][..], tenant, &id, &[0, 0, 0, 7]].concat());
        let case = RecordKey::of::<Case>(TENANT, &CaseId::parse("c-1").unwrap());
        assert_eq!(record(&case), [&[12, 2][..], tenant, b"c-1"].concat());
        let list = RecordKey::of::<List>(TENANT, &ListId::parse("dno").unwrap());
        assert_eq!(record(&list), [&[199, 5][..], tenant, b"dno"].concat());
        let other = TenantId::parse("t").unwrap();
        let list = RecordKey::of::<List>(other, &ListId::parse("dno").unwrap());
        assert_eq!(record(&list), b"\xc7\x05\x01tdno");
        let reporter = SideKey::of::<ReporterState>(TENANT, &ReporterHash::from_raw(7));
        assert_eq!(
            side_record(&reporter),
            [&[252, 3][..], tenant, &[0, 0, 0, 0, 0, 0, 0, 7]].concat()
        );
        let day = SideKey::of::<TenantDay>(TENANT, &TENANT);
        assert_eq!(side_record(&day), [&[26, 4][..], tenant, b"default"].concat());
        let entry = entry(Shard::new(5), 258);
        assert_eq!(entry, [5, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(seq_of_entry(&entry), Some(258));
        let id = EventId::new(crate::domain::time::Timestamp::from_millis(258), 7);
        let shard = Shard::new(5);
        let event = event(&EventKey {
            shard,
            tenant: TENANT,
            id,
        });
        let time = [0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 7];
        assert_eq!(event, [&[5][..], tenant, &time].concat());
        assert_eq!(id_of_event(&event), Some(id));
        assert_eq!(part(EngineSpace::Log, &entry, 3), [&[3][..], &entry, &[0, 3]].concat());
    }

    /// No tenant's name is the beginning of the keys of another.
    #[test]
    fn the_keys_of_tenants_are_apart() {
        let tenants = ["a", "ab", "aa", "abc"].map(|name| TenantId::parse(name).unwrap());
        for tables in [ScanTable::Rows, ScanTable::Records(crate::store::RecordKind::Case)] {
            let prefixes = tenants.map(|tenant| table(Shard::new(1), tenant, tables).1);
            for (n, prefix) in prefixes.iter().enumerate() {
                let others = prefixes.iter().enumerate().filter(|(other, _)| *other != n);
                assert!(others.clone().all(|(_, other)| !other.starts_with(prefix)));
            }
        }
    }

    #[test]
    fn the_longest_keys_are_those_of_the_longest_ids() {
        let tenant = TenantId::parse(&"t".repeat(TenantId::MAX_BYTES)).unwrap();
        let case = CaseId::parse(&"c".repeat(CaseId::MAX_BYTES)).unwrap();
        assert_eq!(record(&RecordKey::of::<Case>(tenant, &case)).len(), MAX_KEY_BYTES);
        let list = ListId::parse(&"l".repeat(ListId::MAX_BYTES)).unwrap();
        assert_eq!(record(&RecordKey::of::<List>(tenant, &list)).len(), MAX_KEY_BYTES);
    }
}
