//! Compares the index with the store, for those who operate servers.

use super::{ServiceError, Services};
use crate::domain::tenant::TenantId;
use crate::follow::{ComparedShard, Difference};
use crate::inspect::{HashKey, shown_id};
use crate::store::{Meta, ScanTable, Shard};

pub use crate::follow::DifferenceKind;

/// The number of shards.
#[expect(clippy::cast_possible_truncation, reason = "there are 256")]
pub const SHARD_COUNT: u32 = crate::store::SHARDS as u32;

/// How the index and the store compare in a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonState {
    /// Both hold the same records.
    Equal,
    /// They do not.
    Different,
    /// Changes came all the time.
    Busy,
    /// The store could not be read.
    Failed,
}

/// One shard.
#[derive(Clone, Debug)]
pub struct ShardComparison {
    /// Which shard.
    pub shard: u32,
    /// The result.
    pub state: ComparisonState,
    /// The two sides; none if they could not be compared.
    pub sides: Option<ComparedSides>,
}

/// What the store and the index hold of a shard.
#[derive(Clone, Debug)]
pub struct ComparedSides {
    /// The last sequence number of its log, and the nonce of its entry.
    pub head: (u64, u64),
    /// The checksum and the counts of the store.
    pub stored: (u128, Vec<(&'static str, u64)>),
    /// Those of the index.
    pub indexed: (u128, Vec<(&'static str, u64)>),
    /// The records that differ.
    pub differing: u64,
    /// The records that this release does not know.
    pub left_out: u64,
    /// The first that differ.
    pub named: Vec<NamedDifference>,
}

/// A record that differs.
#[derive(Clone, Debug)]
pub struct NamedDifference {
    /// Its tenant.
    pub tenant: TenantId,
    /// The name of its kind.
    pub kind: &'static str,
    /// A keyed hash of its id.
    pub id_hash: String,
    /// Its id. It may be a phone number.
    pub id: String,
    /// How it differs.
    pub what: DifferenceKind,
}

impl Services {
    /// The id of the store, for people.
    #[must_use]
    pub fn store_id(&self) -> String {
        self.meta.name()
    }

    /// Compares a shard of the index with the store. Only one is compared at a time.
    ///
    /// # Errors
    /// If there is no such shard.
    pub async fn compare_shard(&self, shard: u32) -> Result<ShardComparison, ServiceError> {
        let index = u8::try_from(shard);
        let of = Shard::new(index.map_err(|_| ServiceError::field("first_shard", "must be 0 to 255"))?);
        let (state, sides) = match self.follower.compare(of).await {
            Ok(Some(compared)) => {
                let state = if compared.is_equal() {
                    ComparisonState::Equal
                } else {
                    ComparisonState::Different
                };
                (state, Some(sides(&self.meta, compared)))
            }
            Ok(None) => (ComparisonState::Busy, None),
            Err(error) => {
                tracing::warn!(shard, %error, "a shard could not be compared with the store");
                (ComparisonState::Failed, None)
            }
        };
        Ok(ShardComparison { shard, state, sides })
    }
}

fn sides(meta: &Meta, compared: ComparedShard) -> ComparedSides {
    let side = |sum: &crate::codec::checksum::Checksum| {
        let counts = sum.counts().filter(|(_, count)| *count > 0);
        (sum.sum(), counts.map(|(kind, count)| (kind.name(), count)).collect())
    };
    let hash_key = HashKey::of(meta);
    let named = compared.named.into_iter();
    ComparedSides {
        head: (compared.head.seq, compared.head.nonce),
        stored: side(&compared.stored),
        indexed: side(&compared.indexed),
        differing: compared.differing,
        left_out: compared.left_out,
        named: named
            .map(|Difference { tenant, kind, id, what }| NamedDifference {
                tenant,
                kind: kind.name(),
                id_hash: hash_key.hash(tenant, ScanTable::Records(kind), &id),
                id: shown_id(ScanTable::Records(kind), &id),
                what,
            })
            .collect(),
    }
}
