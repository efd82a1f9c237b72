//! proto3 JSON as the protobuf project defines it: the cases of its conformance suite that apply to this contract, and those
//! that public reports taught.

use ringwarden::api::json_name;
use ringwarden::wire::v1;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::server::{Answer, Server};

const CASES: &str = include_str!("../../data/proto3-json.jsonl");

/// A line of the file; `tests/data/README.md` explains it.
#[derive(Deserialize)]
struct Case {
    case: String,
    message: String,
    json: String,
    is: Option<Value>,
    #[serde(default)]
    refused: Vec<String>,
}

fn cases() -> Vec<Case> {
    CASES.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Reads a text as a message, and writes the message again.
fn again(message: &str, text: &str) -> Option<Value> {
    macro_rules! messages {
        ($($name:ident)*) => {
            match message {
                $(
                    stringify!($name) => {
                        let read = serde_json::from_str::<v1::$name>(text).ok()?;
                        Some(serde_json::to_value(read).unwrap())
                    }
                )*
                _ => panic!("add {message} to this list"),
            }
        };
    }
    messages!(BatchLookupRequest CallOutcome ClearNumberStatusRequest ItemError LookupRequest NumberLink NumberRow
        ReplaceListRequest Report SetNumberStatusRequest SubmitReportRequest WithdrawReportsRequest)
}

#[test]
fn the_conformance_cases_are_read_as_the_protobuf_project_says() {
    let cases = cases();
    assert!(cases.len() > 200, "{}", cases.len());
    for case in cases {
        let read = again(&case.message, &case.json);
        assert_eq!(read, case.is, "{}: {}", case.case, case.json);
    }
}

/// The path, and the body in which a message of this kind stands, with the prefix of its fields in errors.
fn request(message: &str, text: &str) -> Option<(&'static str, String, &'static str)> {
    Some(match message {
        "LookupRequest" => ("/v1/lookup", text.to_owned(), ""),
        "BatchLookupRequest" => ("/v1/lookup:batch", text.to_owned(), ""),
        "Report" => ("/v1/reports", text.to_owned(), ""),
        "SetNumberStatusRequest" => ("/v1/numbers/+13152328257:setStatus", text.to_owned(), ""),
        "ClearNumberStatusRequest" => ("/v1/numbers/+13152328257:clearStatus", text.to_owned(), ""),
        "WithdrawReportsRequest" => ("/v1/reports:withdraw", text.to_owned(), ""),
        "CallOutcome" => (
            "/v1/callOutcomes",
            format!(r#"{{"outcomes": [{text}]}}"#),
            "outcomes[0].",
        ),
        "NumberLink" => (
            "/v1/cases/a:linkNumbers",
            format!(r#"{{"links": [{text}]}}"#),
            "links[0].",
        ),
        _ => return None,
    })
}

fn fields(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let details = body["details"].as_array().cloned().unwrap_or_default();
    let bad = details.iter().find_map(|detail| detail["fieldViolations"].as_array());
    let names = bad.into_iter().flatten().map(|found| found["field"].as_str().unwrap());
    let mut names: Vec<_> = names.map(str::to_owned).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_refused_conformance_case_is_an_error_that_names_the_field() {
    let server = Server::start().await;
    let mut sent = 0;
    for case in cases().into_iter().filter(|case| case.is.is_none()) {
        let Some((path, body, prefix)) = request(&case.message, &case.json) else {
            continue;
        };
        let answer = server.post(path, &body).await;
        let place = |field: &String| match field.as_str() {
            "body" => field.clone(),
            field => format!("{prefix}{field}"),
        };
        let expected: Vec<_> = case.refused.iter().map(place).map(|field| json_name(&field)).collect();
        assert_eq!(answer.status, 400, "{}: {answer:?}", case.case);
        assert_eq!(fields(&answer), expected, "{}: {answer:?}", case.case);
        sent += 1;
    }
    assert!(sent > 80, "{sent}");
    assert!(server.stop().await);
}

#[tokio::test]
async fn null_and_whole_numbers_are_read_wherever_they_stand() {
    let server = Server::start().await;
    let known = r#""number": "+13152328257""#;
    let link = r#""role": "CASE_ROLE_CALLER_ID", "source": "SOURCE_ANALYST""#;
    for (path, body, status) in [
        // dotnet/aspnetcore#51742 and scalapb/ScalaPB#336: clients write `null` for the fields that they do not set.
        ("/v1/lookup", format!(r#"{{{known}, "defaultRegion": null, "role": null, "eventTime": null, "recordEvent": null}}"#), 200),
        ("/v1/lookup", format!(r#"{{{known}, "budgetMs": 50.0}}"#), 200),
        ("/v1/lookup", format!(r#"{{{known}, "budget_ms": 5e1}}"#), 200),
        ("/v1/lookup", format!(r#"{{{known}, "budgetMs": "50.0"}}"#), 200),
        ("/v1/lookup", format!(r#"{{{known}, "budgetMs": "5e1"}}"#), 200),
        ("/v1/lookup", format!(r#"{{{known}, "budgetMs": 50.5}}"#), 400),
        ("/v1/lookup", format!(r#"{{{known}, "budgetMs": -1}}"#), 400),
        ("/v1/lookup", format!(r#"{{{known}, "view": 2, "attestation": "ATTESTATION_A"}}"#), 200),
        ("/v1/lookup", r#"{"number": null}"#.to_owned(), 400),
        ("/v1/lookup:batch", format!(r#"{{"requests": [{{{known}, "language": null}}]}}"#), 200),
        ("/v1/lookup:batch", r#"{"requests": null}"#.to_owned(), 400),
        ("/v1/lookup:batch", format!(r#"{{"requests": [{{{known}}}, null]}}"#), 400),
        ("/v1/callOutcomes", r#"{"outcomes": null}"#.to_owned(), 200),
        ("/v1/notes", format!(r#"{{{known}, "caseId": null, "text": "x", "actor": "ana", "requestId": "n"}}"#), 200),
        ("/v1/numbers/+13152328257:clearStatus", r#"{"kind": null, "all": true, "actor": "ana", "requestId": "c", "expectedVersion": null}"#.to_owned(), 200),
        ("/v1/cases", r#"{"caseId": "a", "title": "A", "category": 1, "agency": null, "lastEvidenceAt": null, "actor": "ana", "requestId": "a"}"#.to_owned(), 200),
        ("/v1/cases/a:linkNumbers", format!(r#"{{"links": [{{{known}, {link}, "confidence": "0.5", "from": null}}], "actor": "ana", "requestId": "l"}}"#), 200),
        ("/v1/cases/a:linkNumbers", r#"{"links": null, "actor": "ana", "requestId": "l2"}"#.to_owned(), 400),
    ] {
        let answer = server.post(path, &body).await;
        assert_eq!(answer.status, status, "{path} {body}: {answer:?}");
    }
    let list = r#"{"head": {"kind": "LIST_KIND_PROTECTED", "requestId": "r", "actor": "ana", "mayBeEmpty": true, "expectedVersion": null}, "entries": null}"#;
    let answer = server.request("PUT", "/v1/lists/mine", list).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(server.stop().await);
}

#[tokio::test]
async fn an_unknown_name_of_an_enum_is_refused_with_the_known_ones() {
    let server = Server::start().await;
    let body = r#"{"requests": [{"number": "1"}, {"number": "2", "view": "WHOLE"}]}"#;
    let answer = server.post("/v1/lookup:batch", body).await;
    let violation = json!({
        "field": "requests[1].view",
        "description": "must be one of VIEW_UNSPECIFIED, VIEW_BASIC, VIEW_FULL",
    });
    assert_eq!(answer.json()["details"][0]["fieldViolations"], json!([violation]));
    assert!(server.stop().await);
}
