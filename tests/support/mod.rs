//! What several test files share.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod contract;
pub mod evidence;
pub mod flaky;
pub mod places;
pub mod writes;
