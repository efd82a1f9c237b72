//! Model files: JSON, versioned, checked as a whole before use.

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::rules::Rules;
use super::term::{BilinearTable, MAX_TERMS, Term, VALUE_MAX, is_in_bounds};
use super::{Fitted, RepeatReportModel, ScoreModel, TollFreeModel};
use crate::domain::evidence::{FoldModel, UnknownWhenEstablished};
use crate::domain::range::RangeModel;

/// The layout of the file that this release reads and writes.
const FORMAT: u32 = 1;
/// The longest name of a model, in bytes.
const VERSION_BYTES_MAX: usize = 64;
/// The longest half-life, days: ten years.
const HALF_LIFE_MAX: f64 = 3_650.0;
/// The most that one number of the rules may be.
const RULE_MAX: f64 = 100.0;

/// The contents of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    format: u32,
    version: String,
    prior: f64,
    half_lives_days: HalfLives,
    intercept: f64,
    terms: Vec<Term>,
    #[serde(default)]
    tables: Vec<BilinearTable>,
    #[serde(default)]
    toll_free: Option<TollFreeModel>,
    again_in_7d: RepeatReportModel,
    #[serde(default)]
    unknown_when_established: UnknownWhenEstablished,
    #[serde(default)]
    rules: Rules,
    #[serde(default)]
    fitted: Option<Fitted>,
}

/// All half-lives, in days.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HalfLives {
    recent_reports: f64,
    reports: f64,
    not_spam: f64,
    areas: f64,
    ranges_recent: f64,
    ranges: f64,
    ranges_long: f64,
}

/// The fault of a model file.
#[derive(Debug, Error)]
pub enum ModelError {
    /// It is not JSON, or has other fields.
    #[error("is not a model file: {0}")]
    Json(#[from] serde_json::Error),
    /// It was written for another release.
    #[error("has format {found}; this release reads {FORMAT}")]
    Format {
        /// The format it names.
        found: u32,
    },
    /// A field has an invalid value.
    #[error(transparent)]
    Fault(#[from] ModelFieldError),
}

/// A field of a model with an invalid value.
#[derive(Debug, Error)]
#[error("{field} {what}")]
pub struct ModelFieldError {
    field: String,
    what: String,
}

impl ModelFieldError {
    pub(super) fn new(field: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            what: what.into(),
        }
    }

    fn within(self, outer: &str) -> Self {
        Self {
            field: format!("{outer}.{}", self.field),
            ..self
        }
    }
}

impl ScoreModel {
    /// Reads a model file.
    ///
    /// # Errors
    /// If the text is not a model file, or a field has an invalid value.
    pub fn from_json(text: &str) -> Result<Self, ModelError> {
        let format: ModelFileFormat = serde_json::from_str(text)?;
        if format.format != FORMAT {
            return Err(ModelError::Format { found: format.format });
        }
        let file: ModelFile = serde_json::from_str(text)?;
        file.check()?;
        Ok(file.into_model())
    }

