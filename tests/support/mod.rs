//! Code that the test binaries share.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

pub mod altered;
pub mod backends;
pub mod commits;
pub mod complaints;
pub mod evidence;
pub mod flaky;
pub mod frames;
pub mod instance;
pub mod limited;
pub mod oidc;
pub mod overtaken;
pub mod program;
pub mod random;
pub mod redis_backend;
pub mod redis_commits;
pub mod redis_server;
pub mod report_writers;
pub mod resident;
pub mod sent_reports;
pub mod server;
pub mod tls;
pub mod web;
