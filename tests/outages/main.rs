//! A Redis that hangs, is killed, is demoted or comes back empty, seen by clients of the program and by the store.
//! These tests measure the time of an answer, so they share no process with tests that need much CPU.
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

mod case_steps;
mod memory;
mod overload;
mod program;
mod stalls;
mod store;
#[path = "../support/mod.rs"]
mod support;
