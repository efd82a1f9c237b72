//! TLS on both edges of the real program: versions, clients of the wrong kind, certificates that are replaced, the command
//! line, the address for probes, and when a server starts at all.

mod admin;
mod cli;
mod exposure;
mod handshake;
mod refused;
mod reload;
