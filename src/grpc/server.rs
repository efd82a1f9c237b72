//! The gRPC server: limits of connections, streams and messages, health, and reflection.
//!
//! Every limit is set here: tonic passes a limit that is not set to hyper as "no limit", even where hyper's default is a
//! limit.

use std::convert::Infallible;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tower::util::MapResponseLayer;

use super::calls::CountCalls;
use super::gate::GateLayer;
use super::health;
use super::held::HeldLayer;
use super::servers::admin_service_server::AdminServiceServer;
use super::servers::case_service_server::CaseServiceServer;
use super::servers::list_service_server::ListServiceServer;
use super::servers::lookup_service_server::LookupServiceServer;
use super::servers::note_service_server::NoteServiceServer;
use super::servers::number_service_server::NumberServiceServer;
use super::servers::principal_service_server::PrincipalServiceServer;
use super::servers::report_service_server::ReportServiceServer;
use super::servers::sharing_service_server::SharingServiceServer;
use super::services::GrpcServices;
use super::status::{status, with_expected_code};
use crate::api::{Api, ApiError};
use crate::config;
use crate::edge::{self, EdgeLayers, HeavyLayer, Place};
use crate::metrics::EdgeLabel;
use crate::net::{
    AcceptedConnection, Acceptor, CallLimit, ConnectionInfo, ConnectionLimits, Listener, MemoryBudget, OpenConnections,
    Protocol, answer_block,
};
use crate::tasks::Tasks;
use crate::wire::FILE_DESCRIPTOR_SET;

/// The pause between two checks whether a connection is left at the end.
const CHECK_EVERY: Duration = Duration::from_millis(50);
/// Streams of one connection that the client may open and reset before the server has taken them up. When the server is late,
/// these are the time-outs of an honest client; a connection reads fewer of them in one go. `net::resets` limits the rate.
const MAX_PENDING_RESETS: usize = 2_048;
/// Bytes of one stream, and of all streams of a connection, that the server takes before a handler has asked for them.
const STREAM_WINDOW: u32 = 128 << 10;
const CONNECTION_WINDOW: u32 = 256 << 10;
/// Streams of one connection that may be reset for a mistake of the client, before it is closed.
const MAX_ERROR_RESETS: usize = 1_024;
/// Bytes of the headers of one request.
const MAX_HEADER_BYTES: u32 = 16 << 10;
/// The paths of lookups.
const LOOKUPS: &str = "/ringwarden.v1.LookupService/";
/// Bytes of a request of NumberService, CaseService or NoteService: 1,000 links and their texts.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// The limits of a gRPC server.
#[derive(Clone, Debug)]
pub struct GrpcLimits {
    /// Open connections. For a further one, the longest idle one is closed; if none is idle, it waits.
    pub max_connections: usize,
    /// Open connections of one client address; 0 for no limit.
    pub connections_per_address: usize,
    /// How long a connection without a call stays open.
    pub idle_timeout: Duration,
    /// What requests and answers may hold; both edges share it.
    pub memory: MemoryBudget,
    /// Calls in progress on one connection.
    pub max_concurrent_streams: u32,
    /// Bytes of one message to a service that has batches. Fields of single items have much lower limits of their own.
    pub batch_message_bytes: usize,
    /// The interval of keepalive pings to a silent client.
    pub keepalive_interval: Duration,
    /// How long a client may take to answer a ping.
    pub keepalive_timeout: Duration,
}

impl From<&config::LimitSettings> for GrpcLimits {
    fn from(limits: &config::LimitSettings) -> Self {
        Self {
            max_connections: limits.max_connections.get(),
            connections_per_address: limits.connections_per_address,
            idle_timeout: limits.idle_timeout,
            memory: MemoryBudget::new(limits.request_memory.get()),
            max_concurrent_streams: limits.max_concurrent_streams.get(),
            batch_message_bytes: limits.batch_message_bytes.get(),
            keepalive_interval: limits.keepalive_interval,
            keepalive_timeout: limits.keepalive_timeout,
        }
    }
}

/// Serves until shutdown is requested, and then until the requests in progress have ended. The server ends the streams of
/// lookups and of health, and the connections without a request in progress. A failure to serve is logged; then this task
/// ends early, and so the whole server ends.
pub async fn serve(listener: impl Into<Listener>, api: Api, limits: GrpcLimits, tasks: Tasks) {
    if let Err(error) = run(listener.into(), api, &limits, &tasks).await {
        tracing::error!(%error, cause = ?error.source(), "gRPC cannot be served");
    }
}

