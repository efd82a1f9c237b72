//! The calls that began in a short time, and whether most of them were late.
//!
//! Whether a wait is long depends on how long the client waits. A switch that must answer in 60 ms has no use for an answer
//! after 70 ms, and an analyst does not notice a wait of a tenth of a second. A call that begins too late for a client in
//! a hurry, and early enough for its own, says nothing.

use std::time::{Duration, Instant};

/// How long clients wait: not less than a lookup may take, and if they do not tell, as long as people do not notice much.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(50);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(1);
/// The part of that time after which a call is late that has not begun, as a divisor.
const LATE_PART: u32 = 2;
/// The part of that time that is a good wait, as a divisor. While there is a limit, a call that waits longer is late: if calls
/// were to wait just in time, those that wait longer than the mean were late.
const GOOD_PART: u32 = 5;
/// Calls that must have begun late before the server is late.
const LATE_CALLS: u32 = 8;
/// How long most calls must have been late before there is a limit, and not less than they must wait to be late. After
/// a pause of the process, what has come meanwhile is late and soon done: nothing of it has to be refused.
const LATE_FOR: Duration = Duration::from_millis(100);

/// The calls that began since some time.
#[derive(Debug)]
pub(super) struct Window {
    since: Instant,
    /// How long most calls were late before that.
    late_before: Duration,
    begun: u32,
    soon: u32,
    late: u32,
    /// The good waits of the late calls.
    good_waits: Duration,
    /// The connection of the first call, and that of the first late one.
    first: Option<u64>,
    first_late: Option<u64>,
    /// Whether calls, and late ones, were on another connection than these.
    has_others: bool,
    has_other_late: bool,
}

/// What was seen in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Most calls were late.
    Late {
        begun: u32,
        /// The longest good wait of the late calls, in the mean.
        good_wait: Duration,
        /// How long most calls were late before this window, and how long they have been.
        late_before: Duration,
        late_for: Duration,
    },
    InTime {
        some_late: bool,
    },
}

impl Window {
    pub(super) const fn new(since: Instant) -> Self {
        Self {
            since,
            late_before: Duration::ZERO,
            begun: 0,
            soon: 0,
            late: 0,
            good_waits: Duration::ZERO,
            first: None,
            first_late: None,
            has_others: false,
            has_other_late: false,
        }
    }

    pub(super) fn lasted(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    /// Counts a call of a connection that has waited for so long, and whose client waits for `timeout`.
    pub(super) fn count(&mut self, connection: u64, waited: Duration, timeout: Option<Duration>, is_limited: bool) {
        let part = if is_limited { GOOD_PART } else { LATE_PART };
        let timeout = timeout
            .unwrap_or(LONGEST_TIMEOUT)
            .clamp(SHORTEST_TIMEOUT, LONGEST_TIMEOUT);
        self.begun += 1;
        self.has_others |= *self.first.get_or_insert(connection) != connection;
        if waited > timeout / part {
            self.late += 1;
            self.good_waits += timeout / GOOD_PART;
            self.has_other_late |= *self.first_late.get_or_insert(connection) != connection;
        } else if waited <= SHORTEST_TIMEOUT / part {
            self.soon += 1;
        }
    }

    /// Whether most calls were late. If others had calls too, one connection alone does not decide: it may be what makes its
    /// own calls late.
    fn seen(&self, now: Instant) -> Seen {
        let is_late = self.late > self.soon && self.late >= LATE_CALLS && (self.has_other_late || !self.has_others);
        if !is_late {
            return Seen::InTime {
                some_late: self.late > 0,
            };
        }
        Seen::Late {
            begun: self.begun,
            good_wait: self.good_waits / self.late.max(1),
            late_before: self.late_before,
            late_for: self.late_before + self.lasted(now),
        }
    }

    /// Ends this window, and begins the next one.
    pub(super) fn end(&mut self, now: Instant) -> Seen {
        let seen = self.seen(now);
        *self = Self::new(now);
        if let Seen::Late { late_for, .. } = seen {
            self.late_before = late_for;
        }
        seen
    }
}

impl Seen {
    /// Whether calls were late for so long that more come than are answered.
    pub(super) fn is_overload(self) -> bool {
        match self {
            // One long window is not enough: what came in a single pause may have begun in it.
            Self::Late { late_before, .. } if late_before.is_zero() => false,
            Self::Late {
                good_wait, late_for, ..
            } => late_for >= LATE_FOR.max(good_wait * GOOD_PART / LATE_PART),
            Self::InTime { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::monotonic;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A window with so many calls that have waited for so long, and whose clients wait for so long, in milliseconds.
    fn seen(calls: &[(u32, u64, Option<u64>)], is_limited: bool) -> Seen {
        let mut window = Window::new(monotonic());
        for (count, waited, timeout) in calls {
            for connection in 0..*count {
                window.count(u64::from(connection), ms(*waited), timeout.map(ms), is_limited);
            }
        }
        window.seen(window.since)
    }

    #[test]
    fn what_is_late_depends_on_how_long_the_client_waits() {
        for (timeout, is_limited, good, longest) in [
            (Some(60), false, 12, 30),
            (Some(60), true, 12, 12),
            (Some(1), false, 10, 25),
            (Some(500), false, 100, 250),
            (Some(60_000), false, 200, 500),
            (None, false, 200, 500),
            (None, true, 200, 200),
        ] {
            let late = Seen::Late {
                begun: 10,
                good_wait: ms(good),
                late_before: Duration::ZERO,
                late_for: Duration::ZERO,
            };
            assert_eq!(seen(&[(10, longest + 1, timeout)], is_limited), late, "{timeout:?}");
            let in_time = Seen::InTime { some_late: false };
            assert_eq!(seen(&[(10, longest, timeout)], is_limited), in_time, "{timeout:?}");
        }
    }

    #[test]
    fn clients_that_wait_long_do_not_hide_that_others_are_late() {
        let hurried = (10, 100, Some(60));
        let late = Seen::Late {
            begun: 110,
            good_wait: ms(12),
            late_before: Duration::ZERO,
            late_for: Duration::ZERO,
        };
        assert_eq!(seen(&[(100, 100, None), hurried], false), late);
        let in_time = Seen::InTime { some_late: true };
        assert_eq!(seen(&[(100, 20, None), hurried], false), in_time, "most began soon");
        assert_eq!(seen(&[(7, 100, Some(60))], false), in_time, "there are only a few");
    }

    #[test]
    fn there_is_an_overload_when_calls_are_late_for_long() {
        for (timeout, waited, windows) in [(Some(60), 40, 2), (Some(500), 300, 5), (None, 600, 10)] {
            let begun = monotonic();
            let mut window = Window::new(begun);
            for number in 1..=windows {
                (0..10).for_each(|connection| window.count(connection, ms(waited), timeout.map(ms), false));
                let seen = window.end(begun + ms(50 * number));
                assert_eq!(seen.is_overload(), number == windows, "{timeout:?}, {number}");
            }
            window.end(begun + ms(50 * windows + 50));
            (0..10).for_each(|connection| window.count(connection, ms(waited), timeout.map(ms), false));
            let seen = window.end(begun + ms(50 * windows + 100));
            assert!(!seen.is_overload(), "it begins anew");
        }
    }
}
