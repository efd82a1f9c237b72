//! The part of a score that comes from fraud cases.

use super::Subject;
use crate::domain::case::{Case, CaseLink};
use crate::domain::decay::remaining_at;
use crate::domain::kinds::CaseRole;
use crate::domain::model::ScoreModel;
use crate::domain::time::Timestamp;

impl ScoreModel {
    /// The points of contributing cases: by the link's role, confidence and age.
    pub(super) fn case_points(&self, subject: &Subject<'_>) -> f64 {
        let weights = &self.rules.cases;
        let linked: f64 = subject
            .cases
            .iter()
            .map(|(link, case)| {
                let role = match link.role {
                    CaseRole::CallerId => weights.caller_id,
                    CaseRole::Callback | CaseRole::TestLine | CaseRole::MuleContact => weights.other_role,
                    CaseRole::SpoofedVictim => 0.0,
                };
                role * self.link_strength(link, case, subject.now)
            })
            .sum();
        let neighbour = if subject.cases.is_empty() {
            weights.neighbour * subject.neighbourhood.case_in_100
        } else {
            0.0
        };
        (linked + neighbour).min(weights.most)
    }

    /// How strongly a case holds a number that it links, 0 to 1: the confidence of the link, halved for each half-life
    /// since the later of the link and the last evidence of the case. 0 if the link does not raise a score.
    #[must_use]
    pub fn link_strength(&self, link: &CaseLink, case: &Case, now: Timestamp) -> f64 {
        if !raises(link, case) {
            return 0.0;
        }
        let linked_at = link.dated_at(now);
        let dated_at = case.last_evidence_at.map_or(linked_at, |last| last.max(linked_at));
        link.confidence * remaining_at(dated_at, now, self.rules.cases.half_life_days)
    }

    /// Whether a case links the number with enough confidence to set a floor.
    pub(super) fn case_floor(&self, subject: &Subject<'_>) -> bool {
        self.holding(subject)
            .any(|(link, _)| matches!(link.role, CaseRole::CallerId | CaseRole::Callback))
    }

    /// The contributing case with the most confident link to the number, if that link is current and confident enough.
    pub(super) fn holding_case<'a>(&self, subject: &Subject<'a>) -> Option<&'a Case> {
        self.holding(subject)
            .max_by(|a, b| a.0.confidence.total_cmp(&b.0.confidence))
            .map(|(_, case)| case)
    }

    fn holding<'a>(&self, subject: &Subject<'a>) -> impl Iterator<Item = (&'a CaseLink, &'a Case)> {
        let (now, least) = (subject.now, self.rules.cases.floor_confidence);
        let linked = subject.cases.iter().map(|(link, case)| (*link, &**case));
        linked.filter(move |(link, case)| raises(link, case) && link.confidence >= least && !link.ended_at(now))
    }
}

/// Whether a link raises the score: its case contributes, and its role is not that of a victim.
pub(super) fn raises(link: &CaseLink, case: &Case) -> bool {
    case.contributes() && link.role.raises()
}
