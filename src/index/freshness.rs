//! How fresh the index is: readiness, staleness, and the state of the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::clock::{Clock, monotonic};
use crate::domain::time::Timestamp;

/// An answer is stale when the last completed sweep is longer ago than this.
pub const STALE_AFTER: Duration = Duration::from_secs(5);

/// The place of the last sweep if the index was restored from a snapshot and no sweep has completed since.
const NOT_SWEPT: u64 = u64::MAX;

/// The state of the store, as the last sweep found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StoreState {
    /// The store answers and is the one that was opened.
    Up = 0,
    /// It does not answer.
    Down = 1,
    /// It is empty, another store, or has another format; an alarm is raised.
    Foreign = 2,
    /// It has become a replica of another server: it takes no writes, and its data may be old.
    Replica = 3,
    /// It is the right one and answers reads, but refuses writes, since its disk or memory is full or replicas are
    /// missing. The index stays fresh.
    ReadOnly = 4,
}

impl StoreState {
    /// Every state; the place of each is its number.
    const ALL: [Self; 5] = [Self::Up, Self::Down, Self::Foreign, Self::Replica, Self::ReadOnly];

    /// Whether others may be writing where this instance does not read: the store is a replica, or not the one that was
    /// opened.
    #[must_use]
    pub const fn is_another(self) -> bool {
        matches!(self, Self::Foreign | Self::Replica)
    }

    /// Whether the store can be followed: what it holds is what was acknowledged last.
    #[must_use]
    pub const fn can_be_followed(self) -> bool {
        matches!(self, Self::Up | Self::ReadOnly)
    }
}

/// How fresh the index is, for everybody who reads it. The follower writes it through [`FreshnessKeeper`] and every lookup
/// reads it, so it holds atomics only. It knows nothing of the store itself: a lookup that holds it cannot reach the
/// store.
#[derive(Debug)]
pub struct Freshness {
    clock: Clock,
    started: Instant,
    /// Set once, when everything has been loaded.
    ready: AtomicBool,
    /// Milliseconds from `started` to the last completed sweep, or [`NOT_SWEPT`].
    swept_after_ms: AtomicU64,
    /// The moment, in milliseconds since the epoch, at which the last completed sweep began.
    data_as_of_ms: AtomicI64,
    store: AtomicU8,
    /// Whether the store was a replica or another one, and no sweep has completed since.
    was_another: AtomicBool,
    /// Whether the stored evidence is folded as this instance folds it.
    same_fold: AtomicBool,
}

/// A moment by both clocks: the wall clock that answers show, and the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// UTC, as answers show it.
    shown: Timestamp,
    /// Milliseconds since the start, on the monotonic clock.
    after_ms: u64,
}

impl Freshness {
    fn new(clock: Clock) -> Self {
        Self {
            clock,
            started: monotonic(),
            ready: AtomicBool::new(false),
            swept_after_ms: AtomicU64::new(0),
            data_as_of_ms: AtomicI64::new(0),
            store: AtomicU8::new(StoreState::Down as u8),
            was_another: AtomicBool::new(false),
            same_fold: AtomicBool::new(true),
        }
    }

