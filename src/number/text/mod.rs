//! From a text to digits: which characters count, and where in the text the number stands.
//!
//! Nothing here knows a numbering plan: the answer is a plus sign or none, ASCII digits, and an
//! extension.

pub(super) mod decimal;
mod gap;
pub(super) mod masked;
pub(super) mod note;
pub(super) mod unicode;
pub(super) mod written;
