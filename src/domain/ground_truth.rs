//! The ground truth of a number, from analysts and confirmed cases. Only this judges reporters, never our own score,
//! which would learn from itself.

use std::sync::Arc;

use super::case::{Case, CaseLink};
use super::kinds::{CaseRole, StatusKind};
use super::state::NumberState;
use super::time::Timestamp;

/// The ground truth of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroundTruth {
    /// Whether its calls are unwanted; otherwise they are wanted.
    pub unwanted: bool,
    /// Since when it has been known.
    pub since: Timestamp,
    /// Claims made before this moment are about the number's earlier owner.
    pub owner_since: Option<Timestamp>,
}

impl GroundTruth {
    /// The ground truth of a number at `moment`: decisions of analysts and confirmed cases that were made before it,
    /// held then and have not been withdrawn since. A case counts if it contributes and links the number with a
    /// confidence of at least `confidence_from`.
    ///
    /// None if nobody has decided, if decisions contradict each other, or if the number's owner is a victim of
    /// spoofing: then somebody else called. A verified business proves nothing either: it says whose number it is, and
    /// those who complain may have got the calls of others.
    #[must_use]
    pub fn of(
        state: &NumberState,
        cases: &[(&CaseLink, Arc<Case>)],
        moment: Timestamp,
        confidence_from: f64,
    ) -> Option<Self> {
        let spoofed = state.statuses.holding(StatusKind::SpoofedVictim, moment).is_some()
            || cases.iter().any(|(link, _)| link.role == CaseRole::SpoofedVictim);
        if spoofed {
            return None;
        }
        let said = |kind| state.statuses.holding(kind, moment).map(|entry| entry.set_at);
        let holds = |(link, case): &(&CaseLink, Arc<Case>)| {
            let holds = link.role.raises() && link.confidence >= confidence_from && !link.ended_at(moment);
            let since = case.contributes_since().filter(|_| holds)?;
            Some(since.max(link.linked_at))
        };
        let earliest = |moments: &mut dyn Iterator<Item = Timestamp>| moments.filter(|said| *said < moment).min();
        let unwanted = earliest(&mut cases.iter().filter_map(holds).chain(said(StatusKind::Blocked)));
        let wanted = said(StatusKind::Allowed).filter(|said| *said < moment);
        let (unwanted, since) = match (unwanted, wanted) {
            (Some(since), None) => (true, since),
            (None, Some(since)) => (false, since),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        Some(Self {
            unwanted,
            since,
            owner_since: state.reset_before,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Actor;
    use crate::domain::case::CaseEvent;
    use crate::domain::ids::CaseId;
    use crate::domain::kinds::{CaseStatus, Category, Source};
    use crate::domain::requests::Requests;
    use crate::domain::status::StatusEntry;
    use crate::domain::unknown_fields::UnknownFields;
    use StatusKind as K;

    /// The moment of judgement, in seconds.
    const NOW: i64 = 1_000;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    /// A status, when it was set and when it ends, in seconds.
    type StatusSpan = (K, i64, Option<i64>);
    /// The statuses of a number, and its ground truth with the second since which it holds.
    type StatusesAndTruth = (&'static [StatusSpan], Option<(bool, i64)>);

    fn state(entries: &[StatusSpan]) -> NumberState {
        let mut state = NumberState::default();
        for (kind, set_at, expires_at) in entries {
            state.statuses.set(StatusEntry {
                kind: *kind,
                reason: "because".into(),
                author: Actor::parse("ana").unwrap(),
                set_at: at(*set_at),
                expires_at: expires_at.map(at),
            });
        }
        state
    }

    fn link(role: CaseRole, confidence: f64, linked_at: i64, to: Option<i64>) -> CaseLink {
        CaseLink {
            case: CaseId::parse("c").unwrap(),
            role,
            confidence,
            source: Source::Analyst,
            from: None,
            to: to.map(at),
            linked_at: at(linked_at),
            actor: Actor::parse("ana").unwrap(),
        }
    }

    fn case(steps: &[(CaseStatus, i64)]) -> Arc<Case> {
        let history = steps.iter().map(|(to, when)| CaseEvent {
            at: at(*when),
            actor: Actor::parse("ana").unwrap(),
            from: None,
            to: *to,
            note: "".into(),
            agency: "".into(),
        });
        Arc::new(Case {
            id: CaseId::parse("c").unwrap(),
            title: "".into(),
            category: Category::TechSupportScam,
            brand: None,
            summary: "".into(),
            status: steps.last().unwrap().0,
            agency: "".into(),
            agency_reference: "".into(),
            source: Source::Analyst,
            created_at: at(steps[0].1),
            updated_at: at(NOW),
            last_evidence_at: None,
            history: history.collect(),
            merged_into: None,
            requests: Requests::default(),
            unknown_fields: UnknownFields::default(),
        })
    }

    fn of(state: &NumberState, cases: &[(&CaseLink, Arc<Case>)]) -> Option<(bool, i64)> {
        let truth = GroundTruth::of(state, cases, at(NOW), 0.8)?;
        Some((truth.unwanted, truth.since.millis() / 1_000))
    }

    #[test]
    fn statuses_are_ground_truth_if_set_before_and_in_force() {
        let table: [StatusesAndTruth; 13] = [
            (&[], None),
            (&[(K::Blocked, 900, None)], Some((true, 900))),
            (&[(K::Blocked, NOW, None)], None),
            (&[(K::Blocked, 900, Some(NOW))], None),
            (&[(K::Blocked, 900, Some(NOW + 1))], Some((true, 900))),
            (&[(K::Allowed, 800, Some(2_000))], Some((false, 800))),
            (&[(K::VerifiedBusiness, 700, None)], None),
            (
                &[(K::VerifiedBusiness, 700, None), (K::Allowed, 800, None)],
                Some((false, 800)),
            ),
            (&[(K::Blocked, 900, None), (K::Allowed, 950, None)], None),
            (&[(K::Blocked, 900, None), (K::Allowed, NOW, None)], Some((true, 900))),
            (&[(K::Blocked, 900, None), (K::SpoofedVictim, 950, None)], None),
            (&[(K::Protected, 900, None), (K::DoNotOriginate, 900, None)], None),
            (&[(K::Reassigned, 900, None), (K::UnderDispute, 900, None)], None),
        ];
        for (entries, wanted) in table {
            assert_eq!(of(&state(entries), &[]), wanted, "{entries:?}");
        }
    }

    #[test]
    fn cases_are_ground_truth_once_corroborated_for_their_numbers() {
        use CaseRole as R;
        use CaseStatus as S;
        let confirmed = [
            (S::Open, 100),
            (S::UnderInvestigation, 200),
            (S::Corroborated, 300),
            (S::Referred, 400),
        ];
        let reopened = [
            (S::Corroborated, 100),
            (S::ClosedConfirmed, 200),
            (S::UnderInvestigation, 300),
            (S::Corroborated, 500),
        ];
        let table = [
            (link(R::CallerId, 0.8, 150, None), &confirmed[..], Some((true, 300))),
            (link(R::CallerId, 0.8, 600, None), &confirmed[..], Some((true, 600))),
            (link(R::MuleContact, 0.9, 150, None), &reopened[..], Some((true, 500))),
            (link(R::CallerId, 0.79, 150, None), &confirmed[..], None),
            (link(R::CallerId, 0.9, NOW, None), &confirmed[..], None),
            (link(R::CallerId, 0.9, 150, Some(NOW)), &confirmed[..], None),
            (link(R::CallerId, 0.9, 150, None), &confirmed[..2], None),
            (link(R::CallerId, 0.9, 150, None), &[(S::Corroborated, NOW)][..], None),
            (
                link(R::CallerId, 0.9, 150, None),
                &[(S::Corroborated, 100), (S::ClosedUnsubstantiated, 200)][..],
                None,
            ),
            (link(R::SpoofedVictim, 0.9, 150, None), &confirmed[..], None),
        ];
        for (link, steps, wanted) in table {
            assert_eq!(
                of(&NumberState::default(), &[(&link, case(steps))]),
                wanted,
                "{link:?} {steps:?}"
            );
        }
    }

    #[test]
    fn contradictions_give_no_ground_truth() {
        let held = link(CaseRole::CallerId, 0.9, 150, None);
        let victim = link(CaseRole::SpoofedVictim, 0.9, 150, None);
        let confirmed = case(&[(CaseStatus::Corroborated, 100)]);
        let blocked = state(&[(K::Blocked, 120, None)]);
        let allowed = state(&[(K::Allowed, 120, None)]);
        assert_eq!(of(&blocked, &[(&held, Arc::clone(&confirmed))]), Some((true, 120)));
        assert_eq!(of(&allowed, &[(&held, Arc::clone(&confirmed))]), None);
        assert_eq!(of(&blocked, &[(&victim, confirmed)]), None);
    }
}
