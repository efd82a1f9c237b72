//! The scoring model: all its numbers in one file, with a version.
//!
//! Values that a replay of complaints can measure are fitted ([`ScoreModel::terms`] and its neighbours); the others are
//! judgements, in [`Rules`]. The program carries a fitted model; a file can replace it.

mod file;
mod rules;
mod term;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use file::{ModelError, ModelFieldError};
pub use rules::{AttestationOdds, CaseWeights, Rules};
pub use term::{BilinearTable, MAX_KNOTS, MAX_TERMS, Term};

use super::evidence::FoldModel;
use super::feature::Features;
use super::range::RangeModel;

/// The whole model.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreModel {
    /// The name of the model, given in every answer.
    pub version: String,
    /// How evidence is folded.
    pub fold: FoldModel,
    /// Half-life of the count of areas since the last report, days: the map of areas does not decay by itself.
    pub areas_half_life_days: f64,
    /// How neighbours decay.
    pub ranges: RangeModel,
    /// Share of calls that are unwanted, before anything is known of the number.
    pub prior: f64,
    /// Log-odds of a number without evidence, without the prior.
    pub intercept: f64,
    /// The terms, each over one feature.
    pub terms: Vec<Term>,
    /// The terms over two features.
    pub tables: Vec<BilinearTable>,
    /// From log-odds to the probability of another complaint within seven days.
    pub again: RepeatReportModel,
    /// The part that no replay can fit.
    pub rules: Rules,
    /// The data and the result of the fit.
    pub fitted: Option<Fitted>,
}

/// A logistic recalibration: the probability that a number reported in the last 180 days is reported again within seven
/// days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepeatReportModel {
    /// Log-odds where the score's are 0.
    pub intercept: f64,
    /// Factor on the number's log-odds, without the prior.
    pub slope: f64,
    /// Terms over the number's own history. The score asks whether a call is unwanted; a number that was abandoned long
    /// ago makes no calls.
    #[serde(default)]
    pub terms: Vec<Term>,
}

/// The data and the result of a fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fitted {
    /// First day of complaint calls.
    pub from: String,
    /// Last day of complaint calls.
    pub to: String,
    /// Complaint calls that were sampled.
    pub calls: u64,
    /// Legitimate numbers.
    pub legitimate_numbers: u64,
    /// Which half of the legitimate numbers, by exchange; all if none.
    pub half: Option<u8>,
    /// The seed of the sample.
    pub seed: u64,
    /// Mean loss per sample, in nats, by the weights of the fit.
    pub loss: f64,
    /// The loss of a model that knows nothing, by the same weights.
    pub loss_without: f64,
    /// The correction of the points since the fit; none if the model is as it was fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalibrated: Option<Recalibrated>,
}

/// A correction of all points of a model: the sum of the evidence times a slope, plus an intercept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recalibrated {
    /// The version of the model that was corrected.
    pub of: String,
    /// First day of the complaint calls.
    pub from: String,
    /// Last day of the complaint calls.
    pub to: String,
    /// Factor on the points.
    pub slope: f64,
    /// Added to the sum after the factor.
    pub intercept: f64,
}

impl ScoreModel {
    /// The log-odds of the evidence alone, without the prior.
    #[must_use]
    pub fn evidence_log_odds(&self, features: &Features) -> f64 {
        let terms: f64 = self.terms.iter().map(|term| term.points(features)).sum();
        let tables: f64 = self.tables.iter().map(|table| table.points(features)).sum();
        self.intercept + terms + tables
    }

    /// The prior as log-odds.
    #[must_use]
    pub fn prior_log_odds(&self) -> f64 {
        (self.prior / (1.0 - self.prior)).ln()
    }

    /// Whether evidence and ranges are the same under both models, so that one index serves both.
    #[must_use]
    pub fn shares_evidence_with(&self, other: &Self) -> bool {
        self.fold == other.fold
            && self.ranges == other.ranges
            && self.areas_half_life_days.to_bits() == other.areas_half_life_days.to_bits()
    }
}

impl Default for ScoreModel {
    /// The built-in model.
    fn default() -> Self {
        Arc::unwrap_or_clone(file::built_in())
    }
}
