//! Explains a decision of the past: what its id seals, and what is stored now of everything else.
//!
//! An id is short, since it stands in a SIP header: it holds no case, no list entry and no status. They are looked up in the
//! index as they are now, and remarks say where that differs from the time of the decision.

use std::sync::Arc;

use super::Lookups;
use crate::domain::advice;
use crate::domain::case::{Case, CaseLink};
use crate::domain::decision::{DecisionRecord, SealedReason};
use crate::domain::kinds::{Action, Basis, CaseStatus, ListKind, StatusKind};
use crate::domain::language::Language;
use crate::domain::list::{List, ListEntry, ListedCaller};
use crate::domain::reason_code::ReasonCode;
use crate::domain::status::StatusEntry;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::words::{self, Figure, ReasonFacts, Remark, Told};
use crate::index::View;
use crate::number::{E164, PLAN_DATE};
use crate::service::ServiceError;

/// A decision of the past, in words.
#[derive(Clone, Debug)]
pub struct ExplainedDecision {
    /// What the id seals.
    pub record: DecisionRecord,
    /// The sentences of its reasons, in their order. Empty for a reason that this release does not know.
    pub details: Vec<String>,
    /// The action and the rule, for the customer.
    pub sentence: String,
    /// The cases of the number now, without drafts, and the case that counted, if it still exists.
    pub cases: Vec<DecidedCase>,
    /// The entry for the number now, in a list of the kind that decided.
    pub entry: Option<DecidedEntry>,
    /// The statuses that hold for the number now.
    pub statuses: Vec<StatusEntry>,
    /// What differs from the time of the decision.
    pub remarks: Vec<Remark>,
    /// The moment to which the cases, the entry and the statuses are up to date; none if nothing was looked up.
    pub as_of: Option<Timestamp>,
}

/// A case of the number.
#[derive(Clone, Debug)]
pub struct DecidedCase {
    /// The link; none if the number is not linked to it any more.
    pub link: Option<CaseLink>,
    /// The case as it is now.
    pub case: Arc<Case>,
    /// Its status at the time of the decision, where known.
    pub status_then: Option<CaseStatus>,
    /// Whether the decision names it as a reason.
    pub counted: bool,
}

/// A list entry of the number.
#[derive(Clone, Debug)]
pub struct DecidedEntry {
    /// Its list.
    pub list: Arc<List>,
    /// The entry.
    pub entry: ListEntry,
}

/// What the index holds of a number now.
#[derive(Default)]
struct Now {
    cases: Vec<DecidedCase>,
    /// The case in the sentence of a reason.
    counted: Option<Arc<Case>>,
    entry: Option<DecidedEntry>,
    statuses: Vec<StatusEntry>,
    /// The owner in a sentence; empty if none is known.
    owner: String,
    remarks: Vec<Remark>,
    as_of: Option<Timestamp>,
}

impl Lookups {
    /// The decision that an id seals for a tenant.
    ///
    /// # Errors
    /// If this installation did not seal the id for this tenant, or no longer has the key.
    pub fn decision(&self, id: &str, viewer: TenantId) -> Result<DecisionRecord, ServiceError> {
        self.keys.read().open_decision(id, viewer)
    }

    /// Explains the decision that an id seals. `looks_up` is false while the index is being loaded: then only what the id
    /// seals is told.
    ///
    /// # Errors
    /// If this installation did not seal the id for this tenant, or no longer has the key.
    pub fn explain(
        &self,
        (id, viewer): (&str, TenantId),
        language: Language,
        looks_up: bool,
    ) -> Result<ExplainedDecision, ServiceError> {
        let record = self.decision(id, viewer)?;
        let now = if looks_up {
            self.look_up_now(&record, language, &self.indexes.view(viewer))
        } else {
            Now::default()
        };
        let details = record.reasons.iter().map(|reason| sentence(reason, &now, language));
        let told = Told {
            action: record.action,
            basis: record.basis,
            about_to_dial: record.about_to_dial,
            grounds: record.grounds(),
        };
        Ok(ExplainedDecision {
            details: details.collect(),
            sentence: words::decision(language, told),
            record,
            cases: now.cases,
            entry: now.entry,
            statuses: now.statuses,
            remarks: now.remarks,
            as_of: now.as_of,
        })
    }

    /// Looks up everything that the id does not hold.
    fn look_up_now(&self, record: &DecisionRecord, language: Language, view: &View) -> Now {
        let as_of = self.freshness.data_as_of();
        let mut now = Now {
            as_of: Some(as_of),
            remarks: vec![Remark::AsOf(as_of)],
            ..Now::default()
        };
        let Some(number) = record.number else {
            return now;
        };
        self.add_number(number, (record, view), language, &mut now);
        add_counted_case((record, view), &mut now);
        self.add_entry(number, (record, view), &mut now);
        now
    }

