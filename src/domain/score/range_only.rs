//! Whether a score rests on the neighbourhood alone. The tenant may switch labels of such calls off.

use super::cases::raises;
use super::{Subject, Weighed};
use crate::domain::evidence::DecayedEvidence;
use crate::domain::model::ScoreModel;

impl ScoreModel {
    /// Whether there is evidence of the number itself: enough reports of its own, or a contributing case.
    pub(super) fn has_own_evidence(&self, subject: &Subject<'_>, decayed: &DecayedEvidence) -> bool {
        decayed.long >= self.rules.own_mass_from || subject.cases.iter().any(|(link, case)| raises(link, case))
    }

    /// Whether reported numbers are near, and neither evidence of the number itself nor its latest calls count.
    pub(super) fn is_range_only(&self, subject: &Subject<'_>, weighed: &Weighed) -> bool {
        let has_neighbours = subject.neighbourhood.ten_thousand.short > 0.0 || subject.neighbourhood.case_in_100 > 0.0;
        let by_calls = self.rate(subject, &weighed.verdict).next().is_some();
        has_neighbours && !by_calls && !self.has_own_evidence(subject, &weighed.decayed)
    }
}
