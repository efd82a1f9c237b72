//! The names of what the store keeps in Redis. The layout is frozen: stores outlive releases.
//!
//! All keys of a shard carry one hash tag, `{sN}`, so that they share one slot of a Redis Cluster and one script may
//! write them all. The identity has a tag of its own, and no script touches it and a shard.

use crate::shard::Shard;
use crate::store::key::{NoteKind, TENANT};
use crate::store::{Kind, Table};

/// Field of a head: the store's id, in hex.
pub(super) const HEAD_STORE: &str = "store";
/// Field of a head: the last sequence, decimal.
pub(super) const HEAD_SEQ: &str = "seq";
/// Field of a head: the nonce of the last entry, decimal.
pub(super) const HEAD_NONCE: &str = "nonce";

/// What is kept for each shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// A hash: the store's id and where the log ends.
    Head,
    /// A stream: the change log. Its ids are `<sequence>-0`.
    Log,
    /// A hash from id to version (eight bytes, big-endian) and state.
    Number,
    /// A hash as above.
    Case,
    /// A hash from id to bytes.
    Rows,
    /// A hash from id to version and state, as of numbers and cases: notes on reporters.
    Reporter,
    /// A hash as above: notes on tenants.
    Tenant,
    /// A hash as of numbers and cases. Last, since it came later.
    List,
}

impl Part {
    /// All of them, in the order of the KEYS of the commit script.
    pub(super) const ALL: [Self; 8] = [
        Self::Head,
        Self::Log,
        Self::Number,
        Self::Case,
        Self::Rows,
        Self::Reporter,
        Self::Tenant,
        Self::List,
    ];

    /// Where the records of a kind are.
    pub(super) const fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Number => Self::Number,
            Kind::Case => Self::Case,
            Kind::List => Self::List,
        }
    }

    /// Where the notes of a kind are.
    pub(super) const fn of_note(kind: NoteKind) -> Self {
        match kind {
            NoteKind::Reporter => Self::Reporter,
            NoteKind::Tenant => Self::Tenant,
        }
    }

    /// Where a table is.
    pub(super) const fn of_table(table: Table) -> Self {
        match table {
            Table::Numbers => Self::Number,
            Table::Cases => Self::Case,
            Table::Lists => Self::List,
            Table::Rows => Self::Rows,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Log => "log",
            Self::Number => "number",
            Self::Case => "case",
            Self::Rows => "rows",
            Self::Reporter => "reporter",
            Self::Tenant => "tenant",
            Self::List => "list",
        }
    }
}

/// The key of a part of a shard.
pub(super) fn of_shard(shard: Shard, part: Part) -> String {
    format!("rw:{{s{shard}}}:{TENANT}:{}", part.name())
}

/// The key of the store's identity.
pub(super) fn meta() -> String {
    format!("rw:{{meta}}:{TENANT}:meta")
}

/// The channel on which commits ring: one for all shards, so that a follower needs one subscription, and one for each
/// store, since channels are shared by all databases of a server.
///
/// It is no key: a cluster passes a `PUBLISH` on to all of its nodes. Sharded channels (`SPUBLISH`) would spare the
/// nodes that, but exist in a cluster only, and need a subscription at every node.
pub(super) fn rings(store_name: &str) -> String {
    format!("rw:{TENANT}:rings:{store_name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_frozen() {
        let shard = Shard::new(7);
        let names = Part::ALL.map(|part| of_shard(shard, part));
        assert_eq!(
            names,
            [
                "rw:{s7}:default:head",
                "rw:{s7}:default:log",
                "rw:{s7}:default:number",
                "rw:{s7}:default:case",
                "rw:{s7}:default:rows",
                "rw:{s7}:default:reporter",
                "rw:{s7}:default:tenant",
                "rw:{s7}:default:list",
            ]
        );
        assert_eq!(meta(), "rw:{meta}:default:meta");
        assert_eq!(rings("ab"), "rw:default:rings:ab");
    }
}
