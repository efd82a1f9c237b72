//! Finds the facts of a call in the index, the lists and the traffic.

use std::sync::Arc;

use super::Lookups;
use super::called::Called;
use super::listed::ListFindings;
use super::question::Question;
use crate::clock::monotonic;
use crate::domain::case::{Case, CaseLink};
use crate::domain::kinds::{CaseStatus, OwnerCalls};
use crate::domain::list::{ListedCaller, Owner};
use crate::domain::policy::{Bar, Facts, Protection};
use crate::domain::score::{Detail, Score, Verdict};
use crate::domain::time::Timestamp;
use crate::domain::traffic::Signs;
use crate::index::{NumberView, ScoredCall, View};
use crate::number::{E164, Parsed, Validity};
use crate::service::facts::RecordFacts;
use crate::service::identity::Identity;
use crate::traffic::CallEvent;

/// All facts of a call, before the policy decides.
pub(super) struct LookupFindings {
    pub(super) identity: Identity,
    pub(super) score: Score,
    pub(super) number_value: Option<f64>,
    pub(super) facts: Facts,
    /// The first moment at which one of these facts expires; none if none does.
    pub(super) until: Option<Timestamp>,
    /// Whether one of these facts is of another tenant, which may end its sharing at any moment.
    pub(super) is_shared: bool,
    /// Whether the number is scored: not if a list protects it or says that it never calls.
    is_scored: bool,
    pub(super) record: RecordFacts,
    pub(super) cases: Vec<(CaseLink, Arc<Case>)>,
    /// The known owner of the number, by a list.
    pub(super) owner: Option<Arc<Owner>>,
    /// Whether the deadline had passed.
    pub(super) late: bool,
}

/// The facts of a number that are read while its shard is locked.
struct NumberFound {
    score: Score,
    /// Whether the known owner calls, by a list or a status.
    owner: Option<OwnerCalls>,
    /// The first moment at which a status expires.
    until: Option<Timestamp>,
    /// Whether another tenant's data are a part of it.
    is_shared: bool,
    /// The further parts of a full answer; none if a short one is wanted.
    full: Option<FullFindings>,
}

/// The facts of a number that only a full answer shows.
#[derive(Default)]
struct FullFindings {
    /// The score of the number apart from the call.
    number_value: Option<f64>,
    record: RecordFacts,
    cases: Vec<(CaseLink, Arc<Case>)>,
}

impl Lookups {
    /// Finds all facts of a call.
    pub(super) fn find(&self, question: &Question<'_>) -> LookupFindings {
        let view = self.indexes.view(question.input.viewer);
        let blank = self.find_by_rules(question, &view);
        match &question.caller {
            Parsed::Number(number) => match number.e164() {
                Some(e164) => self.find_number(e164, question, (blank, &view)),
                None => blank,
            },
            Parsed::Service(_) | Parsed::Anonymous => blank,
        }
    }

    /// The facts from lists and fixed rules, before the number's record is read.
    fn find_by_rules(&self, question: &Question<'_>, view: &View) -> LookupFindings {
        let identity = Identity::of_caller(&question.caller, question.input.full);
        let named = ListedCaller::of(&question.caller).filter(|_| !question.is_unread);
        let listed = named.map(|caller| view.listed(caller, question.now));
        let listed = listed.as_ref().map(ListFindings::of).unwrap_or_default();
        let owned = named.filter(|_| listed.owner.is_some());
        let advised = question.advised();
        // A person who follows the advice must reach the number. A call that shows it may come from anybody, so lists,
        // analysts and signatures decide on it as on others; but it is neither impossible nor accused by a score.
        let dialled = advised.filter(|_| question.is_about_to_dial());
        let protection = question.dials_for_help().or(listed.protection).or(dialled);
        let bar = listed
            .bar
            .or_else(|| bar(&question.caller).filter(|_| advised.is_none()));
        let by_destination = if question.is_about_to_dial() {
            None
        } else {
            self.protection(question, view)
        };
        LookupFindings {
            identity,
            score: Score::unexplained(Verdict::NOT_SCORED),
            number_value: None,
            facts: Facts {
                about_to_dial: question.is_about_to_dial(),
                protection: by_destination.or(protection),
                bar,
                tenant: listed.tenant,
                single_report_blocks: self.single_report_blocks_for.contains(&question.input.viewer),
                signing: question.signing,
                owner: listed.owner,
                verdict: Verdict::NOT_SCORED,
            },
            until: listed.until,
            is_shared: listed.is_shared,
            is_scored: protection.is_none()
                && advised.is_none()
                && bar != Some(Bar::DoNotOriginate)
                && listed.owner != Some(OwnerCalls::Never),
            record: RecordFacts::default(),
            cases: Vec::new(),
            owner: owned.and_then(|caller| view.owner_of(caller, question.now)),
            late: false,
        }
    }

