//! Solves the regression with Newton's method. Each step is a quadratic programme with bounds, because some weights may
//! not be negative (Clarabel, an interior-point solver).

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettingsBuilder, DefaultSolver, IPSolver as _, SolverStatus, SupportedConeT};
use rayon::prelude::*;

use super::FitError;
use super::design::{Design, DesignRow};
use super::sample::FitSample;
use super::weights::SampleWeights;

/// Strength of the ridge for rare outcomes, whose mean loss is small.
const RIDGE_OF_OUTCOMES: f64 = 1e-6;
/// The largest count of steps. Five to ten are usual.
const STEPS_MAX: usize = 40;
/// A step is the last if it changes no weight by more than this.
const STEP_MIN: f64 = 1e-5;
/// The largest count of halvings of a step that increases the loss.
const HALVINGS_MAX: u32 = 20;
/// Rows summed at a time. The sums are then added in order, so that every run gives the same result to the last bit.
const CHUNK_ROWS: usize = 16_384;

/// A row with its weight, and whether it is a complaint call.
struct Weighted {
    row: DesignRow,
    weight: f64,
    is_call: bool,
}

/// A regression to solve.
pub(super) struct RegressionProblem {
    rows: Vec<Weighted>,
    columns: usize,
    free: Vec<bool>,
    ridge: f64,
}

/// The solution of a regression.
#[derive(Debug, Default)]
pub(super) struct Solved {
    /// One weight for each column.
    pub weights: Vec<f64>,
    /// The mean loss in nats.
    pub loss: f64,
    /// The mean loss in nats with the intercept alone.
    pub loss_without: f64,
}

/// Loss, gradient and curvature at given weights.
struct Local {
    loss: f64,
    gradient: Vec<f64>,
    /// Row by row. Only the upper triangle is filled.
    curvature: Vec<f64>,
}

impl RegressionProblem {
    /// The regression of complaint calls against legitimate and random numbers.
    pub(super) fn of(design: &Design, samples: &[FitSample], weights: &SampleWeights, ridge: f64) -> Self {
        let weighted = |sample: &FitSample| Weighted {
            row: design.row(&sample.features),
            weight: weights.focused(sample),
            is_call: sample.is_call(),
        };
        Self {
            rows: samples.par_iter().map(weighted).collect(),
            columns: design.columns(),
            free: design.free(),
            ridge,
        }
    }

    /// The regression of outcomes on rows with an extra value, whose weight may not be negative.
    pub(super) fn of_outcomes(design: &Design, outcomes: impl Iterator<Item = (DesignRow, bool)>) -> Self {
        let outcomes: Vec<(DesignRow, bool)> = outcomes.collect();
        #[expect(clippy::cast_precision_loss, reason = "counts of samples are far below 2^53")]
        let weight = 1.0 / outcomes.len() as f64;
        let weighted = |(row, is_call)| Weighted { row, weight, is_call };
        let mut free = vec![true; design.columns()];
        free.push(false);
        Self {
            rows: outcomes.into_iter().map(weighted).collect(),
            columns: design.columns() + 1,
            free,
            ridge: RIDGE_OF_OUTCOMES,
        }
    }

    /// The weights with the least loss.
    pub(super) fn solve(&self) -> Result<Solved, FitError> {
        let mut weights = vec![0.0; self.columns];
        let loss_without = self.without();
        let mut local = self.local(&weights);
        for _ in 0..STEPS_MAX {
            let step = self.step(&weights, &local)?;
            let largest = step.iter().fold(0.0f64, |most, step| most.max(step.abs()));
            let (next, next_local) = self.walk(&weights, &step, &local);
            // If no part of a step lowers the loss, the rest is rounding.
            let is_still = next == weights;
            (weights, local) = (next, next_local);
            if largest < STEP_MIN || is_still {
                return Ok(Solved {
                    weights,
                    loss: local.loss,
                    loss_without,
                });
            }
        }
        Err(FitError::NoAnswer(format!("{STEPS_MAX} steps were not enough")))
    }

    /// Takes the largest tried part of a step that lowers the loss.
    fn walk(&self, weights: &[f64], step: &[f64], from: &Local) -> (Vec<f64>, Local) {
        let mut length = 1.0;
        for _ in 0..HALVINGS_MAX {
            let next: Vec<f64> = weights
                .iter()
                .zip(step)
                .map(|(weight, step)| weight + length * step)
                .collect();
            let local = self.local(&next);
            if local.loss <= from.loss {
                return (next, local);
            }
            length /= 2.0;
        }
        (weights.to_vec(), self.local(weights))
    }

