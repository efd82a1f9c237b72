//! What several test files share.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

pub mod contract;
pub mod evidence;
pub mod flaky;
pub mod instance;
pub mod overtaken;
pub mod places;
pub mod redis_place;
pub mod redis_server;
pub mod redis_writes;
pub mod server;
pub mod writes;
