//! Builds the answer: decision, reasons in words, display name, SIP response and decision id.

use std::time::Duration;

use super::find::LookupFindings;
use super::question::Question;
use super::range_label;
use super::{LookupOutcome, LookupRole, Lookups, ShadowedDecision};
use crate::domain::advice::{self, Occasion, SpoofedOwner, Topic};
use crate::domain::call::Signing;
use crate::domain::caller_name::caller_name;
use crate::domain::decision::{DecisionRecord, SealedReason};
use crate::domain::display::{Display, DisplayFacts, Spoofing, display};
use crate::domain::kinds::{Action, Basis, ListKind, OwnerCalls, RiskLevel, StatusKind};
use crate::domain::label;
use crate::domain::language::Language;
use crate::domain::list::{ListEntry, ListedCaller};
use crate::domain::policy::{Bar, Decision, Enforced, Facts, OwnerSpoof, Protection};
use crate::domain::reason_code::ReasonCode;
use crate::domain::score::{Reason, Score, Verdict};
use crate::domain::words::{self, Figure};
use crate::service::facts::RecordFacts;

/// The display name of a call that the tenant's rule labels and the score does not.
const TENANTS_LABEL: &str = "SPAM RISK";
/// The display name of a call that shows the number of a known owner, and is thought to come from another party.
const SPOOF_LABEL: &str = "SPOOF LIKELY";
/// The display name of a call that shows the number of a known owner, if nothing says who placed it.
const POSSIBLE_SPOOF_LABEL: &str = "SPOOF RISK";
/// The display name of a call whose number has a length that the plan does not know: no accusation.
const UNKNOWN_LENGTH_LABEL: &str = "UNKNOWN NUMBER";

impl Lookups {
    /// Decides, and builds the answer. The reasons, and the words of a name or an advice, say why the policy decided. Whether
    /// anybody sees or hears them depends on what is carried out.
    pub(super) fn answer(&self, question: &Question<'_>, mut found: LookupFindings) -> LookupOutcome {
        let mut decided = if found.late {
            forget(&mut found);
            Decision::FAIL_OPEN
        } else {
            self.decide(question, &found)
        };
        let spoof = self.owner_spoof(&found);
        // A name vouches for a call, so a call that the policy would hinder gets none.
        let caller_name = owner_name(&found, spoof, &decided);
        if !caller_name.is_empty() {
            decided.ttl = Duration::ZERO; // the next call may be of a party that shows the number
        }
        if let Some(spoof) = spoof {
            found.score.verdict.spoof_suspected = true;
            found.score.verdict.owner_protected |= spoof != OwnerSpoof::Possible;
            add_spoof_reason(&mut found, spoof, &decided, question.input.language);
        }
        if is_beyond_accusation(&found, spoof, &decided) {
            clear_accusation(&mut found);
        }
        if self.policy.leaves_range_alone(&found.facts.verdict) && decided.basis == Basis::Analytics {
            range_label::add_reason(&mut found.score.reasons, question.input.language);
        }
        if let Some(reason) = rule_reason(&found.facts, &decided, question.input.language) {
            found.score.reasons.insert(0, reason);
        }
        let full = question.input.full;
        let enforced = self.enforcement().apply(decided, &self.policy);
        let decision_id = if full || decided.action != Action::Allow {
            self.keys
                .read()
                .seal_decision(&self.record(question, &found, &enforced), question.input.viewer)
        } else {
            String::new()
        };
        let spoofing = spoofing(spoof, &found.score.verdict);
        let name = name(&found.score, spoofing, &decided);
        let sip = |decision: &Decision| self.sip.treatment(decision, name, &decision_id);
        let is_advised = full && enforced.decision.action != Action::Allow;
        LookupOutcome {
            display: full.then(|| {
                let labels = (caller_name.as_str(), name);
                shown(question, &found, labels, spoofing, &as_shown(&decided, &enforced))
            }),
            advice: is_advised.then(|| advice(question, &found, spoof, &decided)).flatten(),
            caller_name,
            owner: found.owner.filter(|_| full).and_then(|_| self.owner_entry(question)),
            identity: found.identity,
            score: found.score,
            number_value: found.number_value,
            decision: enforced.decision,
            would: enforced.would.map(|decided| ShadowedDecision {
                action: decided.action,
                basis: decided.basis,
                sip: sip(&decided),
            }),
            facts: found.record,
            cases: found.cases,
            sip: sip(&enforced.decision),
            decision_id,
            data_as_of: self.freshness.data_as_of(),
            stale: self.freshness.is_stale(),
        }
    }

