//! The correction of scores that fits the calls of a period best: a straight line over log-odds (Platt, 1999).
//!
//! The evidence of a number is the logarithm of a likelihood ratio. If spoofing grows, or if complaints come from fewer
//! areas, the same evidence means more or less than before. The correction `intercept + slope * log-odds` says how much:
//! it is 0 and 1 if the scores mean what they say.

use std::ops::RangeInclusive;

/// The largest count of steps; five to ten are usual.
const STEPS_MAX: usize = 60;
/// A step is the last if it changes neither value by more than this.
const STEP_MIN: f64 = 1e-9;
/// The largest step that may be rounding alone.
const STEP_ROUNDING: f64 = 1e-5;
/// The largest count of halvings of a step that increases the loss.
const HALVINGS_MAX: u32 = 20;
/// Below this share of the product of its diagonal, the determinant of the curvature is 0: all samples have the same
/// log-odds.
const DETERMINANT_MIN: f64 = 1e-12;

/// A correction of log-odds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// Added to the corrected log-odds.
    pub intercept: f64,
    /// Factor on the log-odds.
    pub slope: f64,
}

/// A number on a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedOdds {
    /// Log-odds of its evidence, without the prior.
    pub log_odds: f64,
    /// Its weight.
    pub weight: f64,
}

/// The samples of a correction. Only relations of weights matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CalibrationSamples {
    /// Complaint calls.
    pub calls: Vec<WeightedOdds>,
    /// Legitimate and random numbers.
    pub negatives: Vec<WeightedOdds>,
}

impl Calibration {
    /// The corrected log-odds.
    #[must_use]
    pub fn of(&self, log_odds: f64) -> f64 {
        self.intercept + self.slope * log_odds
    }
}

impl CalibrationSamples {
    /// The correction with the least mean log loss, with a slope within `slopes`: it makes the log-odds the logarithm of
    /// the likelihood ratio of calls against negatives; the weights of both do not matter. `None` if no line fits best, since
    /// all samples have the same log-odds, or all calls have more than all negatives.
    #[must_use]
    pub fn calibrate(&self, slopes: &RangeInclusive<f64>) -> Option<Calibration> {
        let sum = |samples: &[WeightedOdds]| -> f64 { samples.iter().map(|sample| sample.weight).sum() };
        let odds_of_negatives = (sum(&self.negatives) / sum(&self.calls)).ln();
        let start = Calibration {
            intercept: -odds_of_negatives,
            slope: 1.0,
        };
        let mut best = self.best(start, false)?;
        // The loss is convex. So if the best slope is out of bounds, the best one within them is the nearest bound.
        if !slopes.contains(&best.slope) {
            let slope = best.slope.clamp(*slopes.start(), *slopes.end());
            best = self.best(Calibration { slope, ..best }, true)?;
        }
        Some(Calibration {
            intercept: best.intercept + odds_of_negatives,
            ..best
        })
    }

    /// Newton's method from a start; with a fixed slope, only the intercept moves. `None` if it does not end.
    fn best(&self, start: Calibration, is_slope_fixed: bool) -> Option<Calibration> {
        let mut line = start;
        let mut local = self.local(line);
        for _ in 0..STEPS_MAX {
            let step = local.step(is_slope_fixed)?;
            let next = self.walk(line, step, local.loss);
            // If no part of a step lowers the loss, the rest is rounding.
            let is_still = next.is_none();
            (line, local) = next.unwrap_or((line, local));
            let largest = step.intercept.abs().max(step.slope.abs());
            if largest < STEP_MIN || is_still {
                return (largest < STEP_ROUNDING).then_some(line);
            }
        }
        None
    }

    /// Takes the largest tried part of a step that lowers the loss.
    fn walk(&self, from: Calibration, step: Calibration, loss: f64) -> Option<(Calibration, Local)> {
        let mut length = 1.0;
        for _ in 0..HALVINGS_MAX {
            let next = Calibration {
                intercept: from.intercept - length * step.intercept,
                slope: from.slope - length * step.slope,
            };
            let local = self.local(next);
            if local.loss < loss {
                return Some((next, local));
            }
            length /= 2.0;
        }
        None
    }

    fn local(&self, line: Calibration) -> Local {
        let mut local = Local::default();
        self.calls.iter().for_each(|sample| local.add(line, *sample, true));
        self.negatives.iter().for_each(|sample| local.add(line, *sample, false));
        local
    }
}

/// Loss, gradient and curvature of a line.
#[derive(Default)]
struct Local {
    loss: f64,
    gradient: [f64; 2],
    /// By intercept twice, by both, by slope twice.
    curvature: [f64; 3],
}

