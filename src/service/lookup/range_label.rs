//! The reason of a call that is not labelled, since its score rests on the neighbourhood alone and such labels are off.

use crate::domain::language::Language;
use crate::domain::reason_code::ReasonCode;
use crate::domain::score::Reason;
use crate::domain::words::Figure;

/// Adds the reason, or says so in the reason for the cap of such scores.
pub(super) fn add_reason(reasons: &mut Vec<Reason>, language: Language) {
    let unlabelled = Reason::of_rule(language, ReasonCode::RangeOnly, Some(Figure::NO_RANGE_LABEL), "");
    match reasons.iter_mut().find(|reason| reason.code == ReasonCode::RangeOnly) {
        Some(reason) => (reason.figure, reason.detail) = (unlabelled.figure, unlabelled.detail),
        None => reasons.insert(0, unlabelled),
    }
}
