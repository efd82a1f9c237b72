//! The rules that need no store and no clock: evidence, score, signing and policy.

mod evidence;
mod policy;
mod reporter_table;
mod score;
mod signing;
