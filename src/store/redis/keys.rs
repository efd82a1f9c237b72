//! The keys that the store uses in Redis. They are frozen: stores outlive releases.
//!
//! | key                        | value                                                                     |
//! |----------------------------|---------------------------------------------------------------------------|
//! | `rw:{meta}:default:meta`   | the store's identity                                                      |
//! | `rw:{sN}:head`             | hash: the store's id and the head of the log of shard N                   |
//! | `rw:{sN}:log`              | stream: the change log of shard N, all tenants; its ids are `<sequence>-0` |
//! | `rw:{sN}:<tenant>:rows`    | hash from id to bytes: row buckets                                        |
//! | `rw:{sN}:<tenant>:audit`   | sorted set, all scores 0: audit events, each with its place in time before its bytes |
//! | `rw:{sN}:<tenant>:<kind>`  | hash from id to version (eight bytes, big-endian) and state: one kind     |
//!
//! All keys of a shard carry one hash tag, `{sN}`, so that they share one slot of a Redis Cluster and one script can
//! write them all. The identity has a tag of its own, and no script touches both it and a shard.

use crate::codec::stored_kinds;
use crate::domain::tenant::TenantId;
use crate::shard::Shard;
use crate::store::{RecordKind, ScanTable, SideKind, StoredKey};

/// Field of a head: the store's id, in hex.
pub(super) const HEAD_STORE: &str = "store";
/// Field of a head: the last sequence number, decimal.
pub(super) const HEAD_SEQ: &str = "seq";
/// Field of a head: the nonce of the last entry, decimal.
pub(super) const HEAD_NONCE: &str = "nonce";

/// The place, from 1, of the first hash of records in the KEYS of the commit script, after head, log, rows and
/// events.
const FIRST_GUARDED: i64 = 5;

/// A hash that a shard has for each tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TenantHash {
    /// Row buckets.
    Rows,
    /// The records of a kind.
    Records(RecordKind),
    /// The side records of a kind.
    SideRecords(SideKind),
}

impl TenantHash {
    /// The hash of a table.
    pub(super) const fn of_table(table: ScanTable) -> Self {
        match table {
            ScanTable::Records(kind) => Self::Records(kind),
            ScanTable::Rows => Self::Rows,
            ScanTable::Sides(kind) => Self::SideRecords(kind),
        }
    }

    /// The hash that holds a key.
    pub(super) const fn of_key(key: &StoredKey) -> Self {
        match key {
            StoredKey::Record(key) => Self::Records(key.kind()),
            StoredKey::Bucket(_) => Self::Rows,
            StoredKey::Side(key) => Self::SideRecords(key.kind()),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Records(kind) => kind.name(),
            Self::SideRecords(kind) => kind.name(),
        }
    }
}

