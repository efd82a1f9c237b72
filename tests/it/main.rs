//! The tests that can share one process. The modules mirror `src`. The modules `dashboards`, `deploy`, `examples`, `readme` and
//! `tidy` check the files beside the code. `cargo test --test it store::` runs one area.
//!
//! Tests that kill processes, send signals, count allocations, or need a failing Redis or Kamailio have their own
//! binaries, in the folders beside this one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::too_many_lines,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail loudly and print what it measured, and a table is as long as it is"
)]

mod cli;
mod dashboards;
mod deploy;
mod domain;
mod edges;
mod emergency_cfg;
mod evaluate;
mod examples;
mod fit;
mod number;
mod readme;
mod service;
mod store;
#[path = "../support/mod.rs"]
mod support;
mod tidy;
mod tokens;
