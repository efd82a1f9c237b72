//! The part of a score that rests on unproven reporters.
//!
//! Their steps are those of [`UnprovenStep`]: few do not label, several label, many count in full and block once they have
//! reported the number for days. If more is known of a number, a small group of new accounts must not label it: then
//! several count as few.

use super::bounds::sigmoid;
use super::cases::raises;
use super::{Subject, Weighed};
use crate::domain::evidence::{DecayedEvidence, FoldModel, UnprovenStep};
use crate::domain::kinds::StatusKind;
use crate::domain::model::ScoreModel;
use crate::domain::score::Withheld;
use crate::domain::words::{Figure, UnprovenEffect};

impl ScoreModel {
    /// The evidence with unproven reporters counted as people who may label the number, if they may.
    pub(super) fn believed(&self, subject: &Subject<'_>, decayed: DecayedEvidence) -> DecayedEvidence {
        let step = decayed.unproven.step(&self.fold.weights);
        if step == UnprovenStep::Few {
            return decayed;
        }
        let as_fewer = |few: DecayedEvidence| {
            if self.is_known_for_longer(subject, &decayed) {
                (few, self.rules.unproven_most)
            } else {
                (few.with_several(), self.rules.unproven_label_most)
            }
        };
        if step == UnprovenStep::Several {
            return as_fewer(decayed).0;
        }
        let few = subject
            .state
            .evidence
            .with_few_at(decayed.unproven, subject.now, &self.fold, subject.view());
        self.worse(subject, decayed, as_fewer(few))
    }

    /// The evidence of many, or the same of fewer if that is worse: old reports have little mass left, and then the time
    /// over which many reported the number may speak for it. A further report must not help the number. `most` is the score
    /// that fewer stay below.
    fn worse(
        &self,
        subject: &Subject<'_>,
        many: DecayedEvidence,
        (fewer, most): (DecayedEvidence, f64),
    ) -> DecayedEvidence {
        let [of_many, of_fewer] = [&many, &fewer].map(|decayed| {
            let features = self.features(subject, decayed, &subject.neighbourhood);
            self.evidence_log_odds(&features)
        });
        let is_below_cap = 100.0 * sigmoid(of_many + self.prior_log_odds()) < most - 1.0;
        if of_fewer > of_many && is_below_cap {
            fewer
        } else {
            many
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

    /// Whether all evidence of the number itself is that of unproven reporters who may not label it: no report of others, no
    /// case, and nothing in its latest calls.
    pub(super) fn has_few_unproven_alone(&self, subject: &Subject<'_>, weighed: &Weighed) -> bool {
        let decayed = &weighed.decayed;
        let by_calls = self.rate(subject, &weighed.verdict).next().is_some();
        let by_case = subject.cases.iter().any(|(link, case)| raises(link, case));
        decayed.step == UnprovenStep::Few
            && decayed.reports == 0
            && decayed.without_unproven().is_some()
            && !by_calls
            && !by_case
    }

    /// Whether unproven reporters count in full, but people have not reported the number for long enough to block it.
    pub(super) fn is_too_early_to_block(&self, decayed: &DecayedEvidence) -> bool {
        decayed.step == UnprovenStep::Many && self.is_too_early(decayed)
    }

    /// Whether all reports are of people, and not for long enough to block the number. Reporters who were right before may
    /// have reported numbers of their own, so they do not block at once either.
    pub(super) fn rests_on_new_reports_of_people(&self, decayed: &DecayedEvidence) -> bool {
        decayed.unproven.proven > 0 && !decayed.from_feed && self.is_too_early(decayed)
    }

    fn is_too_early(&self, decayed: &DecayedEvidence) -> bool {
        decayed.unproven.days_labelled < self.fold.weights.unproven_block_days
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

/// How many different people reported the number, within which time, and what they may do.
pub(super) fn figure(subject: &Subject<'_>, weighed: &Weighed, fold: &FoldModel) -> Figure {
    let decayed = &weighed.decayed;
    let reporters = &decayed.unproven;
    let is_withheld = weighed.verdict.withheld == Some(Withheld::UnprovenReporters);
    let effect = match (decayed.step, reporters.step(&fold.weights)) {
        _ if is_withheld => UnprovenEffect::Label,
        (UnprovenStep::Several | UnprovenStep::Many, _) => UnprovenEffect::Label,
        (UnprovenStep::Few, _) if reporters.contested => UnprovenEffect::Contested,
        (UnprovenStep::Few, UnprovenStep::Few) => UnprovenEffect::TooFew,
        (UnprovenStep::Few, UnprovenStep::Several | UnprovenStep::Many) => UnprovenEffect::MoreKnown,
    };
    let exact = usize::try_from(reporters.named).is_ok_and(|named| named < fold.weights.unproven_release_count);
    let unproven = if exact {
        f64::from(reporters.named)
    } else {
        subject.state.evidence.unproven_count(&fold.weights)
    };
    // A block is withheld also from people who were right before.
    let (people, days) = if is_withheld {
        (
            unproven.max(f64::from(reporters.people)),
            reporters.days().max(reporters.days_labelled),
        )
    } else {
        (unproven, reporters.days())
    };
    Figure::of_unproven(effect, people, days * 24.0)
}
