//! The gRPC edge: the handlers of [`Api`](crate::api::Api) as tonic services, with health and reflection.
//!
//! [`servers`] has the generated servers, `services` their methods, `codec` decodes requests, `status` renders errors,
//! `context` reads the client's timeout, `health` answers health checks, `calls` counts the calls of each connection and
//! their memory, `stranger` refuses what a browser may have sent, `request_body` counts the bytes of requests,
//! [`server`] has the limits of connections, streams and messages.

mod calls;
pub(crate) mod codec;
mod context;
mod gate;
mod health;
mod held;
mod request_body;
pub mod server;
pub mod servers;
mod services;
#[cfg(test)]
mod shed_tests;
mod status;
mod stranger;
mod warm_up;

pub use server::{GrpcLimits, serve};
pub use warm_up::{warm_up, warm_up_transport};
