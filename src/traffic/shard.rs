//! The callers under one lock.

use super::TrafficLimits;
use super::cache::SetCache;
use super::counted_calls::CountedCalls;
use super::emergency::EmergencyCallers;
use super::heavy::HeavyCaller;
use super::light::{CallerEvent, LightCaller};
use crate::domain::time::Timestamp;
use crate::domain::traffic::{CallerTraffic, Thresholds};

/// Some of the callers, each either light or heavy.
///
/// The two kinds are separate, so that a caller that shows a new number on every call displaces only callers with few
/// calls.
#[derive(Debug)]
pub(super) struct CallerShard {
    light: SetCache<LightCaller>,
    heavy: SetCache<Box<HeavyCaller>>,
    pub(super) emergencies: EmergencyCallers,
    counted: CountedCalls,
}

impl CallerShard {
    /// One of `parts` parts.
    pub(super) fn new(limits: &TrafficLimits, thresholds: &Thresholds, parts: usize) -> Self {
        Self {
            light: SetCache::new(limits.callers / parts),
            heavy: SetCache::new(limits.heavy_callers / parts),
            emergencies: EmergencyCallers::new(limits.emergency_calls_per_second, thresholds.emergency_callback, parts),
            counted: CountedCalls::new(limits.recent_calls / parts),
        }
    }

    /// Returns whether a call was counted recently, and remembers it. Calls without name are never repeated.
    pub(super) fn is_repeated(&mut self, call: Option<u64>, now: Timestamp) -> bool {
        call.is_some_and(|call| self.counted.is_repeated(call, now))
    }

    /// The traffic of a caller at a time.
    pub(super) fn traffic(&self, caller: u64, now: Timestamp) -> CallerTraffic {
        // On copies: only the copies move to `now`.
        if let Some(heavy) = self.heavy.peek(caller) {
            let mut heavy = HeavyCaller::clone(heavy);
            heavy.advance(now);
            heavy.traffic()
        } else if let Some(light) = self.light.peek(caller) {
            let mut light = light.clone();
            light.advance(now);
            light.traffic()
        } else {
            CallerTraffic::default()
        }
    }

    /// Adds an event and returns the traffic of the caller. `event` gets the numbers that the caller called last.
    pub(super) fn add(
        &mut self,
        caller: u64,
        event: impl FnOnce(&[u32]) -> CallerEvent,
        now: Timestamp,
        thresholds: &Thresholds,
    ) -> CallerTraffic {
        if let Some(heavy) = self.heavy.find(caller) {
            heavy.advance(now);
            let event = event(heavy.latest());
            heavy.add(&event);
            return heavy.judge(thresholds);
        }
        let (light, is_new) = self.light.obtain(caller);
        if is_new {
            light.begin(now);
        }
        light.advance(now);
        let event = event(&light.latest());
        let is_light = light.add(event);
        let traffic = light.traffic();
        if is_light && !traffic.signs(thresholds).burst {
            return traffic;
        }
        let (heavy, _) = self.heavy.obtain(caller);
        heavy.take_over(light);
        if !is_light {
            heavy.add(&event);
        }
        self.light.remove(caller);
        heavy.judge(thresholds)
    }

    /// Counts a call to a number of this part.
    pub(super) fn called_by(&mut self, called: u64, caller: u64, now: Timestamp) {
        if let Some(heavy) = self.heavy.find(called) {
            heavy.advance(now);
            heavy.called_by(caller);
        }
    }

    /// Forgets the calls of a caller. A call for help stays until its window ends: the emergency centre must be able to call
    /// back.
    pub(super) fn forget(&mut self, caller: u64) {
        self.light.remove(caller);
        self.heavy.remove(caller);
    }

    /// The count of callers.
    pub(super) fn len(&self) -> usize {
        self.light.len() + self.heavy.len()
    }
}

impl HeavyCaller {
    /// The traffic of the caller. Remembers a burst.
    fn judge(&mut self, thresholds: &Thresholds) -> CallerTraffic {
        let traffic = self.traffic();
        if traffic.signs(thresholds).burst {
            self.remember_burst();
        }
        traffic
    }
}
