//! The rule for numbers whose owner is known, by a list or because an analyst verified the owner.
//!
//! Well-known numbers are shown by many fraudsters, so the signature of a call decides here, and not what people say of the
//! number: the owner's own calls ring, and a call that another party is thought to have placed is labelled, or blocked if
//! the operator says so. If neither is known, the score judges the call, and labels it at most.

use std::time::Duration;

use super::{Decision, Facts, Policy};
use crate::domain::kinds::{Action, Basis, RiskLevel, StatusKind};
use crate::domain::origin::Origin;

/// How sure it is that another party shows the number of a known owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnerSpoof {
    /// Nothing says who placed the call, and the evidence on calls with this number is bad.
    Possible,
    /// The call came through a gateway, and the owner's calls seldom do.
    Probable,
    /// The owner never calls, or signs every call, or the signature is false.
    Certain,
}

impl Facts {
    /// Whether the call comes from the known owner of the number; none if the owner is not known.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        self.owner.map(|calls| Origin::of(calls, self.signing))
    }
}

impl Policy {
    /// Whether another party is thought to show the number of a known owner; none if the number is about to be dialled.
    #[must_use]
    pub fn owner_spoof(&self, facts: &Facts) -> Option<OwnerSpoof> {
        match facts.origin().filter(|_| !facts.about_to_dial)? {
            Origin::Owner => None,
            Origin::Unproven => self.is_bad(facts).then_some(OwnerSpoof::Possible),
            Origin::Suspect => Some(OwnerSpoof::Probable),
            Origin::Other => Some(OwnerSpoof::Certain),
        }
    }

    /// The owner's calls ring unless the score, which is of signed calls alone, or a case says otherwise. A spoofed call is
    /// labelled or blocked.
    pub(super) fn of_owners(&self, facts: &Facts) -> Option<Decision> {
        let action = match facts.origin()? {
            Origin::Owner if self.is_bad(facts) => return None,
            Origin::Owner => Action::Allow,
            Origin::Unproven => return None,
            Origin::Suspect | Origin::Other if self.block_spoofed_owners => Action::Block,
            Origin::Suspect | Origin::Other => Action::Label,
        };
        Some(Decision {
            action,
            basis: Basis::KnownOwner,
            ttl: Duration::ZERO, // the next call may be signed otherwise
        })
    }

    /// Whether the evidence labels or blocks a call of anybody. What an analyst says of the number is not evidence on its
    /// calls.
    fn is_bad(&self, facts: &Facts) -> bool {
        let verdict = &facts.verdict;
        let is_scored = verdict.level != RiskLevel::Unknown && verdict.status != Some(StatusKind::Blocked);
        let from = self.label_from.min(self.block_from);
        is_scored && verdict.value.is_some_and(|value| value >= from)
    }
}
