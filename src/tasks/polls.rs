//! How long the tasks of lookups run without a pause. A worker that runs one of them answers no other call meanwhile.
//!
//! The edges measure each poll of a connection, of a request and of the parts of an answer. Only the longest is kept, for
//! tests and for measurements: this costs two readings of the clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::monotonic;

/// The longest poll since the last call of [`take_longest`], in nanoseconds.
static LONGEST: AtomicU64 = AtomicU64::new(0);

/// Runs a poll, and remembers how long it took if it is the longest so far.
pub(crate) fn measured<T>(poll: impl FnOnce() -> T) -> T {
    let began = monotonic();
    let polled = poll();
    let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    // Most polls are not the longest, so most do not write.
    if took > LONGEST.load(Ordering::Relaxed) {
        LONGEST.fetch_max(took, Ordering::Relaxed);
    }
    polled
}

/// The longest poll of this process since this was last called.
pub fn take_longest() -> Duration {
    Duration::from_nanos(LONGEST.swap(0, Ordering::Relaxed))
}
