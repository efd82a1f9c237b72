//! The call that is scored.

use crate::domain::call::Signing;
use crate::domain::kinds::OwnerCalls;
use crate::domain::traffic::Signs;
use crate::number::E164;

/// A call, or a number apart from any call.
#[derive(Clone, Copy, Debug)]
pub struct ScoredCall {
    /// The number that the call shows.
    pub number: E164,
    /// The signature of the call.
    pub signing: Signing,
    /// Signs in the recent traffic of the number.
    pub signs: Signs,
    /// Whether the owner of the number calls from it, by a list of known owners. None if no list names the owner.
    pub owner: Option<OwnerCalls>,
}

impl ScoredCall {
    /// A number apart from any call.
    #[must_use]
    pub fn of(number: E164) -> Self {
        Self {
            number,
            signing: Signing::NotGiven,
            signs: Signs::default(),
            owner: None,
        }
    }
}