impl Local {
    fn add(&mut self, line: Calibration, sample: WeightedOdds, is_call: bool) {
        let WeightedOdds { log_odds: x, weight } = sample;
        let z = line.of(x);
        let (p, target) = (1.0 / (1.0 + (-z).exp()), f64::from(u8::from(is_call)));
        // ln(1 + e^z) - target z, without overflow
        self.loss += weight * (z.max(0.0) + (-z.abs()).exp().ln_1p() - target * z);
        let (error, bend) = (weight * (p - target), weight * p * (1.0 - p));
        let [by_intercept, by_slope] = &mut self.gradient;
        *by_intercept += error;
        *by_slope += error * x;
        let [twice, both, slope_twice] = &mut self.curvature;
        *twice += bend;
        *both += bend * x;
        *slope_twice += bend * x * x;
    }

    /// The step of Newton's method, to subtract; `None` if the curvature does not define one.
    fn step(&self, is_slope_fixed: bool) -> Option<Calibration> {
        let ([by_intercept, by_slope], [twice, both, slope_twice]) = (self.gradient, self.curvature);
        if is_slope_fixed {
            let intercept = by_intercept / twice;
            return intercept.is_finite().then_some(Calibration { intercept, slope: 0.0 });
        }
        let determinant = twice * slope_twice - both * both;
        let step = Calibration {
            intercept: (slope_twice * by_intercept - both * by_slope) / determinant,
            slope: (twice * by_slope - both * by_intercept) / determinant,
        };
        (determinant > DETERMINANT_MIN * twice * slope_twice).then_some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: RangeInclusive<f64> = 0.0..=100.0;

    fn odds(log_odds: f64, weight: f64) -> WeightedOdds {
        WeightedOdds { log_odds, weight }
    }

    /// Two values of evidence: `-x` and `x`. A share `calls` of the complaint calls has `x`, and a share `negatives` of
    /// the others. So the likelihood ratios of both are known.
    fn two(x: f64, calls: f64, negatives: f64) -> CalibrationSamples {
        let of = |weight: f64, share: f64| vec![odds(-x, weight * (1.0 - share)), odds(x, weight * share)];
        CalibrationSamples {
            calls: of(3.0, calls),
            negatives: of(5.0, negatives),
        }
    }

    #[test]
    fn a_line_through_two_points_is_found() {
        // x: 0.8 of the calls and 0.1 of the others, a ratio of 8; -x: 0.2 and 0.9.
        let (high, low) = (8.0f64.ln(), (0.2f64 / 0.9).ln());
        for x in [0.5, 1.0, 3.0] {
            let found = two(x, 0.8, 0.1).calibrate(&ANY).unwrap();
            assert!((found.of(x) - high).abs() < 1e-6, "{found:?}");
            assert!((found.of(-x) - low).abs() < 1e-6, "{found:?}");
        }
    }

    #[test]
    fn a_slope_out_of_bounds_is_the_nearest_bound() {
        let free = two(1.0, 0.8, 0.1).calibrate(&ANY).unwrap();
        assert!(free.slope > 1.5 && free.slope < 3.0, "{free:?}");
        let bound = two(1.0, 0.8, 0.1).calibrate(&(0.2..=1.0)).unwrap();
        assert!((bound.slope - 1.0).abs() < 1e-12);
        // At the best intercept, the predicted weight of the calls is their weight.
        let p = |x: f64| 1.0 / (1.0 + 5.0 / 3.0 * (-bound.of(x)).exp());
        let predicted = p(1.0) * (3.0 * 0.8 + 5.0 * 0.1) + p(-1.0) * (3.0 * 0.2 + 5.0 * 0.9);
        assert!((predicted - 3.0).abs() < 1e-6, "{predicted}");
    }

    #[test]
    fn an_affine_change_of_the_evidence_is_undone() {
        let spread = |shift: f64, factor: f64| {
            let of = |centre: f64| -> Vec<WeightedOdds> {
                let place = |n: u32| centre + f64::from(n % 200) / 50.0 - 2.0;
                (0..2_000)
                    .map(|n| odds(shift + factor * place(n), f64::from(1 + n % 3)))
                    .collect()
            };
            CalibrationSamples {
                calls: of(1.0),
                negatives: of(-1.0),
            }
        };
        let straight = spread(0.0, 1.0).calibrate(&ANY).unwrap();
        let bent = spread(-1.5, 0.5).calibrate(&ANY).unwrap();
        for x in [-3.0, 0.0, 2.0] {
            let (one, other) = (straight.of(x), bent.of(-1.5 + 0.5 * x));
            assert!((one - other).abs() < 1e-6, "{straight:?} {bent:?}");
        }
    }

    #[test]
    fn without_a_best_line_there_is_none() {
        for (samples, why) in [
            (two(0.0, 0.5, 0.5), "all equal"),
            (two(1.0, 1.0, 0.0), "all apart"),
            (CalibrationSamples::default(), "nothing"),
        ] {
            assert_eq!(samples.calibrate(&ANY), None, "{why}");
        }
    }
}
