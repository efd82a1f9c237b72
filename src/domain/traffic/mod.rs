//! What the calls themselves tell of a caller, and what it is a sign of.
//!
//! Queries at call time are evidence of rate: how many numbers are called, whether one after the other, since when, and
//! how the calls are signed. Whether anybody answers, and for how long, only outcomes tell. None of it says who is
//! calling, so it never does more than label a call; and a number that many strangers call back after it burst was
//! most likely shown by somebody else.

mod counts;
mod thresholds;

pub use counts::{CallOutcome, Ending, OutcomeCounts, SigningCounts};
pub use thresholds::Thresholds;

use super::call::Signing;
use super::time::Timestamp;

/// What is known of a caller's traffic at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// When the caller was first seen, as far back as anybody remembers; none if never.
    pub first_seen: Option<Timestamp>,
    /// How the call was signed that this is about; none if it is about no call. The windows hold it like any other.
    pub this_call: Option<Signing>,
    /// The last minute.
    pub minute: Window,
    /// The last hour.
    pub hour: Window,
    /// How often, in the latest calls of the hour, a number was called for the first time and one up to four before or
    /// after it had been called already.
    pub sequential: u32,
    /// About how many distinct callers called the number since it burst; 0 if it has not burst lately.
    pub called_back_by: u32,
    /// How calls of the last hour ended.
    pub outcomes: OutcomeCounts,
}

/// The calls of a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Calls.
    pub calls: u32,
    /// About how many distinct numbers they went to.
    pub distinct: u32,
    /// How they were signed.
    pub signing: SigningCounts,
}

/// What a caller's traffic is a sign of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// More distinct numbers are called than a person would.
    pub burst: bool,
    /// Numbers are called one after the other.
    pub sequential: bool,
    /// Too many of those who answer hang up at once.
    pub short_calls: bool,
    /// Too few answer.
    pub unanswered: bool,
    /// Too many calls are turned away.
    pub rejected: bool,
    /// The number burst lately, and now many call it back: its owner is more likely a victim than the caller.
    pub called_back: bool,
    /// Other calls of the last hour than this one were signed in full, nearly all of them.
    pub mostly_signed: bool,
}

impl Traffic {
    /// What it is a sign of.
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

    /// Whether the calls of the hour but this one are mostly signed in full, as far as their signing is known.
    fn is_mostly_signed(&self, thresholds: &Thresholds) -> bool {
        let signing = self.hour.signing;
        let others = self.this_call.map_or(signing, |this| signing.without(this));
        let known = others.known();
        known >= thresholds.signed_calls.max(1)
            && f64::from(others.of(Signing::A)) >= thresholds.signed_share * f64::from(known)
    }
}

impl Signs {
    /// Whether somebody is calling in bulk.
    #[must_use]
    pub const fn is_mass_calling(self) -> bool {
        self.burst || self.sequential || self.short_calls || self.unanswered || self.rejected
    }
}

#[cfg(test)]
mod tests;
