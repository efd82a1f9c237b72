//! How gRPC is served: the limits of connections, streams and messages, health, and reflection.
//!
//! tonic passes what is not set through to hyper as "no limit", also where hyper's own default would be one, so every
//! limit is set here.

use std::error::Error as _;
use std::future::Future;
use std::time::Duration;

use tokio::net::TcpListener;
use tonic::server::NamedService;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::transport::server::{Connected, TcpConnectInfo};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::Api;
use super::deadline::note_arrival;
use crate::config;
use crate::net::{Acceptor, Connection, HTTP2_FIRST_BYTES};
use crate::tasks::Tasks;
use crate::wire::FILE_DESCRIPTOR_SET;
use crate::wire::v1::case_service_server::CaseServiceServer;
use crate::wire::v1::list_service_server::ListServiceServer;
use crate::wire::v1::lookup_service_server::LookupServiceServer;
use crate::wire::v1::number_service_server::NumberServiceServer;
use crate::wire::v1::report_service_server::ReportServiceServer;

/// How often it is asked whether the index is loaded, until it is.
const READY_EVERY: Duration = Duration::from_millis(50);
/// Streams that a client opened and reset before they were looked at, of one connection.
const MAX_PENDING_RESETS: usize = 20;
/// Streams that were reset for a client's mistakes, of one connection, before it is closed.
const MAX_ERROR_RESETS: usize = 1_024;
/// Bytes of the headers of one call.
const MAX_HEADER_BYTES: u32 = 16 << 10;
/// Bytes of a request of NumberService or CaseService: 1,000 links and their texts.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// The names by which health is asked for; the empty one is the server as a whole.
const HEALTH_NAMES: [&str; 6] = [
    "",
    <LookupServiceServer<Api> as NamedService>::NAME,
    <ReportServiceServer<Api> as NamedService>::NAME,
    <NumberServiceServer<Api> as NamedService>::NAME,
    <CaseServiceServer<Api> as NamedService>::NAME,
    <ListServiceServer<Api> as NamedService>::NAME,
];

/// How much a gRPC server takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections; further ones wait. Default: 400.
    pub max_connections: usize,
    /// Calls in progress on one connection. Default: 256.
    pub max_concurrent_streams: u32,
    /// Bytes of a request of a service that has batches. The fields of single items have limits of their own, far
    /// below. Default: 8 MiB.
    pub batch_message_bytes: usize,
    /// How often a silent client is asked whether it is still there. Default: 30 s.
    pub keepalive_interval: Duration,
    /// How long it may take to answer that. Default: 10 s.
    pub keepalive_timeout: Duration,
}

impl From<&config::Limits> for Limits {
    fn from(limits: &config::Limits) -> Self {
        Self {
            max_connections: limits.max_connections.get(),
            max_concurrent_streams: limits.max_concurrent_streams.get(),
            batch_message_bytes: limits.batch_message_bytes.get(),
            keepalive_interval: limits.keepalive_interval,
            keepalive_timeout: limits.keepalive_timeout,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 400,
            max_concurrent_streams: 256,
            batch_message_bytes: 8 << 20,
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
        }
    }
}

/// Serves until shutdown is requested, and then until the calls in progress have ended. Streams of lookups and of health
/// are ended by the server. That it cannot be served at all is logged; the task that ends early takes the server down.
pub async fn serve(listener: TcpListener, api: Api, limits: Limits, tasks: Tasks) {
    if let Err(error) = run(listener, api, &limits, tasks.shutdown_requested()).await {
        tracing::error!(%error, cause = ?error.source(), "gRPC cannot be served");
    }
}

async fn run(
    listener: TcpListener,
    api: Api,
    limits: &Limits,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    set_health(&health, ServingStatus::NotServing).await;
    let v1 = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    // Older tools, grpcurl among them, ask for this one.
    let v1alpha = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1alpha()?;
    let batch = limits.batch_message_bytes;
    let lookups = LookupServiceServer::new(api.clone()).max_decoding_message_size(batch);
    let reports = ReportServiceServer::new(api.clone()).max_decoding_message_size(batch);
    let numbers = NumberServiceServer::new(api.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let cases = CaseServiceServer::new(api.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let lists = ListServiceServer::new(api.clone()).max_decoding_message_size(batch);
    builder(limits)
        .add_service(InterceptedService::new(lookups, note_arrival))
        .add_service(reports)
        .add_service(numbers)
        .add_service(cases)
        .add_service(lists)
        .add_service(health_service)
        .add_service(v1)
        .add_service(v1alpha)
        .serve_with_incoming_shutdown(
            Acceptor::new(listener, limits.max_connections, HTTP2_FIRST_BYTES).into_stream(),
            follow_health(api, health, shutdown),
        )
        .await?;
    Ok(())
}

/// Why a server could not be run.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    /// The descriptors of the contract are not sound.
    #[error("the descriptors for reflection cannot be read")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("the transport failed")]
    Transport(#[from] tonic::transport::Error),
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.socket().connect_info()
    }
}

fn builder(limits: &Limits) -> Server {
    Server::builder()
        .max_concurrent_streams(limits.max_concurrent_streams)
        .http2_keepalive_interval(Some(limits.keepalive_interval))
        .http2_keepalive_timeout(Some(limits.keepalive_timeout))
        .http2_max_pending_accept_reset_streams(Some(MAX_PENDING_RESETS))
        .http2_max_local_error_reset_streams(Some(MAX_ERROR_RESETS))
        .http2_max_header_list_size(MAX_HEADER_BYTES)
}

/// Says that the server serves once the index is loaded, and that it does not once it is asked to end; completes then.
async fn follow_health(api: Api, health: HealthReporter, shutdown: impl Future<Output = ()>) {
    tokio::pin!(shutdown);
    tokio::select! {
        biased;
        () = &mut shutdown => {}
        () = until_ready(&api) => {
            set_health(&health, ServingStatus::Serving).await;
            shutdown.await;
        }
    }
    set_health(&health, ServingStatus::NotServing).await;
    api.draining.cancel();
    // Who watches has been told; without this the watching would hold up the end.
    let mut health = health;
    for name in HEALTH_NAMES {
        health.clear_service_status(name).await;
    }
}

async fn until_ready(api: &Api) {
    while !api.service().follower().freshness().is_ready() {
        tokio::time::sleep(READY_EVERY).await;
    }
}

async fn set_health(health: &HealthReporter, status: ServingStatus) {
    for name in HEALTH_NAMES {
        health.set_service_status(name, status).await;
    }
}
