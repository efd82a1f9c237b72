//! The health check of the gRPC edge.
//!
//! A single check (`Check`) reads the state of the server itself, as `/readyz` does, so the two probes never differ. A
//! watch (`Watch`) gets each change from tonic's reporter, which [`follow`] feeds, up to [`CHECK_EVERY`] later. It begins
//! once the reporter knows that the server is ready, so its first message does not contradict a check before it.

use std::time::Duration;

use http::{HeaderMap, Uri};
use tonic::server::NamedService;
use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;
use tonic_health::pb::health_check_response::ServingStatus as Answer;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_health::server::{HealthReporter, HealthService};

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
use crate::api::Api;
use crate::net::HealthKind;
use crate::tasks::Tasks;

/// The methods.
const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
/// The only header that is read of a health check, and the most bytes of it.
const READ_HEADER: &str = "grpc-encoding";
const MAX_HEADER_BYTES: usize = 32;
/// Bytes of a health check: the name of a service.
const MAX_MESSAGE_BYTES: usize = 1 << 10;

/// The pause between two checks whether the index is loaded.
const CHECK_EVERY: Duration = Duration::from_millis(50);

/// The service names of health checks. The empty one is the whole server.
const NAMES: [&str; 10] = [
    "",
    <LookupServiceServer<GrpcServices> as NamedService>::NAME,
    <ReportServiceServer<GrpcServices> as NamedService>::NAME,
    <NumberServiceServer<GrpcServices> as NamedService>::NAME,
    <CaseServiceServer<GrpcServices> as NamedService>::NAME,
    <ListServiceServer<GrpcServices> as NamedService>::NAME,
    <NoteServiceServer<GrpcServices> as NamedService>::NAME,
    <PrincipalServiceServer<GrpcServices> as NamedService>::NAME,
    <SharingServiceServer<GrpcServices> as NamedService>::NAME,
    <AdminServiceServer<GrpcServices> as NamedService>::NAME,
];

/// The kind of a health check; `None` for a path that is none.
pub(super) fn kind(path: &str) -> Option<HealthKind> {
    match path {
        CHECK => Some(HealthKind::Check),
        WATCH => Some(HealthKind::Watch),
        _ => None,
    }
}

/// Leaves only the parts of the head that are read, since the memory of health checks is not counted.
pub(super) fn strip_head<B>(request: &mut http::Request<B>, kind: HealthKind) {
    *request.uri_mut() = Uri::from_static(match kind {
        HealthKind::Check => CHECK,
        HealthKind::Watch => WATCH,
    });
    let read = request.headers_mut().remove(READ_HEADER);
    *request.headers_mut() = HeaderMap::new();
    if let Some(value) = read.filter(|value| value.len() <= MAX_HEADER_BYTES) {
        request.headers_mut().insert(READ_HEADER, value);
    }
}

/// The health service. Its watches end once their names are cleared.
pub(super) struct HealthChecks {
    api: Api,
    watches: HealthService,
}

/// The health service, and the reporter of its watches. No name is serving yet.
pub(super) async fn service(api: Api) -> (HealthReporter, HealthServer<HealthChecks>) {
    let reporter = HealthReporter::new();
    report(&reporter, ServingStatus::NotServing).await;
    let watches = HealthService::from_health_reporter(reporter.clone());
    let server = HealthServer::new(HealthChecks { api, watches }).max_decoding_message_size(MAX_MESSAGE_BYTES);
    (reporter, server)
}

impl HealthChecks {
    /// Whether the watches know that the server is ready.
    async fn is_reported(&self) -> Result<bool, Status> {
        let whole_server = Request::new(HealthCheckRequest::default());
        let response = self.watches.check(whole_server).await?;
        Ok(response.get_ref().status() == Answer::Serving)
    }
}

#[tonic::async_trait]
impl Health for HealthChecks {
    type WatchStream = <HealthService as Health>::WatchStream;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        // Tonic's service refuses names that it does not know.
        let mut response = self.watches.check(request).await?;
        let status = if self.api.readiness().ready {
            Answer::Serving
        } else {
            Answer::NotServing
        };
        response.get_mut().set_status(status);
        Ok(response)
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        while self.api.readiness().ready && !self.is_reported().await? {
            tokio::time::sleep(CHECK_EVERY).await;
        }
        self.watches.watch(request).await
    }
}

/// Reports SERVING to the watches once the index is loaded, and NOT_SERVING once shutdown is announced; completes when
/// it is requested.
pub(super) async fn follow(api: Api, reporter: HealthReporter, tasks: Tasks) {
    let announced = tasks.shutdown_announced();
    tokio::pin!(announced);
    tokio::select! {
        biased;
        () = &mut announced => {}
        () = until_ready(&api) => {
            report(&reporter, ServingStatus::Serving).await;
            announced.await;
        }
    }
    report(&reporter, ServingStatus::NotServing).await;
    tasks.shutdown_requested().await;
    api.drain();
    // The watchers got the last status. Their streams must end, or the server would wait for them.
    let mut reporter = reporter;
    for name in NAMES {
        reporter.clear_service_status(name).await;
    }
}

async fn until_ready(api: &Api) {
    while !api.freshness().is_ready() {
        tokio::time::sleep(CHECK_EVERY).await;
    }
}

async fn report(reporter: &HealthReporter, status: ServingStatus) {
    for name in NAMES {
        reporter.set_service_status(name, status).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_health_check_is_small() {
        let long = "a".repeat(4_000);
        let mut request = http::Request::builder()
            .uri(format!("http://localhost{WATCH}?{long}"))
            .header("content-type", "application/grpc")
            .header("x-pad", &long)
            .header(READ_HEADER, "gzip")
            .body(())
            .unwrap();
        assert_eq!(kind(request.uri().path()), Some(HealthKind::Watch));
        strip_head(&mut request, HealthKind::Watch);
        assert_eq!(request.uri(), WATCH);
        let headers: Vec<_> = request.headers().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(headers, [READ_HEADER]);
        request.headers_mut().insert(READ_HEADER, long.parse().unwrap());
        strip_head(&mut request, HealthKind::Check);
        assert!(request.headers().is_empty());
        assert_eq!(kind("/grpc.health.v1.Health/Other"), None);
    }
}
