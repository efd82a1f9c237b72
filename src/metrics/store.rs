//! The metrics of the state of the store.

use ::metrics::{Counter, Gauge};

use super::family::{Counters, Registry};
use super::{Compared, Metrics, catalogue, flag};

/// The metrics of the store, and of what it and the index have lost.
pub(super) struct StoreMetrics {
    up: Gauge,
    foreign: Gauge,
    commits_lost: Counter,
    numbers_gone: Counter,
    index_comparisons: Counters<Compared>,
    index_differences: Counter,
    retention_waits: Gauge,
}

impl StoreMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            up: registry.gauge(catalogue::STORE_UP),
            foreign: registry.gauge(catalogue::STORE_FOREIGN),
            commits_lost: registry.counter(catalogue::COMMITS_LOST),
            numbers_gone: registry.counter(catalogue::NUMBERS_GONE),
            index_comparisons: registry.counters(catalogue::INDEX_COMPARISONS),
            index_differences: registry.counter(catalogue::INDEX_DIFFERENCES),
            retention_waits: registry.gauge(catalogue::RETENTION_WAITS),
        }
    }
}

impl Metrics {
    /// Sets whether the store answers.
    pub fn store_up(&self, up: bool) {
        self.0.store.up.set(flag(up));
    }

    /// Sets whether the store is no longer the one that was opened, has been emptied, or has another format.
    pub fn store_foreign(&self, foreign: bool) {
        self.0.store.foreign.set(flag(foreign));
    }

    /// Sets whether old data is kept, because the clock of this machine is not believed.
    pub fn retention_waits(&self, waits: bool) {
        self.0.store.retention_waits.set(flag(waits));
    }

    /// Counts changes that the store had acknowledged and has lost.
    pub fn commits_lost(&self, count: usize) {
        self.0.store.commits_lost.increment(count as u64);
    }

    /// Counts numbers that were in the index and are no longer in the store.
    pub fn numbers_gone(&self, count: usize) {
        self.0.store.numbers_gone.increment(count as u64);
    }

    /// Counts a comparison of a shard of the index with the store.
    pub fn compared(&self, result: Compared) {
        self.0.store.index_comparisons.increment(result, 1);
    }

    /// Counts records of the index that differ from those of the store, as a comparison has found.
    pub fn index_differs(&self, records: u64) {
        self.0.store.index_differences.increment(records);
    }
}
