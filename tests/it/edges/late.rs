//! Lookups whose answer would come too late, over real sockets: the call is let through, and the client gets no error.

use std::time::Duration;

use ringwarden::wire::v1;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Code;

use super::{NUMBER, ask, report};
use crate::support::server::Server;

async fn blocked() -> Server {
    let server = Server::start().await;
    // Two sources: a single report blocks nobody.
    for (id, source) in [("r1", v1::Source::RegulatorFeed), ("r2", v1::Source::Honeypot)] {
        let request = v1::SubmitReportRequest {
            report: Some(v1::Report {
                source: source.into(),
                ..report(id, NUMBER)
            }),
        };
        server.reports().submit_report(request).await.unwrap();
    }
    let found = server.lookups().lookup(ask(NUMBER, "q")).await.unwrap().into_inner();
    assert_eq!(found.action(), v1::Action::Block);
    server
}

/// Sends a question whose body comes so long after its head.
async fn ask_slowly(server: &Server, body: &str, pause: Duration) -> (String, Value) {
    let mut connection = TcpStream::connect(server.http).await.unwrap();
    let head = format!(
        "POST /v1/lookup HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(pause).await;
    connection.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.lines().next().unwrap_or_default().to_owned();
    (status, serde_json::from_str(body).unwrap())
}

/// The budget is counted from the arrival of the head: the time of a slow body is part of it.
#[tokio::test]
async fn a_question_that_took_its_time_is_let_through() {
    let server = blocked().await;
    let slow = Duration::from_millis(60);
    for (budget, basis) in [("50", "BASIS_FAIL_OPEN"), ("10000", "BASIS_ANALYTICS")] {
        let body = format!(r#"{{"number": "{NUMBER}", "budgetMs": {budget}}}"#);
        let (status, answer) = ask_slowly(&server, &body, slow).await;
        assert_eq!(status, "HTTP/1.1 200 OK");
        assert_eq!(answer["basis"], basis, "{answer}");
        if basis == "BASIS_FAIL_OPEN" {
            assert_eq!(answer["action"], "ACTION_ALLOW");
            assert_eq!(answer["riskLevel"], "RISK_LEVEL_UNKNOWN");
            assert_eq!(
                (answer.get("riskScore"), answer["cacheTtl"].as_str()),
                (None, Some("0s"))
            );
            assert_eq!(answer["sip"]["code"], 404);
            let id = answer["decisionId"].as_str().unwrap();
            let decision = server.get(&format!("/v1/decisions/{id}")).await.json();
            assert_eq!(decision["basis"], "BASIS_FAIL_OPEN");
        }
    }
    let metrics = server.get("/metrics").await.body;
    assert!(
        metrics.contains("ringwarden_answers_total{basis=\"FAIL_OPEN\"} 1"),
        "{metrics}"
    );
    assert!(
        metrics.contains("ringwarden_lookup_scores_total{band=\"unknown\"} 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_budget_is_bounded_and_a_wrong_number_is_an_error_however_late() {
    let server = blocked().await;
    let endless = v1::LookupRequest {
        budget_ms: 10_001,
        ..ask(NUMBER, "q")
    };
    let refused = server.lookups().lookup(endless).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let body = r#"{"number": "hello", "budgetMs": 1}"#;
    let (status, answer) = ask_slowly(&server, body, Duration::from_millis(20)).await;
    assert_eq!(
        (status.as_str(), &answer["code"]),
        ("HTTP/1.1 400 Bad Request", &Value::from(3))
    );
}
