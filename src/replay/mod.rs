//! Replays complaints day by day into the index that answers lookups.
//!
//! A score must be measured with the knowledge of its time. So each day is scored with the knowledge of the evening
//! before, through the same fold of evidence, the same ranges and the same model as a call: [`History`] feeds a normal
//! [`crate::index::Index`]. There is no second implementation that could be better than the real one.

mod complaints;
mod exchange;
mod history;
mod seen;

pub use complaints::{Call, Complaint, Complaints};
pub use exchange::{Exchange, Exchanges, Half};
pub use history::History;
pub use seen::Seen;
