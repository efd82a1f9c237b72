//! What the code takes from the allocator. The counter is the allocator of the whole process, so these tests have a
//! process of their own; it counts the allocations of each thread apart.
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

mod number;
mod traffic;
