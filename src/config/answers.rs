//! Settings of the answers at call time, and of the signs in the traffic of callers.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::layers::Layers;
use super::{ValueProblem, parse, settings};

/// Settings of the answers to lookups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerSettings {
    /// Time budget of a lookup whose client gives none. Default: 50 ms.
    pub lookup_budget: Duration,
    /// SIP response for a call that is blocked because of what is known about its number. Default: 603+.
    pub sip_block: SipBlock,
    /// URL at which people object to a decision, without a slash at the end. Default: none.
    pub redress_url: Option<String>,
    /// URL of the signed contact card of RFC 8688. Default: none.
    pub contact_card_url: Option<String>,
    /// File with the keys that seal decision ids. Default: none; the key is derived from the store.
    pub decision_keys: Option<PathBuf>,
    /// File with further numbers of emergency services and of public safety. Default: none; only the shipped ones.
    pub emergency_numbers: Option<PathBuf>,
}

/// SIP response for a blocked call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SipBlock {
    /// 603 "Network Blocked" (ATIS-1000099).
    NetworkBlocked,
    /// 608 "Rejected" (RFC 8688).
    Rejected,
}

/// Thresholds from which the traffic of a caller is a sign of abuse, and how many callers are kept in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrafficSettings {
    /// Distinct called numbers within a minute that make a burst. Default: 50.
    pub distinct_per_minute: NonZeroU32,
    /// Distinct called numbers within an hour that make a burst. Default: 500.
    pub distinct_per_hour: NonZeroU32,
    /// Steps from a called number to a neighbouring one that make sequential dialling. Default: 10.
    pub sequential_steps: NonZeroU32,
    /// Distinct people who must call a number back before its owner counts as a victim of spoofing. Default: 20.
    pub callback_strangers: NonZeroU32,
    /// Call outcomes within an hour that are needed before any share of them counts. Default: 120.
    pub outcome_calls: NonZeroU32,
    /// An answered call that is shorter than this is a short call. Default: 6 s.
    pub short_call: Duration,
    /// A higher share of short calls among the answered calls is a sign, 0 to 1. Default: 0.2.
    pub short_share: f64,
    /// A lower share of answered calls is a sign, 0 to 1. Default: 0.5.
    pub answered_share: f64,
    /// A higher share of rejected calls is a sign, 0 to 1. Default: 0.2.
    pub rejected_share: f64,
    /// Time after an emergency call in which every call to its caller is allowed. Default: 60 minutes.
    pub emergency_callback: Duration,
    /// Emergency calls in a second up to which every caller is remembered for that time. Default: 20.
    pub emergency_rate: NonZeroU32,
    /// Maximum number of callers whose call rate is kept in memory. Default: 100,000.
    pub callers: NonZeroU32,
    /// Maximum number of callers that call often and are kept in memory with more detail. Default: 4,096.
    pub busy_callers: NonZeroU32,
}

impl AnswerSettings {
    pub(super) fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let lookup_budget = layers.read(&settings::LOOKUP_BUDGET, parse::time);
        let sip_block = layers.read(&settings::SIP_BLOCK, SipBlock::parse);
        let redress_url = layers.read_if_set(&settings::REDRESS_URL, parse::url);
        let contact_card_url = layers.read_if_set(&settings::CONTACT_CARD_URL, parse::url);
        let decision_keys = layers.read_if_set(&settings::DECISION_KEYS, parse::path);
        let emergency_numbers = layers.read_if_set(&settings::EMERGENCY_NUMBERS, parse::path);
        Some(Self {
            lookup_budget: lookup_budget?,
            sip_block: sip_block?,
            redress_url: redress_url?,
            contact_card_url: contact_card_url?,
            decision_keys: decision_keys?,
            emergency_numbers: emergency_numbers?,
        })
    }
}

impl SipBlock {
    fn parse(text: &str) -> Result<Self, ValueProblem> {
        match text {
            "603+" => Ok(Self::NetworkBlocked),
            "608" => Ok(Self::Rejected),
            _ => Err(ValueProblem::with(
                text,
                "is not a SIP response for a blocked call",
                "603+, 608",
            )),
        }
    }
}

impl TrafficSettings {
    pub(super) fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let distinct_per_minute = layers.read(&settings::DISTINCT_PER_MINUTE, parse::count);
        let distinct_per_hour = layers.read(&settings::DISTINCT_PER_HOUR, parse::count);
        let sequential_steps = layers.read(&settings::SEQUENTIAL_STEPS, parse::count);
        let callback_strangers = layers.read(&settings::CALLBACK_STRANGERS, parse::count);
        let outcome_calls = layers.read(&settings::OUTCOME_CALLS, parse::count);
        let short_call = layers.read(&settings::SHORT_CALL, parse::time);
        let short_share = layers.read(&settings::SHORT_SHARE, parse::share);
        let answered_share = layers.read(&settings::ANSWERED_SHARE, parse::share);
        let rejected_share = layers.read(&settings::REJECTED_SHARE, parse::share);
        let emergency_callback = layers.read(&settings::EMERGENCY_CALLBACK, parse::time);
        let emergency_rate = layers.read(&settings::EMERGENCY_RATE, parse::emergency_rate);
        let callers = layers.read(&settings::CALLERS, parse::count);
        let busy_callers = layers.read(&settings::BUSY_CALLERS, parse::count);
        Some(Self {
            distinct_per_minute: distinct_per_minute?,
            distinct_per_hour: distinct_per_hour?,
            sequential_steps: sequential_steps?,
            callback_strangers: callback_strangers?,
            outcome_calls: outcome_calls?,
            short_call: short_call?,
            short_share: short_share?,
            answered_share: answered_share?,
            rejected_share: rejected_share?,
            emergency_callback: emergency_callback?,
            emergency_rate: emergency_rate?,
            callers: callers?,
            busy_callers: busy_callers?,
        })
    }
}
