//! Reads all that a store holds, and says what of it cannot be right: values that cannot be read, and records, rows, counts,
//! heads and logs that do not agree. It writes nothing.
//!
//! A shard can be compared with its log, its counts and its rows only while nobody writes to it: its head is the same after
//! the reading as before it. Otherwise the shard is read again, and at last called busy. Values that cannot be read are
//! damage all the same.

mod log;
mod names;
mod rows;
mod shard;
mod sums;
mod tenants;

use bytes::Bytes;

pub use names::{HashKey, shown_id, table_name};
pub use shard::inspect_shard;
pub use sums::{Found, MAX_NAMED, StoredTable, TablePlace, moment, tables};
pub use tenants::find_tenants;

use crate::codec::checksum::Checksum;
use crate::domain::tenant::TenantId;
use crate::store::{LogHead, ScanTable, Shard};

/// What is wrong with something in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// It cannot be read: it is damaged, or a newer release wrote it.
    Unreadable,
    /// It is not in the shard that its id belongs to.
    WrongShard,
    /// Its version is later than the end of the log.
    BeyondLog,
    /// The log says that its last change was another one, or left it with another content.
    UnlikeLog,
    /// The log has it, and no table does.
    Missing,
    /// The record of the number counts other rows than there are, or a row is not in its bucket.
    UnlikeRows,
    /// There are rows of a number without a record.
    WithoutRecord,
    /// The store counts other records in the shard than it gives.
    UnlikeCount,
    /// The log has a gap, or does not end with its head.
    BrokenLog,
}

impl DamageKind {
    /// Its name, for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "UNREADABLE",
            Self::WrongShard => "WRONG_SHARD",
            Self::BeyondLog => "BEYOND_LOG",
            Self::UnlikeLog => "UNLIKE_LOG",
            Self::Missing => "MISSING",
            Self::UnlikeRows => "UNLIKE_ROWS",
            Self::WithoutRecord => "WITHOUT_RECORD",
            Self::UnlikeCount => "UNLIKE_COUNT",
            Self::BrokenLog => "BROKEN_LOG",
        }
    }
}

/// What is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Something in a table.
    Item(TenantId, ScanTable, Bytes),
    /// A whole table: the store cannot give its items.
    Table(TenantId, ScanTable),
    /// An audit event, by its id.
    Event(TenantId, Bytes),
    /// The audit events of a tenant in the shard: the store cannot give them.
    Events(TenantId),
    /// An entry of the change log.
    Entry(u64),
    /// The shard as a whole.
    Shard,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What is wrong with it.
    pub what: DamageKind,
    /// What it is.
    pub part: Part,
}

/// What is wrong in a shard: how much, and the first of it.
#[derive(Clone, Debug, Default)]
struct Findings {
    count: u64,
    named: Vec<Damage>,
}

impl Findings {
    fn add(&mut self, what: DamageKind, part: Part) {
        self.count += 1;
        if self.named.len() < MAX_NAMED {
            self.named.push(Damage { what, part });
        }
    }

    fn add_all(&mut self, other: Self) {
        self.count += other.count;
        let room = MAX_NAMED.saturating_sub(self.named.len());
        self.named.extend(other.named.into_iter().take(room));
    }
}

/// What a store holds in a shard.
#[derive(Clone, Debug)]
pub struct InspectedShard {
    /// Which shard.
    pub shard: Shard,
    /// Whether it was compared with its log, its counts and its rows: nobody wrote to it meanwhile.
    pub is_compared: bool,
    /// The head of its log.
    pub head: LogHead,
    /// The checksum of the records that can be read.
    pub checksum: Checksum,
    /// The stored rows of reports.
    pub rows: u64,
    /// The side records.
    pub side_records: u64,
    /// The audit events.
    pub events: u64,
    /// The entries of the change log.
    pub entries: u64,
    /// The records and entries that this release does not know. They are in no checksum.
    pub left_out: u64,
    /// How much is damaged.
    pub damage: u64,
    /// The first of it, at most [`MAX_NAMED`].
    pub named: Vec<Damage>,
}

impl InspectedShard {
    fn new(shard: Shard, head: LogHead) -> Self {
        Self {
            shard,
            is_compared: false,
            head,
            checksum: Checksum::default(),
            rows: 0,
            side_records: 0,
            events: 0,
            entries: 0,
            left_out: 0,
            damage: 0,
            named: Vec::new(),
        }
    }
}
