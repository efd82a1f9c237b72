//! What switches and apps send for a caller: addresses around a number, words instead of one, and
//! the decision which of them a text is.

mod address;
mod anonymous;
mod caller;
mod name_addr;
mod privacy;
mod verstat;

pub(super) use caller::parse;

/// Reads what is otherwise read at the first caller without a number.
pub(super) fn warm_up() {
    anonymous::warm_up();
}
