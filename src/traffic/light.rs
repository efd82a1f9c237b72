//! A caller with few calls, kept as a list of the calls. Most callers are of this kind.

use super::cache::CacheEntry;
use super::fingerprint::{CalledFingerprints, NO_FINGERPRINT};
use super::latest_called::DialStep;
use super::window_slices::{CurrentSlice, SlicesLeft};
use crate::domain::call::Signing;
use crate::domain::time::Timestamp;
use crate::domain::traffic::{CallerTraffic, Ending, OutcomeCounts, SigningCounts, Window};

/// The most events in an hour for a light caller.
const MOST: usize = 8;

/// An event of a caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallerEvent {
    pub(super) what: CallerEventKind,
    pub(super) life: SlicesLeft,
}

/// The kind of event.
#[derive(Clone, Copy, Debug)]
pub(super) enum CallerEventKind {
    /// A call to the number with this fingerprint, [`NO_FINGERPRINT`] if the number is unknown.
    Call {
        called: u32,
        signing: Signing,
        by: DialStep,
    },
    /// The end of a call.
    End(Ending),
}

/// A caller with few calls.
#[derive(Clone, Debug, Default)]
pub(super) struct LightCaller {
    pub(super) first_seen: Timestamp,
    pub(super) current: CurrentSlice,
    /// The first `len` entries are the events of the last hour, oldest first.
    events: [CallerEvent; MOST],
    len: u8,
}

impl CallerEvent {
    /// A call that happens now, after calls to the numbers `latest`.
    pub(super) fn call(latest: &[u32], dialled: Option<&CalledFingerprints>, signing: Signing) -> Self {
        Self::now(CallerEventKind::Call {
            called: dialled.map_or(NO_FINGERPRINT, |dialled| dialled.short),
            signing,
            by: DialStep::after(latest, dialled),
        })
    }

    /// The end of a call, counted now.
    pub(super) const fn end(ending: Ending) -> Self {
        Self::now(CallerEventKind::End(ending))
    }

    const fn now(what: CallerEventKind) -> Self {
        Self {
            what,
            life: SlicesLeft::FULL,
        }
    }
}

impl Default for CallerEvent {
    fn default() -> Self {
        Self {
            what: CallerEventKind::End(Ending::default()),
            life: SlicesLeft::default(),
        }
    }
}

impl LightCaller {
    /// Starts a caller that was not seen before.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.first_seen = now;
        self.current = CurrentSlice::at(now);
    }

    /// Moves to `now`, and drops events that are more than an hour old.
    pub(super) fn advance(&mut self, now: Timestamp) {
        let by = self.current.advance(now);
        if by.is_zero() {
            return;
        }
        let len = usize::from(self.len);
        let events = self.events.iter_mut().take(len);
        let over = events.fold(0u8, |over, event| {
            event.life.sink(by);
            over + u8::from(event.life.hour == 0)
        });
        // Later events have a longer life, so the events to drop come first.
        self.events.rotate_left(usize::from(over));
        self.len -= over;
    }

    /// The new numbers that it called. Free places hold [`NO_FINGERPRINT`].
    pub(super) fn latest(&self) -> [u32; MOST] {
        let mut latest = [NO_FINGERPRINT; MOST];
        for (fingerprint, event) in latest.iter_mut().zip(self.events()) {
            if let CallerEventKind::Call { called, by, .. } = event.what
                && by.is_new()
            {
                *fingerprint = called;
            }
        }
        latest
    }

    /// Adds an event. Returns false if there is no room: the caller then has to become a heavy one.
    #[must_use]
    pub(super) fn add(&mut self, event: CallerEvent) -> bool {
        match self.events.get_mut(usize::from(self.len)) {
            Some(free) => {
                *free = event;
                self.len += 1;
                true
            }
            None => false,
        }
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &CallerEvent> {
        self.events.iter().take(usize::from(self.len))
    }

    pub(super) fn traffic(&self) -> CallerTraffic {
        let mut outcomes = OutcomeCounts::default();
        let mut sequential = 0;
        for event in self.events() {
            match event.what {
                CallerEventKind::End(ending) => outcomes += OutcomeCounts::one(ending),
                CallerEventKind::Call { by, .. } => sequential += u32::from(by == DialStep::Step),
            }
        }
        CallerTraffic {
            first_seen: Some(self.first_seen),
            minute: self.window(|life| life.minute),
            hour: self.window(|life| life.hour),
            sequential,
            outcomes,
            ..CallerTraffic::default()
        }
    }

    fn window(&self, life: impl Fn(SlicesLeft) -> u8) -> Window {
        let mut window = Window::default();
        for (at, event) in self.events().enumerate() {
            if let CallerEventKind::Call { called, signing, .. } = event.what
                && life(event.life) > 0
            {
                window.calls += 1;
                window.signing += SigningCounts::one(signing);
                let is_last = called != NO_FINGERPRINT && self.events().skip(at + 1).all(|later| !later.is_to(called));
                window.distinct += u32::from(is_last);
            }
        }
        window
    }
}

impl CallerEvent {
    fn is_to(&self, number: u32) -> bool {
        matches!(self.what, CallerEventKind::Call { called, .. } if called == number)
    }
}

impl CacheEntry for LightCaller {
    fn clear(&mut self) {
        *self = Self::default();
    }
}
