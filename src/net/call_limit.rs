//! How many calls may wait at a time, when the server is late.
//!
//! As long as calls begin soon after their bytes arrived, there is no limit. When most of those that begin have waited for
//! too long, and this lasts (`window`), more calls come than the server answers. Then there is a limit: first the number of calls
//! that began in the last window, then the number that begins in a good wait (Little's law: calls in a queue = rate × wait).
//! So the calls that are taken up are answered in time. While calls still begin late the limit falls, and while they begin
//! soon it rises, until no call has to be refused and the limit goes away.
//!
//! Of calls that are read together, those that came last are taken up: they have the most time left.
//!
//! A lookup counts until it is answered, and another call until it begins, however long it takes then: a report that waits for
//! the store is in no lookup's way. Each counts for an eighth of a second at most, so nothing can
//! hold a place for ever.

mod window;

use std::cmp::Ordering::{Equal, Greater, Less};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use self::window::{Seen, Window};

/// A call that has waited for so many good waits when it is read is refused while there is a limit: newer ones have a better
/// chance.
const STALE_TIMES: u64 = 2;
/// How often it is decided whether the server is late.
const WINDOW: Duration = Duration::from_millis(50);
/// How long ago its begin may be. If calls begin seldom, a window lasts longer than `WINDOW`.
const WINDOW_MAX: Duration = Duration::from_millis(200);
/// How long a limit lasts that is not decided again, in milliseconds.
const LASTS_MS: u64 = 300;
/// The lowest limit.
const LOWEST: u32 = 4;
/// The limit above which there is none.
const HIGHEST: u32 = 1 << 10;
/// No limit.
const NONE: u32 = u32::MAX;

/// The parts of the time for which a waiting call counts.
const PARTS: u32 = 8;
/// How long one part lasts.
const PART: Duration = Duration::from_millis(16);
/// How long a waiting call counts, and up to one part less.
#[cfg(test)]
const COUNTS_FOR: Duration = PART.saturating_mul(PARTS);

/// The time, by the clock of the runtime, which tests can stop.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The limit of the calls of one address of the server.
#[derive(Debug)]
pub(crate) struct CallLimit {
    /// The block of header fields that answers a refused call.
    refusal: Vec<u8>,
    opened: Instant,
    limit: AtomicU32,
    /// When the limit was decided, in milliseconds from `opened`.
    decided_ms: AtomicU64,
    /// The longest good wait of the calls for which it was decided, in microseconds.
    good_wait_us: AtomicU64,
    /// The waiting calls by the time at which they were taken up. The upper half of a number says in which part of the time
    /// since `opened`, the lower half is the count.
    waiting: [AtomicU64; PARTS as usize],
    /// Calls that were refused in this window.
    refused: AtomicU32,
    window: Mutex<Window>,
}

/// A call that was taken up: the part of the time in which it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken(u32);

impl CallLimit {
    /// No limit as long as the server is not late. A refused call is answered by this block of header fields
    /// ([`answer_block`](super::answer_block)).
    pub(crate) fn new(refusal: Vec<u8>) -> Self {
        Self::opened_at(now(), refusal)
    }

    fn opened_at(opened: Instant, refusal: Vec<u8>) -> Self {
        Self {
            refusal,
            opened,
            limit: AtomicU32::new(NONE),
            waiting: std::array::from_fn(|_| AtomicU64::new(0)),
            refused: AtomicU32::new(0),
            decided_ms: AtomicU64::new(0),
            good_wait_us: AtomicU64::new(0),
            window: Mutex::new(Window::new(opened)),
        }
    }

    /// The block of header fields that answers a refused call.
    pub(super) fn refusal(&self) -> &[u8] {
        &self.refusal
    }

    /// Sets the limit for the next minute, for tests.
    #[cfg(test)]
    pub(crate) fn set(&self, limit: u32) {
        self.limit.store(limit, Ordering::Relaxed);
        self.decided_ms.store(self.millis(now()) + 60_000, Ordering::Relaxed);
        self.good_wait_us.store(12_000, Ordering::Relaxed);
    }

