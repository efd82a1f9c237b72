//! What a snapshot of the index needs of the follower: where it stands in the logs, and how it goes on from there at the
//! next start.

use std::time::Instant;

use super::Follower;
use super::place::Place;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::index::LoadedKind;
use crate::metrics::SkipReason;
use crate::store::{LogHead, Shard, Version};

/// Where a follower stands in the log of a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The last entry that the index surely holds.
    pub cursor: LogHead,
    /// The latest version that the index may hold, also of changes whose entries were not read.
    pub seen: Version,
}

/// A shard as a snapshot has it.
pub struct RestoredShard {
    /// The records of each tenant, one entry for each kind.
    pub tenants: Vec<(TenantId, Vec<LoadedKind>)>,
    /// Where the follower stood when the records were copied.
    pub position: Position,
    /// The records that this release does not know.
    pub left_out: Vec<(Version, SkipReason)>,
}

impl Follower {
    /// Where it stands in the log of a shard. For a snapshot, the cursor is read before the records and `seen` after them.
    #[must_use]
    pub fn position(&self, shard: Shard) -> Position {
        let place = self.place_of(shard).lock();
        Position {
            cursor: place.cursor,
            seen: place.seen(),
        }
    }

    /// Puts a shard of a snapshot into the index.
    pub fn restore(&self, shard: Shard, restored: RestoredShard) {
        for (version, reason) in restored.left_out {
            self.skipped(shard, version, reason);
        }
        let mut place = self.place_of(shard).lock();
        for (tenant, kinds) in restored.tenants {
            if let Some(index) = self.indexes.get_or_make(tenant) {
                index.replace(shard, kinds);
            }
        }
        *place = Place::restored(restored.position.cursor, restored.position.seen);
    }

    /// Records that all shards are restored: the service is ready, and its answers are stale until the store is followed.
    /// `began` is when the snapshot began to be read.
    pub fn restored(&self, data_as_of: Timestamp, began: Instant) {
        self.warn_of_skipped();
        self.keeper.restored(data_as_of);
        self.metrics.bootstrapped(began.elapsed());
        self.metrics.index_ready(true);
        self.measure();
    }
}
