//! The gRPC edge: the handlers of [`Api`](crate::api::Api) as tonic services, with health and reflection.
//!
//! `services` has the methods, `status` renders errors, `context` reads the client's timeout, `calls` counts the calls
//! of each connection, [`server`] has the limits of connections, streams and messages.

mod calls;
mod context;
pub mod server;
mod services;
mod status;
mod warm_up;

pub use server::{GrpcLimits, serve};
pub use warm_up::warm_up;
