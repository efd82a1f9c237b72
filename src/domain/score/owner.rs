//! The part of a score that follows from the known owner of a number.
//!
//! A call that the owner signed is the owner's. Complaints about other calls, which many parties make in the name of a
//! well-known owner, do not count against it, and neither does the neighbourhood: the owner has the number for good.

use super::Subject;
use crate::domain::call::LedgerView;
use crate::domain::kinds::{OwnerCalls, StatusKind};
use crate::domain::origin::Origin;
use crate::domain::range::Neighbourhood;
use crate::domain::reason_code::ReasonCode;

impl Subject<'_> {
    /// Whether the known owner of the number calls from it: by a list, or else because an analyst verified the owner.
    pub(crate) fn owner_calls(&self) -> Option<OwnerCalls> {
        let verified = || self.state.statuses.holding(StatusKind::VerifiedBusiness, self.now);
        self.owner.or_else(|| verified().map(|_| OwnerCalls::Yes))
    }

    /// Whether the call comes from the known owner of the number; none if the owner is not known.
    pub(super) fn origin(&self) -> Option<Origin> {
        let calls = self.owner_calls()?;
        Some(Origin::of(calls, self.call))
    }

    /// The reason that names the owner: the list, or the status.
    pub(super) fn owner_code(&self) -> ReasonCode {
        if self.owner.is_some() {
            ReasonCode::KnownOwner
        } else {
            ReasonCode::VerifiedBusiness
        }
    }

    /// The ledgers that are read for this call.
    pub(super) fn view(&self) -> LedgerView {
        match self.origin() {
            Some(Origin::Owner) => LedgerView::AuthenticatedOnly,
            Some(Origin::Unproven | Origin::Suspect | Origin::Other) | None => self.call.view(),
        }
    }

    /// The same without the neighbourhood, if the call is one of the owner's.
    pub(super) fn as_judged(&self) -> Self {
        let is_owners = self.origin() == Some(Origin::Owner);
        Self {
            neighbourhood: if is_owners {
                Neighbourhood::default()
            } else {
                self.neighbourhood
            },
            ..*self
        }
    }
}