    /// The decision of the policy. An answer is never valid for longer than the facts it depends on, and what another tenant
    /// shares may end at any moment.
    fn decide(&self, question: &Question<'_>, found: &LookupFindings) -> Decision {
        let decision = self.policy.decide(&found.facts);
        let left = found.until.map(|until| question.now.until(until));
        let of_shared = found.is_shared.then_some(self.policy.clean_ttl);
        let bounds = left.into_iter().chain(of_shared);
        Decision {
            ttl: bounds.fold(decision.ttl, Duration::min),
            ..decision
        }
    }

    /// How sure it is that another party shows the number of a known owner. After the deadline nothing is said of a call.
    fn owner_spoof(&self, found: &LookupFindings) -> Option<OwnerSpoof> {
        if found.late {
            return None;
        }
        self.policy.owner_spoof(&found.facts)
    }

    /// The list entry that names the owner of the number.
    fn owner_entry(&self, question: &Question<'_>) -> Option<ListEntry> {
        let caller = ListedCaller::of(&question.caller)?;
        let view = self.indexes.view(question.input.viewer);
        view.entry_of(ListKind::KnownOwner, caller, question.now)
            .map(|(_, entry)| entry)
    }

    fn record(&self, question: &Question<'_>, found: &LookupFindings, enforced: &Enforced) -> DecisionRecord {
        let input = question.input;
        let verdict = &found.score.verdict;
        let reasons = found.score.reasons.iter();
        DecisionRecord {
            decided_at: question.now,
            number: found.identity.e164,
            value: verdict.value,
            level: verdict.level,
            action: enforced.decision.action,
            basis: enforced.decision.basis,
            would: enforced.would.map(|decided| (decided.action, decided.basis)),
            about_to_dial: found.facts.about_to_dial,
            attestation: input.attestation,
            verstat: input.verstat,
            spoof_suspected: verdict.spoof_suspected,
            range_only: verdict.range_only,
            event_time: input.event_time,
            orig_id: input.orig_id.as_str().into(),
            ingress: input.ingress.as_str().into(),
            reasons: reasons.map(sealed).collect(),
            model_version: self.model_version().into(),
        }
    }
}

/// Removes the findings that came after the deadline: the answer must not depend on them.
fn forget(found: &mut LookupFindings) {
    found.score = Score::unexplained(Verdict {
        level: RiskLevel::Unknown,
        ..Verdict::NOT_SCORED
    });
    (found.number_value, found.record) = (None, RecordFacts::default());
    found.cases.clear();
    found.owner = None;
}

/// The name of the known owner to show for a call: only if the call is allowed, and either the owner signed it or
/// nothing at all is known of its signature. A name on a call that is known to be without attestation A would help those
/// who show the number of another. So would one on a call without a signature if the owner signs every call.
fn owner_name(found: &LookupFindings, spoof: Option<OwnerSpoof>, decision: &Decision) -> String {
    let facts = &found.facts;
    let is_calling = decision.action == Action::Allow && !facts.about_to_dial;
    let is_signed = match facts.signing {
        Signing::A => true,
        Signing::NotGiven => facts.owner != Some(OwnerCalls::Signed),
        Signing::B | Signing::C | Signing::Unsigned | Signing::Failed => false,
    };
    let owner = found
        .owner
        .as_ref()
        .filter(|_| is_calling && is_signed && spoof.is_none());
    owner.map(|owner| caller_name(owner)).unwrap_or_default()
}

