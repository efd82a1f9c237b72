//! The part of a score that rests on unproven reporters.
//!
//! Their steps are those of [`UnprovenStep`]: few do not label, several label, many count in full and block once they have
//! reported the number for days. A small group of new accounts shall not label a number of which more is known, so several
//! count as few for it.

use super::{Subject, Weighed};
use crate::domain::evidence::{DecayedEvidence, FoldModel, UnprovenReporters, UnprovenStep};
use crate::domain::kinds::StatusKind;
use crate::domain::model::ScoreModel;
use crate::domain::score::Withheld;

impl ScoreModel {
    /// The evidence with unproven reporters counted as people who may label the number, if they may.
    pub(super) fn believed(&self, subject: &Subject<'_>, decayed: DecayedEvidence) -> DecayedEvidence {
        let is_enough = decayed.unproven.step(&self.fold.weights) == UnprovenStep::Several;
        if is_enough && !self.is_known_for_longer(subject, &decayed) {
            decayed.with_several()
        } else {
            decayed
        }
    }

    /// Whether more is known of the number than several new reporters say: it was established before they came, its owner
    /// is known, or an analyst looked into it.
    fn is_known_for_longer(&self, subject: &Subject<'_>, decayed: &DecayedEvidence) -> bool {
        let cleared = [StatusKind::Allowed, StatusKind::SpoofedVictim, StatusKind::UnderDispute];
        let statuses = &subject.state.statuses;
        decayed.unproven.weeks_before >= self.rules.established_weeks
            || subject.owner_calls().is_some()
            || cleared
                .into_iter()
                .any(|kind| statuses.holding(kind, subject.now).is_some())
    }

    /// Whether unproven reporters count in full, but have not reported the number for long enough to block it.
    pub(super) fn is_too_early_to_block(&self, decayed: &DecayedEvidence) -> bool {
        decayed.step == UnprovenStep::Many && decayed.unproven.days < self.fold.weights.unproven_block_days
    }
}

/// Whether the reason of unproven reporters is given although it takes no points: they label the number, and do not
/// block it.
pub(super) fn is_stated(model: &ScoreModel, weighed: &Weighed) -> bool {
    let labels = |value: f64| value >= model.rules.unproven_most;
    weighed.decayed.step == UnprovenStep::Several
        && weighed.verdict.withheld != Some(Withheld::UnprovenReporters)
        && weighed.verdict.value.is_some_and(labels)
}

/// A sentence about the unproven reporters, and why they do not label or do not block.
pub(super) fn text(subject: &Subject<'_>, weighed: &Weighed, fold: &FoldModel) -> String {
    let decayed = &weighed.decayed;
    let reporters = &decayed.unproven;
    if reporters.named == 0 {
        return "The reports name no reporter, so all may be of one person.".to_owned();
    }
    let said = said(subject, reporters, fold);
    let so = match (decayed.step, reporters.step(&fold.weights)) {
        (UnprovenStep::Several | UnprovenStep::Many, _) => "They are new here, so they label it and do not block it.",
        (UnprovenStep::Few, _) if reporters.contested => {
            "They are new here, and others say that its calls were wanted, so they do not label it."
        }
        (UnprovenStep::Few, UnprovenStep::Few) => "They are new here and too few to label it.",
        (UnprovenStep::Few, _) => "They are new here and more is known of the number, so they do not label it.",
    };
    format!("{said} {so}")
}

/// How many different people reported the number, and within which time.
fn said(subject: &Subject<'_>, reporters: &UnprovenReporters, fold: &FoldModel) -> String {
    let exact = usize::try_from(reporters.named).is_ok_and(|named| named < fold.weights.unproven_release_count);
    let people = match reporters.named {
        1 => return "One person reported it.".to_owned(),
        named if exact => format!("{named} different people"),
        _ => {
            let about = subject.state.evidence.unproven_count(&fold.weights).round();
            format!("About {about:.0} different people")
        }
    };
    let hours = (reporters.days * 24.0).ceil();
    let time = match hours {
        hours if hours <= 1.0 => "an hour".to_owned(),
        hours if hours < 24.0 => format!("{hours:.0} hours"),
        hours if hours <= 25.0 => "a day".to_owned(),
        hours => format!("{:.0} days", (hours / 24.0).ceil()),
    };
    format!("{people} reported it within {time}.")
}