    /// Adds the statuses, the linked cases and the owner of the number.
    fn add_number(&self, number: E164, (record, view): (&DecisionRecord, &View), language: Language, now: &mut Now) {
        let moment = self.clock.now();
        let found = view.look_up(number, moment, |known| {
            let statuses: Vec<StatusEntry> = known.state.statuses.at(moment).cloned().collect();
            let linked = known
                .cases
                .iter()
                .map(|(link, case)| ((*link).clone(), Arc::clone(case)));
            (statuses, linked.collect::<Vec<_>>())
        });
        let (statuses, linked) = found.unwrap_or_default();
        let is_verified = statuses
            .iter()
            .any(|status| status.kind == StatusKind::VerifiedBusiness);
        now.owner = match view.owner_of(ListedCaller::Number(number), moment) {
            Some(owner) => advice::owner_in_sentence(owner.organisation.as_str()),
            None if is_verified => words::owner_without_name(language, true).to_owned(),
            None => String::new(),
        };
        let later = statuses.iter().filter(|status| status.set_at > record.decided_at);
        now.remarks
            .extend(later.map(|status| Remark::StatusLater(status.kind, status.set_at)));
        if let Some(kind) = deciding_status(record)
            && !statuses.iter().any(|status| status.kind == kind)
        {
            now.remarks.push(Remark::StatusGone);
        }
        now.statuses = statuses;
        for (link, case) in linked {
            if case.status != CaseStatus::Draft {
                now.remarks.extend(since(&case, Some(&link), record.decided_at));
                now.cases.push(DecidedCase {
                    status_then: status_at(&case, record.decided_at),
                    link: Some(link),
                    case,
                    counted: false,
                });
            }
        }
    }

    /// Finds the entry of a list of the kind that decided.
    fn add_entry(&self, number: E164, (record, view): (&DecisionRecord, &View), now: &mut Now) {
        let kinds = deciding_lists(record);
        let caller = ListedCaller::Number(number);
        let found = kinds.iter().find_map(|kind| {
            let (list, entry) = view.entry_of(*kind, caller, self.clock.now())?;
            is_of_action(*kind, entry.action, record).then_some(DecidedEntry { list, entry })
        });
        match &found {
            Some(found) if found.list.replaced_at > record.decided_at => {
                let list = &found.list;
                now.remarks.push(Remark::EntryLater(list.id.clone(), list.replaced_at));
            }
            None if !kinds.is_empty() => now.remarks.push(Remark::EntryGone),
            Some(_) | None => {}
        }
        now.entry = found;
    }
}

/// Finds the case that the decision names, also if the number is not linked to it any more.
fn add_counted_case((record, view): (&DecisionRecord, &View), now: &mut Now) {
    let Some(figure) = counted_case(record) else {
        return;
    };
    let Some(counted) = view.find_case(|case| Figure::of_case(&case.id) == figure) else {
        now.remarks.push(Remark::CaseGone);
        return;
    };
    now.counted = Some(Arc::clone(&counted));
    let present = counted.merged_into.as_ref().unwrap_or(&counted.id);
    if *present != counted.id {
        now.remarks
            .push(Remark::CaseMerged(counted.id.clone(), present.clone()));
    }
    let linked = now.cases.iter_mut().find(|case| case.case.id == *present);
    if let Some(linked) = linked {
        linked.counted = true;
        return;
    }
    now.remarks.push(Remark::CaseUnlinked(counted.id.clone()));
    now.remarks.extend(since(&counted, None, record.decided_at));
    now.cases.push(DecidedCase {
        link: None,
        status_then: status_at(&counted, record.decided_at),
        case: counted,
        counted: true,
    });
}

/// The sentence of a reason, in the words of the answer.
fn sentence(reason: &SealedReason, now: &Now, language: Language) -> String {
    let Some(code) = reason.code else {
        return String::new();
    };
    let name = if code == ReasonCode::CaseLink {
        now.counted.as_ref().map(|case| &*case.title).unwrap_or_default()
    } else if code == ReasonCode::SpoofSuspected {
        now.owner.as_str()
    } else {
        ""
    };
    let facts = ReasonFacts {
        code,
        points: reason.points,
        figure: reason.figure,
        name,
        plan_date: PLAN_DATE,
    };
    words::reason(language, &facts)
}

