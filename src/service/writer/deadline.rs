//! The deadline of a change, and the error after it.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Writer;
use crate::clock::Pace;
use crate::service::ServiceError;
use crate::store::{CommitError, StoreError, Version};

/// The default for the longest that a change may take.
pub(in crate::service) const WRITE_TIMEOUT: Duration = Duration::from_secs(2);
/// A batch gets the time of one more change for each of this many items.
const ITEMS_PER_TIMEOUT: usize = 1_000;

/// The pace of the lines about changes that were given up.
static GIVEN_UP: Pace = Pace::new();

/// The moment by which a change must be answered, on the clock of the timer.
#[derive(Clone, Copy, Debug)]
pub(in crate::service) struct WriteDeadline(Instant);

impl Writer {
    /// The deadline of a change of this many items that begins now: the write timeout, and as much again for every
    /// 1,000 items.
    pub(in crate::service) fn deadline(&self, items: usize) -> WriteDeadline {
        let times = u32::try_from(items / ITEMS_PER_TIMEOUT).unwrap_or(u32::MAX);
        WriteDeadline(Instant::now() + self.write_timeout.saturating_mul(times.saturating_add(1)))
    }
}

impl WriteDeadline {
    pub(super) fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }

    /// Waits for work that writes nothing: reads, and locks. If it takes too long, nothing has happened.
    pub(in crate::service) async fn wait<T>(self, work: impl Future<Output = T>) -> Result<T, ServiceError> {
        timeout_at(self.0, work).await.map_err(|_elapsed| {
            if let Some(left_out) = GIVEN_UP.line() {
                tracing::warn!(
                    left_out,
                    "a change was given up before it was written: the store took too long"
                );
            }
            ServiceError::StoreUnavailable
        })
    }

    /// Waits for `count` commits. The outcome of a commit that takes too long is unknown: it may still be done.
    pub(super) async fn commit(
        self,
        count: usize,
        outcomes: impl Future<Output = Vec<Result<Vec<Version>, CommitError>>>,
    ) -> Vec<Result<Vec<Version>, CommitError>> {
        timeout_at(self.0, outcomes).await.unwrap_or_else(|_elapsed| {
            let unknown = || StoreError::OutcomeUnknown {
                cause: "no answer within the write timeout".to_owned(),
            };
            (0..count).map(|_| Err(unknown().into())).collect()
        })
    }
}
