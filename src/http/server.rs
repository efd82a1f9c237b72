//! The HTTP server: HTTP/1.1, with a limit of connections and time limits, so that a silent or slow client cannot keep a
//! connection open without end.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryFutureExt as _;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::Instant;
use tower::{Layer as _, Service};

use super::error_response::ErrorResponse;
use super::service::{HttpService, place_of};
use super::stranger::Hosts;
use crate::api::{Api, ApiError};
use crate::config;
use crate::edge::{self, HeavyLayer};
use crate::metrics::EdgeLabel;
use crate::net::{
    AcceptedConnection, Acceptor, CallBody, ConnectionLimits, HeldBytes, Listener, MemoryBudget, Protocol,
};
use crate::tasks::{Tasks, polls};

/// How long the head of a request may take to arrive, from the end of the response before it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The age at which a connection is closed, after its request in progress. The client opens another one.
const MAX_AGE: Duration = Duration::from_secs(3_600);
/// How long a request in progress may take when the server ends.
const LAST_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of the read buffer and of the write buffer of a connection.
const MAX_BUFFER_BYTES: usize = 64 << 10;
/// Open connections to the address for probes and metrics alone.
pub(crate) const MAX_ADMIN_CONNECTIONS: usize = 64;
/// What requests and answers may hold there, in bytes. Probes count nothing.
const MAX_ADMIN_MEMORY: usize = 1 << 20;
/// The most headers of one request.
const MAX_HEADERS: usize = 64;

type BoxError = Box<dyn Error + Send + Sync>;

/// The limits of an HTTP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Open connections. For a further one, the longest idle one is closed; if none is idle, it waits.
    pub max_connections: usize,
    /// Open connections of one client address; 0 for no limit.
    pub connections_per_address: usize,
    /// Bytes of a body with one message.
    pub body_bytes: usize,
    /// Bytes of a body with a batch of messages.
    pub batch_body_bytes: usize,
}

/// The settings of an HTTP server.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Its limits.
    pub limits: HttpLimits,
    /// What requests and answers may hold; both edges share it.
    pub memory: MemoryBudget,
    /// The hosts that clients may name, without a port; `*` stands for all. Empty: on loopback those of loopback, else all.
    pub hosts: Vec<String>,
    /// What is served.
    pub pages: Pages,
}

/// What an HTTP server serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pages {
    /// The contract, probes and metrics.
    All,
    /// The contract and probes: metrics have an address of their own.
    WithoutMetrics,
    /// Probes and metrics.
    Admin,
}

impl From<&config::Config> for HttpSettings {
    fn from(config: &config::Config) -> Self {
        let limits = HttpLimits {
            max_connections: config.limits.max_connections.get(),
            connections_per_address: config.limits.connections_per_address,
            body_bytes: config.limits.message_bytes.get(),
            batch_body_bytes: config.limits.batch_message_bytes.get(),
        };
        Self {
            limits,
            memory: MemoryBudget::new(config.limits.request_memory.get()),
            hosts: config.listen.http_hosts.clone(),
            pages: match config.listen.admin_addr {
                None => Pages::All,
                Some(_) => Pages::WithoutMetrics,
            },
        }
    }
}

impl HttpSettings {
    /// Those of the address for probes and metrics alone.
    #[must_use]
    pub fn admin() -> Self {
        let limits = HttpLimits {
            max_connections: MAX_ADMIN_CONNECTIONS,
            connections_per_address: 0,
            body_bytes: 0,
            batch_body_bytes: 0,
        };
        Self {
            limits,
            memory: MemoryBudget::new(MAX_ADMIN_MEMORY),
            hosts: Vec::new(),
            pages: Pages::Admin,
        }
    }
}

