//! The metrics of snapshots of the index.

use std::time::{Duration, Instant};

use metrics::{Counter, Gauge};
use parking_lot::Mutex;

use super::catalogue;
use super::family::Registry;
use super::{Metrics, count};
use crate::clock::monotonic;
use crate::domain::time::Timestamp;

/// The handles on the metrics of snapshots.
pub(super) struct SnapshotMetrics {
    age: Gauge,
    interval: Gauge,
    bytes: Gauge,
    last_success: Gauge,
    failures: Counter,
    /// From when the data of the last snapshot is. [`Metrics::render`] makes its age of it.
    data_of: Mutex<Option<Instant>>,
}

impl SnapshotMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            age: registry.gauge(catalogue::SNAPSHOT_AGE),
            interval: registry.gauge(catalogue::SNAPSHOT_INTERVAL),
            bytes: registry.gauge(catalogue::SNAPSHOT_BYTES),
            last_success: registry.gauge(catalogue::SNAPSHOT_LAST_SUCCESS),
            failures: registry.counter(catalogue::SNAPSHOT_FAILURES),
            data_of: Mutex::new(None),
        }
    }

    /// Sets the age of the last snapshot as of `now`.
    pub(super) fn measure(&self, now: Instant) {
        let data_of = *self.data_of.lock();
        let age = data_of.map_or(f64::INFINITY, |at| now.saturating_duration_since(at).as_secs_f64());
        self.age.set(age);
    }
}

impl Metrics {
    /// Records that a snapshot is written once in this time.
    pub fn snapshots_every(&self, interval: Duration) {
        self.0.snapshots.interval.set(interval.as_secs_f64());
    }

    /// Records a snapshot of so many bytes that was completed at `now`, with data of this age.
    pub fn snapshot_written(&self, bytes: u64, now: Timestamp, data_age: Duration) {
        let snapshots = &self.0.snapshots;
        snapshots.bytes.set(count(usize::try_from(bytes).unwrap_or(usize::MAX)));
        snapshots
            .last_success
            .set(Timestamp::default().until(now).as_secs_f64());
        let read_at = monotonic();
        *snapshots.data_of.lock() = Some(read_at.checked_sub(data_age).unwrap_or(read_at));
    }

    /// Counts a snapshot that could not be written.
    pub fn snapshot_failed(&self) {
        self.0.snapshots.failures.increment(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_the_data_grows_from_the_snapshot_on() {
        let metrics = Metrics::new();
        let has = |now: Instant, line: &str| metrics.render(now).lines().any(|found| found == line);
        assert!(has(monotonic(), "ringwarden_snapshot_age_seconds inf"));
        metrics.snapshots_every(Duration::from_secs(300));
        metrics.snapshot_written(4_096, Timestamp::from_millis(1_500), Duration::ZERO);
        let data_of = metrics.0.snapshots.data_of.lock().unwrap();
        let later = data_of + Duration::from_millis(2_500);
        for line in [
            "ringwarden_snapshot_age_seconds 2.5",
            "ringwarden_snapshot_interval_seconds 300",
            "ringwarden_snapshot_bytes 4096",
            "ringwarden_snapshot_last_success_timestamp_seconds 1.5",
            "ringwarden_snapshot_failures_total 0",
        ] {
            assert!(has(later, line), "{line}");
        }
    }
}
