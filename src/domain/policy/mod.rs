//! From the facts about a call to an action, the rule that decided it, and how long the answer may be kept.
//!
//! The rules are tried in a fixed order; the first that applies decides: protection of people in need; numbers that never
//! call, by their owners; the tenant's rules; analysts' statuses; numbers that cannot exist; known owners; the score;
//! numbers of a length that the plan does not know. If nothing is known, nothing is done. Everything is a pure function
//! of [`Facts`], so that a test can try every combination of them.

mod enforcement;
mod owner;
mod sip;

use std::time::Duration;

use super::call::Signing;
use super::kinds::{Action, Basis, OwnerCalls, RiskLevel, StatusKind};
use super::origin::Origin;
use super::score::{Verdict, Withheld};

pub use enforcement::{Enforced, Enforcement};
pub use owner::OwnerSpoof;
pub use sip::{Refusal, SipSettings, SipTreatment};

/// Thresholds and lifetimes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// A score of at least this labels the call.
    pub label_from: f64,
    /// A score of at least this blocks it.
    pub block_from: f64,
    /// Whether a score that rests on the neighbourhood alone labels a call; otherwise it does nothing.
    pub range_label: bool,
    /// Whether a call that shows the number of a known owner, and is thought to come from another party, is blocked;
    /// otherwise it is labelled.
    pub block_spoofed_owners: bool,
    /// How long a deterministic answer may be kept.
    pub deterministic_ttl: Duration,
    /// How long a high score or a rule may be kept.
    pub high_ttl: Duration,
    /// How long a clean or unknown answer may be kept.
    pub clean_ttl: Duration,
}

/// The input of the rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facts {
    /// Whether the number is about to be dialled; otherwise it is calling.
    pub about_to_dial: bool,
    /// Why the call must not be hindered.
    pub protection: Option<Protection>,
    /// Why the caller ID is not true, or may not be.
    pub bar: Option<Bar>,
    /// The tenant's own rule.
    pub tenant: Option<TenantRule>,
    /// Whether the tenant lets a single report block.
    pub single_report_blocks: bool,
    /// How the call was signed.
    pub signing: Signing,
    /// Whether the known owner of the number calls from it; none if the owner is not known.
    pub owner: Option<OwnerCalls>,
    /// The score, with the strongest status that holds for this call.
    pub verdict: Verdict,
}

/// Why a call must not be hindered, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protection {
    /// Somebody calls an emergency number.
    EmergencyCalled,
    /// Somebody calls a number that serves public safety.
    ProtectedCalled,
    /// The person called has just called an emergency number: this may be the call centre calling back.
    CallbackWindow,
    /// The caller is public safety.
    Caller,
    /// Advice tells people to report calls at the number.
    Advised,
}

/// Why a number is not a true caller ID, or may not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bar {
    /// Its owner never calls from it.
    DoNotOriginate,
    /// It cannot exist: its country code belongs to nobody, or the numbering plan rules it out.
    Impossible,
    /// It is assigned to nobody, according to an imported list.
    Unassigned,
    /// The plan does not know numbers of its length. It may be new.
    UnknownLength,
}

/// The tenant's rule for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TenantRule {
    /// It is on the tenant's list of allowed callers.
    Allow,
    /// It is on the tenant's list of blocked callers.
    Block,
    /// A rule for its prefix.
    Prefix(Action),
}

/// The action advised, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The action.
    pub action: Action,
    /// The rule that decided.
    pub basis: Basis,
    /// How long the answer may be kept; zero: for this call only.
    pub ttl: Duration,
}

impl Facts {
    /// The facts of a call with a score and nothing else.
    #[must_use]
    pub const fn of(verdict: Verdict) -> Self {
        Self {
            about_to_dial: false,
            protection: None,
            bar: None,
            tenant: None,
            single_report_blocks: false,
            signing: Signing::NotGiven,
            owner: None,
            verdict,
        }
    }
}

impl Decision {
    /// The answer when the time budget has run out.
    pub const FAIL_OPEN: Self = Self {
        action: Action::Allow,
        basis: Basis::FailOpen,
        ttl: Duration::ZERO,
    };
}

/// A rule: its decision, if it applies.
type PolicyRule = fn(&Policy, &Facts) -> Option<Decision>;

