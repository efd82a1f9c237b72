//! Keeps the snapshot of a running instance up to date: from time to time, and at its end.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::file::SnapshotDirectory;
use super::read::store_of;
use super::write::{self, Pace, WriteError};
use crate::clock::{Clock, monotonic};
use crate::codec::snapshot::Head;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::follow::Follower;
use crate::metrics::Metrics;
use crate::store::{Meta, STORE_FORMAT};
use crate::tasks::Tasks;

/// The time between two checks whether a snapshot is due.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// The pause after each section of 256 KiB, while lookups are answered.
const PAUSE: Duration = Duration::from_millis(1);

/// When snapshots are written.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotSchedule {
    /// The time from one snapshot to the next.
    pub interval: Duration,
    /// The most time for the snapshot at the end of the process.
    pub at_end: Duration,
}

/// Writes the snapshots of one instance.
pub struct SnapshotKeeper {
    source: Arc<Source>,
    schedule: SnapshotSchedule,
    metrics: Metrics,
    clock: Clock,
}

/// What snapshots are made of, and where they go.
struct Source {
    directory: SnapshotDirectory,
    follower: Arc<Follower>,
    identity: Meta,
}

/// The last snapshot.
struct Written {
    at: Instant,
    data_as_of: Timestamp,
}

impl SnapshotKeeper {
    /// A keeper that has not written anything. `identity` is that of the store that the follower follows.
    #[must_use]
    pub fn new(
        directory: SnapshotDirectory,
        follower: Arc<Follower>,
        identity: Meta,
        schedule: SnapshotSchedule,
        (metrics, clock): (Metrics, Clock),
    ) -> Self {
        metrics.snapshots_every(schedule.interval);
        let source = Source {
            directory,
            follower,
            identity,
        };
        Self {
            source: Arc::new(source),
            schedule,
            metrics,
            clock,
        }
    }

    /// Writes snapshots until shutdown is requested, and then a last one.
    pub async fn run(self, tasks: Tasks) {
        let mut last = None;
        let mut lock = None;
        loop {
            tokio::select! {
                () = sleep(CHECK_EVERY.min(self.schedule.interval)) => {}
                () = tasks.shutdown_requested() => break,
            }
            if self.is_due(last.as_ref()) {
                last = Some(self.write(&mut lock, PAUSE, tasks.shutdown_requested()).await);
            }
        }
        // The changes of this instance since the last sweep are in the index, and in no sweep.
        let may_have_changed = self.source.follower.freshness().store().can_be_followed();
        let before = last.as_ref().filter(|_| !may_have_changed);
        if self.is_worth_it(before) {
            self.write(&mut lock, Duration::ZERO, sleep(self.schedule.at_end)).await;
        }
    }

    /// Whether the next snapshot is due.
    fn is_due(&self, last: Option<&Written>) -> bool {
        let interval_is_over = last.is_none_or(|last| last.at.elapsed() >= self.schedule.interval);
        interval_is_over && self.is_worth_it(last)
    }

    /// Whether a snapshot would be newer than the last one. While the store is away there is nothing to write, and with
    /// evidence of another evidence version nobody could use it.
    fn is_worth_it(&self, last: Option<&Written>) -> bool {
        let freshness = self.source.follower.freshness();
        freshness.is_ready()
            && !freshness.is_from_snapshot()
            && freshness.folds_alike()
            && last.is_none_or(|last| freshness.data_as_of() > last.data_as_of)
    }

    /// Writes a snapshot; gives up when `until` completes. Returns when that was, also if it failed: the next attempt comes
    /// after the interval.
    async fn write(&self, lock: &mut Option<File>, pause: Duration, until: impl Future<Output = ()>) -> Written {
        let began = monotonic();
        let data_as_of = self.source.follower.freshness().data_as_of();
        let stop = Arc::new(AtomicBool::new(false));
        let (source, stopped, held) = (Arc::clone(&self.source), Arc::clone(&stop), lock.take());
        let job = tokio::task::spawn_blocking(move || {
            let pace = Pace { pause, stop: &stopped };
            source.write(held, data_as_of, pace)
        });
        tokio::pin!(job, until);
        let ended = tokio::select! {
            ended = &mut job => ended,
            () = &mut until => {
                stop.store(true, Ordering::Relaxed);
                job.await
            }
        };
        match ended {
            Ok(Ok(snapshot)) => {
                *lock = Some(snapshot.lock);
                self.written(&snapshot.size, data_as_of, began);
            }
            Ok(Err(WriteError::Stopped)) => {
                tracing::warn!("the server ends: there was no time to finish the snapshot, the one before it stays");
            }
            Ok(Err(WriteError::Io(error))) => self.failed(&error.to_string()),
            Err(panicked) => self.failed(&panicked.to_string()),
        }
        Written { at: began, data_as_of }
    }

    fn written(&self, size: &Size, data_as_of: Timestamp, began: Instant) {
        let Size { records, bytes } = *size;
        let now = self.clock.now();
        self.metrics.snapshot_written(bytes, now, data_as_of.until(now));
        tracing::info!(records, bytes, took_ms = began.elapsed().as_millis(), %data_as_of, "the snapshot is written");
    }

    fn failed(&self, cause: &str) {
        self.metrics.snapshot_failed();
        let path = self.source.directory.snapshot();
        tracing::error!(path = %path.display(), cause, "the snapshot cannot be written; the one before it stays");
    }
}

/// A snapshot that was written.
struct WrittenFile {
    lock: File,
    size: Size,
}

struct Size {
    records: u64,
    bytes: u64,
}

impl Source {
    /// Writes a snapshot. Blocks.
    fn write(&self, lock: Option<File>, data_as_of: Timestamp, pace: Pace<'_>) -> Result<WrittenFile, WriteError> {
        let lock = match lock {
            Some(lock) => lock,
            None => {
                let lock = self.directory.lock()?;
                self.set_other_store_aside()?;
                lock
            }
        };
        let head = Head {
            store_format: STORE_FORMAT,
            store_id: self.identity.store_id,
            secret: self.identity.secret,
            evidence_version: self.follower.indexes().model().fold.evidence_version(),
            tenant: TenantId::DEFAULT,
            data_as_of,
        };
        let mut records = 0;
        let bytes = self.directory.replace(|out| {
            records = write::write(out, &head, &self.follower, pace)?;
            Ok::<(), WriteError>(())
        })?;
        let size = Size { records, bytes };
        Ok(WrittenFile { lock, size })
    }

    /// Keeps the snapshot of another store, which may be the last copy of its data: an emptied Redis becomes a new store.
    fn set_other_store_aside(&self) -> Result<(), WriteError> {
        let other = store_of(&self.directory).filter(|found| *found != self.identity.store_id);
        if let Some(other) = other {
            let aside = self.directory.set_aside(other)?;
            tracing::error!(
                snapshot_of = format!("{other:032x}"), store_id = %self.identity.name(), kept_as = %aside.display(),
                "the snapshot is of another store than the one that answers: was the store emptied? It is kept"
            );
        }
        Ok(())
    }
}
