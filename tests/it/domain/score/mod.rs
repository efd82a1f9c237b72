//! Scoring, term by term: the sum, the floors and caps, and the reasons.
//!
//! The arithmetic is checked with a model of straight lines that no fit ever changes. Rules for every model are checked
//! with the built-in model too.

mod bounds;
mod policy;
mod reasons;
mod rising;
mod scene;
mod terms;
mod withheld;