/// Says that the call is thought to come from another party than the owner, unless the score or the rule that decides
/// says so.
fn add_spoof_reason(found: &mut LookupFindings, spoof: OwnerSpoof, decision: &Decision, language: Language) {
    let is_said = found
        .score
        .reasons
        .iter()
        .any(|reason| reason.code == ReasonCode::SpoofSuspected);
    if is_said || decision.basis == Basis::Dno {
        return;
    }
    let owner = match found.owner.as_ref().map(|owner| owner.organisation.as_str()) {
        Some(name) => Some(advice::owner_in_sentence(name)).filter(|name| !name.is_empty()),
        None => Some(words::owner_without_name(language, true).to_owned()),
    };
    let figure = match spoof {
        OwnerSpoof::Possible => Figure::POSSIBLE_SPOOF,
        OwnerSpoof::Probable => Figure::PROBABLE_SPOOF,
        OwnerSpoof::Certain => Figure::CERTAIN_SPOOF,
    };
    let owner = owner.unwrap_or_default();
    let reason = Reason::of_rule(language, ReasonCode::SpoofSuspected, Some(figure), &owner);
    found.score.reasons.insert(0, reason);
}

/// Whether category, brand and cases would accuse the owner of the number: an analyst or a list vouches for it, or its owner
/// is known and the policy lets the call through; and nothing says that another party shows the number. Reports and cases of
/// such a number are mostly of calls that others made in the owner's name.
fn is_beyond_accusation(found: &LookupFindings, spoof: Option<OwnerSpoof>, decision: &Decision) -> bool {
    let verdict = &found.score.verdict;
    let is_protected = matches!(found.facts.protection, Some(Protection::Caller | Protection::Advised))
        || verdict.status == Some(StatusKind::Protected);
    let is_trusted = verdict.level == RiskLevel::Trusted || is_protected;
    let is_owners = decision.action == Action::Allow && found.facts.owner.is_some();
    spoof.is_none() && (is_trusted || is_owners)
}

/// Removes the brand, a category that is not one of wanted calls, and the cases. The points of a case go to the analyst's word,
/// which outweighs it.
fn clear_accusation(found: &mut LookupFindings) {
    found.cases.clear();
    let score = &mut found.score;
    score.category = score.category.filter(|(category, _)| category.is_wanted());
    score.brand = None;
    let of_case = |reason: &Reason| reason.code == ReasonCode::CaseLink && reason.figure != Some(Figure::NEAR_CASE);
    let points: f64 = score
        .reasons
        .iter()
        .filter(|reason| of_case(reason))
        .map(|of| of.points)
        .sum();
    score.reasons.retain(|reason| !of_case(reason));
    let mut reasons = score.reasons.iter_mut();
    if let Some(allowed) = reasons.find(|reason| reason.code == ReasonCode::AnalystAllowed) {
        allowed.points += points;
    }
}

/// How sure the screen says that another party shows the number. What the list of owners says comes first.
fn spoofing(spoof: Option<OwnerSpoof>, verdict: &Verdict) -> Option<Spoofing> {
    match spoof {
        Some(OwnerSpoof::Possible) => Some(Spoofing::Possible),
        Some(OwnerSpoof::Probable | OwnerSpoof::Certain) => Some(Spoofing::Likely),
        None => verdict.spoof_suspected.then_some(Spoofing::Likely),
    }
}

/// The decision that a screen shows: the action that is carried out, by the rule that the policy decided by. A call that is
/// let through because nothing is carried out shows no rule.
fn as_shown(decided: &Decision, enforced: &Enforced) -> Decision {
    let basis = if enforced.decision.action == Action::Allow {
        enforced.decision.basis
    } else {
        decided.basis
    };
    Decision {
        basis,
        ..enforced.decision
    }
}

