//! What the queries themselves tell of callers: kept in memory, bounded, and gone with the process.
//!
//! Of each caller: how many distinct numbers were called in the last minute and hour, whether one after the other, since
//! when, how the calls were signed and how they ended, and how many call a number back that burst. What it is a sign of
//! is said in [`crate::domain::traffic`].
//!
//! **Numbers are not kept.** Callers, called numbers and calls leave fingerprints under a key of this process (`print`):
//! 64 bits of a caller, 32 bits of a called number in the caller's own window, and of a called number nothing else,
//! unless it is itself a caller that burst lately, whose callers are counted in a bitmap of 128 bits.
//!
//! **Errors.** Calls are counted exactly. Distinct numbers are exact up to 128 a minute, and in the hour for callers with
//! at most 8 events in it; beyond that they are estimated, with a standard error of 3 % up to 1,000 a minute, and of 2 %
//! to 500 and 3 % to 5,000 an hour (`sketch`). Counts saturate at 7,100 a minute and 15,600 an hour; of those who call
//! back, at 600, with a standard error of 7 % at 20. Windows slide in sixths (`pace`), so a minute is 50 to 60 seconds
//! long and an hour 50 to 60 minutes.
//!
//! **Memory.** A light caller, with at most 8 events in the hour, takes 136 bytes; a heavy one 4.5 kB. With the default
//! [`Limits`] that is 36 MB when all of it is full, and next to nothing at the start. When something is full, what was
//! used longest ago gives way (`table`): callers with few calls never drive out callers with many. Counting allocates
//! nothing once tables have grown. Whoever gave way is a new caller the next time.
//!
//! **Locks.** Callers are spread over 64 locks by their fingerprint. A call takes its caller's and, after that, that of
//! the number called, never both at once. Counting takes 0.2 µs for a caller in the processor's cache, and about 0.5 µs for
//! one that is not; each lock is held for less.

mod counted;
mod heavy;
mod light;
mod pace;
mod print;
mod recent;
mod shard;
mod sketch;
mod sliding;
mod table;

use std::fmt;

use parking_lot::Mutex;

use crate::domain::call::Signing;
use crate::domain::time::Timestamp;
use crate::domain::traffic::{CallOutcome, Thresholds, Traffic};
use crate::number::E164;
use light::Event;
use print::{Prints, Told};
use shard::Shard;

/// Locks, and the parts of every table.
const SHARDS: usize = 64;

/// The most that is kept of each kind. Each is split over 64 locks, and rounded down to whole parts of one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Callers with few calls; 136 bytes each.
    pub callers: usize,
    /// Callers with many calls; 4.5 kB each.
    pub heavy_callers: usize,
    /// Calls by whose name a repeated query is known. At most so many are remembered for a minute or two, and so many
    /// before those; when more come in a minute, they are remembered for less. About 36 bytes each.
    pub recent_calls: usize,
    /// Callers of emergency services; 24 bytes each.
    pub emergency_callers: usize,
}

/// A call that somebody asks about.
#[derive(Clone, Copy, Debug)]
pub struct CallEvent<'a> {
    /// Who calls.
    pub caller: E164,
    /// Whom, if it is a number and known.
    pub called: Option<E164>,
    /// The call, by the name its switch gave it (SIP Call-ID); if empty, every query is a call.
    pub call_id: &'a str,
    /// How it was signed.
    pub signing: Signing,
    /// Whether it goes to emergency services.
    pub emergency: bool,
}

/// Who calls how much, as seen by this process.
pub struct Observer {
    thresholds: Thresholds,
    prints: Prints,
    shards: Box<[Mutex<Shard>]>,
}

impl Limits {
    /// The defaults: 36 MB in all.
    pub const DEFAULT: Self = Self {
        callers: 100_000,
        heavy_callers: 4_096,
        recent_calls: 131_072,
        emergency_callers: 16_384,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Observer {
    /// Nobody has called yet. The key must be random and the process's own: with it, numbers could be found by trying
    /// them all.
    #[must_use]
    pub fn new(thresholds: Thresholds, limits: Limits, key: [u8; 32]) -> Self {
        Self {
            thresholds,
            prints: Prints::new(&key),
            shards: (0..SHARDS).map(|_| Mutex::new(Shard::new(&limits, SHARDS))).collect(),
        }
    }

    /// From where on counts are signs.
    #[must_use]
    pub const fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// Counts a call, and tells what is known of its caller, this call included. A call of the same caller and name is
    /// counted once in a minute at least, and tells the same again.
    pub fn record(&self, call: &CallEvent<'_>, now: Timestamp) -> Traffic {
        let caller = self.prints.caller(call.caller);
        let dialled = call.called.map(|called| self.prints.dialled(called));
        let name = self.prints.call(Told::Query, caller, call.call_id);
        let (traffic, is_repeated) = {
            let mut shard = self.shard(caller).lock();
            if shard.is_repeated(name, now) {
                (shard.traffic(caller, now), true)
            } else {
                if call.emergency {
                    shard.remember_emergency(caller, now);
                }
                let event = |latest: &[u32]| Event::call(latest, dialled.as_ref(), call.signing);
                (shard.add(caller, event, now, &self.thresholds), false)
            }
        };
        if let Some(called) = dialled.map(|dialled| dialled.whole)
            && !is_repeated
            && called != caller
        {
            self.shard(called).lock().called_by(called, caller, now);
        }
        Traffic {
            this_call: Some(call.signing),
            ..traffic
        }
    }

    /// What is known of a caller, without counting a call or leaving any other trace.
    #[must_use]
    pub fn look(&self, caller: E164, now: Timestamp) -> Traffic {
        let caller = self.prints.caller(caller);
        self.shard(caller).lock().traffic(caller, now)
    }

    /// Counts how a call ended, and tells whether it did: an outcome of the same caller and call is counted once in a
    /// minute at least.
    pub fn outcome(&self, outcome: &CallOutcome<'_>, now: Timestamp) -> bool {
        let caller = self.prints.caller(outcome.caller);
        let name = self.prints.call(Told::Outcome, caller, outcome.call_id);
        let ending = outcome.ending(&self.thresholds);
        let mut shard = self.shard(caller).lock();
        let is_new = !shard.is_repeated(name, now);
        if is_new {
            shard.add(caller, |_| Event::end(ending), now, &self.thresholds);
        }
        is_new
    }

    /// Whether a number has called emergency services so lately that whoever calls it may be their centre, calling back.
    #[must_use]
    pub fn in_callback_window(&self, called: E164, now: Timestamp) -> bool {
        let number = self.prints.caller(called);
        let last = self.shard(number).lock().last_emergency(number);
        last.is_some_and(|last| last.until(now) < self.thresholds.emergency_callback)
    }

    /// How many callers something is known of.
    #[must_use]
    pub fn callers(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    fn shard(&self, number: u64) -> &Mutex<Shard> {
        let at = usize::try_from(number % SHARDS as u64).unwrap_or_default();
        #[expect(clippy::indexing_slicing, reason = "there are SHARDS of them")]
        &self.shards[at]
    }
}

/// Without the key.
impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer")
            .field("thresholds", &self.thresholds)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
