//! What the server counts of data that it removes: erased numbers, and what is older than its retention.

use metrics::Counter;

use super::family::{Counters, Registry};
use super::label::{Label, label};
use super::{Metrics, catalogue};

label! {
    /// The outcome of an erasure.
    ErasureLabel "outcome" {
        /// The number is erased.
        Erased "erased",
        /// It is erased although it was linked to an open case.
        Overridden "overridden",
        /// It is not erased, since it is linked to an open case.
        Refused "refused",
    }
}

label! {
    /// A kind of data that is dropped when it is too old.
    ExpiredLabel "kind" {
        /// Reports.
        Reports "reports",
        /// Comments of reports that stay.
        Comments "comments",
    }
}

/// The handles on these metrics.
pub(super) struct RemovalMetrics {
    erasures: Counters<ErasureLabel>,
    expired: Counters<ExpiredLabel>,
    audit_events: Counter,
}

impl RemovalMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            erasures: registry.counters(catalogue::ERASURES),
            expired: registry.counters(catalogue::EXPIRED),
            audit_events: registry.counter(catalogue::AUDIT_EVENTS_DROPPED),
        }
    }
}

impl Metrics {
    /// Counts an erasure of a number.
    pub fn erasure(&self, outcome: ErasureLabel) {
        self.0.removals.erasures.increment(outcome, 1);
    }

    /// Counts data that were dropped for their age.
    pub fn expired(&self, kind: ExpiredLabel, count: u64) {
        self.0.removals.expired.increment(kind, count);
    }

    /// Counts audit events that were dropped for their age.
    pub fn audit_events_dropped(&self, events: usize) {
        self.0.removals.audit_events.increment(events as u64);
    }
}
