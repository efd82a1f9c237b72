//! Corrects a fitted model by recent complaints, without fitting its terms again.
//!
//! The relation between evidence and outcome drifts: spoofing grows, a feed loses the areas of its reporters. Then all
//! points say too much or too little by the same factor. A straight line over the sum of the evidence corrects that
//! ([`crate::evaluate::Calibration`]). Every term is multiplied by its slope, so each point of a score still belongs to
//! one reason. A relation between two features that has changed needs a new fit.

use std::ops::RangeInclusive;

use xxhash_rust::xxh3::xxh3_64;

use super::part::Part;
use super::sample::Collected;
use super::weights::SampleWeights;
use super::{FitError, FitPlan};
use crate::domain::day::Day;
use crate::domain::feature::Feature;
use crate::domain::model::{BilinearTable, Recalibrated, RecalibratedTollFree, ScoreModel, Term};
use crate::evaluate::{Calibration, CalibrationSamples, WeightedOdds};
use crate::replay::{Complaints, Half, LegitimateNumber, ReplayProgress};

/// The slope that points are multiplied by. With another slope, the old points say too little about the new calls.
const SLOPES: RangeInclusive<f64> = 0.2..=3.0;
/// After this many half-lives, one sixteenth of a weight is left.
const HALF_LIVES: f64 = 4.0;
/// The days over which weeks with a report are counted.
const WEEKS_DAYS: f64 = 26.0 * 7.0;

/// The inputs of a recalibration.
#[derive(Debug)]
pub struct RecalibrationPlan<'a> {
    /// The complaints, sorted.
    pub complaints: &'a Complaints,
    /// Legitimate numbers with their kinds. Of a model that was fitted on one half of them, the same half is taken.
    pub legitimate: &'a [LegitimateNumber],
    /// The first day whose calls are samples. Earlier complaints are only known.
    pub from: Day,
    /// The last day.
    pub to: Day,
}

/// How many days of complaints before the first sample a model needs: four of its longest half-life, and all weeks that
/// it counts. `None` if a term counts reports of any age.
#[must_use]
pub fn days_needed(model: &ScoreModel) -> Option<i64> {
    let is_ageless =
        |feature: Feature| matches!(feature, Feature::QuietDays | Feature::ActiveDays | Feature::AllReports);
    let of = |terms: &[Term], tables: &[BilinearTable]| {
        let of_tables = tables.iter().flat_map(|table| table.features);
        terms.iter().map(|term| term.feature).chain(of_tables).any(is_ageless)
    };
    let toll_free = model.toll_free.as_ref();
    if of(&model.terms, &model.tables) || toll_free.is_some_and(|part| of(&part.terms, &part.tables)) {
        return None;
    }
    let half_lives = [
        model.fold.short_days,
        model.fold.long_days,
        model.areas_half_life_days,
        model.ranges.recent_days,
        model.ranges.short_days,
        model.ranges.long_days,
    ];
    let days = half_lives
        .into_iter()
        .fold(WEEKS_DAYS, |most, days| most.max(HALF_LIVES * days));
    #[expect(clippy::cast_possible_truncation, reason = "half-lives are at most ten years")]
    let days = days.ceil() as i64;
    Some(days)
}

/// Corrects a model by the calls of a period. Seed and half are those of its fit, so the same data give the same model.
///
/// # Errors
/// If the model does not say what it was fitted on, if there are too few samples, or if no line fits best.
pub fn recalibrate(
    plan: &RecalibrationPlan<'_>,
    model: &ScoreModel,
    progress: ReplayProgress<'_>,
) -> Result<ScoreModel, FitError> {
    let fitted = model.fitted.as_ref().ok_or(FitError::NotFitted)?;
    let samples = FitPlan {
        complaints: plan.complaints,
        legitimate: plan.legitimate,
        from: plan.from,
        to: plan.to,
        half: fitted.half.and_then(Half::from_index),
        seed: fitted.seed,
    };
    let collected = Collected::replay(&samples, model, progress)?;
    let geographic = line(model, &collected, Part::Geographic)?;
    let toll_free = if model.toll_free.is_some() && collected.has_toll_free() {
        Some(line(model, &collected, Part::TollFree)?)
    } else {
        None
    };
    let mut corrected = model.clone();
    correct(&mut corrected, geographic, toll_free);
    if let Some(fitted) = &mut corrected.fitted {
        fitted.recalibrated = Some(Recalibrated {
            of: model.version.clone(),
            from: plan.from.to_string(),
            to: plan.to.to_string(),
            slope: geographic.slope,
            intercept: geographic.intercept,
            toll_free: toll_free.map(|line| RecalibratedTollFree {
                slope: line.slope,
                intercept: line.intercept,
            }),
        });
    }
    corrected.version = version(&corrected, plan.to);
    Ok(corrected)
}

