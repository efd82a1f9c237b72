//! The number and size of memory allocations. The counter replaces the allocator of the whole process, so these
//! tests have their own binary. It counts each thread separately, so they may run in parallel.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail loudly"
)]

mod bodies;
mod lookup;
mod number;
mod traffic;

#[path = "../support/mod.rs"]
mod support;