    /// Whether the server is late, so that there is a limit.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        self.current(now) != NONE
    }

    /// The limit. If no calls have come that could change it, it is of no more use.
    fn current(&self, now: Instant) -> u32 {
        let limit = self.limit.load(Ordering::Relaxed);
        if limit != NONE && self.millis(now) > self.decided_ms.load(Ordering::Relaxed).saturating_add(LASTS_MS) {
            return NONE;
        }
        limit
    }

    fn millis(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.opened).as_millis()).unwrap_or(u64::MAX)
    }

    /// Takes a call up whose bytes have arrived at `arrived`, unless there are too many, or it has waited for so long already
    /// that others have better chances. So many `later` ones were read with it, for which there must be places too.
    /// The only call of its connection is always taken up: so a client that asks one question at a time is heard beside those
    /// that ask many.
    pub(super) fn take(
        &self,
        arrived: Instant,
        now: Instant,
        later: usize,
        is_only: impl FnOnce() -> bool,
    ) -> Option<Taken> {
        let limit = self.current(now);
        let has_place = limit == NONE || {
            let stale_after = Duration::from_micros(STALE_TIMES * self.good_wait_us.load(Ordering::Relaxed));
            let later = u32::try_from(later).unwrap_or(u32::MAX);
            let is_stale = now.saturating_duration_since(arrived) > stale_after;
            !is_stale && self.waiting(now).saturating_add(later) < limit
        };
        if !has_place && !is_only() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.count(now))
    }

    /// Whether a call that has not begun still counts.
    pub(super) fn counts(&self, call: Taken, now: Instant) -> bool {
        call.0 >= self.oldest_part(now)
    }

    /// Notes that a call no longer waits.
    pub(super) fn gone(&self, call: Taken) {
        let less = |counted: u64| (part_of(counted) == call.0 && count_of(counted) > 0).then(|| counted - 1);
        // If it no longer counts, there is nothing to do.
        let _counted = self
            .slot(call.0)
            .is_some_and(|slot| slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok());
    }

    /// Notes that a call of this connection begins, how long it has waited, and how long its client waits if it tells.
    pub(super) fn began(&self, connection: u64, waited: Duration, timeout: Option<Duration>, now: Instant) {
        let limit = self.current(now);
        let mut window = self.window.lock();
        let lasted = window.lasted(now);
        if lasted > WINDOW_MAX {
            // What was seen is too old to tell of now.
            *window = Window::new(now);
            self.refused.store(0, Ordering::Relaxed);
        }
        window.count(connection, waited, timeout, limit != NONE);
        if lasted < WINDOW || lasted > WINDOW_MAX {
            return;
        }
        let seen = window.end(now);
        let refused = self.refused.swap(0, Ordering::Relaxed);
        let next = match seen {
            Seen::Late { .. } if limit == NONE && !seen.is_overload() => NONE,
            Seen::Late { begun, good_wait, .. } => {
                let micros = u64::try_from(good_wait.as_micros()).unwrap_or(u64::MAX);
                self.good_wait_us.store(micros, Ordering::Relaxed);
                lower(limit, begun, good_wait, lasted)
            }
            Seen::InTime { some_late } => higher(limit, refused > 0, some_late),
        };
        self.limit.store(next, Ordering::Relaxed);
        self.decided_ms.store(self.millis(now), Ordering::Relaxed);
    }

    /// A place for a call that must be taken up, if there is one. It takes none of those that are kept for the only calls of
    /// their connections.
    pub(super) fn place_of_any(&self, now: Instant) -> Option<Taken> {
        (self.waiting(now) < self.current(now)).then(|| self.count(now))
    }

    fn count(&self, now: Instant) -> Taken {
        let part = self.part(now);
        let more = |counted: u64| {
            let count = match part_of(counted).cmp(&part) {
                Less => 0,
                Equal => count_of(counted),
                // This thread was held back, and the place is that of a later part by now.
                Greater => return None,
            };
            Some(u64::from(part) << 32 | u64::from(count.saturating_add(1)))
        };
        let _counted = self
            .slot(part)
            .is_some_and(|slot| slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok());
        Taken(part)
    }

    /// The calls that count.
    fn waiting(&self, now: Instant) -> u32 {
        let oldest = self.oldest_part(now);
        let counts = self.waiting.iter().map(|slot| slot.load(Ordering::Relaxed));
        let counting = counts.filter(|counted| part_of(*counted) >= oldest);
        counting.map(count_of).fold(0, u32::saturating_add)
    }

    /// The first part of the time whose calls count.
    fn oldest_part(&self, now: Instant) -> u32 {
        self.part(now).saturating_sub(PARTS - 1)
    }

    fn slot(&self, part: u32) -> Option<&AtomicU64> {
        self.waiting.get((part % PARTS) as usize)
    }

    /// The part of the time in which `now` is. It begins anew after two years.
    fn part(&self, now: Instant) -> u32 {
        let parts = now.saturating_duration_since(self.opened).as_millis() / PART.as_millis();
        u32::try_from(parts % u128::from(u32::MAX)).unwrap_or(0)
    }
}