    /// Whether everything has been loaded once.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Whether answers may miss recent writes: the last completed sweep is too long ago, or the store is known to be one
    /// whose writes this index does not hold. Then no time is given: the master of a replica takes writes at once.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        if self.was_another.load(Ordering::Acquire) {
            return true;
        }
        let swept_after_ms = self.swept_after_ms.load(Ordering::Acquire);
        let age_ms = self.moment().after_ms.saturating_sub(swept_after_ms);
        swept_after_ms == NOT_SWEPT || u128::from(age_ms) > STALE_AFTER.as_millis()
    }

    /// Whether the index is as a snapshot gave it: the store has not been followed since the start.
    #[must_use]
    pub fn is_from_snapshot(&self) -> bool {
        self.swept_after_ms.load(Ordering::Acquire) == NOT_SWEPT
    }

    /// The time up to which the index holds all writes.
    #[must_use]
    pub fn data_as_of(&self) -> Timestamp {
        Timestamp::from_millis(self.data_as_of_ms.load(Ordering::Acquire))
    }

    /// The state of the store in the last sweep.
    #[must_use]
    pub fn store(&self) -> StoreState {
        let number = usize::from(self.store.load(Ordering::Acquire));
        StoreState::ALL.get(number).copied().unwrap_or(StoreState::Down)
    }

    /// Whether the stored evidence is folded as this instance folds it. If not, its writes would mix two models.
    #[must_use]
    pub fn folds_alike(&self) -> bool {
        self.same_fold.load(Ordering::Acquire)
    }

    /// The time in UTC.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// This moment, by both clocks.
    #[must_use]
    pub fn moment(&self) -> Moment {
        let after_ms = u64::try_from(monotonic().duration_since(self.started).as_millis()).unwrap_or(u64::MAX);
        Moment {
            shown: self.clock.now(),
            after_ms,
        }
    }
}

/// The one writer of a [`Freshness`]: held by the follower alone.
#[derive(Debug)]
pub struct FreshnessKeeper(Arc<Freshness>);

impl FreshnessKeeper {
    /// The state before anything was loaded.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Freshness::new(clock)))
    }

    /// The state, to be read.
    #[must_use]
    pub fn freshness(&self) -> &Arc<Freshness> {
        &self.0
    }

    /// Records whether the stored evidence is folded alike; says whether that is a change.
    pub fn set_folds_alike(&self, alike: bool) -> bool {
        self.0.same_fold.swap(alike, Ordering::AcqRel) != alike
    }

    /// Records a completed sweep that began at this moment.
    pub fn swept(&self, began: Moment) {
        self.0.data_as_of_ms.store(began.shown.millis(), Ordering::Release);
        self.0.swept_after_ms.store(began.after_ms, Ordering::Release);
        self.0.was_another.store(self.0.store().is_another(), Ordering::Release);
    }

    /// Records that everything has been loaded once.
    pub fn loaded(&self) {
        self.0.ready.store(true, Ordering::Release);
    }

    /// Records that everything has been loaded from a snapshot with the data of this time. Answers are stale until a sweep
    /// completes.
    pub fn restored(&self, data_as_of: Timestamp) {
        self.0.data_as_of_ms.store(data_as_of.millis(), Ordering::Release);
        self.0.swept_after_ms.store(NOT_SWEPT, Ordering::Release);
        self.loaded();
    }

    /// Records the state of the store; says whether that is a change.
    pub fn set_store(&self, state: StoreState) -> bool {
        if state.is_another() {
            self.0.was_another.store(true, Ordering::Release);
        }
        self.0.store.swap(state as u8, Ordering::AcqRel) != state as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another master takes writes from the moment at which this one became its replica: nothing is waited for.
    #[test]
    fn an_index_is_stale_as_soon_as_its_store_is_another() {
        let keeper = FreshnessKeeper::new(Clock::fixed(Timestamp::from_secs(1_700_000_000)));
        let freshness = Arc::clone(keeper.freshness());
        keeper.loaded();
        keeper.swept(freshness.moment());
        for state in StoreState::ALL {
            keeper.set_store(state);
            let stale = matches!(state, StoreState::Foreign | StoreState::Replica);
            assert_eq!(freshness.is_stale(), stale, "{state:?}");
            assert_eq!(freshness.store(), state);
            keeper.set_store(StoreState::Down);
            assert_eq!(freshness.is_stale(), stale, "{state:?}: it may be another one still");
            keeper.set_store(StoreState::Up);
            keeper.swept(freshness.moment());
            assert!(!freshness.is_stale(), "{state:?}");
        }
        keeper.restored(freshness.now());
        assert!(freshness.is_stale(), "a snapshot is stale until the store is followed");
    }
}
