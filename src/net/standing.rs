//! Whether lookups queue up faster than they are answered.
//!
//! A queue that goes away by itself is no harm. One that stands makes every lookup late: the first in it are answered just
//! after their clients have left. So while it stands, a lookup that has waited for a good part of its time is refused at once,
//! and those behind it are answered in time. This is the rule of CoDel (RFC 8289): a queue stands if for some time nothing in it
//! had waited for only a short time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::clock::monotonic;

/// How long a queue must last before it stands. Also the pause after which a queue is another one.
const STANDS_AFTER: Duration = Duration::from_millis(100);
/// The part of its client's time that a lookup may wait and still show that there is no queue, as a divisor.
const FRESH_PART: u32 = 12;
/// The part of its client's time that a lookup may wait while the queue stands, as a divisor.
const WAIT_PART: u32 = 4;

/// The queue of the lookups of one address of the server.
#[derive(Debug)]
pub(crate) struct StandingQueue {
    opened: Instant,
    /// Milliseconds from `opened` to the begin of the queue; 0 if there is none.
    since_ms: AtomicU64,
    /// The same to the last lookup.
    last_ms: AtomicU64,
}

impl Default for StandingQueue {
    fn default() -> Self {
        Self::new(monotonic())
    }
}

impl StandingQueue {
    fn new(opened: Instant) -> Self {
        Self {
            opened,
            since_ms: AtomicU64::new(0),
            last_ms: AtomicU64::new(0),
        }
    }

    /// Whether a lookup is to be refused that has waited from `arrived` until `now`, and whose client waits for `timeout`.
    pub(super) fn refuses(&self, arrived: Instant, timeout: Duration, now: Instant) -> bool {
        let waited = now.saturating_duration_since(arrived);
        let now_ms = millis(now.saturating_duration_since(self.opened)).max(1);
        let last_ms = self.last_ms.swap(now_ms, Ordering::Relaxed);
        if waited <= timeout / FRESH_PART {
            self.since_ms.store(0, Ordering::Relaxed);
            return waited >= timeout;
        }
        let since_ms = self.since_ms.load(Ordering::Relaxed);
        let is_other = now_ms.saturating_sub(last_ms) > millis(STANDS_AFTER);
        if since_ms == 0 || is_other {
            self.since_ms.store(now_ms, Ordering::Relaxed);
            return waited >= timeout;
        }
        let stands = now_ms.saturating_sub(since_ms) >= millis(STANDS_AFTER);
        waited >= timeout || (stands && waited > timeout / WAIT_PART)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(60);

    /// A queue, and whether it refuses a lookup that is taken up at `now` and has waited for so long, in milliseconds.
    fn queue() -> impl Fn(u64, u64) -> bool {
        let start = monotonic();
        let queue = StandingQueue::new(start);
        move |now, waited| {
            let now = start + Duration::from_millis(now);
            let waited = Duration::from_millis(waited);
            queue.refuses(now.checked_sub(waited).unwrap(), TIMEOUT, now)
        }
    }

    #[test]
    fn nobody_waits_for_what_is_older_than_its_timeout() {
        let refuses = queue();
        assert!(refuses(1_000, 60));
        assert!(!refuses(1_001, 59));
    }

    #[test]
    fn a_short_queue_is_worked_off() {
        let refuses = queue();
        for now in 1_000..1_099 {
            assert!(!refuses(now, 50), "{now}");
        }
        assert!(!refuses(1_099, 5), "one that did not wait");
        for now in 1_100..1_199 {
            assert!(!refuses(now, 50), "{now}");
        }
    }

    #[test]
    fn while_a_queue_stands_only_the_newest_are_answered() {
        let refuses = queue();
        for now in 1_000..1_100 {
            refuses(now, 50);
        }
        assert!(refuses(1_100, 50) && refuses(1_101, 16));
        assert!(!refuses(1_102, 15));
        assert!(refuses(1_103, 16), "it still stands");
        assert!(!refuses(1_104, 5));
        assert!(!refuses(1_105, 16), "it is gone");
    }

    #[test]
    fn lookups_that_are_late_now_and_then_are_no_queue() {
        let refuses = queue();
        for call in 1..100 {
            assert!(!refuses(1_000 * call, 50), "{call}");
        }
    }

    #[test]
    fn a_client_that_does_not_wait_at_all_is_refused() {
        let start = monotonic();
        assert!(StandingQueue::new(start).refuses(start, Duration::ZERO, start));
    }
}
