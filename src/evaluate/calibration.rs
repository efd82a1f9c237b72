//! The correction of scores that fits the calls of a period best: a straight line over log-odds (Platt, 1999).
//!
//! The evidence of a number is the logarithm of a likelihood ratio. If spoofing grows, or if complaints come from fewer
//! areas, the same evidence means more or less than before. The correction `intercept + slope * log-odds` says how much:
//! it is 0 and 1 if the scores mean what they say.

use std::ops::RangeInclusive;

/// The total weights of the legitimate and of the random numbers, as in the fit of a model. That of the complaint calls
/// is 1.
pub const LEGITIMATE_WEIGHT: f64 = 1.0;
/// The same for random numbers.
pub const RANDOM_WEIGHT: f64 = 0.6;
/// The least count of samples of each kind.
pub const LEAST_SAMPLES: usize = 1_000;

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
    /// Its calls, or its weight among its kind.
    pub weight: f64,
}

/// The samples of a correction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CalibrationSamples {
    /// Complaint calls.
    pub complaints: Vec<WeightedOdds>,
    /// Legitimate numbers.
    pub legitimate: Vec<WeightedOdds>,
    /// Random numbers.
    pub random: Vec<WeightedOdds>,
}

/// Why there is no correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCalibration {
    /// There are too few samples of a kind.
    TooFew {
        /// The kind.
        what: &'static str,
        /// The count of samples.
        found: usize,
    },
    /// No line fits best: all samples have the same log-odds, or the log-odds of complaint calls are all above the others.
    NoAnswer,
}

impl Calibration {
    /// The corrected log-odds.
    #[must_use]
    pub fn of(&self, log_odds: f64) -> f64 {
        self.intercept + self.slope * log_odds
    }
}

impl CalibrationSamples {
    /// The correction with the least mean log loss, with a slope within `slopes`. The prior is no part of it.
    ///
    /// # Errors
    /// If there are too few samples of a kind, or if no line fits best.
    pub fn calibrate(&self, slopes: &RangeInclusive<f64>) -> Result<Calibration, NoCalibration> {
        for (what, samples) in [
            ("complaint calls", &self.complaints),
            ("days of legitimate numbers", &self.legitimate),
            ("days of random numbers", &self.random),
        ] {
            if samples.len() < LEAST_SAMPLES {
                let found = samples.len();
                return Err(NoCalibration::TooFew { what, found });
            }
        }
        let start = Calibration {
            intercept: -negatives(),
            slope: 1.0,
        };
        let mut found = self.best(start, false);
        // The loss is convex. So if the best slope is out of bounds, the best one within them is the nearest bound.
        if let Some(best) = found.filter(|best| !slopes.contains(&best.slope)) {
            let slope = best.slope.clamp(*slopes.start(), *slopes.end());
            found = self.best(Calibration { slope, ..best }, true);
        }
        // The negatives weigh more than the calls. This removes their weight from the odds.
        let of_evidence = |best: Calibration| Calibration {
            intercept: best.intercept + negatives(),
            ..best
        };
        found.map(of_evidence).ok_or(NoCalibration::NoAnswer)
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
        for (samples, total, is_call) in [
            (&self.complaints, 1.0, true),
            (&self.legitimate, LEGITIMATE_WEIGHT, false),
            (&self.random, RANDOM_WEIGHT, false),
        ] {
            let sum: f64 = samples.iter().map(|sample| sample.weight).sum();
            for sample in samples {
                local.add(line, sample.log_odds, sample.weight * total / sum, is_call);
            }
        }
        local
    }
}

/// Logarithm of the total weight of the negatives.
fn negatives() -> f64 {
    (LEGITIMATE_WEIGHT + RANDOM_WEIGHT).ln()
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
    fn add(&mut self, line: Calibration, x: f64, weight: f64, is_call: bool) {
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
        if !(determinant > DETERMINANT_MIN * twice * slope_twice) {
            return None;
        }
        Some(Calibration {
            intercept: (slope_twice * by_intercept - both * by_slope) / determinant,
            slope: (twice * by_slope - both * by_intercept) / determinant,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: RangeInclusive<f64> = 0.0..=100.0;

    fn times(log_odds: f64, weight: f64) -> Vec<WeightedOdds> {
        vec![WeightedOdds { log_odds, weight }; LEAST_SAMPLES / 2]
    }

    /// Two values of evidence: `-x` and `x`. Of the complaint calls, a share `calls` has `x`, and of the others
    /// `negatives`. So the likelihood ratios of both are known.
    fn two(x: f64, calls: f64, negatives: f64) -> CalibrationSamples {
        let of = |share: f64| [times(-x, 1.0 - share), times(x, share)].concat();
        CalibrationSamples {
            complaints: of(calls),
            legitimate: of(negatives),
            random: of(negatives),
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
        let p = |x: f64| 1.0 / (1.0 + (-(bound.of(x) - negatives())).exp());
        let predicted = p(1.0) * (0.8 + 1.6 * 0.1) + p(-1.0) * (0.2 + 1.6 * 0.9);
        assert!((predicted - 1.0).abs() < 1e-6, "{predicted}");
    }

    #[test]
    fn an_affine_change_of_the_evidence_is_undone() {
        let spread = |shift: f64, factor: f64| {
            let of = |centre: f64| -> Vec<WeightedOdds> {
                let place = |n: u32| centre + f64::from(n % 200) / 50.0 - 2.0;
                (0..2_000)
                    .map(|n| WeightedOdds {
                        log_odds: shift + factor * place(n),
                        weight: f64::from(1 + n % 3),
                    })
                    .collect()
            };
            CalibrationSamples {
                complaints: of(1.0),
                legitimate: of(-1.0),
                random: of(-0.5),
            }
        };
        let straight = spread(0.0, 1.0).calibrate(&ANY).unwrap();
        let bent = spread(-1.5, 0.5).calibrate(&ANY).unwrap();
        for x in [-3.0, 0.0, 2.0] {
            assert!(
                (straight.of(x) - bent.of(-1.5 + 0.5 * x)).abs() < 1e-6,
                "{straight:?} {bent:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        assert_eq!(
            two(0.0, 0.5, 0.5).calibrate(&ANY),
            Err(NoCalibration::NoAnswer),
            "all equal"
        );
        assert_eq!(
            two(1.0, 1.0, 0.0).calibrate(&ANY),
            Err(NoCalibration::NoAnswer),
            "all apart"
        );
        let mut few = two(1.0, 0.8, 0.1);
        few.random.pop();
        let what = "days of random numbers";
        assert_eq!(few.calibrate(&ANY), Err(NoCalibration::TooFew { what, found: 999 }));
    }
}
