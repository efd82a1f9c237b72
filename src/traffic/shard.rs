//! The part of the callers that is under one lock.

use super::Limits;
use super::counted::Counted;
use super::heavy::Heavy;
use super::light::{Event, Light};
use super::table::{Entry, Table};
use crate::domain::time::Timestamp;
use crate::domain::traffic::{Thresholds, Traffic};

/// Some of the callers, each of them either light or heavy.
///
/// The two are kept apart, so that whoever shows a new number on every call drives out callers with few calls and
/// nobody else.
#[derive(Debug)]
pub(super) struct Shard {
    light: Table<Light>,
    heavy: Table<Box<Heavy>>,
    emergencies: Table<Emergency>,
    counted: Counted,
}

/// When a caller called emergency services last.
#[derive(Debug, Default)]
struct Emergency(Timestamp);

impl Shard {
    /// One of so many parts.
    pub(super) fn new(limits: &Limits, parts: usize) -> Self {
        Self {
            light: Table::new(limits.callers / parts),
            heavy: Table::new(limits.heavy_callers / parts),
            emergencies: Table::new(limits.emergency_callers / parts),
            counted: Counted::new(limits.recent_calls / parts),
        }
    }

    /// Whether a call was counted lately; from now on it is. Calls without name are never repeated.
    pub(super) fn is_repeated(&mut self, call: Option<u64>, now: Timestamp) -> bool {
        call.is_some_and(|call| self.counted.is_repeated(call, now))
    }

    /// What is known of a caller at a moment.
    pub(super) fn traffic(&self, caller: u64, now: Timestamp) -> Traffic {
        // On copies, which alone go on to that moment.
        if let Some(heavy) = self.heavy.peek(caller) {
            let mut heavy = Heavy::clone(heavy);
            heavy.advance(now);
            heavy.traffic()
        } else if let Some(light) = self.light.peek(caller) {
            let mut light = light.clone();
            light.advance(now);
            light.traffic()
        } else {
            Traffic::default()
        }
    }

    /// Adds an event, which depends on the numbers called last, and tells what is known with it.
    pub(super) fn add(
        &mut self,
        caller: u64,
        event: impl FnOnce(&[u32]) -> Event,
        now: Timestamp,
        thresholds: &Thresholds,
    ) -> Traffic {
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

    /// A number of this part is called by somebody.
    pub(super) fn called_by(&mut self, called: u64, caller: u64, now: Timestamp) {
        if let Some(heavy) = self.heavy.find(called) {
            heavy.advance(now);
            heavy.called_by(caller);
        }
    }

    pub(super) fn remember_emergency(&mut self, caller: u64, now: Timestamp) {
        let (emergency, _) = self.emergencies.obtain(caller);
        emergency.0 = now;
    }

    /// When a number called emergency services last, as far as anybody remembers.
    pub(super) fn last_emergency(&self, number: u64) -> Option<Timestamp> {
        self.emergencies.peek(number).map(|emergency| emergency.0)
    }

    /// How many callers there are.
    pub(super) fn len(&self) -> usize {
        self.light.len() + self.heavy.len()
    }
}

impl Heavy {
    /// What is known, and remembers it if it is a burst.
    fn judge(&mut self, thresholds: &Thresholds) -> Traffic {
        let traffic = self.traffic();
        if traffic.signs(thresholds).burst {
            self.remember_burst();
        }
        traffic
    }
}

impl Entry for Emergency {
    fn clear(&mut self) {
        *self = Self::default();
    }
}
