//! The scoring model: its numbers, all in one place, with a version.

use super::evidence::FoldModel;

/// Weights of the terms of the score, in log-odds. The first set was fitted on FTC complaints of 2020-21.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReportWeights {
    /// What is true of a number nobody reported.
    pub intercept: f64,
    /// Times ln(1 + mass of reports, short half-life).
    pub short: f64,
    /// Times ln(1 + mass of reports, long half-life).
    pub long: f64,
    /// Times ln(1 + distinct areas of the victims).
    pub areas: f64,
    /// Half-life of the count of areas since the last report, days. The weight was fitted on the areas of 180 days; the
    /// map of areas has no window, so what is old is faded out instead.
    pub areas_half_life_days: f64,
}

/// Weights of the neighbourhood, in log-odds, times ln(1 + decayed count of distinct reported numbers).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangeWeights {
    /// The number less its last two digits.
    pub q100: f64,
    /// Less its last three.
    pub q1000: f64,
    /// Less its last four.
    pub q10000: f64,
}

/// What fraud cases bring. A judgement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CaseWeights {
    /// The number was seen as caller ID.
    pub caller_id: f64,
    /// Victims are told to call it, or the network uses it otherwise.
    pub other_role: f64,
    /// Not linked itself, but a linked number is in its block of a hundred.
    pub neighbour: f64,
    /// Half-life, days, from the later of link and last evidence.
    pub half_life_days: f64,
    /// All cases together bring at most this.
    pub most: f64,
    /// The least score of a number that a contributing case holds with confidence.
    pub floor_score: f64,
    /// From this confidence on.
    pub floor_confidence: f64,
}

/// The whole model.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreModel {
    /// Names the model in every answer.
    pub version: String,
    /// How evidence is folded.
    pub fold: FoldModel,
    /// Share of calls that are unwanted, before anything is known of the number.
    pub prior: f64,
    /// The number's own reports.
    pub reports: ReportWeights,
    /// The neighbourhood of a geographic number.
    pub ranges: RangeWeights,
    /// The neighbourhood of a toll-free number: a weight of its own, since such numbers are given out one by one.
    pub toll_free_ranges: RangeWeights,
    /// Half-life of a number's count in its ranges, days.
    pub range_half_life_days: f64,
    /// National numbers shorter than this have no ranges.
    pub range_min_national_digits: u32,
    /// A score that rests on the neighbourhood alone is at most this: it labels, it does not block.
    pub range_only_most: f64,
    /// From this mass of reports on (long half-life), or with a contributing case, a score rests on the number itself.
    pub own_mass_from: f64,
    /// Times ln(1 + mass of "not spam"), taken off.
    pub not_spam: f64,
    /// "Not spam" takes at most this off.
    pub not_spam_most: f64,
    /// Fraud cases.
    pub cases: CaseWeights,
    /// The least score of a number that an analyst blocked.
    pub blocked_floor: f64,
    /// The highest score of a number that an analyst allowed.
    pub allowed_most: f64,
    /// What a verified business has taken off, in log-odds.
    pub verified_business: f64,
    /// Evidence that counts as half of certainty.
    pub confidence_half_mass: f64,
    /// How much range mass counts as evidence.
    pub confidence_range_share: f64,
    /// A number without anything of its own is UNKNOWN below this range mass.
    pub unknown_below_range_mass: f64,
    /// Strength of the prior over categories.
    pub category_prior_strength: f64,
    /// A category is named from this share on.
    pub category_shown_from: f64,
}

impl ScoreModel {
    /// The starting model.
    #[must_use]
    pub fn starting() -> Self {
        let ranges = RangeWeights {
            q100: 1.91,
            q1000: 1.34,
            q10000: 0.90,
        };
        Self {
            version: "start-1".to_owned(),
            fold: FoldModel::DEFAULT,
            prior: 0.10,
            reports: ReportWeights {
                intercept: -1.01,
                short: 2.68,
                long: 2.30,
                areas: 1.45,
                areas_half_life_days: 30.0,
            },
            ranges,
            toll_free_ranges: ranges,
            range_half_life_days: 14.0,
            range_min_national_digits: 9,
            range_only_most: 79.0,
            own_mass_from: 0.5,
            not_spam: 0.5,
            not_spam_most: 2.0,
            cases: CaseWeights {
                caller_id: 2.5,
                other_role: 1.5,
                neighbour: 0.5,
                half_life_days: 180.0,
                most: 3.0,
                floor_score: 60.0,
                floor_confidence: 0.8,
            },
            blocked_floor: 95.0,
            allowed_most: 5.0,
            verified_business: -3.0,
            confidence_half_mass: 2.0,
            confidence_range_share: 0.5,
            unknown_below_range_mass: 0.05,
            category_prior_strength: 2.0,
            category_shown_from: 0.6,
        }
    }

    /// The prior as log-odds.
    #[must_use]
    pub fn prior_log_odds(&self) -> f64 {
        (self.prior / (1.0 - self.prior)).ln()
    }
}
