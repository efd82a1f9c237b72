//! Fraud cases: their life cycle, and the numbers linked to them.

use super::actor::Actor;
use super::brand::Brand;
use super::case_history::CaseHistory;
use super::ids::CaseId;
use super::kinds::{CaseRole, CaseStatus, Category, Source};
use super::requests::Requests;
use super::time::Timestamp;
use super::unknown_fields::UnknownFields;

/// The most characters of a case's title.
pub const MAX_TITLE_CHARS: usize = 200;
/// The most characters of a summary, or of the reason of a step.
pub const MAX_TEXT_CHARS: usize = 4_000;
/// The most characters of an agency's name or reference.
pub const MAX_AGENCY_CHARS: usize = 200;
/// The most cases that one number can be linked to.
pub const MAX_LINKS: usize = 64;
/// The most numbers linked or unlinked in one request.
pub const MAX_CHANGED_LINKS: usize = 1_000;

/// A fraud case.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// The title, one line.
    pub title: Box<str>,
    /// The kind of fraud.
    pub category: Category,
    /// The brand impersonated.
    pub brand: Option<Brand>,
    /// A summary of the facts, for analysts.
    pub summary: Box<str>,
    /// Its status.
    pub status: CaseStatus,
    /// The agency that has the case or will get it.
    pub agency: Box<str>,
    /// The agency's own reference.
    pub agency_reference: Box<str>,
    /// Where the case comes from.
    pub source: Source,
    /// When it was created here.
    pub created_at: Timestamp,
    /// When it was last changed here.
    pub updated_at: Timestamp,
    /// The latest evidence in it, where known: old cases weigh less.
    pub last_evidence_at: Option<Timestamp>,
    /// Its history, oldest first.
    pub history: CaseHistory,
    /// The case it was merged into.
    pub merged_into: Option<CaseId>,
    /// The latest mutations, by request id.
    pub requests: Requests,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

/// One step in the life of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseEvent {
    /// When the step was taken.
    pub at: Timestamp,
    /// Who took it.
    pub actor: Actor,
    /// The status before; none for the creation.
    pub from: Option<CaseStatus>,
    /// The status after.
    pub to: CaseStatus,
    /// The reason given.
    pub note: Box<str>,
    /// The agency involved, or empty.
    pub agency: Box<str>,
}

/// A step that the life cycle of a case does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// There is no such step.
    #[error("a case cannot go from {from} to {to}: {}", allowed_steps(*.from))]
    NotAllowed {
        /// The status of the case.
        from: CaseStatus,
        /// The status asked for.
        to: CaseStatus,
    },
    /// A closed case is reopened without a note.
    #[error("must say why the closed case is reopened")]
    NoteToReopenMissing,
    /// A case that raises scores is closed as unsubstantiated without a note.
    #[error("must say why a case that was corroborated is closed as unsubstantiated")]
    NoteToCloseMissing,
    /// A case is referred to nobody.
    #[error("must name the agency that the case is referred to")]
    AgencyMissing,
}

impl Case {
    /// Whether the id, the title or the agency's reference contains this text; capitals make no difference.
    #[must_use]
    pub fn mentions(&self, text: &str) -> bool {
        if text.is_empty() {
            return true;
        }
        let text = text.to_lowercase();
        let parts = [self.id.as_str(), &self.title, &self.agency_reference];
        parts.iter().any(|part| part.to_lowercase().contains(&text))
    }

