//! The metrics of the state of the store.

use super::{Metrics, flag};

impl Metrics {
    /// Sets whether the store answers.
    pub fn store_up(&self, up: bool) {
        self.0.store_up.set(flag(up));
    }

    /// Sets whether the store is no longer the one that was opened, has been emptied, or has another format.
    pub fn store_foreign(&self, foreign: bool) {
        self.0.store_foreign.set(flag(foreign));
    }

    /// Sets whether old data is kept, because the clock of this machine is not believed.
    pub fn retention_waits(&self, waits: bool) {
        self.0.retention_waits.set(flag(waits));
    }

    /// Counts changes that the store had acknowledged and has lost.
    pub fn commits_lost(&self, count: usize) {
        self.0.commits_lost.increment(count as u64);
    }

    /// Counts numbers that were in the index and are no longer in the store.
    pub fn numbers_gone(&self, count: usize) {
        self.0.numbers_gone.increment(count as u64);
    }
}
