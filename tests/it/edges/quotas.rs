//! The answer on both edges to a client whose quota is used up.

use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::store::memory::MemoryStore;
use ringwarden::wire::v1;
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::report;
use crate::support::instance::{evidence_version, noon, number};
use crate::support::server::Server;

const UNTIL_MIDNIGHT: Duration = Duration::from_secs(43_200);

fn of_a_person(n: u64) -> v1::Report {
    v1::Report {
        source: v1::Source::Consumer.into(),
        reporter_id: "alice".into(),
        ..report(&format!("r{n}"), &number(n).to_string())
    }
}

#[tokio::test]
async fn an_exceeded_quota_says_when_to_retry() {
    let store = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let server = Server::at(Clock::fixed(noon()), store).await;
    server.instance.follower.bootstrap().await.unwrap();
    let mut reports = server.reports();
    let batch = v1::BatchSubmitReportsRequest {
        reports: (0..21).map(of_a_person).collect(),
    };
    let batch = reports.batch_submit_reports(batch).await.unwrap().into_inner();
    assert_eq!((batch.accepted, batch.failed), (20, 1));
    let Some(v1::batch_submit_result::Result::Error(error)) = &batch.results[20].result else {
        panic!("{batch:?}");
    };
    assert_eq!((error.code, error.field.as_str()), (8, ""));
    assert_eq!(error.retry_after.as_ref().unwrap().seconds, 43_200);

    let one = v1::SubmitReportRequest {
        report: Some(of_a_person(30)),
    };
    let status = reports.submit_report(one).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let details = status.get_error_details();
    assert_eq!(details.retry_info().unwrap().retry_delay, Some(UNTIL_MIDNIGHT));
    let info = details.error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.metadata["quota"].as_str()),
        ("QUOTA_EXCEEDED", "reporter")
    );

    let body = json!({
        "reportId": "r31", "number": number(31).to_string(), "source": "SOURCE_CONSUMER", "reporterId": "alice",
    });
    let answer = server.post("/v1/reports", &body.to_string()).await;
    assert_eq!(answer.status, 429, "{answer:?}");
    assert!(answer.head.contains("retry-after: 43200"), "{answer:?}");

    let again = v1::SubmitReportRequest {
        report: Some(of_a_person(3)),
    };
    let outcome = reports.submit_report(again).await.unwrap().into_inner().outcome();
    assert_eq!(outcome, v1::SubmitOutcome::AlreadyKnown);
}
