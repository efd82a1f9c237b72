//! The only place that reads the time of the machine.
//!
//! All other code gets the time as an argument, so that a test or the demo can choose it. Clippy refuses
//! `SystemTime::now` and `Instant::now` in all other files.

mod pace;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::domain::time::Timestamp;
pub use pace::Pace;

/// A source of the current time in UTC. Clones show the same time.
#[derive(Clone)]
pub struct Clock(ClockSource);

#[derive(Clone)]
enum ClockSource {
    System,
    Fixed(Timestamp),
    /// Milliseconds since the Unix epoch. It is atomic because a test changes it while tasks read it. Relaxed order is
    /// enough, because no other data depends on it.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The clock of this machine. It may jump, forwards or backwards, when the system corrects it.
    #[must_use]
    pub fn system() -> Self {
        Self(ClockSource::System)
    }

    /// A clock that always shows the same time, for the demo with its old data.
    #[must_use]
    pub fn fixed(now: Timestamp) -> Self {
        Self(ClockSource::Fixed(now))
    }

    /// A clock for tests. It moves only by [`Clock::advance`] and [`Clock::set`].
    #[must_use]
    pub fn manual(now: Timestamp) -> Self {
        Self(ClockSource::Manual(Arc::new(AtomicI64::new(now.millis()))))
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            ClockSource::System => system_now(),
            ClockSource::Fixed(now) => *now,
            ClockSource::Manual(millis) => Timestamp::from_millis(millis.load(Ordering::Relaxed)),
        }
    }

    /// Moves a manual clock and all its clones forward. Call it on manual clocks only: for other clocks it does
    /// nothing, and debug builds panic.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }

    /// Sets a manual clock and all its clones. Call it on manual clocks only: for other clocks it does nothing, and
    /// debug builds panic.
    pub fn set(&self, now: Timestamp) {
        debug_assert!(matches!(self.0, ClockSource::Manual(_)), "{self:?} cannot be set");
        if let ClockSource::Manual(millis) = &self.0 {
            millis.store(now.millis(), Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            ClockSource::System => f.write_str("Clock(system)"),
            ClockSource::Fixed(now) => write!(f, "Clock(fixed at {now})"),
            ClockSource::Manual(_) => write!(f, "Clock(manual, at {})", self.now()),
        }
    }
}

/// The current time of the monotonic clock, for measuring durations. It has no relation to the date.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// For how long this thread has computed: its own time of a processor, without the time for which it waited. None where the
/// system does not tell it.
#[must_use]
pub fn thread_computed() -> Option<Duration> {
    #[cfg(target_os = "linux")]
    {
        use rustix::time::{ClockId, clock_gettime};
        Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        None
    }
}

/// The oldest time that [`monotonic_at`] takes for true. An older one says that the machine's time was set.
const RECENT: Duration = Duration::from_secs(30);

/// The time of the monotonic clock when the machine's time was this, a moment ago. None if that was no moment ago: the
/// machine's time was set meanwhile. A time that is yet to come is now, since the machine's time may be slowed down.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn monotonic_at(since_epoch: Duration) -> Option<Instant> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let age = now.saturating_sub(since_epoch);
    (age <= RECENT).then(monotonic)?.checked_sub(age)
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn system_now() -> Timestamp {
    // A clock before 1970 is most likely a machine without a battery. Then the epoch is a good enough answer: evidence
    // does not look older than it is.
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::default().plus(since_epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_secs(43_200);

    #[test]
    fn system_time_is_in_this_century() {
        let now = Clock::system().now();
        assert!(now > Timestamp::from_secs(1_700_000_000), "{now}");
        assert!(now < Timestamp::from_secs(4_102_444_800), "{now}");
    }

    #[test]
    fn a_fixed_clock_stands_still() {
        assert_eq!(Clock::fixed(NOON).now(), NOON);
    }

    #[test]
    fn clones_of_a_manual_clock_move_together() {
        let clock = Clock::manual(NOON);
        let copy = clock.clone();
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(copy.now().millis(), NOON.millis() + 1_500);
        copy.set(Timestamp::EARLIEST);
        assert_eq!(clock.now(), Timestamp::EARLIEST);
    }

    #[test]
    #[should_panic(expected = "cannot be set")]
    fn only_a_manual_clock_can_be_set() {
        Clock::fixed(NOON).advance(Duration::ZERO);
    }

    #[test]
    fn a_moment_ago_has_a_place_on_the_monotonic_clock() {
        let ago = |millis| Duration::from_millis(u64::try_from(system_now().millis() - millis).unwrap());
        let at = monotonic_at(ago(5_000)).unwrap();
        let age = monotonic() - at;
        assert!(age > Duration::from_secs(4) && age < Duration::from_secs(25), "{age:?}");
        assert!(monotonic_at(ago(-5_000)).unwrap() <= monotonic(), "not in the future");
        assert_eq!(monotonic_at(ago(60_000)), None);
    }

    #[test]
    fn the_monotonic_clock_does_not_go_back() {
        let earlier = monotonic();
        assert!(monotonic() >= earlier);
    }
}
