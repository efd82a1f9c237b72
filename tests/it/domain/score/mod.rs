//! Scoring, term by term: what adds up, where floors and caps hold, and which reasons are given.
//!
//! The arithmetic is checked with a model of straight lines that no fit ever changes; what must hold of every model is
//! checked with the built-in one as well.

mod bounds;
mod policy;
mod reasons;
mod scene;
mod terms;