/// The correction of the log-odds of a part that fits its samples best.
fn line(model: &ScoreModel, collected: &Collected, part: Part) -> Result<Calibration, FitError> {
    let samples = collected.of(part);
    let weights = SampleWeights::new(samples, &collected.groups, part);
    let of = |is_call: bool| -> Vec<WeightedOdds> {
        let those = samples.iter().filter(|sample| sample.is_call() == is_call);
        let weighted = those.map(|sample| WeightedOdds {
            log_odds: model.evidence_log_odds(&sample.features),
            weight: weights.of(sample),
        });
        weighted.collect()
    };
    let samples = CalibrationSamples {
        calls: of(true),
        negatives: of(false),
    };
    let none = || FitError::NoAnswer("no line over the evidence fits best".to_owned());
    let mut line = samples.calibrate(&SLOPES).ok_or_else(none)?;
    // As in a fit, calls of a part weigh as much as its negatives. This adds how common the part is among both.
    if collected.has_toll_free() {
        line.intercept += part.log_odds(collected.toll_free_share());
    }
    Ok(line)
}

/// Applies a correction to the points of each part. The probability that a geographic number is reported again stays as
/// it was.
fn correct(model: &mut ScoreModel, geographic: Calibration, toll_free: Option<Calibration>) {
    scale(&mut model.intercept, &mut model.terms, &mut model.tables, geographic);
    if let Some((part, line)) = model.toll_free.as_mut().zip(toll_free) {
        scale(&mut part.intercept, &mut part.terms, &mut part.tables, line);
    }
    let slope = model.again.slope / geographic.slope;
    model.again.intercept -= slope * geographic.intercept;
    model.again.slope = slope;
}

fn scale(intercept: &mut f64, terms: &mut [Term], tables: &mut [BilinearTable], line: Calibration) {
    *intercept = line.of(*intercept);
    let knots = terms.iter_mut().flat_map(|term| &mut term.knots);
    knots.for_each(|[_, points]| *points *= line.slope);
    let cells = tables.iter_mut().flat_map(|table| &mut table.points).flatten();
    cells.for_each(|points| *points *= line.slope);
}

/// A unique version: the last day, and a hash of the model.
fn version(model: &ScoreModel, to: Day) -> String {
    let hash = xxh3_64(model.to_json().as_bytes()) >> 32;
    let half = model.fitted.as_ref().and_then(|fitted| fitted.half);
    let half = half.map(|half| format!("-half{half}")).unwrap_or_default();
    format!("recalibrated-{to}{half}-{hash:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::feature::Features;
    use crate::domain::model::TollFreeModel;

    fn line(intercept: f64, slope: f64) -> Calibration {
        Calibration { intercept, slope }
    }

    /// All evidence is corrected by the line of its part, and the probability of another complaint is the same.
    #[test]
    fn a_correction_moves_the_sum_along_its_line() {
        let table = BilinearTable {
            features: [Feature::Reports, Feature::Range100],
            rows: vec![-1.0, 1.0],
            columns: vec![0.0, 1.0],
            points: vec![vec![0.5, 1.0], vec![1.0, 2.0]],
        };
        let model = ScoreModel {
            tables: vec![table.clone()],
            ..ScoreModel::default()
        };
        let model = ScoreModel {
            toll_free: Some(TollFreeModel {
                intercept: -2.0,
                terms: model.terms.clone(),
                tables: vec![table],
            }),
            ..model
        };
        let (geographic, toll_free) = (line(-0.75, 0.5), line(0.25, 2.0));
        let mut corrected = model.clone();
        correct(&mut corrected, geographic, Some(toll_free));
        let features = Features::blank();
        let odds = |model: &ScoreModel| model.evidence_log_odds(&features);
        let (before, after) = (odds(&model), odds(&corrected));
        assert!((geographic.of(before) - after).abs() < 1e-12, "{before} {after}");
        let again = |model: &ScoreModel, log_odds: f64| model.again.intercept + model.again.slope * log_odds;
        assert!((again(&model, before) - again(&corrected, after)).abs() < 1e-12);

        let part = |model: &ScoreModel| model.toll_free.clone().unwrap();
        assert!((part(&corrected).intercept - toll_free.of(-2.0)).abs() < 1e-12);
        let points = |terms: &[Term]| terms[0].knots[1][1];
        let first = points(&model.terms);
        assert!((points(&corrected.terms) - first / 2.0).abs() < 1e-12);
        assert!((points(&part(&corrected).terms) - first * 2.0).abs() < 1e-12);
        assert!((part(&corrected).tables[0].points[0][1] - 2.0).abs() < 1e-12);
        assert!(ScoreModel::from_json(&corrected.to_json()).is_ok());

        let mut kept = model.clone();
        correct(&mut kept, geographic, None);
        assert_eq!(kept.toll_free, model.toll_free);
    }

    #[test]
    fn only_the_days_that_the_model_knows_are_needed() {
        let mut model = ScoreModel {
            toll_free: None,
            ..ScoreModel::default()
        };
        assert_eq!(days_needed(&model), Some(240), "four times 60 days");
        model.ranges.long_days = 20.0;
        assert_eq!(days_needed(&model), Some(182), "26 weeks");
        let all_reports = Term {
            feature: Feature::AllReports,
            knots: vec![[0.0, 0.0]],
        };
        model.toll_free = Some(TollFreeModel {
            intercept: 0.0,
            terms: vec![all_reports],
            tables: Vec::new(),
        });
        assert_eq!(days_needed(&model), None);
    }
}