    /// Adds the facts from the index and from the number's latest calls.
    fn find_number(
        &self,
        number: E164,
        question: &Question<'_>,
        (blank, view): (LookupFindings, &View),
    ) -> LookupFindings {
        let signs = self.signs(number, question);
        if monotonic() >= question.deadline {
            return LookupFindings { late: true, ..blank };
        }
        let call = ScoredCall {
            number,
            signing: question.signing,
            signs,
            owner: blank.facts.owner,
        };
        let read = |known: &NumberView<'_>| {
            let facts = Facts {
                verdict: known.weighed.verdict,
                owner: known.owner_calls(),
                ..blank.facts
            };
            NumberFound::read(known, question, self.policy.may_hinder(&facts))
        };
        let known = view.look_up_call(&call, question.now, question.deadline, read);
        let Some(NumberFound {
            mut score,
            owner,
            until,
            is_shared,
            full,
        }) = known
        else {
            return LookupFindings { late: true, ..blank };
        };
        let FullFindings {
            mut number_value,
            record,
            cases,
        } = full.unwrap_or_default();
        if !blank.is_scored {
            let verdict = Verdict {
                status: score.verdict.status, // an analyst may know better than a list
                ..Verdict::NOT_SCORED
            };
            (score, number_value) = (Score::unexplained(verdict), None);
        }
        let verdict = score.verdict;
        LookupFindings {
            score,
            number_value,
            facts: Facts {
                verdict,
                owner,
                ..blank.facts
            },
            until: until.into_iter().chain(blank.until).min(),
            is_shared: is_shared || blank.is_shared,
            record,
            cases,
            ..blank
        }
    }

    /// The protection of a call by its destination.
    fn protection(&self, question: &Question<'_>, view: &View) -> Option<Protection> {
        let (now, deadline) = (question.now, question.deadline);
        match question.called {
            Called::Emergency => Some(Protection::EmergencyCalled),
            Called::PublicSafety => Some(Protection::ProtectedCalled),
            Called::Number(number, _)
                if view.listed(ListedCaller::Number(number), now).protected.is_some()
                    || view.is_protected(number, now, deadline) =>
            {
                Some(Protection::ProtectedCalled)
            }
            Called::Number(number, _) if self.observer.in_callback_window(question.input.viewer, number, now) => {
                Some(Protection::CallbackWindow)
            }
            Called::Number(..) | Called::Unknown => None,
        }
    }

    /// The signs in the caller's latest calls. This call is counted and included, unless the question says not to count
    /// it. A number about to be dialled is not calling.
    fn signs(&self, caller: E164, question: &Question<'_>) -> Signs {
        let (input, now) = (question.input, question.now);
        // The caller of a call with a broken signature is unknown, so the call is not counted for any number. But a
        // person who calls for help must be reachable when the emergency centre calls back, if a network says that they called.
        let is_emergency = input.network.is_some() && question.called.is_for_help();
        let is_of_caller = question.signing.is_attributable() || is_emergency;
        let traffic = if input.record_event && !question.is_about_to_dial() && is_of_caller {
            let event = CallEvent {
                tenant: input.viewer,
                caller,
                called: question.called.number(),
                call_id: &input.call_id,
                signing: question.signing,
                is_emergency,
            };
            self.observer.record(&event, now)
        } else {
            self.observer.traffic_of(input.viewer, caller, now)
        };
        traffic.signs(self.observer.thresholds())
    }
}

impl NumberFound {
    /// Reads what the answer needs. The shard is locked, so the policy decides later; reasons, which cost more than the
    /// score, are found only for a call that may be hindered, and in words only where somebody reads the words.
    fn read(known: &NumberView<'_>, question: &Question<'_>, may_be_hindered: bool) -> Self {
        let verdict = known.weighed.verdict;
        let full = question.input.full;
        let score = if full {
            known.score(Detail::Sentences(question.input.language))
        } else if may_be_hindered {
            known.score(Detail::Codes)
        } else {
            Score::unexplained(verdict)
        };
        let statuses = known.state.statuses.at(question.now);
        Self {
            score,
            owner: known.owner_calls(),
            until: statuses.filter_map(|entry| entry.expires_at).min(),
            is_shared: known.is_shared,
            full: full.then(|| FullFindings {
                number_value: known.number_value(),
                record: RecordFacts::of(known),
                cases: shown_cases(known),
            }),
        }
    }
}

/// Why the numbering plan doubts the number of a caller.
fn bar(caller: &Parsed) -> Option<Bar> {
    match caller {
        Parsed::Number(number) => match number.validity() {
            Validity::Impossible => Some(Bar::Impossible),
            Validity::UnknownLength => Some(Bar::UnknownLength),
            Validity::Valid | Validity::Possible | Validity::NotANumberOfThePlan | Validity::Anonymous => None,
        },
        Parsed::Service(_) | Parsed::Anonymous => None,
    }
}

/// The cases that a lookup shows: neither drafts nor cases closed as unsubstantiated.
fn shown_cases(known: &NumberView<'_>) -> Vec<(CaseLink, Arc<Case>)> {
    known
        .cases
        .iter()
        .filter(|(_, case)| !matches!(case.status, CaseStatus::Draft | CaseStatus::ClosedUnsubstantiated))
        .map(|(link, case)| ((*link).clone(), Arc::clone(case)))
        .collect()
}