/// The rules in their order.
const RULES: [PolicyRule; 8] = [
    Policy::protected,
    Policy::never_calls,
    Policy::of_tenant,
    Policy::of_analysts,
    Policy::cannot_exist,
    Policy::of_owners,
    Policy::of_unknown_length,
    Policy::by_score,
];

impl Policy {
    /// The defaults: label from 60, block from 80.
    pub const DEFAULT: Self = Self {
        label_from: 60.0,
        block_from: 80.0,
        range_label: true,
        block_spoofed_owners: false,
        deterministic_ttl: Duration::from_secs(3_600),
        high_ttl: Duration::from_secs(120),
        clean_ttl: Duration::from_secs(60),
    };

    /// Decides on a call.
    #[must_use]
    pub fn decide(&self, facts: &Facts) -> Decision {
        let decided = RULES.iter().find_map(|rule| rule(self, facts));
        let decision = decided.unwrap_or_else(|| self.without_evidence(facts));
        if facts.about_to_dial {
            dialled(facts, decision)
        } else {
            decision
        }
    }

    /// Whether the decision may be another than ALLOW. It costs less than the decision and errs on the side of yes: a
    /// lookup asks it while a lock is held, to find reasons only for calls that may need them.
    #[must_use]
    pub fn may_hinder(&self, facts: &Facts) -> bool {
        let verdict = &facts.verdict;
        let from = self.label_from.min(self.block_from);
        facts.bar.is_some()
            || facts.tenant.is_some()
            || facts.origin().is_some_and(Origin::is_spoofed)
            || verdict.status.is_some()
            || verdict.case_floor
            || verdict.value.is_some_and(|value| value >= from)
    }

    fn protected(&self, facts: &Facts) -> Option<Decision> {
        let by_status = (facts.verdict.status == Some(StatusKind::Protected)).then_some(Protection::Caller);
        let ttl = match facts.protection.or(by_status)? {
            Protection::Caller | Protection::Advised => self.deterministic_ttl,
            // Another call from this number may go elsewhere.
            Protection::EmergencyCalled | Protection::ProtectedCalled | Protection::CallbackWindow => Duration::ZERO,
        };
        Some(Decision {
            action: Action::Allow,
            basis: Basis::Protected,
            ttl,
        })
    }

    fn never_calls(&self, facts: &Facts) -> Option<Decision> {
        let by_status = facts.verdict.status == Some(StatusKind::DoNotOriginate);
        let by_list = facts.bar == Some(Bar::DoNotOriginate) || facts.owner == Some(OwnerCalls::Never);
        let never_calls = by_status || by_list;
        never_calls.then_some(Decision {
            action: Action::Block,
            basis: Basis::Dno,
            ttl: self.deterministic_ttl,
        })
    }

    fn cannot_exist(&self, facts: &Facts) -> Option<Decision> {
        let is_certain = matches!(facts.bar, Some(Bar::Impossible | Bar::Unassigned));
        is_certain.then_some(Decision {
            action: Action::Block,
            basis: Basis::InvalidNumber,
            ttl: self.deterministic_ttl,
        })
    }

    /// A label at most, and a short one: the plan may be older than the number. Evidence that hinders the call comes
    /// before, and a known owner is a proof that the number exists.
    fn of_unknown_length(&self, facts: &Facts) -> Option<Decision> {
        let by_score = self
            .by_score(facts)
            .is_some_and(|decision| decision.action != Action::Allow);
        let is_known = by_score || facts.owner.is_some();
        let applies = facts.bar == Some(Bar::UnknownLength) && !is_known;
        applies.then_some(Decision {
            action: Action::Label,
            basis: Basis::InvalidNumber,
            ttl: by_signing(facts, self.clean_ttl),
        })
    }

    fn of_tenant(&self, facts: &Facts) -> Option<Decision> {
        let action = match facts.tenant? {
            TenantRule::Allow => Action::Allow,
            TenantRule::Block => Action::Block,
            // A call that has arrived cannot be warned about before dialling.
            TenantRule::Prefix(Action::WarnBeforeDial) if !facts.about_to_dial => return None,
            TenantRule::Prefix(action) => action,
        };
        Some(Decision {
            action,
            basis: Basis::TenantPolicy,
            ttl: self.high_ttl,
        })
    }

