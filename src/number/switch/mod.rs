//! The texts that switches and apps send for a caller: addresses around a number, words instead of one, and the
//! decision which of them a text is.

mod address;
mod anonymous;
mod caller;
mod certainty;
mod emergency;
mod in_text;
mod name_addr;
mod privacy;
mod reading;
mod short;
mod subscriber;
mod verstat;

pub(super) use caller::parse;
pub(super) use emergency::service as emergency_service;
pub use emergency::{EmergencyExpressions, RewriteStep};

/// Builds the table that is otherwise built on the first caller without a number.
pub(super) fn warm_up() {
    anonymous::warm_up();
}
