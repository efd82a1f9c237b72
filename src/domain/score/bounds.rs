//! Caps and floors, which come after the sum. Each books the step it makes to a reason.

use super::cases::raises;
use super::reason::ReasonCode;
use super::{Subject, Weighed};
use crate::domain::kinds::StatusKind;
use crate::domain::model::ScoreModel;

/// How far below its cap a score that rests on the neighbourhood alone begins to be squeezed, so that the worse of two
/// such numbers still scores higher.
const SQUEEZED: f64 = 1.0;

impl ScoreModel {
    /// Applies the caps and floors, in the order of their strength, each with its reason.
    pub(super) fn bounded(&self, subject: &Subject<'_>, log_odds: f64, weighed: &mut Weighed) -> f64 {
        let rules = &self.rules;
        let holds = |kind| subject.state.statuses.holding(kind, subject.now).is_some();
        let mut value = 100.0 * sigmoid(log_odds);
        // Steps are taken from the log-odds themselves, which still differ where the score is 100 to all digits.
        let mut from = log_odds;
        let mut move_to = |value: &mut f64, score: f64, code| {
            let to = log_odds_of(score);
            weighed.extra.add(code, to - from);
            from = to;
            *value = score;
        };
        let own =
            weighed.standing.long >= rules.own_mass_from || subject.cases.iter().any(|(link, case)| raises(link, case));
        if !own {
            let squeezed = squeeze(value, rules.range_only_most);
            if squeezed < value {
                move_to(&mut value, squeezed, ReasonCode::RangeOnly);
            }
        }
        let case_floor = self.case_floor(subject);
        if case_floor && value < rules.cases.floor_score {
            move_to(&mut value, rules.cases.floor_score, ReasonCode::CaseLink);
        }
        // The stronger status is applied last, and so wins.
        if holds(StatusKind::Allowed) && value > rules.allowed_most {
            move_to(&mut value, rules.allowed_most, ReasonCode::AnalystAllowed);
        }
        if holds(StatusKind::Blocked) && value < rules.blocked_floor {
            move_to(&mut value, rules.blocked_floor, ReasonCode::AnalystBlocked);
        }
        weighed.verdict.case_floor = case_floor;
        value
    }
}

/// Brings what is above `most` below it, in the same order.
fn squeeze(value: f64, most: f64) -> f64 {
    let from = (most - SQUEEZED).max(0.0);
    if value <= from {
        return value;
    }
    most - (most - from) * (-(value - from) / SQUEEZED.max(100.0 - most)).exp()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Log-odds of a score, kept off the ends.
fn log_odds_of(score: f64) -> f64 {
    let share = (score / 100.0).clamp(1e-6, 1.0 - 1e-6);
    (share / (1.0 - share)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_below_the_last_point_stays_and_the_rest_keeps_its_order() {
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
