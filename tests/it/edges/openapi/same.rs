//! The same question over JSON and over gRPC gets the same answer.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use ringwarden::api::{json_name, rename_fields};
use ringwarden::wire::{Timestamp, v1};
use serde_json::{Value, json};
use tonic_types::StatusExt as _;

use super::start;
use crate::support::server::Server;

/// Questions asked over both edges.
const CASES: u32 = 400;

/// Numbers with evidence, in forms of people and switches, and texts without a number.
fn numbers() -> impl Strategy<Value = String> {
    let forms = prop::sample::select(vec![
        "+14155550123",
        "(415) 555-0123",
        "tel:+1-415-555-0177;verstat=TN-Validation-Passed",
        "\"Doe, Jane\" <sip:+14155550123@pbx.example;user=phone>",
        "sip:anonymous@anonymous.invalid",
        "+442079460018",
        "911",
        "+1999999999999",
        "12345",
        "no number",
        "",
        "☎ +1 415 555 0123",
        "+1415\u{0}5550123",
    ]);
    prop_oneof![
        3 => forms.prop_map(str::to_owned),
        3 => "\\+1415555[0-9]{4}",
        1 => "\\+?[0-9 ()*#.-]{0,24}",
        1 => "\\PC{0,40}",
        1 => Just("1".repeat(251)),
    ]
}

fn some_of(texts: &[&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(texts.to_vec()).prop_map(str::to_owned)
}

prop_compose! {
    fn questions()(
        number in numbers(),
        default_region in some_of(&["", "", "US", "DE", "gb", "??", "001"]),
        called_number in some_of(&["", "", "+12125550100", "911", "garbage"]),
        role in 0..=2_i32,
        verstat in 0..=4_i32,
        attestation in 0..=4_i32,
        (orig_id, ingress, call_id) in ("[a-f0-9-]{0,70}", "[a-z0-9]{0,20}", "[ -~]{0,40}"),
        event_time in prop::option::of(-9_000_000_000..9_000_000_000_i64),
        language in some_of(&["", "en", "de-DE", "fr", "xx", "not a tag"]),
        view in 0..=2_i32,
        request_id in "\\PC{0,60}",
    ) -> v1::LookupRequest {
        v1::LookupRequest {
            number,
            default_region,
            called_number,
            role,
            verstat,
            attestation,
            orig_id,
            ingress,
            call_id,
            event_time: event_time.map(|seconds| Timestamp { seconds, nanos: 0 }),
            language,
            view,
            request_id,
            // A question that is recorded changes the answer to the next.
            record_event: Some(false),
            // Enough: an answer that comes too late is another answer.
            budget_ms: 10_000,
        }
    }
}

/// An answer without the parts that differ each time.
fn comparable(mut answer: Value) -> Value {
    if let Some(fields) = answer.as_object_mut() {
        for new in ["decisionId", "dataAsOf", "stale"] {
            fields.remove(new);
        }
        // The id of the decision stands in it too.
        if let Some(sip) = fields.get_mut("sip").and_then(Value::as_object_mut) {
            sip.remove("reasonHeader");
        }
    }
    answer
}

fn renamed(problem: &str) -> String {
    rename_fields(problem, json_name)
}

async fn compare(server: &Server, question: v1::LookupRequest) -> Result<(), TestCaseError> {
    let body = serde_json::to_string(&question).unwrap();
    let by_http = server.post("/v1/lookup", &body).await;
    match server.lookups().lookup(question).await {
        Ok(answer) => {
            let by_grpc = serde_json::to_value(answer.into_inner()).unwrap();
            prop_assert_eq!(by_http.status, 200);
            prop_assert_eq!(comparable(by_http.json()), comparable(by_grpc));
        }
        Err(status) => {
            let violations = status.get_error_details().bad_request().cloned().unwrap();
            let violations: Vec<_> = violations
                .field_violations
                .into_iter()
                .map(|found| json!({ "field": json_name(&found.field), "description": renamed(&found.description) }))
                .collect();
            // Each edge names fields in its own way.
            let message: Vec<_> = violations
                .iter()
                .map(|found| {
                    format!(
                        "{}: {}",
                        found["field"].as_str().unwrap(),
                        found["description"].as_str().unwrap()
                    )
                })
                .collect();
            let message = message.join("; ");
            let details = json!([{
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": violations,
            }]);
            let by_grpc = json!({
                "code": i32::from(status.code()), "message": message, "details": details,
            });
            prop_assert_eq!(by_http.status, 400);
            prop_assert_eq!(by_http.json(), by_grpc);
        }
    }
    Ok(())
}

#[test]
fn json_and_grpc_give_the_same_answer() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(async {
        let server = start().await;
        for (path, body) in [
            ("/v1/reports", include_str!("../../../../src/http/examples/report.json")),
            (
                "/v1/cases",
                include_str!("../../../../src/http/examples/create_case.json"),
            ),
            (
                "/v1/cases/popups-2026:linkNumbers",
                include_str!("../../../../src/http/examples/link_numbers.json"),
            ),
        ] {
            let done = server.post(path, body).await;
            assert_eq!(done.status, 200, "{done:?}");
        }
        server
    });
    let mut runner = TestRunner::new(Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&questions(), |question| runtime.block_on(compare(&server, question)))
        .unwrap();
}
