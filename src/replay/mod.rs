//! A feed of complaints played again, day by day, into the index that answers lookups.
//!
//! A score can only be measured on what was known at the time. So each day is scored with what was known the evening
//! before, through the same fold of evidence, the same ranges and the same model that serve calls: [`History`] feeds an
//! [`crate::index::Index`] and nothing else, and there is no second implementation that could be better than the real
//! one.

mod complaints;
mod exchange;
mod history;
mod seen;

pub use complaints::{Call, Complaint, Complaints};
pub use exchange::{Exchange, Exchanges, Half};
pub use history::History;
pub use seen::Seen;
