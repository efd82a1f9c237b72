//! Ringwarden: what is known of a phone number, before the phone rings.

pub mod domain;
pub mod index;
pub mod number;
pub mod store;
pub mod wire;
