//! The engine's keys. Frozen, as everything stored is.
//!
//! Every key starts with the shard, so that a shard is one range of each space:
//!
//! | space  | key                                | payload                              |
//! |--------|------------------------------------|--------------------------------------|
//! | states | shard, kind, id                    | version (8 bytes, big-endian), state |
//! |        | (records, and notes beside them)   |                                      |
//! | rows   | shard, id                          | the bucket                           |
//! | log    | shard, sequence (8, big-endian)    | the entry                            |
//! | parts  | space, a key of it, index (2, b-e) | what does not fit into one value     |
//!
//! Kind 0 is no record's: the store's identity lies there, under shard 0.

use crate::store::{BucketKey, Key, Kind, NoteKey, RecordKey, Shard, Table, Version};

/// Where the store's identity lies, in [`Space::States`].
pub(super) const META: &[u8] = &[0, 0];

/// The longest key of the states, rows and log: shard, kind, and the id of a case or a list.
pub(super) const MAX_KEY_BYTES: usize = 2 + crate::domain::ids::CaseId::MAX_BYTES;

/// A part of the engine that is ordered and flushed on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(super) enum Space {
    /// Records and notes of all kinds.
    States = 1,
    /// Row buckets.
    Rows = 2,
    /// The change log.
    Log = 3,
}

/// Where a record lies, in [`Space::States`].
pub(super) fn record(key: &RecordKey) -> Vec<u8> {
    under(&[key.shard().byte(), key.kind() as u8], key.id())
}

/// Where a note lies, in [`Space::States`].
pub(super) fn note(key: &NoteKey) -> Vec<u8> {
    under(&[key.shard().byte(), key.kind() as u8], key.id())
}

/// Where a bucket lies, in [`Space::Rows`].
pub(super) fn bucket(key: &BucketKey) -> Vec<u8> {
    under(&[key.shard().byte()], &key.id())
}

/// Where a log entry lies, in [`Space::Log`].
pub(super) fn entry(shard: Shard, seq: Version) -> Vec<u8> {
    under(&[shard.byte()], &seq.to_be_bytes())
}

/// The sequence in the key of a log entry.
pub(super) fn seq_of_entry(key: &[u8]) -> Option<Version> {
    key.get(1..)?.try_into().ok().map(Version::from_be_bytes)
}

/// Where anything that can be read lies.
pub(super) fn any(key: &Key) -> (Space, Vec<u8>) {
    match key {
        Key::Record(key) => (Space::States, record(key)),
        Key::Bucket(key) => (Space::Rows, bucket(key)),
        Key::Note(key) => (Space::States, note(key)),
    }
}

/// Where a shard's table lies, and what its keys start with; what follows is the id.
pub(super) fn table(shard: Shard, table: Table) -> (Space, Vec<u8>) {
    match table {
        Table::Numbers => (Space::States, vec![shard.byte(), Kind::Number as u8]),
        Table::Cases => (Space::States, vec![shard.byte(), Kind::Case as u8]),
        Table::Lists => (Space::States, vec![shard.byte(), Kind::List as u8]),
        Table::Rows => (Space::Rows, vec![shard.byte()]),
    }
}

/// Where a further part of a value lies.
pub(super) fn part(space: Space, key: &[u8], index: u16) -> Vec<u8> {
    let mut bytes = under(&[space as u8], key);
    bytes.extend_from_slice(&index.to_be_bytes());
    bytes
}

/// A prefix, and an id behind it.
pub(super) fn under(prefix: &[u8], id: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(prefix.len() + id.len() + 3);
    bytes.extend_from_slice(prefix);
    bytes.extend_from_slice(id);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{CaseId, ListId, ReporterHash};

    #[test]
    fn keys_are_frozen() {
        let number = "+13152328257".parse().unwrap();
        let id = 13_152_328_257_u64.to_be_bytes();
        assert_eq!(record(&RecordKey::number(number)), [&[226, 1][..], &id].concat());
        assert_eq!(
            bucket(&BucketKey { number, bucket: 7 }),
            [&[226][..], &id, &[0, 0, 0, 7]].concat()
        );
        let case = RecordKey::case(&CaseId::parse("c-1").unwrap());
        assert_eq!(record(&case), [&[12, 2][..], b"c-1"].concat());
        let list = RecordKey::list(&ListId::parse("dno").unwrap());
        assert_eq!(record(&list), [&[199, 5][..], b"dno"].concat());
        let reporter = NoteKey::reporter(ReporterHash::from_raw(7));
        assert_eq!(note(&reporter), [&[252, 3][..], &[0, 0, 0, 0, 0, 0, 0, 7]].concat());
        assert_eq!(note(&NoteKey::tenant("default")), [&[26, 4][..], b"default"].concat());
        let entry = entry(Shard::new(5), 258);
        assert_eq!(entry, [5, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(seq_of_entry(&entry), Some(258));
        assert_eq!(part(Space::Log, &entry, 3), [&[3][..], &entry, &[0, 3]].concat());
    }

    #[test]
    fn the_longest_keys_are_those_of_cases_and_lists() {
        let case = RecordKey::case(&CaseId::parse(&"c".repeat(CaseId::MAX_BYTES)).unwrap());
        assert_eq!(record(&case).len(), MAX_KEY_BYTES);
        let list = RecordKey::list(&ListId::parse(&"l".repeat(ListId::MAX_BYTES)).unwrap());
        assert_eq!(record(&list).len(), MAX_KEY_BYTES);
    }
}
