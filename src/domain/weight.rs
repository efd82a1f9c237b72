//! How much one report counts.

use super::kinds::Source;

/// Weights and the cap on what the unproven can do together. A judgement, so it is configuration of the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightModel {
    /// Weight of a report of a trusted feed that names no reporter.
    pub trusted_feed: f64,
    /// Agreements that a new reporter is taken to have.
    pub prior_agree: f64,
    /// Judgements that a new reporter is taken to have had.
    pub prior_total: f64,
    /// A reporter below this weight is unproven.
    pub proven_from: f64,
    /// All unproven reporters together add at most this mass to a number, until they are many.
    pub unproven_cap: f64,
    /// Distinct unproven reporters from which on they count in full.
    pub unproven_release_count: usize,
    /// Days between the first and the last of them from which on they count in full.
    pub unproven_release_days: f64,
    /// The latest claims of a reporter that are kept to be judged, one a number.
    pub claims_kept: usize,
    /// Whether a verdict proves only those right who said so before it: whoever repeats what a lookup shows has proved
    /// nothing. It proves wrong whoever says otherwise, before or after.
    pub right_only_before_verdict: bool,
}

impl WeightModel {
    /// The defaults of the scoring model.
    pub const DEFAULT: Self = Self {
        trusted_feed: 1.0,
        prior_agree: 1.0,
        prior_total: 5.0,
        proven_from: 0.5,
        unproven_cap: 0.75,
        unproven_release_count: 20,
        unproven_release_days: 1.0,
        claims_kept: 256,
        right_only_before_verdict: true,
    };

    /// The weight of a report, to be frozen in its row: a trusted feed without reporters counts in full, everybody
    /// else by what analysts' verdicts and confirmed cases have said of them.
    #[must_use]
    pub fn weight(&self, source: Source, standing: Option<Standing>) -> f32 {
        let weight = match standing {
            None if is_trusted_feed(source) => self.trusted_feed,
            standing => {
                let Standing { agree, disagree } = standing.unwrap_or_default();
                (self.prior_agree + f64::from(agree)) / (self.prior_total + f64::from(agree) + f64::from(disagree))
            }
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a weight needs no more than seven digits"
        )]
        let weight = weight as f32;
        weight
    }

    /// Whether a report with this weight comes from somebody proven.
    #[must_use]
    pub fn is_proven(&self, weight: f32) -> bool {
        f64::from(weight) >= self.proven_from
    }
}

/// How often analysts' verdicts and confirmed cases agreed with a reporter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Reports that turned out right.
    pub agree: u32,
    /// Reports that turned out wrong.
    pub disagree: u32,
}

/// Whether reports of this source count in full when they name no reporter.
#[must_use]
pub fn is_trusted_feed(source: Source) -> bool {
    matches!(
        source,
        Source::RegulatorFeed | Source::Honeypot | Source::LawEnforcement | Source::Analyst
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trusted_feeds_count_in_full_and_strangers_a_fifth() {
        let model = WeightModel::DEFAULT;
        assert!((model.weight(Source::RegulatorFeed, None) - 1.0).abs() < 1e-6);
        assert!((model.weight(Source::Consumer, None) - 0.2).abs() < 1e-6);
        assert!((model.weight(Source::Consumer, Some(Standing::default())) - 0.2).abs() < 1e-6);
        assert!(!model.is_proven(model.weight(Source::AppFeedback, None)));
    }

    #[test]
    fn standing_moves_the_weight() {
        let model = WeightModel::DEFAULT;
        let good = model.weight(Source::Consumer, Some(Standing { agree: 20, disagree: 0 }));
        let bad = model.weight(Source::Consumer, Some(Standing { agree: 0, disagree: 20 }));
        assert!((good - 0.84).abs() < 1e-6 && model.is_proven(good));
        assert!((bad - 0.04).abs() < 1e-6);
    }
}
