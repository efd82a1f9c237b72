//! What a number's latest calls say: how many different people it calls, in what order, and how the calls end.
//!
//! Rate is no proof. A hospital calls many people, too; so what is known of rate labels a call at most, adds nothing for
//! those whom analysts vouch for, and nothing for the owner of a number that others are thought to show.

use super::Subject;
use super::Verdict;
use super::reason::{Points, ReasonCode};
use crate::domain::call::View;
use crate::domain::kinds::StatusKind;
use crate::domain::model::ScoreModel;

/// The reasons that rate may give.
const CODES: [ReasonCode; 5] = [
    ReasonCode::RateBurst,
    ReasonCode::SequentialDialling,
    ReasonCode::ShortCalls,
    ReasonCode::UnansweredCalls,
    ReasonCode::RejectedCalls,
];

impl Subject<'_> {
    /// Whether the number's owner is thought to be the victim of those who show it: an analyst says so, or many call back
    /// a number that has called many, unless it was its owner who did, by the signatures of those calls.
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
    /// Whether the call is of a number that calls many, and this counts against it.
    pub(super) fn is_mass_calling(&self, subject: &Subject<'_>) -> bool {
        // The owner of a number that others show is not to pay for their calls; a call that may be anybody's is theirs.
        let others = match subject.call.view() {
            View::Unauthenticated => false,
            View::All => subject.is_owner_protected(),
            View::Authenticated => !subject.signs.mostly_signed,
        };
        subject.signs.is_mass_calling() && subject.call.is_of_the_number() && !others
    }

    /// What each sign adds.
    pub(super) fn rate(&self, subject: &Subject<'_>, verdict: &Verdict) -> impl Iterator<Item = (ReasonCode, f64)> {
        let weights = &self.rules.rate;
        let signs = subject.signs;
        let vouched = matches!(verdict.status, Some(StatusKind::Allowed | StatusKind::VerifiedBusiness));
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

/// What rate has added to a score.
pub(super) fn lift(extra: &Points) -> f64 {
    CODES.iter().map(|code| extra.get(*code)).sum()
}
