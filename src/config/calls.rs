//! Settings of answers at call time, and of what callers' calls are a sign of.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::layers::Layers;
use super::{Problem, parse, settings};

/// How calls are answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// Within what time a lookup is answered whose client does not say. Default: 50 ms.
    pub lookup_budget: Duration,
    /// The SIP answer to a call that is refused for what was learnt of its number. Default: 603+.
    pub sip_block: SipBlock,
    /// Where people object; no slash at its end. Default: nowhere.
    pub redress_url: Option<String>,
    /// Where the signed contact card of RFC 8688 is. Default: nowhere.
    pub contact_card_url: Option<String>,
    /// The file of the keys that seal decisions. Default: a key of the store.
    pub decision_keys: Option<PathBuf>,
}

/// How a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SipBlock {
    /// 603 "Network Blocked" (ATIS-1000099).
    NetworkBlocked,
    /// 608 "Rejected" (RFC 8688).
    Rejected,
}

/// From where on the calls of a number are a sign of something, and of how many callers they are remembered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Traffic {
    /// Distinct numbers called within a minute that make a burst. Default: 50.
    pub distinct_per_minute: NonZeroU32,
    /// Distinct numbers called within an hour that make a burst. Default: 500.
    pub distinct_per_hour: NonZeroU32,
    /// Steps from a number to the next that make sequential dialling. Default: 10.
    pub sequential_steps: NonZeroU32,
    /// Distinct people calling a number back that make its owner a victim. Default: 20.
    pub callback_strangers: NonZeroU32,
    /// Outcomes of an hour before any share of them counts. Default: 120.
    pub outcome_calls: NonZeroU32,
    /// An answered call below this is short. Default: 6 s.
    pub short_call: Duration,
    /// A higher share of short calls among the answered is a sign. Default: 0.2.
    pub short_share: f64,
    /// A lower share of answered calls is a sign. Default: 0.5.
    pub answered_share: f64,
    /// A higher share of rejected calls is a sign. Default: 0.2.
    pub rejected_share: f64,
    /// How long after an emergency call every call to its caller is put through. Default: 60 minutes.
    pub emergency_callback: Duration,
    /// Callers that are remembered. Default: 100,000.
    pub callers: NonZeroU32,
    /// Of them, callers that call often. Default: 4,096.
    pub busy_callers: NonZeroU32,
}

impl Answers {
    pub(super) fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let lookup_budget = layers.read(&settings::LOOKUP_BUDGET, parse::time);
        let sip_block = layers.read(&settings::SIP_BLOCK, SipBlock::parse);
        let redress_url = layers.read_if_set(&settings::REDRESS_URL, parse::url);
        let contact_card_url = layers.read_if_set(&settings::CONTACT_CARD_URL, parse::url);
        let decision_keys = layers.read_if_set(&settings::DECISION_KEYS, parse::path);
        Some(Self {
            lookup_budget: lookup_budget?,
            sip_block: sip_block?,
            redress_url: redress_url?,
            contact_card_url: contact_card_url?,
            decision_keys: decision_keys?,
        })
    }
}

impl SipBlock {
    fn parse(text: &str) -> Result<Self, Problem> {
        match text {
            "603+" => Ok(Self::NetworkBlocked),
            "608" => Ok(Self::Rejected),
            _ => Err(Problem::with(text, "is not a way to refuse a call", "603+, 608")),
        }
    }
}

impl Traffic {
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
            callers: callers?,
            busy_callers: busy_callers?,
        })
    }
}
