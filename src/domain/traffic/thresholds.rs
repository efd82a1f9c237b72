//! From where on the traffic of a caller is a sign of something.

use std::time::Duration;

/// From where on counts become signs. All of them can be configured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Distinct numbers called within a minute, from which on that is a burst. Fifty a minute is more than one person
    /// dials by hand, and less than what the slowest of automatic diallers does (judgement).
    pub distinct_per_minute: u32,
    /// Distinct numbers called within an hour, from which on that is a burst (judgement: as above, ten minutes long).
    pub distinct_per_hour: u32,
    /// Steps from one number to a neighbour among the latest calls, from which on that is sequential dialling. Ten is
    /// more than the lines of a firm that people ring one after the other (judgement).
    pub sequential_steps: u32,
    /// Distinct callers of a number that burst lately, from which on they are people who call back (judgement).
    pub callback_strangers: u32,
    /// Calls of the hour whose outcome must be known before any share of them says something (judgement: two a minute;
    /// at that many a share of a fifth is known to within 7 points, 19 times out of 20).
    pub outcome_calls: u32,
    /// An answered call below this duration is a short one. Six seconds is what carriers' conditions for short-duration
    /// traffic mostly say.
    pub short_call: Duration,
    /// Short calls of those answered, 0 to 1: a higher share is a sign (carriers' conditions, as above).
    pub short_share: f64,
    /// Answered calls of all, 0 to 1: a lower share is a sign (carriers' conditions, as above).
    pub answered_share: f64,
    /// Calls of all that were turned away, see [`CallOutcome::is_rejected`], 0 to 1: a higher share is a sign.
    ///
    /// [`CallOutcome::is_rejected`]: super::CallOutcome::is_rejected
    pub rejected_share: f64,
    /// Calls of the hour whose signing is known that it takes to say how a number's calls are mostly signed (judgement).
    pub signed_calls: u32,
    /// Share of them with full attestation, 0 to 1, from which on the number is mostly signed in full (judgement).
    pub signed_share: f64,
    /// How long after an emergency call whoever calls back may be the emergency call centre. Emergency centres call
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
