//! Fitting the model: the terms' points from complaints played again, and nothing else.
//!
//! [`fit`] replays the complaints of a period and notes what the index shows of each sampled number the evening before:
//! the numbers complained about that day, legitimate ones, and random ones of the exchanges seen so far (without which
//! the model would flag whole exchanges). A logistic regression on lines with bends ([`design`]) then gives the points;
//! it is convex, so there is one answer, and the same seed gives the same file. The prior has no part in it: the sum of
//! the points is a logarithm of a likelihood ratio, to which any prior can be added.

mod design;
mod sample;
mod shape;
mod solve;

use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::model::{Again, Fitted, ScoreModel};
use crate::number::E164;
use crate::replay::{Complaints, Day, Half};
use design::Design;
use sample::{Collected, Kind};
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
        intercept: solved.weights.first().copied().unwrap_or_default(),
        terms: design.terms(&solved.weights),
        tables: Vec::new(),
        fitted: None,
        ..start.clone()
    };
    calibrate(&mut model, &collected)?;
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

/// Makes the sum a likelihood ratio of complaint calls against legitimate numbers: the random ones among the negatives
/// shape the terms, and would make every score a little too low.
fn calibrate(model: &mut ScoreModel, collected: &Collected) -> Result<(), FitError> {
    let count = |kind| collected.samples.iter().filter(|sample| sample.kind == kind).map(|sample| f64::from(sample.calls)).sum::<f64>();
    let (calls, legitimate) = (count(Kind::Complaint), count(Kind::Legitimate));
    let against = collected.samples.iter().filter(|sample| sample.kind != Kind::Random);
    let points = against.map(|sample| {
        let total = if sample.is_call() { calls } else { legitimate };
        let odds = model.evidence_log_odds(&sample.features);
        (odds, sample.is_call(), f64::from(sample.calls) / total)
    });
    let line = solve::line(points)?;
    model.intercept = line.intercept + line.slope * model.intercept;
    for knot in model.terms.iter_mut().flat_map(|term| &mut term.knots) {
        let [_, points] = knot;
        *points *= line.slope;
    }
    Ok(())
}

/// From log-odds to the probability of another complaint within seven days.
fn again(model: &ScoreModel, collected: &Collected) -> Result<Again, FitError> {
    let odds = collected.again.iter().map(|(features, again)| (model.evidence_log_odds(features), *again, 1.0));
    let line = solve::line(odds)?;
    Ok(Again {
        intercept: line.intercept,
        slope: line.slope,
    })
}

/// A name that no other fit has: the last day, and a hash of what was fitted.
fn version(model: &ScoreModel, plan: &FitPlan<'_>) -> String {
    let hash = xxh3_64(model.to_json().as_bytes()) >> 32;
    let half = plan.half.map(|half| format!("-half{}", half.index())).unwrap_or_default();
    format!("fit-{}{half}-{hash:08x}", plan.to)
}