/// What a screen shows for the answer.
fn shown(
    question: &Question<'_>,
    found: &LookupFindings,
    (caller_name, label): (&str, &'static str),
    spoofing: Option<Spoofing>,
    decision: &Decision,
) -> Display {
    let language = question.input.language;
    let owner = match &found.owner {
        Some(owner) => advice::owner_in_sentence(owner.organisation.as_str()),
        None => String::new(),
    };
    let is_owned = found.facts.owner.is_some();
    display(&DisplayFacts {
        action: decision.action,
        basis: decision.basis,
        level: found.score.verdict.level,
        category: found.score.category.map(|(category, _)| category),
        about_to_dial: found.facts.about_to_dial,
        impossible: matches!(found.facts.bar, Some(Bar::Impossible | Bar::Unassigned)),
        label,
        caller_name,
        owner: match owner.as_str() {
            "" if is_owned => words::owner_without_name(language, found.owner.is_none()),
            owner => owner,
        },
        spoofing,
        range_only: found.score.verdict.range_only,
        few_unproven: found.score.verdict.few_unproven,
        language,
    })
}

fn sealed(reason: &Reason) -> SealedReason {
    SealedReason {
        code: Some(reason.code),
        points: reason.points,
        figure: reason.figure,
    }
}

/// The text to display instead of the caller's name. It says the same as the sentence of the display: an owner whose number
/// others show must not look like a spammer, and neighbours accuse nobody of a kind of fraud.
fn name(score: &Score, spoofing: Option<Spoofing>, decision: &Decision) -> &'static str {
    if decision.action == Action::Allow {
        return "";
    }
    let is_by_rule = matches!(decision.basis, Basis::TenantPolicy | Basis::InvalidNumber);
    let category = score.category.filter(|_| !score.verdict.range_only);
    match label::display_name(category.map(|(category, _)| category), score.verdict.level) {
        _ if is_of_unknown_length(decision) => UNKNOWN_LENGTH_LABEL,
        _ if spoofing == Some(Spoofing::Likely) && !is_by_rule => SPOOF_LABEL,
        _ if spoofing == Some(Spoofing::Possible) && !is_by_rule => POSSIBLE_SPOOF_LABEL,
        "" => TENANTS_LABEL,
        name => name,
    }
}

/// Whether the length of the number decided: the only label on this basis.
fn is_of_unknown_length(decision: &Decision) -> bool {
    decision.basis == Basis::InvalidNumber && decision.action == Action::Label
}

/// The warning for the person; none if nothing is wrong, or if only the tenant's rule or the length of the number decided.
fn advice(
    question: &Question<'_>,
    found: &LookupFindings,
    spoof: Option<OwnerSpoof>,
    decision: &Decision,
) -> Option<String> {
    let input = question.input;
    if decision.basis == Basis::TenantPolicy || is_of_unknown_length(decision) {
        return None;
    }
    let occasion = match input.role {
        LookupRole::Calling => Occasion::Called,
        LookupRole::AboutToDial => Occasion::AboutToDial,
    };
    let place = question
        .called
        .region()
        .or(input.default_region)
        .or(found.identity.region);
    let score = &found.score;
    let category = score.category.map(|(category, _)| category);
    let owner = found.owner.as_ref().zip(spoof).map(|(owner, spoof)| SpoofedOwner {
        name: owner.organisation.as_str(),
        spoof,
    });
    let text = advice::text(&Topic {
        category,
        occasion,
        brand: score.brand.as_ref(),
        owner,
        language: input.language,
        place,
    });
    (!text.is_empty()).then_some(text)
}

/// The rule that decided, if the reasons of the score do not name it.
fn rule_reason(facts: &Facts, decision: &Decision, language: Language) -> Option<Reason> {
    let by_status = facts.verdict.status;
    let (code, figure) = match decision.basis {
        Basis::Protected => match facts.protection? {
            Protection::EmergencyCalled => (ReasonCode::EmergencyCall, None),
            Protection::ProtectedCalled => (ReasonCode::ProtectedCalled, None),
            Protection::CallbackWindow => (ReasonCode::EmergencyCallback, None),
            Protection::Caller => (ReasonCode::ProtectedNumber, Some(Figure::BY_LIST)),
            Protection::Advised => (ReasonCode::ProtectedNumber, Some(Figure::BY_ADVICE)),
        },
        Basis::Dno if by_status != Some(StatusKind::DoNotOriginate) => {
            (ReasonCode::DoNotOriginate, Some(Figure::BY_LIST))
        }
        Basis::InvalidNumber => match facts.bar? {
            Bar::Unassigned => (ReasonCode::UnassignedNumber, None),
            Bar::Impossible | Bar::DoNotOriginate => (ReasonCode::InvalidNumber, None),
            Bar::UnknownLength => (ReasonCode::UnknownLength, None),
        },
        Basis::TenantPolicy => (ReasonCode::TenantRule, None),
        Basis::FailOpen => (ReasonCode::DeadlineExceeded, None),
        Basis::Dno | Basis::Analyst | Basis::Analytics | Basis::NoEvidence | Basis::KnownOwner | Basis::Shadow => {
            return None;
        }
    };
    Some(Reason::of_rule(language, code, figure, ""))
}
