//! Ringwarden: what is known of a phone number, before the phone rings.
//!
//! Data flows one way: the edges ([`grpc`], [`http`]) decode and call [`api`], which checks requests and calls [`service`]; a lookup reads [`index`], which is all
//! in memory, and leaves its trace in [`traffic`], which knows who calls how much; a write goes to a [`store`] and comes
//! back into the index through [`follow`]. [`codec`] has the bytes of everything stored, and [`shard`] the 256 parts that
//! it is cut into. What it all means is said in [`domain`], which is pure, and what a phone number
//! is in [`number`]. [`app`] puts a server together, [`cli`] talks to one. Apart from any server, [`replay`] plays
//! complaints again into an index: [`evaluate`] measures the score on them, and [`fit`] makes the model.

#[macro_use]
mod stable_enum;

pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod codec;
pub mod config;
pub mod domain;
mod edge;
pub mod evaluate;
pub mod fit;
pub mod follow;
pub mod grpc;
pub mod http;
pub mod index;
pub mod metrics;
mod net;
pub mod number;
pub mod replay;
pub mod service;
pub mod shard;
pub mod store;
pub mod tasks;
pub mod telemetry;
pub mod traffic;
pub mod wire;
