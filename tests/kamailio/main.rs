//! Calls through a real switch: Kamailio with the configuration of `deploy/kamailio` asks the program. SIPp with the
//! scenario of the same folder calls it, or single INVITEs where the words of an answer matter.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    missing_docs,
    reason = "a test may stop at what it did not expect"
)]

mod answers;
mod call;
mod emergency;
mod fake;
mod metrics;
mod outages;
mod owners;
mod questions;
mod rates;
mod second;
mod service;
mod shadow;
mod sipp;
#[path = "../support/mod.rs"]
mod support;
mod switch;

/// An unknown number in an unknown range.
const UNKNOWN: &str = "+12015550199";
/// A number that is blocked once it has been reported.
const BAD: &str = "+13152328257";
/// Somebody's number.
const CALLED: &str = "+14155550100";
/// The answer for a number without evidence against it.
const ALLOWED: (u16, &str, Option<&str>, Option<&str>) = (404, "Not Found", None, None);
