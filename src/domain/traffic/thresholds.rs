//! The thresholds at which traffic becomes a sign.

use std::time::Duration;

/// The counts at which traffic becomes a sign. All of them are configurable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Distinct numbers called within a minute that make a burst. Fifty a minute is more than one person dials by hand,
    /// and less than the slowest automatic dialler does (judgement).
    pub distinct_per_minute: u32,
    /// Distinct numbers called within an hour that make a burst (judgement: the rate above for ten minutes).
    pub distinct_per_hour: u32,
    /// Steps from one number to a neighbour among the latest calls that make sequential dialling. Ten is more than the
    /// lines of a company that people ring one after the other (judgement).
    pub sequential_steps: u32,
    /// From this many distinct callers on, the callers of a number with a recent burst are people who call back
    /// (judgement).
    pub callback_strangers: u32,
    /// Calls of the hour with a known outcome that a share needs before it is a sign (judgement: two a minute; with
    /// that many, a share of a fifth is known to within 7 points, 19 times out of 20).
    pub outcome_calls: u32,
    /// An answered call below this duration is short. Carriers' conditions for short-duration traffic mostly say six
    /// seconds.
    pub short_call: Duration,
    /// Share of answered calls that are short, 0 to 1: a higher share is a sign (carriers' conditions, as above).
    pub short_share: f64,
    /// Share of calls that are answered, 0 to 1: a lower share is a sign (carriers' conditions, as above).
    pub answered_share: f64,
    /// Share of calls that are rejected, see [`CallOutcome::is_rejected`], 0 to 1: a higher share is a sign.
    ///
    /// [`CallOutcome::is_rejected`]: super::CallOutcome::is_rejected
    pub rejected_share: f64,
    /// Calls of the hour with known signing that are needed to say how a number mostly signs (judgement).
    pub signed_calls: u32,
    /// Share of them with full attestation, 0 to 1, from which on the number is mostly fully attested (judgement).
    pub signed_share: f64,
    /// How long after an emergency call a caller may be the emergency centre that calls back. Emergency centres call
    /// back within minutes; an hour leaves room (judgement; RFC 7090 describes such calls and names no time).
    pub emergency_callback: Duration,
}

impl Thresholds {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        distinct_per_minute: 50,
        distinct_per_hour: 500,
        sequential_steps: 10,
        callback_strangers: 20,
        outcome_calls: 120,
        short_call: Duration::from_secs(6),
        short_share: 0.20,
        answered_share: 0.50,
        rejected_share: 0.20,
        signed_calls: 20,
        signed_share: 0.9,
        emergency_callback: Duration::from_secs(3_600),
    };
}

impl Default for Thresholds {
    fn default() -> Self {
        Self::DEFAULT
    }
}