    /// The bytes of its texts, without those of its history.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        let texts = [&self.title, &self.summary, &self.agency, &self.agency_reference];
        texts.map(|text| text.len()).iter().sum()
    }

    /// Moves the case to another status and adds the step to its history.
    ///
    /// # Errors
    /// If [`may_go`] does not allow the step, or the step needs a note or an agency and has none.
    pub fn transition(&mut self, event: CaseEvent) -> Result<(), TransitionError> {
        let from = self.status;
        self.check_step(&event)?;
        let to = event.to;
        self.status = to;
        self.updated_at = event.at;
        if !event.agency.is_empty() {
            self.agency = event.agency.clone();
        }
        self.history.push(CaseEvent {
            from: Some(from),
            ..event
        });
        Ok(())
    }

    /// Tells in the history that a linked number was erased, without the number. The status stays.
    pub fn tell_erasure(&mut self, at: Timestamp, actor: &Actor, role: CaseRole) {
        self.updated_at = at;
        self.history.push(CaseEvent {
            at,
            actor: actor.clone(),
            from: Some(self.status),
            to: self.status,
            note: format!("a linked number was erased; its role was {role}").into(),
            agency: "".into(),
        });
    }

    /// Whether the case is being worked on: it is neither closed nor merged into another.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !is_closed(self.status) && !matches!(self.status, CaseStatus::Merged)
    }

    /// Checks a step: it must be allowed, and say what such a step must say. A reopened case needs a reason. So does a
    /// case that is closed as unsubstantiated after it has raised scores: the owners of its numbers may ask for it.
    fn check_step(&self, event: &CaseEvent) -> Result<(), TransitionError> {
        let (from, to) = (self.status, event.to);
        let has_note = !event.note.trim().is_empty();
        let has_agency = !event.agency.trim().is_empty() || !self.agency.trim().is_empty();
        if !may_go(from, to) {
            return Err(TransitionError::NotAllowed { from, to });
        }
        if is_closed(from) && !has_note {
            return Err(TransitionError::NoteToReopenMissing);
        }
        if to == CaseStatus::ClosedUnsubstantiated && contributes(from) && !has_note {
            return Err(TransitionError::NoteToCloseMissing);
        }
        if needs_agency(to) && !has_agency {
            return Err(TransitionError::AgencyMissing);
        }
        Ok(())
    }

    /// Since when the case has raised the scores of its numbers without a break; none if it does not raise them now.
    #[must_use]
    pub fn contributes_since(&self) -> Option<Timestamp> {
        let run = self.history.iter().rev().take_while(|event| contributes(event.to));
        let since = run.last().map_or(self.created_at, |first| first.at);
        self.contributes().then_some(since)
    }

    /// Whether the case raises the scores of its numbers.
    #[must_use]
    pub fn contributes(&self) -> bool {
        contributes(self.status)
    }
}

/// Whether a case of this status raises the scores of its numbers: from CORROBORATED on, except if it was closed as
/// unsubstantiated.
#[must_use]
pub const fn contributes(status: CaseStatus) -> bool {
    use CaseStatus as S;
    match status {
        S::Corroborated
        | S::Referred
        | S::AcceptedByAgency
        | S::EnforcementAction
        | S::Prosecution
        | S::ClosedConfirmed => true,
        S::Draft | S::Open | S::UnderInvestigation | S::ClosedUnsubstantiated | S::Merged => false,
    }
}

/// Whether a case from this source can be created with this status. A case starts at DRAFT or OPEN. Only a case that a
/// regulator or the police has published may start later: others have corroborated it.
#[must_use]
pub const fn may_start(status: CaseStatus, source: Source) -> bool {
    use CaseStatus as S;
    match status {
        S::Draft | S::Open => true,
        S::UnderInvestigation
        | S::Corroborated
        | S::Referred
        | S::AcceptedByAgency
        | S::EnforcementAction
        | S::Prosecution => matches!(source, Source::RegulatorFeed | Source::LawEnforcement),
        S::ClosedConfirmed | S::ClosedUnsubstantiated | S::Merged => false,
    }
}

/// Whether a case of this status must name an agency: it was referred to one.
#[must_use]
pub const fn needs_agency(status: CaseStatus) -> bool {
    use CaseStatus as S;
    match status {
        S::Referred | S::AcceptedByAgency | S::EnforcementAction | S::Prosecution => true,
        S::Draft
        | S::Open
        | S::UnderInvestigation
        | S::Corroborated
        | S::ClosedConfirmed
        | S::ClosedUnsubstantiated
        | S::Merged => false,
    }
}

/// The statuses that a case of this status can go to, in the order of the life cycle.
pub fn steps_from(from: CaseStatus) -> impl Iterator<Item = CaseStatus> {
    CaseStatus::ALL.iter().copied().filter(move |to| may_go(from, *to))
}

fn allowed_steps(from: CaseStatus) -> String {
    let steps: Vec<&str> = steps_from(from).map(CaseStatus::name).collect();
    match steps.as_slice() {
        [] => format!("a case that is {from} does not change any more"),
        steps => format!("from {from} it can go to {}", steps.join(", ")),
    }
}

const fn is_closed(status: CaseStatus) -> bool {
    matches!(status, CaseStatus::ClosedConfirmed | CaseStatus::ClosedUnsubstantiated)
}

