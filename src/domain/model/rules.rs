//! The part of the model that no replay of complaints can fit: judgements, each with its default.

use serde::{Deserialize, Serialize};

/// Caps, floors and weights that are judgements.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// A score that rests on the neighbourhood alone stays below this: it labels and does not block.
    pub range_only_most: f64,
    /// A score that rests on fewer neighbours than the next two fields ask stays below this: it does not label.
    pub range_few_most: f64,
    /// The least count of neighbours that label a number of North America that nobody has reported.
    pub range_label_from: u32,
    /// The same for numbers of other countries, whose blocks often belong to one company.
    pub range_label_from_elsewhere: u32,
    /// From this mass of own reports on (long half-life), or with a contributing case, a score rests on the number
    /// itself.
    pub own_mass_from: f64,
    /// Factor on ln(1 + mass of "not spam"), subtracted.
    pub not_spam: f64,
    /// The most that "not spam" subtracts.
    pub not_spam_most: f64,
    /// Fraud cases.
    pub cases: CaseWeights,
    /// How the call was signed.
    pub attestation: AttestationOdds,
    /// The rate of a number's calls.
    pub rate: RateWeights,
    /// A score that only the signing of the call raised, of a number without evidence of its own, stays below this.
    pub channel_most: f64,
    /// From this many weeks with a report, of the last 26, a number is established: reports and ranges alone do not block
    /// it.
    pub established_weeks: u32,
    /// Reporters who are new and few raise no score to this, unless it is there without them.
    pub unproven_most: f64,
    /// Reporters who are new and several raise no score to this, unless it is there without them.
    pub unproven_label_most: f64,
    /// From this mass of reports of fully attested calls on, good or bad, a number is known to call with full
    /// attestation.
    pub spoof_seen_from: f64,
    /// And if they are at least this share of all reports of calls with known signing.
    pub spoof_share_from: f64,
    /// Log-odds added to a call that shows such a number but came through a gateway or unsigned.
    pub spoof_suspected: f64,
    /// The least score of a number that an analyst blocked.
    pub blocked_floor: f64,
    /// The highest score of a number that an analyst allowed.
    pub allowed_most: f64,
    /// The mass of evidence at which confidence is one half.
    pub confidence_half_mass: f64,
    /// The share of range mass that counts as evidence.
    pub confidence_range_share: f64,
    /// A number without evidence of its own is UNKNOWN below this range mass.
    pub unknown_below_range_mass: f64,
    /// Strength of the prior over categories.
    pub category_prior_strength: f64,
    /// A category is named from this share on.
    pub category_shown_from: f64,
}

/// The log-odds that fraud cases add.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaseWeights {
    /// The number was seen as caller ID.
    pub caller_id: f64,
    /// Victims are told to call it, or the fraud network uses it otherwise.
    pub other_role: f64,
    /// The number is not linked, but another number of its block of 100 is: times the confidence of the strongest
    /// such link, decayed.
    pub neighbour: f64,
    /// Half-life, days, from the later of link and last evidence.
    pub half_life_days: f64,
    /// The most that all cases together add.
    pub most: f64,
    /// The least score of a number that a contributing case links with enough confidence.
    pub floor_score: f64,
    /// The least confidence of a link for that floor.
    pub floor_confidence: f64,
}

/// The log-odds that a call's signature adds: published rates of August 2022. They drift, so they are part of the
/// model's version.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttestationOdds {
    /// Full attestation, verified.
    pub a: f64,
    /// Partial.
    pub b: f64,
    /// Gateway.
    pub c: f64,
    /// Known to be unsigned.
    pub unsigned: f64,
    /// Not stated.
    pub not_given: f64,
}

/// The log-odds that the latest calls of a number add: a judgement. The operator sets the thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateWeights {
    /// It calls many different numbers.
    pub burst: f64,
    /// It calls them one after the other.
    pub sequential: f64,
    /// Many of its calls end within seconds.
    pub short_calls: f64,
    /// Few of its calls are answered.
    pub unanswered: f64,
    /// Many of its calls are rejected.
    pub rejected: f64,
    /// The least score of a number that shows any of these signs.
    pub floor_score: f64,
    /// Rate raises no score to this, unless it is there without rate.
    pub most: f64,
}

impl Default for RateWeights {
    fn default() -> Self {
        Self {
            burst: 1.0,
            sequential: 1.0,
            short_calls: 1.0,
            unanswered: 0.5,
            rejected: 1.0,
            floor_score: 60.0,
            most: 79.0,
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            range_only_most: 79.0,
            range_few_most: 59.0,
            range_label_from: 3,
            range_label_from_elsewhere: 10,
            own_mass_from: 0.5,
            not_spam: 0.5,
            not_spam_most: 2.0,
            cases: CaseWeights::default(),
            attestation: AttestationOdds::default(),
            rate: RateWeights::default(),
            channel_most: 79.0,
            established_weeks: 8,
            unproven_most: 59.0,
            unproven_label_most: 79.0,
            spoof_seen_from: 1.0,
            spoof_share_from: 0.8,
            spoof_suspected: 1.0,
            blocked_floor: 95.0,
            allowed_most: 5.0,
            confidence_half_mass: 2.0,
            confidence_range_share: 0.5,
            unknown_below_range_mass: 0.05,
            category_prior_strength: 2.0,
            category_shown_from: 0.6,
        }
    }
}

impl Default for CaseWeights {
    fn default() -> Self {
        Self {
            caller_id: 2.5,
            other_role: 1.5,
            neighbour: 0.5,
            half_life_days: 180.0,
            most: 3.0,
            floor_score: 60.0,
            floor_confidence: 0.8,
        }
    }
}

impl Default for AttestationOdds {
    fn default() -> Self {
        Self {
            a: -0.87,
            b: 1.45,
            c: 1.97,
            unsigned: -0.11,
            not_given: 0.0,
        }
    }
}
