//! Ringwarden: what is known of a phone number, before the phone rings.

pub mod cli;
pub mod domain;
pub mod number;
pub mod store;
pub mod wire;