/// The steps that the life cycle of a case allows. Only a merge leads to MERGED.
#[must_use]
pub const fn may_go(from: CaseStatus, to: CaseStatus) -> bool {
    use CaseStatus as S;
    match to {
        S::Draft | S::Merged => false,
        S::Open => matches!(from, S::Draft),
        S::UnderInvestigation => matches!(from, S::Open) || is_closed(from),
        S::Corroborated => matches!(from, S::UnderInvestigation | S::Referred),
        S::Referred => matches!(from, S::Corroborated),
        S::AcceptedByAgency => matches!(from, S::Referred),
        S::EnforcementAction => matches!(from, S::AcceptedByAgency),
        S::Prosecution => matches!(from, S::EnforcementAction),
        S::ClosedConfirmed => contributes(from) && !is_closed(from),
        S::ClosedUnsubstantiated => {
            matches!(from, S::Open | S::UnderInvestigation) || (contributes(from) && !is_closed(from))
        }
    }
}

/// The link of a number to a case, kept in the number's record.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseLink {
    /// The case.
    pub case: CaseId,
    /// The number's role in the case.
    pub role: CaseRole,
    /// How sure the analyst is, 0 to 1.
    pub confidence: f64,
    /// Where the link comes from.
    pub source: Source,
    /// From when the number had this role, where known.
    pub from: Option<Timestamp>,
    /// Until when; a link that has ended sets no floor.
    pub to: Option<Timestamp>,
    /// When it was linked here.
    pub linked_at: Timestamp,
    /// Who linked it.
    pub actor: Actor,
}

impl CaseLink {
    /// The key that tells a number's links apart.
    #[must_use]
    pub fn key(&self) -> (&CaseId, CaseRole) {
        (&self.case, self.role)
    }

    /// Whether the link had ended by `now`.
    #[must_use]
    pub fn ended_at(&self, now: Timestamp) -> bool {
        self.to.is_some_and(|end| end <= now)
    }

    /// The moment from which the link ages: the end of the number's role, or else its start, or else the time of
    /// linking.
    #[must_use]
    pub fn dated_at(&self, now: Timestamp) -> Timestamp {
        self.to
            .filter(|end| *end <= now)
            .or(self.from)
            .unwrap_or(self.linked_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CaseStatus as S;

    #[test]
    fn the_life_of_a_case_is_this_table() {
        let allowed = [
            (S::Draft, &[S::Open][..]),
            (S::Open, &[S::UnderInvestigation, S::ClosedUnsubstantiated]),
            (S::UnderInvestigation, &[S::Corroborated, S::ClosedUnsubstantiated]),
            (
                S::Corroborated,
                &[S::Referred, S::ClosedConfirmed, S::ClosedUnsubstantiated],
            ),
            (
                S::Referred,
                &[
                    S::AcceptedByAgency,
                    S::Corroborated,
                    S::ClosedConfirmed,
                    S::ClosedUnsubstantiated,
                ],
            ),
            (
                S::AcceptedByAgency,
                &[S::EnforcementAction, S::ClosedConfirmed, S::ClosedUnsubstantiated],
            ),
            (
                S::EnforcementAction,
                &[S::Prosecution, S::ClosedConfirmed, S::ClosedUnsubstantiated],
            ),
            (S::Prosecution, &[S::ClosedConfirmed, S::ClosedUnsubstantiated]),
            (S::ClosedConfirmed, &[S::UnderInvestigation]),
            (S::ClosedUnsubstantiated, &[S::UnderInvestigation]),
            (S::Merged, &[]),
        ];
        for (from, to_all) in allowed {
            for &to in S::ALL {
                assert_eq!(may_go(from, to), to_all.contains(&to), "{from} to {to}");
            }
        }
    }

    #[test]
    fn a_refused_step_names_the_allowed_ones() {
        let refused = |from, to| TransitionError::NotAllowed { from, to }.to_string();
        assert_eq!(
            refused(S::Open, S::Referred),
            "a case cannot go from OPEN to REFERRED: from OPEN it can go to UNDER_INVESTIGATION, CLOSED_UNSUBSTANTIATED"
        );
        let of_merged = refused(S::Merged, S::Open);
        assert!(
            of_merged.ends_with("a case that is MERGED does not change any more"),
            "{of_merged}"
        );
    }

    #[test]
    fn only_an_official_case_starts_late() {
        for &status in S::ALL {
            let early = matches!(status, S::Draft | S::Open);
            let closed = is_closed(status) || status == S::Merged;
            assert_eq!(may_start(status, Source::Analyst), early, "{status}");
            assert_eq!(may_start(status, Source::RegulatorFeed), !closed, "{status}");
        }
    }

    #[test]
    fn only_corroborated_and_later_contributes() {
        let contributing: Vec<_> = S::ALL.iter().filter(|status| contributes(**status)).collect();
        assert_eq!(contributing.len(), 6);
        assert!(!contributes(S::ClosedUnsubstantiated) && !contributes(S::Merged) && contributes(S::ClosedConfirmed));
    }
}
