//! Processes that end: killed at a random moment, ended by a signal, or with a power failure of their disk. Each
//! test starts its own process and ends it.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail loudly, print what it measured, and spawn tasks that end with it"
)]

mod lifecycle;
mod program;
mod signals;
mod store;
#[path = "../support/mod.rs"]
mod support;