    fn of_analysts(&self, facts: &Facts) -> Option<Decision> {
        let (action, ttl) = match facts.verdict.status? {
            StatusKind::Blocked => (Action::Block, self.high_ttl),
            StatusKind::Allowed => (Action::Allow, by_signing(facts, self.clean_ttl)),
            StatusKind::Protected
            | StatusKind::DoNotOriginate
            | StatusKind::VerifiedBusiness
            | StatusKind::SpoofedVictim
            | StatusKind::Reassigned
            | StatusKind::UnderDispute => return None,
        };
        Some(Decision {
            action,
            basis: Basis::Analyst,
            ttl,
        })
    }

    fn by_score(&self, facts: &Facts) -> Option<Decision> {
        let verdict = &facts.verdict;
        let value = verdict.value.filter(|_| verdict.level != RiskLevel::Unknown)?;
        // A call that may be that of a known owner, or whose number an analyst marked as spoofed, gets a label and no
        // block; but nobody vouches for a call that may be spoofed. Strangers who call a number back are not enough:
        // people call fraudsters back, too.
        let is_possible_owner = facts.origin() == Some(Origin::Unproven);
        let spared = is_possible_owner || (is_victim(verdict) && !verdict.spoof_suspected);
        let (action, ttl) = if self.leaves_range_alone(verdict) {
            (Action::Allow, self.clean_ttl)
        } else if value >= self.block_from && !spared && !is_withheld(facts) {
            (Action::Block, self.high_ttl)
        } else if value >= self.label_from {
            (Action::Label, self.high_ttl)
        } else {
            (Action::Allow, self.clean_ttl)
        };
        Some(Decision {
            action,
            basis: Basis::Analytics,
            ttl: by_signing(facts, ttl),
        })
    }

    /// Whether the score would label the call, rests on the neighbourhood alone, and such labels are switched off.
    #[must_use]
    pub fn leaves_range_alone(&self, verdict: &Verdict) -> bool {
        let would_label = verdict.value.is_some_and(|value| value >= self.label_from);
        would_label && verdict.range_only && !self.range_label
    }

    fn without_evidence(&self, facts: &Facts) -> Decision {
        Decision {
            action: Action::Allow,
            basis: Basis::NoEvidence,
            ttl: by_signing(facts, self.clean_ttl),
        }
    }
}

/// A number about to be dialled is not refused: the person is warned. A do-not-originate number may be dialled: it is
/// usually a bank's hotline.
fn dialled(facts: &Facts, decision: Decision) -> Decision {
    let verdict = &facts.verdict;
    let warn = match decision.basis {
        // The number stays the owner's, even if others show it. No rule decides on the basis SHADOW.
        Basis::Protected | Basis::Dno | Basis::KnownOwner | Basis::FailOpen | Basis::Shadow => false,
        // Only a number that cannot exist; the network knows whether one of an unknown length does.
        Basis::InvalidNumber => decision.action == Action::Block,
        Basis::Analyst | Basis::TenantPolicy => decision.action != Action::Allow,
        Basis::Analytics | Basis::NoEvidence => {
            let is_of_others = is_victim(verdict) || facts.owner.is_some();
            verdict.case_floor || (decision.action != Action::Allow && !is_of_others)
        }
    };
    let action = if warn { Action::WarnBeforeDial } else { Action::Allow };
    Decision { action, ..decision }
}

/// Whether the evidence must not block, so that the call is labelled.
fn is_withheld(facts: &Facts) -> bool {
    match facts.verdict.withheld {
        None => false,
        Some(Withheld::Established) => true,
        Some(Withheld::SingleReport) => !facts.single_report_blocks,
    }
}

/// Whether an analyst says that the number is spoofed.
fn is_victim(verdict: &Verdict) -> bool {
    verdict.status == Some(StatusKind::SpoofedVictim)
}

/// The lifetime of an answer that depends on the signature: the next call may be signed otherwise. For the number of a
/// known owner the signature decides, so an answer without one holds for its call only, too.
fn by_signing(facts: &Facts, ttl: Duration) -> Duration {
    match facts.signing {
        Signing::NotGiven if facts.owner.is_none() => ttl,
        Signing::NotGiven => Duration::ZERO,
        Signing::A | Signing::B | Signing::C | Signing::Unsigned | Signing::Failed => Duration::ZERO,
    }
}
