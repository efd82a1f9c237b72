//! The servers of the services, as `build.rs` generates them from `proto/ringwarden/v1`.
#![allow(
    clippy::too_many_lines,
    missing_docs,
    unreachable_pub,
    reason = "generated: as long as the services are, with the comments of the contract"
)]

include!(concat!(env!("OUT_DIR"), "/servers/ringwarden.v1.rs"));