const fn part_of(counted: u64) -> u32 {
    let [a, b, c, d, ..] = counted.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

const fn count_of(counted: u64) -> u32 {
    let [.., a, b, c, d] = counted.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// The limit when calls were late, after a window that `lasted` so long and in which so many calls began.
fn lower(limit: u32, begun: u32, good_wait: Duration, lasted: Duration) -> u32 {
    if limit == NONE {
        // As no call was refused, this may be all that came, and not all that can be answered.
        return begun.clamp(LOWEST, HIGHEST);
    }
    let in_good_wait = u128::from(begun) * good_wait.as_nanos() / lasted.as_nanos().max(1);
    let in_good_wait = u32::try_from(in_good_wait).unwrap_or(HIGHEST);
    (limit - limit / 4).min(in_good_wait).max(LOWEST)
}

/// The limit when calls were not late: slowly towards the right one, and faster if it is far from that.
const fn higher(limit: u32, has_refused: bool, some_late: bool) -> u32 {
    if limit == NONE {
        return NONE;
    }
    let more = match (has_refused, some_late) {
        (false, _) => limit / 2,
        // Nothing was late, so the refusals had no need.
        (true, false) => limit,
        (true, true) => limit / 16,
    };
    let higher = limit.saturating_add(more + 1);
    if higher > HIGHEST { NONE } else { higher }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long the clients of these calls wait, and waits of calls that are good and just not late then.
    const TIMEOUT: Option<Duration> = Some(Duration::from_millis(60));
    const GOOD_WAIT: Duration = Duration::from_millis(12);
    const LATE_WAIT: Duration = Duration::from_millis(30);

    /// A limit, and a time as milliseconds since it began.
    fn limit() -> (CallLimit, impl Fn(u64) -> Instant) {
        let opened = now();
        let limit = CallLimit::opened_at(opened, Vec::new());
        (limit, move |ms| opened + Duration::from_millis(ms))
    }

    /// The limit of a server that is late: it allows so many calls.
    fn late(most: u32) -> (CallLimit, impl Fn(u64) -> Instant) {
        let (limit, at) = limit();
        limit.set(most);
        (limit, at)
    }

    fn take_all(limit: &CallLimit, now: Instant) -> Vec<Taken> {
        std::iter::from_fn(|| limit.take(now, now, 0, || false))
            .take(5_000)
            .collect()
    }

    #[test]
    fn without_late_calls_there_is_no_limit() {
        let (limit, at) = limit();
        for ms in 0..1_000 {
            limit.began(1, LATE_WAIT, TIMEOUT, at(ms));
        }
        assert_eq!(take_all(&limit, at(1_000)).len(), 5_000);
    }

    #[test]
    fn when_most_calls_begin_late_for_long_there_is_a_limit() {
        let (limit, at) = limit();
        let taken = take_all(&limit, at(0));
        for (ms, call) in (0..1_000).zip(taken) {
            limit.began(1, LATE_WAIT * 2, TIMEOUT, at(ms / 10));
            limit.gone(call);
        }
        assert!(!limit.is_late(at(100)), "they have been late for less than two windows");
        limit.began(1, LATE_WAIT * 2, TIMEOUT, at(100));
        assert!(limit.is_late(at(100)));
        assert_eq!(
            take_all(&limit, at(400)).len(),
            500,
            "as many as began in the last window"
        );
        assert_eq!(
            take_all(&limit, at(401)).len(),
            5_000,
            "it was not decided again for long"
        );
    }

    #[test]
    fn while_there_is_a_limit_calls_are_to_wait_less() {
        for (waited, most) in [(GOOD_WAIT, 107), (LATE_WAIT, 75)] {
            let (limit, at) = late(100);
            for call in take_all(&limit, at(0)) {
                limit.gone(call);
            }
            // Some call is refused.
            limit.refused.fetch_add(1, Ordering::Relaxed);
            // One begins late, and so many begin that their rate allows more than the limit does.
            limit.began(1, LATE_WAIT, TIMEOUT, at(0));
            for call in 1..=1_000 {
                limit.began(1, waited, TIMEOUT, at(call / 20));
            }
            assert_eq!(take_all(&limit, at(300)).len(), most, "{waited:?}");
        }
    }

    #[test]
    fn a_few_late_calls_are_no_overload() {
        let (limit, at) = limit();
        for ms in 0..160 {
            limit.began(1, if ms % 2 == 1 { LATE_WAIT * 2 } else { GOOD_WAIT }, TIMEOUT, at(ms));
        }
        assert!(!limit.is_late(at(160)), "half of them began soon");
        for ms in [1_000, 1_010, 1_020, 1_060, 1_070, 1_120, 1_180] {
            limit.began(1, LATE_WAIT * 2, TIMEOUT, at(ms));
        }
        assert!(!limit.is_late(at(1_180)), "there are only a few");
    }

    #[test]
    fn a_call_counts_until_it_begins_or_is_old() {
        let (limit, at) = late(10);
        let taken = take_all(&limit, at(100));
        assert_eq!(taken.len(), 10);
        limit.gone(taken[0]);
        assert_eq!(take_all(&limit, at(101)).len(), 1);
        assert_eq!(take_all(&limit, at(100) + COUNTS_FOR / 2).len(), 0);
        assert_eq!(take_all(&limit, at(100) + COUNTS_FOR).len(), 10);
        // The begin of a call that no longer counts frees no place.
        limit.gone(taken[1]);
        assert_eq!(take_all(&limit, at(101) + COUNTS_FOR).len(), 0);
    }

    #[test]
    fn the_only_call_of_a_connection_is_taken_up() {
        let (limit, at) = late(10);
        let now = at(100);
        take_all(&limit, now);
        assert!(limit.take(now, now, 0, || false).is_none());
        let only = limit.take(at(0), now, 0, || true).unwrap();
        assert!(limit.counts(only, now) && !limit.counts(only, now + COUNTS_FOR));
    }

    #[test]
    fn what_was_not_read_for_long_is_refused_while_the_server_is_late() {
        let (limit, at) = late(10);
        assert!(limit.take(at(100), at(125), 0, || false).is_none());
        assert!(limit.take(at(100), at(124), 0, || false).is_some());
        limit.set(NONE);
        assert!(limit.take(at(100), at(10_000), 0, || false).is_some());
    }

    #[test]
    fn of_calls_that_are_read_together_the_last_ones_are_taken_up() {
        let (limit, at) = late(3);
        let now = at(100);
        limit.count(now);
        let taken = (0..5).map(|later| limit.take(now, now, 4 - later, || false).is_some());
        assert_eq!(taken.collect::<Vec<_>>(), [false, false, false, true, true]);
    }

    #[test]
    fn one_connection_does_not_decide_for_others() {
        for (late, is_late) in [(&[1, 1][..], false), (&[1, 2], true)] {
            let (limit, at) = limit();
            for ms in 0..=100 {
                if ms % 50 == 0 {
                    limit.began(3, LATE_WAIT, TIMEOUT, at(ms));
                }
                limit.began(late[usize::from(ms % 50 > 25)], LATE_WAIT * 2, TIMEOUT, at(ms));
            }
            assert_eq!(limit.is_late(at(100)), is_late, "{late:?}");
        }
    }

    #[test]
    fn what_was_seen_before_a_pause_does_not_count() {
        let (limit, at) = limit();
        for ms in 0..40 {
            limit.began(1, LATE_WAIT * 2, TIMEOUT, at(ms));
        }
        limit.began(1, LATE_WAIT, TIMEOUT, at(5_000));
        for ms in 5_000..=5_060 {
            limit.began(1, LATE_WAIT, TIMEOUT, at(ms));
        }
        assert!(!limit.is_late(at(5_060)));
    }

    #[test]
    fn the_limit_falls_while_calls_are_late_and_rises_while_they_are_not() {
        let lower = |limit| lower(limit, 1_000, GOOD_WAIT, WINDOW);
        assert_eq!((lower(100), lower(LOWEST), lower(NONE)), (75, LOWEST, 1_000));
        assert_eq!(super::lower(NONE, 100, GOOD_WAIT, WINDOW), 100);
        // 100 calls in 50 ms are 24 in 12 ms.
        assert_eq!(super::lower(100, 100, GOOD_WAIT, WINDOW), 24);
        assert_eq!((higher(100, true, true), higher(LOWEST, true, true)), (107, LOWEST + 1));
        assert_eq!((higher(100, true, false), higher(100, false, true)), (201, 151));
        assert_eq!((higher(HIGHEST, true, true), higher(NONE, false, false)), (NONE, NONE));
    }
}