    /// Writes a model file.
    #[must_use]
    pub fn to_json(&self) -> String {
        let file = ModelFile {
            format: FORMAT,
            version: self.version.clone(),
            prior: self.prior,
            half_lives_days: HalfLives {
                recent_reports: self.fold.short_days,
                reports: self.fold.long_days,
                not_spam: self.fold.not_spam_days,
                areas: self.areas_half_life_days,
                ranges_recent: self.ranges.recent_days,
                ranges: self.ranges.short_days,
                ranges_long: self.ranges.long_days,
            },
            intercept: self.intercept,
            terms: self.terms.clone(),
            tables: self.tables.clone(),
            toll_free: self.toll_free.clone(),
            again_in_7d: self.again.clone(),
            unknown_when_established: self.fold.unknown_when_established,
            rules: self.rules,
            fitted: self.fitted.clone(),
        };
        serde_json::to_string_pretty(&file).unwrap_or_default()
    }
}

/// The one field that every format has.
#[derive(Deserialize)]
struct ModelFileFormat {
    format: u32,
}

impl ModelFile {
    fn check(&self) -> Result<(), ModelFieldError> {
        let version = &self.version;
        if version.is_empty() || version.len() > VERSION_BYTES_MAX || version.contains(char::is_control) {
            return Err(ModelFieldError::new(
                "version",
                format!("is not a name of 1 to {VERSION_BYTES_MAX} bytes"),
            ));
        }
        if !(self.prior > 0.0 && self.prior < 1.0) {
            return Err(ModelFieldError::new("prior", "is not between 0 and 1"));
        }
        for (name, days) in self.half_lives_days.all() {
            if !(days > 0.0 && days <= HALF_LIFE_MAX) {
                return Err(ModelFieldError::new(
                    format!("half_lives_days.{name}"),
                    format!("is not above 0 and at most {HALF_LIFE_MAX}"),
                ));
            }
        }
        check_intercept("again_in_7d.intercept", self.again_in_7d.intercept)?;
        check_intercept("again_in_7d.toll_free", self.again_in_7d.toll_free)?;
        let slope = self.again_in_7d.slope;
        if !(slope > 0.0 && slope <= VALUE_MAX) {
            let what = format!("is not above 0 and at most {VALUE_MAX}");
            return Err(ModelFieldError::new("again_in_7d.slope", what));
        }
        check_part(self.intercept, &self.terms, &self.tables)?;
        if let Some(toll_free) = &self.toll_free {
            check_part(toll_free.intercept, &toll_free.terms, &toll_free.tables)
                .map_err(|fault| fault.within("toll_free"))?;
        }
        check_terms(&self.again_in_7d.terms).map_err(|fault| fault.within("again_in_7d"))?;
        check_unknown(self.unknown_when_established)?;
        self.rules.check()
    }

