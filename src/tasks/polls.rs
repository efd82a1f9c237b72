//! How long the tasks of lookups run without a pause. A worker that runs one of them answers no other call meanwhile.
//!
//! The edges measure each poll of a connection, of a request and of the parts of an answer. Only the longest is kept, for
//! tests and for measurements: this costs two readings of the clock.
//!
//! On a machine that is busy, the system may let another thread run in the middle of a poll. So the longest computing time is
//! kept as well: it tells a poll that does too much from a worker that had to wait for its processor.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::clock::{monotonic, thread_computed};

/// The longest polls of this process.
static OF_PROCESS: Polls = Polls::new();

/// How old a reading of a thread's computing time may be when a poll begins. Such a reading is a call of the system and costs
/// more than half a microsecond, so a thread does it once in this time, not for each poll.
const READING_LASTS: Duration = Duration::from_millis(1);

thread_local! {
    /// When this thread last read its computing time, and what it was.
    static READING: Cell<Option<(Instant, Duration)>> = const { Cell::new(None) };
}

/// The longest polls since some time.
#[derive(Clone, Copy, Debug)]
pub struct Longest {
    /// From the beginning of a poll to its end.
    pub took: Duration,
    /// The time for which the worker computed in one poll, at most: up to a millisecond of it may be of polls before. Where the
    /// system does not tell this (other than Linux), the same as `took`.
    pub computed: Duration,
}

/// Runs a poll, and remembers how long it took if it is the longest so far.
pub(crate) fn measured<T>(poll: impl FnOnce() -> T) -> T {
    OF_PROCESS.measured(poll)
}

/// The longest polls of this process since this was last called.
pub fn take_longest() -> Longest {
    OF_PROCESS.take_longest()
}

/// The longest polls, in nanoseconds.
struct Polls {
    took: AtomicU64,
    computed: AtomicU64,
}

impl Polls {
    const fn new() -> Self {
        Self {
            took: AtomicU64::new(0),
            computed: AtomicU64::new(0),
        }
    }

    fn measured<T>(&self, poll: impl FnOnce() -> T) -> T {
        let began = monotonic();
        let computed = computed_before(began);
        let polled = poll();
        let took = began.elapsed();
        raise(&self.took, || took, took);
        let in_poll = || {
            let in_poll = thread_computed()
                .zip(computed)
                .map(|(now, before)| now.saturating_sub(before));
            in_poll.map_or(took, |in_poll| in_poll.min(took))
        };
        // No poll computes longer than it takes.
        raise(&self.computed, in_poll, took);
        polled
    }

    fn take_longest(&self) -> Longest {
        let take = |longest: &AtomicU64| Duration::from_nanos(longest.swap(0, Ordering::Relaxed));
        Longest {
            took: take(&self.took),
            computed: take(&self.computed),
        }
    }
}

/// Raises the longest time to this one, which is `most` at most. Most polls are not the longest, so most do not write.
fn raise(longest: &AtomicU64, time: impl FnOnce() -> Duration, most: Duration) {
    if nanos(most) > longest.load(Ordering::Relaxed) {
        longest.fetch_max(nanos(time()), Ordering::Relaxed);
    }
}

/// For how long this thread had computed when a poll began, or up to a millisecond before.
fn computed_before(began: Instant) -> Option<Duration> {
    READING.with(|reading| match reading.get() {
        Some((at, computed)) if began.saturating_duration_since(at) < READING_LASTS => Some(computed),
        _ => {
            let computed = thread_computed()?;
            reading.set(Some((began, computed)));
            Some(computed)
        }
    })
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// Computes until the thread has done so for this long.
    fn compute(time: Duration) {
        let end = thread_computed().unwrap() + time;
        while thread_computed().unwrap() < end {}
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn waiting_is_told_from_computing() {
        let polls = Polls::new();
        let (waits, computes) = (Duration::from_millis(200), Duration::from_millis(30));
        polls.measured(|| thread::sleep(waits));
        let longest = polls.take_longest();
        assert!(longest.took >= waits, "{longest:?}");
        assert!(longest.computed < waits / 2, "{longest:?}");
        polls.measured(|| polls.measured(|| compute(computes)));
        polls.measured(|| compute(computes / 2));
        let longest = polls.take_longest();
        assert!(longest.computed >= computes, "{longest:?}");
        assert!(longest.took >= longest.computed, "{longest:?}");
        assert_eq!(polls.take_longest().took, Duration::ZERO);
    }
}
