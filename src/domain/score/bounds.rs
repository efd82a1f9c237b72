//! Caps and floors, applied after the sum. Each adds its difference to a reason.

use super::rate;
use super::reason::Points;
use super::{CRITICAL_FROM, Subject, Weighed};
use crate::domain::evidence::{DecayedEvidence, UnprovenStep};
use crate::domain::kinds::StatusKind;
use crate::domain::model::ScoreModel;
use crate::domain::reason_code::ReasonCode;

/// How far below its cap a score that rests on the neighbourhood alone starts to be compressed, so that the worse of
/// two such numbers still scores higher.
const SQUEEZED: f64 = 1.0;

impl ScoreModel {
    /// The sum as a score, with caps and floors applied in the order of their strength, each with its reason.
    pub(super) fn bounded(&self, subject: &Subject<'_>, weighed: &mut Weighed) -> f64 {
        let rules = &self.rules;
        let spoof_suspected = weighed.verdict.spoof_suspected;
        let judged = weighed.extra;
        let sum = |evidence: f64| evidence + self.prior_log_odds() + judged.sum();
        let value_of = |rest: DecayedEvidence| {
            let features = self.features(subject, &rest, &subject.neighbourhood);
            let log_odds = sum(self.evidence_log_odds(&features));
            self.at_rest(subject, &rest, log_odds, &judged).by_range
        };
        let without_unproven = weighed.decayed.without_unproven().map(value_of);
        weighed.rests_on_unproven = self.is_too_early_to_block(&weighed.decayed) && {
            let evidence = &subject.state.evidence;
            let proven = evidence.proven_at(subject.now, &self.fold, subject.view());
            !proven.independent || value_of(proven) < CRITICAL_FROM
        };
        let log_odds = sum(weighed.evidence_log_odds);
        let at_rest = self.at_rest(subject, &weighed.decayed, log_odds, &judged);
        weighed.verdict.case_floor = self.case_floor(subject);

        let mut score = Moving {
            value: 100.0 * sigmoid(log_odds),
            log_odds,
            extra: &mut weighed.extra,
        };
        score.at_most(at_rest.by_channel, ReasonCode::Attestation);
        score.at_most(at_rest.by_range, ReasonCode::RangeOnly);
        if let Some(without) = without_unproven {
            let most = match weighed.decayed.step {
                UnprovenStep::Few => rules.unproven_most,
                UnprovenStep::Several | UnprovenStep::Many => rules.unproven_label_most,
            };
            let most = squeeze(score.value, most).max(without);
            score.at_most(most, ReasonCode::UnprovenReporters);
        }
        let rate = rate::lift(score.extra);
        if rate > 0.0 {
            let without = 100.0 * sigmoid(log_odds - rate);
            score.at_most(squeeze(score.value, rules.rate.most).max(without), ReasonCode::RateOnly);
        }
        if let Some((sign, _)) = self.rate(subject, &weighed.verdict).next() {
            score.at_least(rules.rate.floor_score, sign);
        }
        if weighed.verdict.case_floor {
            score.at_least(rules.cases.floor_score, ReasonCode::CaseLink);
        }
        // The stronger status is applied last, so it wins.
        if subject.holds(StatusKind::Allowed, spoof_suspected) {
            score.at_most(rules.allowed_most, ReasonCode::AnalystAllowed);
        }
        if subject.holds(StatusKind::Blocked, spoof_suspected) {
            score.at_least(rules.blocked_floor, ReasonCode::AnalystBlocked);
        }
        score.value
    }

    /// The score if neither the call nor the neighbourhood may block alone.
    fn at_rest(&self, subject: &Subject<'_>, decayed: &DecayedEvidence, log_odds: f64, judged: &Points) -> AtRest {
        let value = 100.0 * sigmoid(log_odds);
        if self.has_own_evidence(subject, decayed) {
            return AtRest {
                by_channel: value,
                by_range: value,
            };
        }
        let by_channel = self.held_by_channel(log_odds, judged);
        AtRest {
            by_channel,
            by_range: self.held_by_few_neighbours(
                subject,
                decayed,
                log_odds,
                squeeze(by_channel, self.rules.range_only_most),
            ),
        }
    }
}

/// A score that rests on no evidence of the number itself is capped twice.
struct AtRest {
    /// First, as far as the call raised it.
    by_channel: f64,
    /// Then, as far as the neighbourhood raised it.
    by_range: f64,
}

/// A score being moved, and where its steps are booked.
struct Moving<'a> {
    value: f64,
    /// The log-odds of the value; they still differ where the score is 100 in all digits.
    log_odds: f64,
    extra: &'a mut Points,
}

impl Moving<'_> {
    fn at_most(&mut self, most: f64, code: ReasonCode) {
        if self.value > most {
            self.to(most, code);
        }
    }

    fn at_least(&mut self, least: f64, code: ReasonCode) {
        if self.value < least {
            self.to(least, code);
        }
    }

    fn to(&mut self, value: f64, code: ReasonCode) {
        let log_odds = log_odds_of(value);
        self.extra.add(code, log_odds - self.log_odds);
        (self.value, self.log_odds) = (value, log_odds);
    }
}

/// Compresses values above `most` to below it, in the same order.
pub(super) fn squeeze(value: f64, most: f64) -> f64 {
    let from = (most - SQUEEZED).max(0.0);
    if value <= from || most >= 100.0 {
        return value;
    }
    most - (most - from) * (-(value - from) / SQUEEZED.max(100.0 - most)).exp()
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Log-odds of a score, kept away from 0 and 100.
pub(super) fn log_odds_of(score: f64) -> f64 {
    let share = (score / 100.0).clamp(1e-6, 1.0 - 1e-6);
    (share / (1.0 - share)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squeezing_keeps_low_scores_and_the_order() {
        for most in [0.0, 0.5, 1.0, 79.0, 99.5, 100.0] {
            let values: Vec<f64> = (0..=1_000).map(|n| f64::from(n) / 10.0).collect();
            let squeezed: Vec<f64> = values.iter().map(|value| squeeze(*value, most)).collect();
            for (value, to) in values.iter().zip(&squeezed) {
                assert!((0.0..=most).contains(to), "{value} became {to}, above {most}");
                assert!(to <= value, "{value} rose to {to}");
                if *value <= most - SQUEEZED {
                    assert_eq!(value.to_bits(), to.to_bits());
                }
            }
            let rises = squeezed.windows(2).all(|pair| pair[0] < pair[1]);
            assert!(rises || most == 0.0, "the order below {most} is lost");
        }
    }

    #[test]
    fn log_odds_of_a_score_are_finite_at_the_ends() {
        assert!(log_odds_of(0.0) < -13.0 && log_odds_of(0.0).is_finite());
        assert!(log_odds_of(100.0) > 13.0 && log_odds_of(100.0).is_finite());
        assert!((100.0 * sigmoid(log_odds_of(79.0)) - 79.0).abs() < 1e-9);
    }
}
