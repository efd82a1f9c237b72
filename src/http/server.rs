//! How HTTP is served: HTTP/1.1, a bounded number of connections, and none that a silent or slow peer can hold for ever.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use super::Edge;
use crate::config;
use crate::grpc::Api;
use crate::net::{Acceptor, Connection};
use crate::tasks::Tasks;

/// How long the head of a request may take to come, counted from the end of the answer before it.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// How long a connection may live; a client makes another then.
const MAX_AGE: Duration = Duration::from_secs(3_600);
/// How long a request in progress may go on when its connection is to end.
const LAST_REQUEST_WITHIN: Duration = Duration::from_secs(30);
/// Bytes of the head of a request that are kept while it is read, and of an answer while it is written.
const MAX_BUFFER_BYTES: usize = 64 << 10;
/// Headers of one request.
const MAX_HEADERS: usize = 64;

/// How much an HTTP server takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections; further ones wait. Default: 400.
    pub max_connections: usize,
    /// Bytes of a body that holds one message. Default: 64 KiB.
    pub body_bytes: usize,
    /// Bytes of a body that holds a batch of them. Default: 8 MiB.
    pub batch_body_bytes: usize,
}

impl From<&config::Limits> for Limits {
    fn from(limits: &config::Limits) -> Self {
        Self {
            max_connections: limits.max_connections.get(),
            body_bytes: limits.message_bytes.get(),
            batch_body_bytes: limits.batch_message_bytes.get(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 400,
            body_bytes: 64 << 10,
            batch_body_bytes: 8 << 20,
        }
    }
}

/// Accepts connections until shutdown is requested. Each is a job among `tasks`, which shutdown waits for: it ends with
/// its request in progress.
pub async fn serve(listener: TcpListener, api: Api, limits: Limits, tasks: Tasks) {
    let acceptor = Acceptor::new(listener, limits.max_connections, 0);
    let edge = Edge::new(api, limits);
    let shutdown = tasks.shutdown_requested();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            connection = acceptor.accept() => {
                let job = serve_connection(connection, edge.clone(), tasks.shutdown_requested());
                tasks.spawn_job("http connection", job);
            }
        }
    }
}

async fn serve_connection(connection: Connection, edge: Edge, shutdown: impl Future<Output = ()>) {
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_BUFFER_BYTES);
    let service = service_fn(move |request| {
        let edge = edge.clone();
        async move { Ok::<_, Infallible>(edge.answer(request).await) }
    });
    let serving = builder.serve_connection(TokioIo::new(connection), service);
    tokio::pin!(serving);
    // How a connection ends is the client's affair: errors are its going away, its garbage, or its silence.
    tokio::select! {
        _ = &mut serving => return,
        () = shutdown => {}
        () = tokio::time::sleep(MAX_AGE) => {}
    }
    serving.as_mut().graceful_shutdown();
    drop(tokio::time::timeout(LAST_REQUEST_WITHIN, serving).await);
}
