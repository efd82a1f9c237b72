//! Ringwarden: what is known of a phone number, before the phone rings.

pub mod clock;
pub mod domain;
pub mod metrics;
pub mod number;
pub mod store;
pub mod tasks;
pub mod wire;
