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
}
