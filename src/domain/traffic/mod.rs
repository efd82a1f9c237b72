//! The traffic of a caller, and the signs in it.
//!
//! Lookups at call time are evidence of rate: how many numbers are called, whether one after the other, since when, and
//! how the calls are signed. Only outcomes tell whether anybody answers, and for how long. Traffic does not prove who
//! calls, so it labels a call at most. A number that many strangers call back after its burst was most likely spoofed.

mod counts;
mod thresholds;

pub use counts::{CallOutcome, Ending, OutcomeCounts, SigningCounts};
pub use thresholds::Thresholds;

use super::call::Signing;
use super::time::Timestamp;

/// A caller's traffic at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallerTraffic {
    /// When the caller was first seen, as far back as this is remembered; none if never.
    pub first_seen: Option<Timestamp>,
    /// The signing of the call in question; none if there is no call. The windows count this call, too.
    pub this_call: Option<Signing>,
    /// The last minute.
    pub minute: Window,
    /// The last hour.
    pub hour: Window,
    /// In the latest calls of the hour: how often a number was called for the first time after a number at most four
    /// away from it.
    pub sequential: u32,
    /// About how many distinct callers called the number back since its burst; 0 without a recent burst.
    pub called_back_by: u32,
    /// How calls of the last hour ended.
    pub outcomes: OutcomeCounts,
}

/// The calls of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Calls.
    pub calls: u32,
    /// About how many distinct numbers they went to.
    pub distinct: u32,
    /// How they were signed.
    pub signing: SigningCounts,
}

/// The signs in a caller's traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// It calls more distinct numbers than a person would.
    pub burst: bool,
    /// It calls numbers one after the other.
    pub sequential: bool,
    /// Too many of its answered calls end at once.
    pub short_calls: bool,
    /// Too few of its calls are answered.
    pub unanswered: bool,
    /// Too many of its calls are rejected.
    pub rejected: bool,
    /// The number had a burst lately, and now many call it back: its owner is more likely a victim than the caller.
    pub called_back: bool,
    /// Nearly all other calls of the last hour were fully attested.
    pub mostly_signed: bool,
}

impl CallerTraffic {
    /// The signs in this traffic.
    #[must_use]
    pub fn signs(&self, thresholds: &Thresholds) -> Signs {
        let ended = &self.outcomes;
        let enough = ended.calls >= thresholds.outcome_calls;
        let [calls, answered, short, rejected] =
            [ended.calls, ended.answered, ended.short, ended.rejected].map(f64::from);
        Signs {
            burst: self.minute.distinct >= thresholds.distinct_per_minute
                || self.hour.distinct >= thresholds.distinct_per_hour,
            sequential: self.sequential >= thresholds.sequential_steps,
            short_calls: enough && short > thresholds.short_share * answered,
            unanswered: enough && answered < thresholds.answered_share * calls,
            rejected: enough && rejected > thresholds.rejected_share * calls,
            called_back: self.called_back_by >= thresholds.callback_strangers,
            mostly_signed: self.is_mostly_signed(thresholds),
        }
    }

    /// Whether most other calls of the hour, among those with known signing, are fully attested.
    fn is_mostly_signed(&self, thresholds: &Thresholds) -> bool {
        let signing = self.hour.signing;
        let others = self.this_call.map_or(signing, |this| signing.without(this));
        let known = others.known();
        known >= thresholds.signed_calls.max(1)
            && f64::from(others.of(Signing::A)) >= thresholds.signed_share * f64::from(known)
    }
}

impl Signs {
    /// Whether the caller calls in bulk.
    #[must_use]
    pub const fn is_mass_calling(self) -> bool {
        self.burst || self.sequential || self.short_calls || self.unanswered || self.rejected
    }
}

#[cfg(test)]
mod tests;