macro_rules! define_places {
    (
        records { $($(#[$doc:meta])* $kind:ident = $code:literal => $record:ty,)* }
        side_records { $($(#[$side_doc:meta])* $side:ident = $side_code:literal => $state:ty,)* }
    ) => {
        /// The hashes of records and side records in the order of the KEYS of the commit script, after head, log, rows
        /// and events.
        const GUARDED_HASHES: &[TenantHash] = &[
            $(TenantHash::Records(RecordKind::$kind),)*
            $(TenantHash::SideRecords(SideKind::$side),)*
        ];

        /// The index of each kind in [`GUARDED_HASHES`].
        enum GuardedIndex {
            $($kind,)*
            $($side,)*
        }

        /// The place of the hash of a kind of records in the KEYS of the commit script, from 1.
        pub(super) const fn place_of_records(kind: RecordKind) -> i64 {
            match kind {
                $(RecordKind::$kind => FIRST_GUARDED + GuardedIndex::$kind as i64,)*
            }
        }

        /// The place of the hash of a kind of side records in the KEYS of the commit script, from 1.
        pub(super) const fn place_of_side_records(kind: SideKind) -> i64 {
            match kind {
                $(SideKind::$side => FIRST_GUARDED + GuardedIndex::$side as i64,)*
            }
        }
    };
}
stored_kinds!(define_places);

/// The KEYS of the commit script: head, log, rows, events, then a hash for each kind of record and side record.
pub(super) fn of_script(shard: Shard, tenant: TenantId) -> Vec<String> {
    let rows = hash(shard, tenant, TenantHash::Rows);
    let mut keys = vec![head(shard), log(shard), rows, events(shard, tenant)];
    keys.extend(GUARDED_HASHES.iter().map(|of| hash(shard, tenant, *of)));
    keys
}

/// The key of a head before and after the number of its shard.
pub(super) const HEAD_PARTS: [&str; 2] = ["rw:{s", "}:head"];

/// The key of a shard's head.
pub(super) fn head(shard: Shard) -> String {
    let [before, after] = HEAD_PARTS;
    format!("{before}{shard}{after}")
}

/// The key of a shard's change log.
pub(super) fn log(shard: Shard) -> String {
    format!("rw:{{s{shard}}}:log")
}

/// The keys of a shard's head and change log in a store of format 1, which no release of format 2 writes. The other keys
/// of a shard are the same in both formats.
pub(super) fn of_format_1(shard: Shard) -> [String; 2] {
    ["head", "log"].map(|name| format!("rw:{{s{shard}}}:default:{name}"))
}

/// The key of a hash of a tenant in a shard.
pub(super) fn hash(shard: Shard, tenant: TenantId, hash: TenantHash) -> String {
    format!("rw:{{s{shard}}}:{tenant}:{}", hash.name())
}

/// The key of the audit events of a tenant in a shard.
pub(super) fn events(shard: Shard, tenant: TenantId) -> String {
    format!("rw:{{s{shard}}}:{tenant}:audit")
}

/// The key of the store's identity. It is the same in every format of the store, so that a store of another format is
/// found and refused; hence the tenant's name in it.
pub(super) fn meta() -> String {
    "rw:{meta}:default:meta".to_owned()
}

/// The channel of notifications: one for all shards, so that a follower needs one subscription, and one for each store,
/// since channels are shared by all databases of a server.
///
/// It is no key: a cluster passes a `PUBLISH` on to all of its nodes. Sharded channels (`SPUBLISH`) would spare the
/// nodes that, but exist in a cluster only, and need a subscription at every node.
pub(super) fn notifications(store_name: &str) -> String {
    format!("rw:notifications:{store_name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the kinds are frozen beside their list, in `codec`.
    #[test]
    fn names_are_frozen() {
        let keys = of_script(Shard::new(7), TenantId::DEFAULT);
        assert_eq!(keys[..3], ["rw:{s7}:head", "rw:{s7}:log", "rw:{s7}:default:rows"]);
        assert_eq!(keys[3], "rw:{s7}:default:audit");
        assert_eq!(keys.len(), 4 + RecordKind::ALL.len() + SideKind::ALL.len());
        let case = TenantHash::Records(RecordKind::Case);
        assert_eq!(hash(Shard::new(7), TenantId::DEFAULT, case), "rw:{s7}:default:case");
        let reporter = TenantHash::SideRecords(SideKind::Reporter);
        assert_eq!(
            hash(Shard::new(255), TenantId::DEFAULT, reporter),
            "rw:{s255}:default:reporter"
        );
        assert_eq!(meta(), "rw:{meta}:default:meta");
        let old = of_format_1(Shard::new(7));
        assert_eq!(old, ["rw:{s7}:default:head", "rw:{s7}:default:log"]);
        assert_eq!(notifications("ab"), "rw:notifications:ab");
    }

    #[test]
    fn places_are_those_of_the_keys() {
        let keys = of_script(Shard::new(7), TenantId::DEFAULT);
        let records = RecordKind::ALL
            .iter()
            .map(|kind| (place_of_records(*kind), TenantHash::Records(*kind)));
        let side_records = SideKind::ALL
            .iter()
            .map(|kind| (place_of_side_records(*kind), TenantHash::SideRecords(*kind)));
        for (place, of) in records.chain(side_records) {
            let key = &keys[usize::try_from(place).unwrap() - 1];
            assert_eq!(key, &hash(Shard::new(7), TenantId::DEFAULT, of));
        }
    }
}
