//! The part of a score that comes from the number's latest calls: how many numbers it calls, in what order, and how the
//! calls end.
//!
//! Rate is no proof: a hospital calls many people, too. So rate labels a call at most. It adds nothing for numbers that
//! analysts vouch for or that belong to a known owner, nor for the owner of a number that others are thought to show.

use super::Subject;
use super::Verdict;
use super::reason::Points;
use crate::domain::call::{LedgerView, Signing};
use crate::domain::kinds::StatusKind;
use crate::domain::model::ScoreModel;
use crate::domain::origin::Origin;
use crate::domain::reason_code::ReasonCode;

/// The reasons of rate.
const CODES: [ReasonCode; 5] = [
    ReasonCode::RateBurst,
    ReasonCode::SequentialDialling,
    ReasonCode::ShortCalls,
    ReasonCode::UnansweredCalls,
    ReasonCode::RejectedCalls,
];

impl Subject<'_> {
    /// Whether the number's owner is thought to be a victim of spoofing: an analyst says so, or many strangers call the
    /// number back after its burst, unless the signatures of the calls in the burst show that the owner made them.
    pub(super) fn is_owner_protected(&self) -> bool {
        let called_back = self.signs.called_back && !self.signs.mostly_signed;
        called_back
            || self
                .state
                .statuses
                .holding(StatusKind::SpoofedVictim, self.now)
                .is_some()
    }
}

impl ScoreModel {
    /// Whether the number calls in bulk and this counts against the call.
    pub(super) fn is_mass_calling(&self, subject: &Subject<'_>) -> bool {
        // The owner of a spoofed number does not pay for the calls of others; a call that anybody may have made does.
        let others = match subject.call.view() {
            LedgerView::Unauthenticated => false,
            LedgerView::All => subject.is_owner_protected(),
            LedgerView::Authenticated | LedgerView::AuthenticatedOnly => !subject.signs.mostly_signed,
        };
        subject.signs.is_mass_calling() && subject.call.is_attributable() && !others
    }

    /// The points of each sign.
    pub(super) fn rate(&self, subject: &Subject<'_>, verdict: &Verdict) -> impl Iterator<Item = (ReasonCode, f64)> {
        let weights = &self.rules.rate;
        let signs = subject.signs;
        // A known owner may call many people. Bulk calls that are known to be without attestation A may be of others.
        let is_owners = match subject.origin() {
            Some(Origin::Owner) => true,
            Some(Origin::Unproven) => subject.call == Signing::NotGiven,
            Some(Origin::Suspect | Origin::Other) | None => false,
        };
        let vouched = is_owners || verdict.status == Some(StatusKind::Allowed);
        let counts = self.is_mass_calling(subject) && !vouched;
        [
            (signs.burst, weights.burst),
            (signs.sequential, weights.sequential),
            (signs.short_calls, weights.short_calls),
            (signs.unanswered, weights.unanswered),
            (signs.rejected, weights.rejected),
        ]
        .into_iter()
        .zip(CODES)
        .filter(move |((seen, _), _)| counts && *seen)
        .map(|((_, points), code)| (code, points))
    }
}

/// The points that rate has added to a score.
pub(super) fn lift(extra: &Points) -> f64 {
    CODES.iter().map(|code| extra.get(*code)).sum()
}
