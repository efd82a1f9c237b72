//! Fits the points of the model's terms from replayed complaints, without any other data.
//!
//! [`fit`] replays the complaints of a period. For each sampled number it notes the features that the index shows the
//! evening before. Samples are the numbers with complaints that day, legitimate numbers, and random numbers from the
//! exchanges of earlier complaints (without these, the model would flag whole exchanges). A logistic regression on
//! piecewise linear terms (`design`) then gives the points, for geographic and for toll-free numbers apart (`part`). It is
//! convex, so there is one solution, and the same seed gives the same file. The prior is not part of it: the sum of the
//! points is the logarithm of a likelihood ratio, to which any prior can be added.

mod design;
mod part;
mod recalibrate;
mod sample;
mod shape;
mod solve;
mod weights;

use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::day::Day;
use crate::domain::feature::Features;
use crate::domain::model::{Fitted, FittedKind, FittedTollFree, RepeatReportModel, ScoreModel, TollFreeModel};
use crate::replay::{Complaints, Half, LegitimateNumber, ReplayProgress};
use design::Design;
use part::Part;
pub use recalibrate::{RecalibrationPlan, days_needed, recalibrate};
use sample::{Collected, LegitimateGroup};
use solve::{RegressionProblem, Solved};
use weights::SampleWeights;

/// The inputs of a fit.
#[derive(Debug)]
pub struct FitPlan<'a> {
    /// The complaints, sorted.
    pub complaints: &'a Complaints,
    /// Legitimate numbers with their kinds.
    pub legitimate: &'a [LegitimateNumber],
    /// The first day whose calls are samples. Earlier complaints are only known.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// The half of the legitimate numbers. All if none.
    pub half: Option<Half>,
    /// The seed of the samples.
    pub seed: u64,
}

/// The reason why no model can be fitted.
#[derive(Debug, Error)]
pub enum FitError {
    /// There are too few samples of a kind.
    #[error("too few {what} to fit on: {found}, at least {least}")]
    TooFew {
        /// The kind.
        what: &'static str,
        /// The count of samples.
        found: usize,
        /// The least count.
        least: usize,
    },
    /// The model does not say what it was fitted on.
    #[error("the model has no `fitted`: fit a model of your own instead")]
    NotFitted,
    /// The optimization found no solution.
    #[error("the optimization ended without an answer: {0}")]
    NoAnswer(String),
}

/// Fits a model. Half-lives, prior and rules come from `start`. If there are too few samples of toll-free numbers, the
/// model has no part for them.
///
/// # Errors
/// If there are too few samples, or if the optimization fails.
pub fn fit(plan: &FitPlan<'_>, start: &ScoreModel, progress: ReplayProgress<'_>) -> Result<ScoreModel, FitError> {
    let collected = Collected::replay(plan, start, progress)?;
    let (geographic, solved) = fit_part(&collected, Part::Geographic)?;
    let toll_free = if collected.has_toll_free() {
        Some(fit_part(&collected, Part::TollFree)?)
    } else {
        None
    };
    let mut fitted = Fitted {
        from: plan.from.to_string(),
        to: plan.to.to_string(),
        calls: collected.calls(),
        legitimate_numbers: collected.legitimate_numbers(),
        half: plan.half.map(Half::index),
        seed: plan.seed,
        loss: solved.loss,
        loss_without: solved.loss_without,
        kinds: kinds(&collected),
        toll_free: None,
        recalibrated: None,
    };
    if let Some((_, solved)) = &toll_free {
        fitted.toll_free = Some(FittedTollFree {
            share_of_complaint_calls: collected.toll_free_share(),
            share_of_wanted_calls: part::TOLL_FREE_SHARE_OF_WANTED,
            loss: solved.loss,
            loss_without: solved.loss_without,
        });
    }
    let mut model = ScoreModel {
        version: String::new(),
        intercept: geographic.intercept,
        terms: geographic.terms,
        tables: geographic.tables,
        toll_free: toll_free.map(|(part, _)| part),
        fitted: None,
        ..start.clone()
    };
    model.again = again(&model, &collected)?;
    model.fitted = Some(fitted);
    model.version = version(&model, plan);
    Ok(model)
}

/// Fits the intercept and the terms of a part, from its samples alone.
fn fit_part(collected: &Collected, part: Part) -> Result<(TollFreeModel, Solved), FitError> {
    let (design, samples) = (Design::new(part.terms()), collected.of(part));
    let weights = SampleWeights::new(samples, &collected.groups, part);
    let solved = RegressionProblem::of(&design, samples, &weights, part.ridge()).solve()?;
    let mut model = TollFreeModel {
        intercept: 0.0,
        terms: design.terms(&solved.weights),
        tables: Vec::new(),
    };
    // The weights of hard cases and the ridge change the scale of the points. Without both, it is right again.
    let sum = |features: &Features| -> f64 { model.terms.iter().map(|term| term.points(features)).sum() };
    let line = recalibrate::line(collected, part, sum)?;
    recalibrate::scale(&mut model.intercept, &mut model.terms, &mut model.tables, line);
    settle(&mut model);
    Ok((model, solved))
}

/// Shifts the terms so that all of them have 0 points without evidence. The terms of shares and ratios would otherwise
/// have points there, and a number without neighbours would get a reason about neighbours.
fn settle(model: &mut TollFreeModel) {
    let blank = Features::blank();
    for term in &mut model.terms {
        let points = term.points(&blank);
        term.knots.iter_mut().for_each(|[_, knot]| *knot -= points);
        model.intercept += points;
    }
}

/// The kinds of legitimate numbers with their weights.
fn kinds(collected: &Collected) -> Vec<FittedKind> {
    let groups = &collected.groups;
    let [geographic, toll_free] = Part::BOTH.map(|part| weights::shares(groups, part));
    let shares = geographic.iter().zip(&toll_free).map(|(a, b)| a + b);
    let of_group = |(group, share): (&LegitimateGroup, f64)| FittedKind {
        kind: group.kind.to_string(),
        toll_free: group.part == Part::TollFree,
        numbers: group.numbers.len() as u64,
        share,
    };
    groups.iter().zip(shares).map(of_group).collect()
}

/// Fits the probability of another complaint within seven days, from log-odds and the number's own history.
fn again(model: &ScoreModel, collected: &Collected) -> Result<RepeatReportModel, FitError> {
    let design = Design::new(shape::again_terms());
    let outcomes = collected.again.iter().map(|(features, again)| {
        let odds = model.evidence_log_odds(features);
        let is_toll_free = f64::from(u8::from(features.is_toll_free()));
        (design.row_beside(features, [is_toll_free, odds]), *again)
    });
    let solved = RegressionProblem::of_outcomes(&design, outcomes).solve()?;
    let mut beside = solved.weights.iter().rev().copied();
    let (slope, toll_free) = (beside.next().unwrap_or_default(), beside.next().unwrap_or_default());
    Ok(RepeatReportModel {
        intercept: solved.weights.first().copied().unwrap_or_default(),
        slope,
        toll_free,
        terms: design.terms(&solved.weights),
    })
}

/// A unique version: the last day, and a hash of the model.
fn version(model: &ScoreModel, plan: &FitPlan<'_>) -> String {
    let hash = xxh3_64(model.to_json().as_bytes()) >> 32;
    let half = plan
        .half
        .map(|half| format!("-half{}", half.index()))
        .unwrap_or_default();
    format!("fit-{}{half}-{hash:08x}", plan.to)
}
