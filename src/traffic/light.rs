//! A caller with few calls, kept as a list of the calls. Most callers are of this kind.

use super::pace::{Life, Pace};
use super::print::{Dialled, NO_PRINT};
use super::recent::Move;
use super::table::Entry;
use crate::domain::call::Signing;
use crate::domain::time::Timestamp;
use crate::domain::traffic::{Ending, OutcomeCounts, SigningCounts, Traffic, Window};

/// The most events in an hour for a light caller.
const MOST: usize = 8;

/// An event of a caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) what: What,
    pub(super) life: Life,
}

/// The kind of event.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// A call to the number with this fingerprint, [`NO_PRINT`] if the number is unknown.
    Call { called: u32, signing: Signing, by: Move },
    /// The end of a call.
    End(Ending),
}

/// A caller with few calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Light {
    pub(super) first_seen: Timestamp,
    pub(super) pace: Pace,
    /// The first `len` entries are the events of the last hour, oldest first.
    events: [Event; MOST],
    len: u8,
}

impl Event {
    /// A call that happens now, after calls to the numbers `latest`.
    pub(super) fn call(latest: &[u32], dialled: Option<&Dialled>, signing: Signing) -> Self {
        Self::now(What::Call {
            called: dialled.map_or(NO_PRINT, |dialled| dialled.short),
            signing,
            by: Move::after(latest, dialled),
        })
    }

    /// The end of a call, counted now.
    pub(super) const fn end(ending: Ending) -> Self {
        Self::now(What::End(ending))
    }

    const fn now(what: What) -> Self {
        Self { what, life: Life::FULL }
    }
}

impl Default for Event {
    fn default() -> Self {
        Self {
            what: What::End(Ending::default()),
            life: Life::default(),
        }
    }
}

impl Light {
    /// Starts a caller that was not seen before.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.first_seen = now;
        self.pace = Pace::at(now);
    }

    /// Moves to `now`, and drops events that are more than an hour old.
    pub(super) fn advance(&mut self, now: Timestamp) {
        let by = self.pace.advance(now);
        if by.is_nought() {
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

    /// The new numbers that it called. Free places hold [`NO_PRINT`].
    pub(super) fn latest(&self) -> [u32; MOST] {
        let mut latest = [NO_PRINT; MOST];
        for (print, event) in latest.iter_mut().zip(self.events()) {
            if let What::Call { called, by, .. } = event.what
                && by.is_new()
            {
                *print = called;
            }
        }
        latest
    }

    /// Adds an event. Returns false if there is no room: the caller then has to become a heavy one.
    #[must_use]
    pub(super) fn add(&mut self, event: Event) -> bool {
        match self.events.get_mut(usize::from(self.len)) {
            Some(free) => {
                *free = event;
                self.len += 1;
                true
            }
            None => false,
        }
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().take(usize::from(self.len))
    }

    pub(super) fn traffic(&self) -> Traffic {
        let mut outcomes = OutcomeCounts::default();
        let mut sequential = 0;
        for event in self.events() {
            match event.what {
                What::End(ending) => outcomes += OutcomeCounts::one(ending),
                What::Call { by, .. } => sequential += u32::from(by == Move::Step),
            }
        }
        Traffic {
            first_seen: Some(self.first_seen),
            minute: self.window(|life| life.minute),
            hour: self.window(|life| life.hour),
            sequential,
            outcomes,
            ..Traffic::default()
        }
    }

    fn window(&self, life: impl Fn(Life) -> u8) -> Window {
        let mut window = Window::default();
        for (at, event) in self.events().enumerate() {
            if let What::Call { called, signing, .. } = event.what
                && life(event.life) > 0
            {
                window.calls += 1;
                window.signing += SigningCounts::one(signing);
                let is_last = called != NO_PRINT && self.events().skip(at + 1).all(|later| !later.is_to(called));
                window.distinct += u32::from(is_last);
            }
        }
        window
    }
}

impl Event {
    fn is_to(&self, number: u32) -> bool {
        matches!(self.what, What::Call { called, .. } if called == number)
    }
}

impl Entry for Light {
    fn clear(&mut self) {
        *self = Self::default();
    }
}