async fn run(listener: Listener, api: Api, limits: &GrpcLimits, tasks: &Tasks) -> Result<(), ServeError> {
    let (reporter, health_service) = health::service(api.clone()).await;
    let v1 = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    // Older tools such as grpcurl use this version.
    let v1alpha = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1alpha()?;
    let services = GrpcServices(api.clone());
    let batch = limits.batch_message_bytes;
    let lookups = LookupServiceServer::new(services.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(batch);
    let reports = ReportServiceServer::new(services.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(batch);
    let numbers = NumberServiceServer::new(services.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    let cases = CaseServiceServer::new(services.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    let lists = ListServiceServer::new(services.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(batch);
    let principals = PrincipalServiceServer::new(services.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    let sharings = SharingServiceServer::new(services.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    let admin = AdminServiceServer::new(services.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    let notes = NoteServiceServer::new(services)
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    let acceptor = Acceptor::new(listener, connections(limits, &api), Protocol::Grpc);
    let open = acceptor.open();
    let serving = builder(limits)
        .layer(CountCalls)
        .layer(MapResponseLayer::new(with_expected_code))
        .layer(layers(&api))
        .layer(GateLayer(api.clone()))
        .layer(HeavyLayer::new(tasks.heavy().clone(), place_of))
        .layer(HeldLayer)
        .add_service(lookups)
        .add_service(reports)
        .add_service(numbers)
        .add_service(cases)
        .add_service(lists)
        .add_service(notes)
        .add_service(principals)
        .add_service(sharings)
        .add_service(admin)
        .add_service(health_service)
        .add_service(v1)
        .add_service(v1alpha)
        .serve_with_incoming_shutdown(acceptor.into_stream(), health::follow(api, reporter, tasks.clone()));
    tokio::select! {
        served = serving => Ok(served?),
        never = close_at_shutdown(&open, tasks) => match never {},
        never = open.drop_idle_and_stalled() => match never {},
    }
}

fn connections(limits: &GrpcLimits, api: &Api) -> ConnectionLimits {
    let refused = status(&ApiError::too_many_calls()).into_http::<()>();
    ConnectionLimits {
        edge: EdgeLabel::Grpc,
        max: limits.max_connections,
        per_address: limits.connections_per_address,
        streams: usize::try_from(limits.max_concurrent_streams).unwrap_or(usize::MAX),
        idle_timeout: limits.idle_timeout,
        memory: limits.memory.clone(),
        metrics: api.metrics().clone(),
        calls: Some(Arc::new(CallLimit::new(answer_block(refused.headers())))),
    }
}

/// From the request for shutdown on, closes connections without a call in progress. Never completes.
async fn close_at_shutdown(open: &OpenConnections, tasks: &Tasks) -> Infallible {
    tasks.shutdown_requested().await;
    loop {
        open.close_when_idle().await;
        tokio::time::sleep(CHECK_EVERY).await; // a last connection may be accepted meanwhile
    }
}

/// Why the server cannot be run.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    /// The descriptors of the contract are not valid.
    #[error("the descriptors for reflection cannot be read")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("the transport failed")]
    Transport(#[from] tonic::transport::Error),
}

impl Connected for AcceptedConnection {
    type ConnectInfo = ConnectionInfo;

    fn connect_info(&self) -> ConnectionInfo {
        self.info()
    }
}

/// The layers that all requests pass.
pub(super) fn layers(api: &Api) -> EdgeLayers<Body> {
    edge::layers(EdgeLabel::Grpc, api.clone(), |error: &ApiError| {
        status(error).into_http()
    })
}

/// Where a call is answered: single lookups and health on the runtime of lookups, and streams of lookups there in turns.
fn place_of(_: &Method, path: &str) -> Place {
    match path.strip_prefix(LOOKUPS) {
        Some("StreamLookup") => Place::InTurns,
        Some("BatchLookup") => Place::Batches,
        Some(_) => Place::Here,
        None if health::kind(path).is_some() => Place::Here,
        None => Place::Heavy,
    }
}

fn builder(limits: &GrpcLimits) -> Server {
    Server::builder()
        .max_concurrent_streams(limits.max_concurrent_streams)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keepalive_interval(Some(limits.keepalive_interval))
        .http2_keepalive_timeout(Some(limits.keepalive_timeout))
        .http2_max_pending_accept_reset_streams(Some(MAX_PENDING_RESETS))
        .http2_max_local_error_reset_streams(Some(MAX_ERROR_RESETS))
        .http2_max_header_list_size(MAX_HEADER_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_is_answered_in_its_place() {
        for (path, place) in [
            ("/ringwarden.v1.LookupService/Lookup", Place::Here),
            ("/ringwarden.v1.LookupService/GetDecision", Place::Here),
            ("/ringwarden.v1.LookupService/ListCategories", Place::Here),
            ("/ringwarden.v1.LookupService/StreamLookup", Place::InTurns),
            ("/ringwarden.v1.LookupService/BatchLookup", Place::Batches),
            ("/ringwarden.v1.ReportService/SubmitReport", Place::Heavy),
            ("/grpc.health.v1.Health/Check", Place::Here),
            ("/grpc.health.v1.Health/Watch", Place::Here),
            ("/nothing", Place::Heavy),
        ] {
            assert_eq!(place_of(&Method::POST, path), place, "{path}");
        }
    }
}