    fn into_model(self) -> ScoreModel {
        let half_lives = self.half_lives_days;
        ScoreModel {
            version: self.version,
            fold: FoldModel {
                short_days: half_lives.recent_reports,
                long_days: half_lives.reports,
                not_spam_days: half_lives.not_spam,
                unknown_when_established: self.unknown_when_established,
                ..FoldModel::DEFAULT
            },
            areas_half_life_days: half_lives.areas,
            ranges: RangeModel {
                recent_days: half_lives.ranges_recent,
                short_days: half_lives.ranges,
                long_days: half_lives.ranges_long,
                ..RangeModel::DEFAULT
            },
            prior: self.prior,
            intercept: self.intercept,
            terms: self.terms,
            tables: self.tables,
            toll_free: self.toll_free,
            again: self.again_in_7d,
            rules: self.rules,
            fitted: self.fitted,
        }
    }
}

impl HalfLives {
    fn all(&self) -> [(&'static str, f64); 7] {
        [
            ("recent_reports", self.recent_reports),
            ("reports", self.reports),
            ("not_spam", self.not_spam),
            ("areas", self.areas),
            ("ranges_recent", self.ranges_recent),
            ("ranges", self.ranges),
            ("ranges_long", self.ranges_long),
        ]
    }
}

impl Rules {
    fn check(&self) -> Result<(), ModelFieldError> {
        let (cases, rate) = (&self.cases, &self.rate);
        let scores = [
            ("range_only_most", self.range_only_most),
            ("range_few_most", self.range_few_most),
            ("channel_most", self.channel_most),
            ("unproven_most", self.unproven_most),
            ("unproven_label_most", self.unproven_label_most),
            ("blocked_floor", self.blocked_floor),
            ("allowed_most", self.allowed_most),
            ("cases.floor_score", cases.floor_score),
            ("rate.floor_score", rate.floor_score),
            ("rate.most", rate.most),
        ];
        let shares = [
            ("category_shown_from", self.category_shown_from),
            ("spoof_share_from", self.spoof_share_from),
            ("cases.floor_confidence", cases.floor_confidence),
            ("confidence_range_share", self.confidence_range_share),
        ];
        let weights = [
            ("own_mass_from", self.own_mass_from),
            ("spoof_seen_from", self.spoof_seen_from),
            ("spoof_suspected", self.spoof_suspected),
            ("not_spam", self.not_spam),
            ("not_spam_most", self.not_spam_most),
            ("cases.caller_id", cases.caller_id),
            ("cases.other_role", cases.other_role),
            ("cases.neighbour", cases.neighbour),
            ("cases.most", cases.most),
            ("rate.burst", rate.burst),
            ("rate.sequential", rate.sequential),
            ("rate.short_calls", rate.short_calls),
            ("rate.unanswered", rate.unanswered),
            ("rate.rejected", rate.rejected),
            ("confidence_half_mass", self.confidence_half_mass),
            ("unknown_below_range_mass", self.unknown_below_range_mass),
            ("category_prior_strength", self.category_prior_strength),
        ];
        let odds = &self.attestation;
        let signed = [
            ("attestation.a", odds.a),
            ("attestation.b", odds.b),
            ("attestation.c", odds.c),
            ("attestation.unsigned", odds.unsigned),
            ("attestation.not_given", odds.not_given),
        ];
        within(&scores, 0.0, 100.0)?;
        within(&shares, 0.0, 1.0)?;
        within(&weights, 0.0, RULE_MAX)?;
        let weeks = f64::from(self.established_weeks);
        within(&[("established_weeks", weeks)], 1.0, RULE_MAX)?;
        let neighbours = [
            ("range_label_from", f64::from(self.range_label_from)),
            ("range_label_from_elsewhere", f64::from(self.range_label_from_elsewhere)),
        ];
        within(&neighbours, 1.0, RULE_MAX)?;
        within(&signed, -RULE_MAX, RULE_MAX)?;
        within(
            &[("cases.half_life_days", cases.half_life_days)],
            f64::MIN_POSITIVE,
            HALF_LIFE_MAX,
        )
    }
}

fn check_unknown(rule: UnknownWhenEstablished) -> Result<(), ModelFieldError> {
    let field = |name: &str| format!("unknown_when_established.{name}");
    if !(0.0..=1.0).contains(&rule.floor) {
        return Err(ModelFieldError::new(field("floor"), "is not from 0 to 1"));
    }
    if rule.to_weeks <= rule.from_weeks {
        return Err(ModelFieldError::new(field("to_weeks"), "is not above from_weeks"));
    }
    Ok(())
}

/// Checks the intercept, terms and tables of geographic or of toll-free numbers.
fn check_part(intercept: f64, terms: &[Term], tables: &[BilinearTable]) -> Result<(), ModelFieldError> {
    check_intercept("intercept", intercept)?;
    if terms.len() + tables.len() > MAX_TERMS {
        return Err(ModelFieldError::new("terms", format!("are more than {MAX_TERMS}")));
    }
    check_terms(terms)?;
    terms.iter().try_for_each(Term::check_direction)?;
    tables.iter().try_for_each(BilinearTable::check)?;
    tables.iter().try_for_each(BilinearTable::check_direction)
}

fn check_intercept(name: &str, intercept: f64) -> Result<(), ModelFieldError> {
    if is_in_bounds(intercept) {
        return Ok(());
    }
    Err(ModelFieldError::new(
        name,
        format!("is not from -{VALUE_MAX} to {VALUE_MAX}"),
    ))
}

fn check_terms(terms: &[Term]) -> Result<(), ModelFieldError> {
    for (place, term) in terms.iter().enumerate() {
        if terms.iter().take(place).any(|other| other.feature == term.feature) {
            return Err(ModelFieldError::new(
                format!("terms.{}", term.feature.name()),
                "is there twice",
            ));
        }
        term.check()?;
    }
    Ok(())
}

fn within(fields: &[(&str, f64)], least: f64, most: f64) -> Result<(), ModelFieldError> {
    match fields.iter().find(|(_, value)| !(least..=most).contains(value)) {
        None => Ok(()),
        Some((name, _)) => Err(ModelFieldError::new(
            format!("rules.{name}"),
            format!("is not from {least} to {most}"),
        )),
    }
}

/// The model fitted on FTC complaints up to 31 October 2020, as `ringwarden fit` wrote it.
pub(super) const BUILT_IN: &str = include_str!("built-in.json");

/// The built-in model; read once.
pub(super) fn built_in() -> Arc<ScoreModel> {
    static MODEL: LazyLock<Arc<ScoreModel>> = LazyLock::new(|| {
        #[expect(clippy::expect_used, reason = "a test reads the same constant")]
        let model = ScoreModel::from_json(BUILT_IN).expect("the built-in model is sound");
        Arc::new(model)
    });
    Arc::clone(&MODEL)
}

#[cfg(test)]
mod tests;
