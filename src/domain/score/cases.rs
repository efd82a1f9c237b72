//! What fraud cases bring to a score.

use super::Subject;
use crate::domain::case::{Case, Link};
use crate::domain::kinds::CaseRole;
use crate::domain::model::ScoreModel;

impl ScoreModel {
    /// What contributing cases bring: the link's role, its confidence, and its age.
    pub(super) fn case_points(&self, subject: &Subject<'_>) -> f64 {
        let weights = &self.rules.cases;
        let linked: f64 = subject
            .cases
            .iter()
            .filter(|(link, case)| raises(link, case))
            .map(|(link, case)| {
                let role = match link.role {
                    CaseRole::CallerId => weights.caller_id,
                    CaseRole::Callback | CaseRole::TestLine | CaseRole::MuleContact => weights.other_role,
                    CaseRole::SpoofedVictim => 0.0,
                };
                let dated = case
                    .last_evidence_at
                    .map_or(link.dated_at(subject.now), |last| last.max(link.dated_at(subject.now)));
                role * link.confidence * (-subject.now.days_since(dated) / weights.half_life_days).exp2()
            })
            .sum();
        let neighbour = if subject.around.case_in_100 && subject.cases.is_empty() {
            weights.neighbour
        } else {
            0.0
        };
        (linked + neighbour).min(weights.most)
    }

    /// Whether a case holds the number so surely that its score has a floor.
    pub(super) fn case_floor(&self, subject: &Subject<'_>) -> bool {
        self.holding(subject)
            .any(|(link, _)| matches!(link.role, CaseRole::CallerId | CaseRole::Callback))
    }

    /// The contributing case that holds the number most surely, if one does now and with confidence.
    pub(super) fn holding_case<'a>(&self, subject: &Subject<'a>) -> Option<&'a Case> {
        self.holding(subject)
            .max_by(|a, b| a.0.confidence.total_cmp(&b.0.confidence))
            .map(|(_, case)| case)
    }

    fn holding<'a>(&self, subject: &Subject<'a>) -> impl Iterator<Item = (&'a Link, &'a Case)> {
        let (now, least) = (subject.now, self.rules.cases.floor_confidence);
        let linked = subject.cases.iter().map(|(link, case)| (*link, &**case));
        linked.filter(move |(link, case)| raises(link, case) && link.confidence >= least && !link.ended_at(now))
    }
}

/// Whether a link raises the score: its case contributes, and its owner is not a victim.
pub(super) fn raises(link: &Link, case: &Case) -> bool {
    case.contributes() && link.role.raises()
}
