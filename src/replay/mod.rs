//! Replays complaints day by day into the index that answers lookups.
//!
//! A score must be measured with the knowledge of its time. So each day is scored with the knowledge of the evening
//! before, through the same fold of evidence, the same ranges and the same model as a call: [`ReplayHistory`] feeds a normal
//! [`crate::index::Index`]. There is no second implementation that could be better than the real one.

mod complaint_days;
mod complaints;
mod exchange;
mod history;
mod legitimate;

pub use complaint_days::ComplaintDays;
pub use complaints::{Complaint, ComplaintCalls, Complaints};
pub use exchange::{Exchange, Exchanges, Half};
pub use history::ReplayHistory;
pub use legitimate::{KindName, KindNameError, LegitimateNumber};

/// Called as a replay goes on: with the number of complaints known so far, and of all of them.
pub type ReplayProgress<'a> = &'a mut dyn FnMut(usize, usize);
