//! The rules that need no store and no clock: evidence, score, signing and policy.

mod evidence;
mod policy;
mod score;
mod signing;
