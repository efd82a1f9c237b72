//! Fitting the model: the terms' points from complaints played again, and nothing else.
//!
//! [`fit`] replays the complaints of a period and notes what the index shows of each sampled number the evening before:
//! the numbers complained about that day, legitimate ones, and random ones of the exchanges seen so far (without which
//! the model would flag whole exchanges). A logistic regression on lines with bends (`design`) then gives the points;
//! it is convex, so there is one answer, and the same seed gives the same file. The prior has no part in it: the sum of
//! the points is a logarithm of a likelihood ratio, to which any prior can be added.

mod design;
mod sample;
mod shape;
mod solve;

use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::day::Day;
use crate::domain::feature::Features;
use crate::domain::model::{Again, Fitted, ScoreModel};
use crate::number::E164;
use crate::replay::{Complaints, Half};
use design::Design;
use sample::Collected;
use solve::Problem;

/// What to fit on.
#[derive(Debug)]
pub struct FitPlan<'a> {
    /// The complaints, sorted.
    pub complaints: &'a Complaints,
    /// Legitimate numbers.
    pub legitimate: &'a [E164],
    /// The first day whose calls are fitted on; what came before is only known.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// Which half of the legitimate numbers, by exchange; all if none.
    pub half: Option<Half>,
    /// What the samples are drawn with.
    pub seed: u64,
}

/// Why no model can be fitted.
#[derive(Debug, Error)]
pub enum FitError {
    /// There is too little of something.
    #[error("too few {what} to fit on: {found}, at least {least}")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there must be.
        least: usize,
    },
    /// The optimization found no answer.
    #[error("the optimization ended without an answer: {0}")]
    NoAnswer(String),
}

/// How far it is: complaints known, and of how many.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize);

/// Fits a model. Half-lives, prior and rules are those of `start`.
///
/// # Errors
/// If there are too few samples, or the optimization fails.
pub fn fit(plan: &FitPlan<'_>, start: &ScoreModel, progress: Progress<'_>) -> Result<ScoreModel, FitError> {
    let collected = Collected::replay(plan, start, progress)?;
    let design = Design::new(shape::terms());
    let solved = Problem::of(&design, &collected.samples).solve()?;
    let mut model = ScoreModel {
        version: String::new(),
        // The random numbers among the negatives are no legitimate ones: without their weight, the odds are these.
        intercept: solved.weights.first().copied().unwrap_or_default() + solve::negatives().ln(),
        terms: design.terms(&solved.weights),
        tables: Vec::new(),
        fitted: None,
        ..start.clone()
    };
    settle(&mut model);
    model.again = again(&model, &collected)?;
    model.fitted = Some(Fitted {
        from: plan.from.to_string(),
        to: plan.to.to_string(),
        calls: collected.calls(),
        legitimate_numbers: collected.legitimate_numbers,
        half: plan.half.map(Half::index),
        seed: plan.seed,
        loss: solved.loss,
        loss_without: solved.loss_without,
    });
    model.version = version(&model, plan);
    Ok(model)
}

/// Moves the terms so that none has points where nothing is known: a term of shares and ratios has an end that is not
/// nothing, and a number without neighbours should not read a reason about them.
fn settle(model: &mut ScoreModel) {
    let blank = Features::blank();
    for term in &mut model.terms {
        let points = term.points(&blank);
        term.knots.iter_mut().for_each(|[_, knot]| *knot -= points);
        model.intercept += points;
    }
}

/// From log-odds and the number's own history to the probability of another complaint within seven days.
fn again(model: &ScoreModel, collected: &Collected) -> Result<Again, FitError> {
    let design = Design::new(shape::again_terms());
    let outcomes = collected.again.iter().map(|(features, again)| {
        let odds = model.evidence_log_odds(features);
        (design.row_beside(features, odds), *again)
    });
    let solved = Problem::of_outcomes(&design, outcomes).solve()?;
    Ok(Again {
        intercept: solved.weights.first().copied().unwrap_or_default(),
        slope: solved.weights.last().copied().unwrap_or_default(),
        terms: design.terms(&solved.weights),
    })
}

/// A name that no other fit has: the last day, and a hash of what was fitted.
fn version(model: &ScoreModel, plan: &FitPlan<'_>) -> String {
    let hash = xxh3_64(model.to_json().as_bytes()) >> 32;
    let half = plan
        .half
        .map(|half| format!("-half{}", half.index()))
        .unwrap_or_default();
    format!("fit-{}{half}-{hash:08x}", plan.to)
}
