//! Locks that order this process's own writes. Between processes, versions decide.

use tokio::sync::{Mutex, MutexGuard};

use crate::store::{RecordKey, Shard};

/// Locks for single changes.
const TURNS: usize = 1_024;
/// The number of parts of the shards; batches lock one part after the other.
const LANES: usize = 4;

/// Locks by hash of the record, for single changes only: batches rely on versions.
#[derive(Debug)]
pub(super) struct Turns(Box<[Mutex<()>]>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..TURNS).map(|_| Mutex::new(())).collect())
    }
}

impl Turns {
    /// The lock of a record.
    pub(super) async fn take(&self, key: &RecordKey) -> Option<MutexGuard<'_, ()>> {
        self.take_named(key.id()).await
    }

    /// The lock of everything that shares this name.
    pub(super) async fn take_named(&self, name: impl AsRef<[u8]>) -> Option<MutexGuard<'_, ()>> {
        let place = xxhash_rust::xxh3::xxh3_64(name.as_ref()) % TURNS as u64;
        Some(self.0.get(usize::try_from(place).unwrap_or(0))?.lock().await)
    }
}

/// Locks that order this process's own batches, each for a quarter of the shards. Batches often hold the same numbers,
/// which many people report in the same hour, so two batches at once would mostly conflict. With lanes, one batch is in
/// the second quarter while the next is in the first.
#[derive(Debug)]
pub(super) struct Lanes([Mutex<()>; LANES]);

impl Default for Lanes {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(())))
    }
}

impl Lanes {
    /// The lane of a shard.
    pub(super) fn of(shard: Shard) -> usize {
        shard.index() % LANES
    }

    /// The lock of a lane.
    pub(super) async fn take(&self, lane: usize) -> Option<MutexGuard<'_, ()>> {
        Some(self.0.get(lane)?.lock().await)
    }
}
