//! Ringwarden: what is known of a phone number, before the phone rings.

pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod follow;
pub mod grpc;
pub mod http;
pub mod index;
pub mod metrics;
mod net;
pub mod number;
pub mod service;
pub mod store;
pub mod tasks;
pub mod telemetry;
pub mod wire;
