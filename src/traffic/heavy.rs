//! A caller with many calls, kept as counts.

use super::cache::CacheEntry;
use super::fingerprint::NO_FINGERPRINT;
use super::latest_called::LatestCalled;
use super::light::{CallerEvent, CallerEventKind, LightCaller};
use super::sketch::{Exact, Sketch};
use super::sliding::Sliding;
use super::window_slices::{CurrentSlice, SlicesLeft};
use crate::domain::bitmap::DistinctCount;
use crate::domain::time::Timestamp;
use crate::domain::traffic::{CallerTraffic, OutcomeCounts, SigningCounts, Window};

/// Up to this many distinct numbers in a minute are counted exactly.
const EXACT_MOST: usize = 128;
/// For more distinct numbers in a minute. The standard error is 3 % at 1,000; counts saturate at 7,100.
const MINUTE_CELLS: usize = 1_024;
/// For distinct numbers in an hour. The standard error is 1.6 % at 500 and 2.6 % at 5,000; counts saturate at 15,600.
const HOUR_CELLS: usize = 2_048;
/// The time for which a burst is remembered, in slices of ten minutes: a little more than an hour.
const BURST_LIFE: u8 = 8;

/// A caller with many calls.
#[derive(Clone, Debug)]
pub(super) struct HeavyCaller {
    first_seen: Timestamp,
    current: CurrentSlice,
    minute_calls: Sliding<SigningCounts>,
    hour_calls: Sliding<SigningCounts>,
    outcomes: Sliding<OutcomeCounts>,
    minute_exact: Exact<EXACT_MOST>,
    minute: Sketch<MINUTE_CELLS>,
    hour: Sketch<HOUR_CELLS>,
    recent: LatestCalled,
    /// The slices of ten minutes for which the last burst is still remembered.
    burst: u8,
    /// The callers of this number since the burst.
    callers: DistinctCount,
}

impl HeavyCaller {
    fn new() -> Self {
        Self {
            first_seen: Timestamp::default(),
            current: CurrentSlice::default(),
            minute_calls: Sliding::default(),
            hour_calls: Sliding::default(),
            outcomes: Sliding::default(),
            minute_exact: Exact::new(),
            minute: Sketch::new(),
            hour: Sketch::new(),
            recent: LatestCalled::new(),
            burst: 0,
            callers: DistinctCount::default(),
        }
    }

    /// Takes over the data of a light caller.
    pub(super) fn take_over(&mut self, light: &LightCaller) {
        self.first_seen = light.first_seen;
        self.current = light.current;
        light.events().for_each(|event| self.add(event));
    }

    /// Moves the windows to `now`.
    pub(super) fn advance(&mut self, now: Timestamp) {
        let by = self.current.advance(now);
        if by.is_zero() {
            return;
        }
        let SlicesLeft { minute, hour } = by;
        self.minute_calls.sink(minute);
        self.minute_exact.sink(minute);
        self.minute.sink(minute);
        if hour > 0 {
            self.hour_calls.sink(hour);
            self.outcomes.sink(hour);
            self.hour.sink(hour);
            self.recent.sink(hour);
            self.burst = self.burst.saturating_sub(hour);
        }
    }

    /// The numbers it called last. Free places hold [`NO_FINGERPRINT`].
    pub(super) const fn latest(&self) -> &[u32] {
        self.recent.fingerprints()
    }

    pub(super) fn add(&mut self, event: &CallerEvent) {
        let SlicesLeft { minute, hour } = event.life;
        match event.what {
            CallerEventKind::Call { called, signing, by } => {
                self.minute_calls.add(SigningCounts::one(signing), minute);
                self.hour_calls.add(SigningCounts::one(signing), hour);
                if called != NO_FINGERPRINT {
                    if minute > 0 {
                        self.minute_exact.count(called, minute);
                        self.minute.count(called, minute);
                    }
                    self.hour.count(called, hour);
                    self.recent.push(called, hour, by);
                }
            }
            CallerEventKind::End(ending) => self.outcomes.add(OutcomeCounts::one(ending), hour),
        }
    }

    /// Remembers a burst.
    pub(super) fn remember_burst(&mut self) {
        if self.burst == 0 {
            self.callers = DistinctCount::default();
        }
        self.burst = BURST_LIFE;
    }

    /// Counts a caller of this number, if there was a burst recently.
    pub(super) fn called_by(&mut self, caller: u64) {
        if self.burst > 0 {
            self.callers.insert(caller);
        }
    }

    pub(super) fn traffic(&self) -> CallerTraffic {
        let minute = self.minute_window();
        CallerTraffic {
            first_seen: Some(self.first_seen),
            this_call: None,
            minute,
            hour: self.hour_window(&minute),
            sequential: self.recent.steps(),
            called_back_by: if self.burst > 0 {
                whole(self.callers.estimate())
            } else {
                0
            },
            outcomes: self.outcomes.total(),
        }
    }

    fn minute_window(&self) -> Window {
        let signing = self.minute_calls.total();
        let calls = signing.total();
        let distinct = match self.minute_exact.distinct() {
            Ok(distinct) => distinct,
            Err(at_least) => self.minute.estimate().max(at_least).min(calls),
        };
        Window {
            calls,
            distinct,
            signing,
        }
    }

    fn hour_window(&self, minute: &Window) -> Window {
        let signing = self.hour_calls.total();
        let calls = signing.total();
        Window {
            calls,
            distinct: self.hour.estimate().max(minute.distinct).min(calls),
            signing,
        }
    }
}

impl Default for HeavyCaller {
    fn default() -> Self {
        Self::new()
    }
}

impl CacheEntry for Box<HeavyCaller> {
    fn clear(&mut self) {
        **self = HeavyCaller::new();
    }
}

fn whole(count: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and 600 at most"
    )]
    let count = count.round() as u32;
    count
}
