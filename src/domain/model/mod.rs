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
    /// The intercept, terms and tables of toll-free numbers; if none, those above apply to them as well.
    pub toll_free: Option<TollFreeModel>,
    /// From log-odds to the probability of another complaint within seven days.
    pub again: RepeatReportModel,
    /// The part that no replay can fit.
    pub rules: Rules,
    /// The data and the result of the fit.
    pub fitted: Option<Fitted>,
}

/// The part of a model that applies to toll-free numbers of North America, in place of the intercept, terms and tables of all
/// other numbers. Toll-free numbers are assigned one by one to businesses all over the country, so their neighbours say less.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TollFreeModel {
    /// Log-odds of a toll-free number without evidence, without the prior.
    pub intercept: f64,
    /// The terms, each over one feature.
    pub terms: Vec<Term>,
    /// The terms over two features.
    #[serde(default)]
    pub tables: Vec<BilinearTable>,
}

/// The part of a model that applies to a number.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain) struct ModelPart<'a> {
    /// Log-odds without evidence.
    pub intercept: f64,
    /// The terms.
    pub terms: &'a [Term],
    /// The tables.
    pub tables: &'a [BilinearTable],
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
    /// Points of a toll-free number of North America.
    #[serde(default)]
    pub toll_free: f64,
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
    /// Which half of the legitimate numbers; all if none.
    pub half: Option<u8>,
    /// The seed of the sample.
    pub seed: u64,
    /// Mean loss per sample, in nats, by the weights of the fit.
    pub loss: f64,
    /// The loss of a model that knows nothing, by the same weights.
    pub loss_without: f64,
    /// The kinds of legitimate numbers, and how much each weighed.
    #[serde(default)]
    pub kinds: Vec<FittedKind>,
    /// The toll-free numbers; none if there were too few.
    #[serde(default)]
    pub toll_free: Option<FittedTollFree>,
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
    /// Factor on the points of geographic numbers.
    pub slope: f64,
    /// Added to their sum after the factor.
    pub intercept: f64,
    /// The same for toll-free numbers; none if their part stayed as it was.
    #[serde(default)]
    pub toll_free: Option<RecalibratedTollFree>,
}

/// The correction of the part for toll-free numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecalibratedTollFree {
    /// Factor on the points.
    pub slope: f64,
    /// Added to the sum after the factor.
    pub intercept: f64,
}

/// A kind of legitimate numbers in a fit, either geographic or toll-free.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedKind {
    /// Its name.
    pub kind: String,
    /// Whether these are its toll-free numbers, or the others.
    pub toll_free: bool,
    /// The count of numbers.
    pub numbers: u64,
    /// Its share of the weight of all geographic, or of all toll-free, legitimate numbers.
    pub share: f64,
}

/// The toll-free numbers in a fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedTollFree {
    /// The share of complaint calls from toll-free numbers, as measured.
    pub share_of_complaint_calls: f64,
    /// The share of wanted calls from toll-free numbers, as assumed: no complaint tells it.
    pub share_of_wanted_calls: f64,
    /// Mean loss per sample of toll-free numbers, in nats.
    pub loss: f64,
    /// The loss of a model that knows nothing.
    pub loss_without: f64,
}

impl ScoreModel {
    /// The log-odds of the evidence alone, without the prior.
    #[must_use]
    pub fn evidence_log_odds(&self, features: &Features) -> f64 {
        let part = self.part(features);
        let terms: f64 = part.terms.iter().map(|term| term.points(features)).sum();
        let tables: f64 = part.tables.iter().map(|table| table.points(features)).sum();
        part.intercept + terms + tables
    }

    /// The part that applies to a number with these features.
    pub(in crate::domain) fn part(&self, features: &Features) -> ModelPart<'_> {
        match &self.toll_free {
            Some(toll_free) if features.is_toll_free() => ModelPart {
                intercept: toll_free.intercept,
                terms: &toll_free.terms,
                tables: &toll_free.tables,
            },
            _ => ModelPart {
                intercept: self.intercept,
                terms: &self.terms,
                tables: &self.tables,
            },
        }
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

impl ScoreModel {
    /// The file of the built-in model.
    pub const BUILT_IN_FILE: &'static str = file::BUILT_IN;
}

impl Default for ScoreModel {
    /// The built-in model.
    fn default() -> Self {
        Arc::unwrap_or_clone(file::built_in())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::DecayedEvidence;
    use crate::domain::range::Neighbourhood;
    use crate::number::E164;

    #[test]
    fn each_part_applies_to_its_own_numbers() {
        let blank = |digits| {
            let number = E164::from_digits(digits).unwrap();
            Features::new(number, &DecayedEvidence::default(), 0.0, &Neighbourhood::default())
        };
        let (geographic, toll_free) = (blank(14_155_550_199), blank(18_005_550_199));
        let mut model = ScoreModel {
            intercept: -1.0,
            terms: Vec::new(),
            tables: Vec::new(),
            toll_free: None,
            ..ScoreModel::default()
        };
        let log_odds = |model: &ScoreModel| [&geographic, &toll_free].map(|features| model.evidence_log_odds(features));
        assert_eq!(log_odds(&model), [-1.0, -1.0]);
        model.toll_free = Some(TollFreeModel {
            intercept: -3.0,
            terms: Vec::new(),
            tables: Vec::new(),
        });
        assert_eq!(log_odds(&model), [-1.0, -3.0]);
    }
}