/// What has happened to a case since the decision.
fn since(case: &Case, link: Option<&CaseLink>, decided_at: Timestamp) -> Option<Remark> {
    if let Some(link) = link.filter(|link| link.linked_at > decided_at) {
        return Some(Remark::CaseLater(case.id.clone(), link.linked_at));
    }
    let latest = case.history.last().filter(|event| event.at > decided_at)?;
    Some(match latest.to {
        CaseStatus::ClosedConfirmed | CaseStatus::ClosedUnsubstantiated => {
            Remark::CaseClosed(case.id.clone(), latest.at)
        }
        CaseStatus::Merged => return None, // told of the case that counted
        CaseStatus::Draft
        | CaseStatus::Open
        | CaseStatus::UnderInvestigation
        | CaseStatus::Corroborated
        | CaseStatus::Referred
        | CaseStatus::AcceptedByAgency
        | CaseStatus::EnforcementAction
        | CaseStatus::Prosecution => Remark::CaseChanged(case.id.clone(), latest.at),
    })
}

/// The status of a case at a moment, where its history says.
fn status_at(case: &Case, moment: Timestamp) -> Option<CaseStatus> {
    let before = case.history.iter().rev().find(|event| event.at <= moment);
    before.map(|event| event.to)
}

/// The figure of the reason with this code.
fn figure_of(record: &DecisionRecord, code: ReasonCode) -> Option<Figure> {
    let reason = record.reasons.iter().find(|reason| reason.code == Some(code))?;
    reason.figure
}

/// The case that the decision names, as a fingerprint.
fn counted_case(record: &DecisionRecord) -> Option<Figure> {
    figure_of(record, ReasonCode::CaseLink).filter(|figure| *figure != Figure::NEAR_CASE)
}

/// The action and the rule of the policy, also if they were not carried out.
fn decided(record: &DecisionRecord) -> (Action, Basis) {
    record.would.unwrap_or((record.action, record.basis))
}

/// The kinds of lists of which an entry decided, in the order in which they decide.
fn deciding_lists(record: &DecisionRecord) -> &'static [ListKind] {
    let has = |code| record.reasons.iter().any(|reason| reason.code == Some(code));
    let is_by_list = |code| figure_of(record, code) == Some(Figure::BY_LIST);
    let (_, basis) = decided(record);
    match basis {
        Basis::Dno if is_by_list(ReasonCode::DoNotOriginate) => &[ListKind::DoNotOriginate, ListKind::KnownOwner],
        Basis::TenantPolicy => &[ListKind::TenantAllow, ListKind::TenantBlock, ListKind::TenantPrefix],
        Basis::InvalidNumber if has(ReasonCode::UnassignedNumber) => &[ListKind::Unassigned],
        Basis::Protected if is_by_list(ReasonCode::ProtectedNumber) => &[ListKind::Protected],
        Basis::KnownOwner if !has(ReasonCode::VerifiedBusiness) => &[ListKind::KnownOwner],
        Basis::Protected
        | Basis::Dno
        | Basis::InvalidNumber
        | Basis::Analyst
        | Basis::Analytics
        | Basis::NoEvidence
        | Basis::FailOpen
        | Basis::KnownOwner
        | Basis::Shadow => &[],
    }
}

/// Whether an entry of a list of this kind asks for the action of the decision. A person about to dial is only warned.
fn is_of_action(kind: ListKind, entry: Option<Action>, record: &DecisionRecord) -> bool {
    let action = match kind {
        ListKind::TenantAllow => Action::Allow,
        ListKind::TenantBlock => Action::Block,
        ListKind::TenantPrefix => match entry {
            Some(action) => action,
            None => return true,
        },
        ListKind::DoNotOriginate | ListKind::Protected | ListKind::Unassigned | ListKind::KnownOwner => return true,
    };
    let (decided, _) = decided(record);
    if record.about_to_dial {
        (action == Action::Allow) == (decided == Action::Allow)
    } else {
        action == decided
    }
}

/// The status that decided, if one did.
fn deciding_status(record: &DecisionRecord) -> Option<StatusKind> {
    let is_by_status = |code| figure_of(record, code) == Some(Figure::BY_STATUS);
    let (action, basis) = decided(record);
    match basis {
        Basis::Analyst if action == Action::Allow => Some(StatusKind::Allowed),
        Basis::Analyst => Some(StatusKind::Blocked),
        Basis::Dno if is_by_status(ReasonCode::DoNotOriginate) => Some(StatusKind::DoNotOriginate),
        Basis::Protected if is_by_status(ReasonCode::ProtectedNumber) => Some(StatusKind::Protected),
        Basis::Protected
        | Basis::Dno
        | Basis::InvalidNumber
        | Basis::TenantPolicy
        | Basis::Analytics
        | Basis::NoEvidence
        | Basis::FailOpen
        | Basis::KnownOwner
        | Basis::Shadow => None,
    }
}
