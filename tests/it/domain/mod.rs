//! The rules without a store and without time: evidence, score, signing and policy.

mod evidence;
mod policy;
mod score;
mod signing;