/// Accepts connections until shutdown is requested. Each connection is a job of `tasks` and ends after its request in
/// progress; shutdown waits for that. Connections without a request in progress end at once.
pub async fn serve(listener: impl Into<Listener>, api: Api, settings: HttpSettings, tasks: Tasks) {
    let listener = listener.into();
    let HttpSettings {
        limits,
        memory,
        hosts,
        pages,
    } = settings;
    // A socket without an address has no clients. Should there be any, their hosts are checked.
    let address = listener.socket.local_addr().unwrap_or((Ipv4Addr::LOCALHOST, 0).into());
    let hosts = Hosts::of(address, &hosts);
    let connections = ConnectionLimits {
        edge: EdgeLabel::Http,
        max: limits.max_connections,
        per_address: limits.connections_per_address,
        streams: 1,
        idle_timeout: MAX_AGE, // `HEAD_TIMEOUT` is shorter
        memory,
        metrics: api.metrics().clone(),
        calls: None,
    };
    let acceptor = Acceptor::new(listener, connections, Protocol::Http);
    let open = acceptor.open();
    let panic_response = |error: &ApiError| ErrorResponse::from(error).into_response();
    let heavy = HeavyLayer::new(tasks.heavy().clone(), place_of);
    let service = heavy.layer(HttpService::new(api.clone(), limits, hosts, pages));
    let service = edge::layers(EdgeLabel::Http, api, panic_response).layer(service);
    let shutdown = tasks.shutdown_requested();
    // One sweep for all turns: a new one would begin with its pause, and never come to an end while clients connect.
    let sweep = open.drop_idle_and_stalled();
    tokio::pin!(shutdown, sweep);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            never = &mut sweep => match never {},
            connection = acceptor.accept() => {
                let job = serve_connection(connection, service.clone(), tasks.shutdown_requested());
                tasks.spawn_job("http connection", job);
            }
        }
    }
    drop(acceptor); // a new client is refused, and not left waiting
    open.close_when_idle().await;
}

async fn serve_connection<S, B>(connection: AcceptedConnection, service: S, shutdown: impl Future<Output = ()>)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin + 'static,
{
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_BUFFER_BYTES);
    let info = connection.info();
    // The service is always ready, so it is called at once.
    let service = service_fn(move |mut request: Request<Incoming>| {
        let call = Some(info.usage().begin_call());
        info.describe(request.extensions_mut());
        let answer = service.clone().call(request);
        answer.map_ok(|mut answer| {
            let held = answer.extensions_mut().remove::<HeldBytes>();
            answer.map(|body| CallBody::new(body, call, held))
        })
    });
    let mut serving = builder.serve_connection(TokioIo::new(connection), service);
    let (age, last) = (tokio::time::sleep(MAX_AGE), tokio::time::sleep(Duration::MAX));
    tokio::pin!(shutdown, age, last);
    let (mut is_old, mut ends) = (false, false);
    let served = loop {
        tokio::select! {
            served = std::future::poll_fn(|cx| polls::measured(|| Pin::new(&mut serving).poll(cx))) => break served,
            () = &mut shutdown, if !ends => {
                ends = true;
                last.as_mut().reset(Instant::now() + LAST_REQUEST_TIMEOUT);
            }
            () = &mut age, if !is_old => is_old = true,
            () = &mut last => return,
        }
        Pin::new(&mut serving).graceful_shutdown();
    };
    // Other errors mean that the client left or was silent.
    if served.is_err_and(|error| error.is_parse()) {
        serving.into_parts().io.into_inner().linger().await;
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    async fn connected(sends: &[u8]) -> (TcpStream, AcceptedConnection) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = Acceptor::new(listener.into(), ConnectionLimits::of(1), Protocol::Http);
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(sends).await.unwrap();
        (client, acceptor.accept().await)
    }

    #[tokio::test]
    async fn a_request_outlives_the_age_of_its_connection() {
        let (mut client, connection) = connected(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let service = tower::service_fn(async |_: Request<Incoming>| {
            tokio::time::sleep(MAX_AGE + 2 * LAST_REQUEST_TIMEOUT).await;
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        });
        tokio::time::pause(); // from here on, time advances as soon as all tasks are idle
        serve_connection(connection, service, std::future::pending()).await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }

    #[tokio::test]
    async fn a_head_that_does_not_arrive_is_given_up() {
        let (_client, connection) = connected(b"GET / HTTP/1.1\r\nX-A: ").await;
        let service = tower::service_fn(async |_: Request<Incoming>| {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        });
        tokio::time::pause(); // from here on, time advances as soon as all tasks are idle
        let began = Instant::now();
        serve_connection(connection, service, std::future::pending()).await;
        let took = began.elapsed();
        assert!((HEAD_TIMEOUT..2 * HEAD_TIMEOUT).contains(&took), "{took:?}");
    }
}
