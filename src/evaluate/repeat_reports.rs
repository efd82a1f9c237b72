//! The prediction that a number is reported again within seven days, and its quality.

use serde::Serialize;

/// Log-odds are limited to this range.
const LOG_ODDS_MAX: f64 = 20.0;
/// The count of steps for log-odds. Two predictions share a step only if they differ by less than 0.0007.
const STEPS: usize = 1 << 16;

/// Counts of outcomes by predicted log-odds. Memory is bounded for any count of outcomes.
#[derive(Debug)]
pub(super) struct RepeatReportTally {
    /// For each step, how many numbers were not reported again and how many were.
    outcomes: Vec<[u64; 2]>,
    log_loss: f64,
    brier: f64,
}

/// The quality of the prediction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RepeatReportFigures {
    /// Count of predictions: numbers times Tuesdays.
    pub count: u64,
    /// Share of predictions whose number was reported again.
    pub rate: f64,
    /// Area under the receiver operating characteristic: the probability that a number reported again had a higher
    /// score than one not reported again.
    pub auc: f64,
    /// Log loss: the mean negative logarithm of the probability of the actual outcome, in nats.
    pub log_loss: f64,
    /// Brier score: the mean squared error of the probability.
    pub brier: f64,
    /// Log loss if the same share is predicted for all numbers.
    pub base_log_loss: f64,
}

impl Default for RepeatReportTally {
    fn default() -> Self {
        Self {
            outcomes: vec![[0; 2]; STEPS],
            log_loss: 0.0,
            brier: 0.0,
        }
    }
}

impl RepeatReportTally {
    /// Adds a prediction and its outcome.
    pub(super) fn note(&mut self, probability: f64, again: bool) {
        let p = probability.clamp(1e-9, 1.0 - 1e-9);
        let log_odds = (p / (1.0 - p)).ln();
        if let Some(counts) = self.outcomes.get_mut(step(log_odds)) {
            let [not, again_count] = counts;
            *(if again { again_count } else { not }) += 1;
        }
        self.log_loss -= if again { p.ln() } else { (1.0 - p).ln() };
        self.brier += if again { (1.0 - p).powi(2) } else { p.powi(2) };
    }

    /// Adds all predictions of another count.
    pub(super) fn merge(&mut self, other: &Self) {
        for (counts, more) in self.outcomes.iter_mut().zip(&other.outcomes) {
            for (count, more) in counts.iter_mut().zip(more) {
                *count += more;
            }
        }
        self.log_loss += other.log_loss;
        self.brier += other.brier;
    }

    /// The figures. None if there is no prediction, or if all outcomes are the same.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub(super) fn figures(&self) -> Option<RepeatReportFigures> {
        let (mut not, mut again, mut ordered) = (0u64, 0u64, 0.0);
        for [step_not, step_again] in &self.outcomes {
            // Pairs with all lower predictions, and half of the pairs with equal predictions.
            ordered += *step_again as f64 * (not as f64 + *step_not as f64 / 2.0);
            not += step_not;
            again += step_again;
        }
        if not == 0 || again == 0 {
            return None;
        }
        let count = (not + again) as f64;
        let rate = again as f64 / count;
        Some(RepeatReportFigures {
            count: not + again,
            rate,
            auc: ordered / (not as f64 * again as f64),
            log_loss: self.log_loss / count,
            brier: self.brier / count,
            base_log_loss: -(rate * rate.ln() + (1.0 - rate) * (1.0 - rate).ln()),
        })
    }
}

fn step(log_odds: f64) -> usize {
    let share = (log_odds.clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX) + LOG_ODDS_MAX) / (2.0 * LOG_ODDS_MAX);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it lies between 0 and STEPS"
    )]
    let step = (share * (STEPS - 1) as f64).round() as usize;
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_ranking_has_a_known_area() {
        let mut again = RepeatReportTally::default();
        assert!(again.figures().is_none());
        for (p, outcome) in [(0.1, false), (0.4, false), (0.35, true), (0.8, true)] {
            again.note(p, outcome);
        }
        let figures = again.figures().unwrap();
        assert!((figures.auc - 0.75).abs() < 1e-12, "{figures:?}");
        let wanted = -(0.9f64.ln() + 0.6f64.ln() + 0.35f64.ln() + 0.8f64.ln()) / 4.0;
        assert!((figures.log_loss - wanted).abs() < 1e-12);
        assert!((figures.base_log_loss - 2f64.ln()).abs() < 1e-12);
        assert!((figures.brier - (0.01 + 0.16 + 0.4225 + 0.04) / 4.0).abs() < 1e-12);
    }

    #[test]
    fn merging_equals_counting_all() {
        let (mut all, mut one, mut two) = (
            RepeatReportTally::default(),
            RepeatReportTally::default(),
            RepeatReportTally::default(),
        );
        for n in 0..100 {
            let (p, outcome) = (f64::from(n) / 101.0 + 0.005, n % 3 == 0);
            all.note(p, outcome);
            if n % 2 == 0 {
                one.note(p, outcome)
            } else {
                two.note(p, outcome)
            }
        }
        one.merge(&two);
        let (merged, all) = (one.figures().unwrap(), all.figures().unwrap());
        assert!((merged.auc - all.auc).abs() < 1e-12 && (merged.log_loss - all.log_loss).abs() < 1e-12);
    }
}
