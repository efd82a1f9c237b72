//! The servers start, report their health, and shut down.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use ringwarden::store::Store;
use ringwarden::store::memory::MemoryStore;
use ringwarden::wire::v1;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt as _;

use super::{NUMBER, ask, report};
use crate::support::flaky::{Fault, Flaky};
use crate::support::instance::evidence_version;
use crate::support::server::Server;

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn before_the_index_is_loaded_nothing_is_answered_but_health() {
    let server = Server::start_unloaded().await;
    assert_eq!(server.get("/healthz").await.status, 200);
    let ready = server.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["ready"]), (503, &json!(false)));
    assert_eq!(ready.json()["store"], json!("down"));
    let refused = server.lookups().lookup(ask(NUMBER, "")).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    let refused = server.post("/v1/lookup", r#"{"number": "+13152328257"}"#).await;
    assert_eq!(refused.status, 503);
    assert!(refused.head.contains("retry-after: 1"), "{refused:?}");

    let mut health = HealthClient::new(server.channel.clone());
    let mut watch = health
        .watch(HealthCheckRequest { service: String::new() })
        .await
        .unwrap()
        .into_inner();
    let next = async |watch: &mut tonic::Streaming<HealthCheckResponse>| {
        let status = tokio::time::timeout(LONG, watch.message()).await.unwrap().unwrap();
        status.map(|status| status.status().as_str_name().to_owned())
    };
    assert_eq!(next(&mut watch).await.as_deref(), Some("NOT_SERVING"));
    server.instance.follower.bootstrap().await.unwrap();
    assert_eq!(next(&mut watch).await.as_deref(), Some("SERVING"));
    for service in [
        "",
        "ringwarden.v1.LookupService",
        "ringwarden.v1.CaseService",
        "ringwarden.v1.ListService",
        "ringwarden.v1.NoteService",
    ] {
        let request = HealthCheckRequest {
            service: service.into(),
        };
        let status = health.check(request).await.unwrap().into_inner().status();
        assert_eq!(status.as_str_name(), "SERVING", "{service}");
    }
    let ready = server.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &json!(true)));
    assert_eq!(
        (&ready.json()["store"], &ready.json()["stale"]),
        (&json!("up"), &json!(false))
    );

    // A health watch gets the shutdown as its last answer, and does not delay it.
    server.request_shutdown();
    assert_eq!(next(&mut watch).await.as_deref(), Some("NOT_SERVING"));
    assert_eq!(next(&mut watch).await, None);
    drop(health);
    assert!(server.stop().await);
}

#[tokio::test]
async fn an_outage_of_the_store_is_told_apart_from_an_unknown_outcome_and_stops_no_lookup() {
    let memory = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let flaky = Arc::new(Flaky::new(memory));
    let server = Server::over(Arc::clone(&flaky) as Arc<dyn Store>).await;
    server.instance.follower.bootstrap().await.unwrap();
    for (fault, reason, http) in [
        (Fault::Unavailable, "STORE_UNAVAILABLE", 503),
        (Fault::LostAnswer, "OUTCOME_UNKNOWN", 503),
        // Too slow a read: nothing was sent that could have been applied.
        (Fault::Slow(LONG), "STORE_UNAVAILABLE", 503),
    ] {
        flaky.always(Some(fault));
        let request = v1::SubmitReportRequest {
            report: Some(v1::Report {
                import_id: String::new(), // the event of an import would be written first
                ..report("r1", NUMBER)
            }),
        };
        let refused = server.reports().submit_report(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
        let details = refused.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, reason, "{fault:?}");
        assert!(details.retry_info().unwrap().retry_delay.is_some(), "{fault:?}");
        let refused = server
            .post(
                "/v1/reports",
                r#"{"reportId": "r2", "number": "+13152328257", "source": "SOURCE_REGULATOR_FEED"}"#,
            )
            .await;
        assert_eq!(refused.status, http, "{refused:?}");
        assert_eq!(refused.json()["details"][0]["reason"], json!(reason));
        assert!(server.lookups().lookup(ask(NUMBER, "")).await.is_ok());
        assert_eq!(server.get("/readyz").await.status, 200);
    }
    flaky.always(None);
    let request = v1::SubmitReportRequest {
        report: Some(report("r1", NUMBER)),
    };
    server.reports().submit_report(request).await.unwrap();
    let answer = server.lookups().lookup(ask(NUMBER, "")).await.unwrap().into_inner();
    assert!(answer.report_count >= 1, "{answer:?}");
}

#[tokio::test]
async fn a_stream_is_told_that_the_server_ends() {
    let server = Server::start().await;
    let (questions, stream) = mpsc::channel(4);
    let mut lookups = server.lookups();
    let mut answers = lookups
        .stream_lookup(ReceiverStream::new(stream))
        .await
        .unwrap()
        .into_inner();
    questions.send(ask(NUMBER, "q1")).await.unwrap();
    let answer = answers.message().await.unwrap().unwrap();
    assert_eq!(answer.request_id, "q1");
    server.request_shutdown();
    let end = tokio::time::timeout(LONG, answers.message())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(end.code(), Code::Unavailable, "{end:?}");
    assert!(server.stop().await);
}

#[tokio::test]
async fn reflection_lists_every_service() {
    let server = Server::start().await;
    let mut reflection = ServerReflectionClient::new(server.channel.clone());
    let ask = |message| ServerReflectionRequest {
        host: String::new(),
        message_request: Some(message),
    };
    let questions = [
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol("ringwarden.v1.CaseService".into())),
    ];
    let answers = reflection
        .server_reflection_info(tokio_stream::iter(questions))
        .await
        .unwrap();
    let answers: Vec<_> = answers
        .into_inner()
        .map(|answer| answer.unwrap().message_response.unwrap())
        .collect()
        .await;
    let MessageResponse::ListServicesResponse(list) = &answers[0] else {
        panic!("{answers:?}");
    };
    let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    for service in [
        "LookupService",
        "ReportService",
        "NumberService",
        "CaseService",
        "ListService",
        "NoteService",
    ] {
        assert!(
            names.contains(&format!("ringwarden.v1.{service}").as_str()),
            "{names:?}"
        );
    }
    assert!(names.contains(&"grpc.health.v1.Health"), "{names:?}");
    assert!(matches!(answers[1], MessageResponse::FileDescriptorResponse(_)));
}

#[tokio::test]
async fn one_connection_may_ask_over_http_again_and_again() {
    let server = Server::start().await;
    let one = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let last = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let answers = server.send(format!("{one}{one}{last}").as_bytes()).await.unwrap();
    assert_eq!(answers.status, 200);
    assert_eq!(answers.body.matches("HTTP/1.1 200 OK").count(), 2, "{answers:?}");
    assert!(server.stop().await);
}
