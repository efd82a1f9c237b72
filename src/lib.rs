//! Ringwarden: what is known of a phone number, before the phone rings.
//!
//! `docs/architecture.md` is the map for people: which module may import which, how a lookup and a report go through the
//! code, and which files a change touches. In short, from the outside to the inside:
//!
//! - [`cli`] has the commands, and [`config`] the settings. [`app`] puts a server together.
//! - [`grpc`] and [`http`] are the edges of the server. They do not know each other. `edge` has the layers that both
//!   share: panics, secret headers, the context of a request.
//! - [`api`] is the contract without a transport: it checks the shape of requests and calls the service. [`wire`] has the
//!   messages, generated from the contract.
//! - [`service`] does the work. A lookup reads the index and the traffic, and cannot reach a store. A change is committed
//!   to the store first, and then shown in the index.
//! - [`store`] keeps everything, in a directory, in Redis or in memory. [`follow`] replicates its change log into
//!   [`index`], which holds everything in memory on every instance. [`traffic`] knows which caller calls how much.
//!   [`snapshot`] keeps a copy of the index in a file, for a start without the store.
//! - [`codec`] has the bytes of everything stored, and [`shard`] the 256 parts that a store is divided into.
//! - [`domain`] has the facts and the rules, and [`number`] says which text is which phone number. Both are pure.
//!
//! Beside the layers: [`clock`], [`decision_log`], [`lines`], [`metrics`], `net`, [`signals`], [`tasks`], [`telemetry`] and
//! [`tokens`]. Without a server: [`replay`] plays
//! complaints into an index, [`evaluate`] measures the score on them, and [`fit`] makes the model.

#[macro_use]
mod stable_enum;

pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod codec;
pub mod config;
pub mod decision_log;
pub mod domain;
mod edge;
pub mod evaluate;
pub mod fit;
pub mod follow;
pub mod grpc;
pub mod http;
pub mod index;
pub mod inspect;
pub mod lines;
pub mod metrics;
mod net;
pub mod number;
pub mod replay;
pub mod service;
pub mod shard;
pub mod signals;
pub mod snapshot;
pub mod store;
pub mod tasks;
pub mod telemetry;
pub mod tokens;
pub mod traffic;
pub mod wire;
