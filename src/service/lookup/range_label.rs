//! The reason of a call that is not labelled, since its score rests on the neighbourhood alone and such labels are off.

use crate::domain::reason_code::ReasonCode;
use crate::domain::score::Reason;

/// The sentence for people.
const DETAIL: &str = "The score rests on the numbers around this one alone, and this network labels no call for that.";

/// Adds the reason, or says so in the reason for the cap of such scores.
pub(super) fn add_reason(reasons: &mut Vec<Reason>) {
    match reasons.iter_mut().find(|reason| reason.code == ReasonCode::RangeOnly) {
        Some(reason) => DETAIL.clone_into(&mut reason.detail),
        None => reasons.insert(
            0,
            Reason {
                code: ReasonCode::RangeOnly,
                points: 0.0,
                detail: DETAIL.to_owned(),
            },
        ),
    }
}
