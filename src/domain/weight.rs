//! The weight of a report.

use super::evidence::LabelStep;
use super::kinds::Source;

/// Weights, and the cap on all unproven reporters together. They are judgements, so the model configures them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightModel {
    /// Weight of a report from a trusted feed that names no reporter.
    pub trusted_feed: f64,
    /// Agreements that a new reporter starts with.
    pub prior_agree: f64,
    /// Judgements that a new reporter starts with.
    pub prior_total: f64,
    /// A reporter below this weight is unproven.
    pub proven_from: f64,
    /// The most mass that all unproven reporters together add to a number while they are few.
    pub unproven_cap: f64,
    /// Unproven reporters count in full from this number of distinct ones on.
    pub unproven_release_count: usize,
    /// And from this many days between the first and the last of them on, half of it after half of them.
    pub unproven_release_days: f64,
    /// While they do not count in full, each of these steps is enough to label the number.
    pub unproven_label_from: [LabelStep; 4],
    /// People alone, proven or not, block the number only this many days after they were certainly enough to label it: after
    /// the twentieth of them, or the fifth proven one.
    pub unproven_block_days: f64,
    /// They do not label it while the mass of all reports is below this many times the mass of "not spam".
    pub contested_below: f64,
    /// The most claims kept of a reporter: the latest, one a number.
    pub claims_kept: usize,
    /// Whether a ground truth proves right only the claims made before it: repeating the result of a lookup proves
    /// nothing. It proves an opposite claim wrong at any time.
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
        unproven_label_from: [
            label_step(5, 3, 0.25),
            label_step(10, 3, 0.0),
            label_step(10, 0, 0.25),
            label_step(20, 0, 0.0),
        ],
        unproven_block_days: 3.0,
        contested_below: 1.5,
        claims_kept: 256,
        right_only_before_verdict: true,
    };

    /// The weight of a report, to be frozen in its row. A trusted feed without reporters counts in full; any other
    /// report counts by the trust of its reporter.
    #[must_use]
    pub fn weight(&self, source: Source, trust: Option<ReporterTrust>) -> f32 {
        let weight = match trust {
            None if is_trusted_feed(source) => self.trusted_feed,
            trust => {
                let ReporterTrust { agree, disagree } = trust.unwrap_or_default();
                (self.prior_agree + f64::from(agree)) / (self.prior_total + f64::from(agree) + f64::from(disagree))
            }
        };
        frozen(weight)
    }

    /// The weight of a trusted feed's report, to be frozen in its row.
    #[must_use]
    pub fn trusted(&self) -> f32 {
        frozen(self.trusted_feed)
    }

    /// The weight of a reporter of whom nothing is known.
    #[must_use]
    pub fn new_reporter(&self) -> f64 {
        self.prior_agree / self.prior_total
    }

    /// Whether this weight is at least that of a new reporter: one who was wrong more often counts as nobody.
    #[must_use]
    pub fn is_somebody(&self, weight: f32) -> bool {
        f64::from(weight) >= self.new_reporter()
    }

    /// Whether this weight is that of a proven reporter.
    #[must_use]
    pub fn is_proven(&self, weight: f32) -> bool {
        f64::from(weight) >= self.proven_from
    }
}

/// A weight as rows keep it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a weight needs no more than seven digits"
)]
fn frozen(weight: f64) -> f32 {
    weight as f32
}

const fn label_step(reporters: usize, areas: u32, days: f64) -> LabelStep {
    LabelStep { reporters, areas, days }
}

/// How often the ground truth agreed with a reporter: the basis of reporter trust.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReporterTrust {
    /// Claims that proved right.
    pub agree: u32,
    /// Claims that proved wrong.
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
        assert!((model.weight(Source::Consumer, Some(ReporterTrust::default())) - 0.2).abs() < 1e-6);
        assert!(!model.is_proven(model.weight(Source::AppFeedback, None)));
    }

    #[test]
    fn trust_moves_the_weight() {
        let model = WeightModel::DEFAULT;
        let good = model.weight(Source::Consumer, Some(ReporterTrust { agree: 20, disagree: 0 }));
        let bad = model.weight(Source::Consumer, Some(ReporterTrust { agree: 0, disagree: 20 }));
        assert!((good - 0.84).abs() < 1e-6 && model.is_proven(good));
        assert!((bad - 0.04).abs() < 1e-6);
    }
}