    fn local(&self, weights: &[f64]) -> Local {
        let n = self.columns;
        let blank = || Local {
            loss: 0.0,
            gradient: vec![0.0; n],
            curvature: vec![0.0; n * n],
        };
        let of_chunk = |rows: &[Weighted]| {
            let mut local = blank();
            rows.iter().for_each(|row| local.add(row, weights, n));
            local
        };
        let chunks: Vec<Local> = self.rows.par_chunks(CHUNK_ROWS).map(of_chunk).collect();
        let mut all = blank();
        chunks.iter().for_each(|chunk| all.merge(chunk));
        for (place, weight) in weights.iter().enumerate().skip(1) {
            all.loss += self.ridge * weight * weight / 2.0;
            if let Some(gradient) = all.gradient.get_mut(place) {
                *gradient += self.ridge * weight;
            }
            if let Some(curvature) = all.curvature.get_mut(place * n + place) {
                *curvature += self.ridge;
            }
        }
        all
    }

    /// The step to the minimum of the quadratic approximation of the loss, within the bounds.
    fn step(&self, weights: &[f64], local: &Local) -> Result<Vec<f64>, FitError> {
        let n = self.columns;
        let mut columns: Vec<usize> = Vec::new();
        let (mut starts, mut places, mut values) = (vec![0usize], Vec::new(), Vec::new());
        for column in 0..n {
            for row in 0..=column {
                places.push(row);
                values.push(local.curvature.get(row * n + column).copied().unwrap_or_default());
            }
            starts.push(places.len());
            if !self.free.get(column).copied().unwrap_or(true) {
                columns.push(column);
            }
        }
        let curvature = CscMatrix::new(n, n, starts, places, values);
        // -step <= weight, for weights that may not become negative.
        let bounds: Vec<f64> = columns
            .iter()
            .filter_map(|column| weights.get(*column).copied())
            .collect();
        let entries = columns.len();
        let mut starts = Vec::with_capacity(n + 1);
        let mut next = 0;
        for column in 0..=n {
            starts.push(next);
            if columns.get(next) == Some(&column) {
                next += 1;
            }
        }
        let constraints = CscMatrix::new(entries, n, starts, (0..entries).collect(), vec![-1.0; entries]);
        let settings = DefaultSettingsBuilder::default()
            .verbose(false)
            .tol_gap_abs(1e-12)
            .tol_gap_rel(1e-12)
            .tol_feas(1e-12)
            .build()
            .map_err(|error| FitError::NoAnswer(error.to_string()))?;
        let cones = [SupportedConeT::NonnegativeConeT(entries)];
        let mut solver = DefaultSolver::new(&curvature, &local.gradient, &constraints, &bounds, &cones, settings)
            .map_err(|error| FitError::NoAnswer(error.to_string()))?;
        solver.solve();
        let status = solver.solution.status;
        // A step without further progress is still a step: it is taken only as far as it lowers the loss.
        let usable = [
            SolverStatus::Solved,
            SolverStatus::AlmostSolved,
            SolverStatus::InsufficientProgress,
        ];
        if !usable.contains(&status) {
            return Err(FitError::NoAnswer(format!("{status:?}")));
        }
        let within = |(place, step): (usize, f64)| {
            let weight = weights.get(place).copied().unwrap_or_default();
            let is_free = self.free.get(place).copied().unwrap_or(true);
            if is_free { step } else { step.max(-weight) }
        };
        Ok(solver.solution.x.iter().copied().enumerate().map(within).collect())
    }

    /// The mean loss of a model that knows only the total weights of the kinds.
    fn without(&self) -> f64 {
        let calls: f64 = self.rows.iter().filter(|row| row.is_call).map(|row| row.weight).sum();
        let all: f64 = self.rows.iter().map(|row| row.weight).sum();
        let share = calls / all;
        -all * (share * share.ln() + (1.0 - share) * (1.0 - share).ln())
    }
}

impl Local {
    fn add(&mut self, row: &Weighted, weights: &[f64], n: usize) {
        let z: f64 = row
            .row
            .iter()
            .map(|(column, value)| f64::from(*value) * weights.get(usize::from(*column)).copied().unwrap_or_default())
            .sum();
        let (p, target) = (1.0 / (1.0 + (-z).exp()), f64::from(u8::from(row.is_call)));
        // ln(1 + e^z) - target z, without overflow
        self.loss += row.weight * (z.max(0.0) + (-z.abs()).exp().ln_1p() - target * z);
        let (slope, bend) = (row.weight * (p - target), row.weight * p * (1.0 - p));
        for (place, (column, value)) in row.row.iter().enumerate() {
            let (column, value) = (usize::from(*column), f64::from(*value));
            if let Some(gradient) = self.gradient.get_mut(column) {
                *gradient += slope * value;
            }
            let Some(line) = self.curvature.get_mut(column * n..(column + 1) * n) else {
                continue;
            };
            for (other, other_value) in row.row.iter().skip(place) {
                if let Some(curvature) = line.get_mut(usize::from(*other)) {
                    *curvature += bend * value * f64::from(*other_value);
                }
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        self.loss += other.loss;
        for (sum, more) in self.gradient.iter_mut().zip(&other.gradient) {
            *sum += more;
        }
        for (sum, more) in self.curvature.iter_mut().zip(&other.curvature) {
            *sum += more;
        }
    }
}
