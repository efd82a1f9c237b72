//! Invalid requests to gRPC and to HTTP. Each one is refused with the right code and the right fields. Nothing of it is
//! stored, no answer repeats a phone number, and the server still answers afterwards.

mod cases;
mod http;
mod lookups;
mod notes;
mod numbers;
mod reports;
mod wire;

use std::future::Future;
use std::pin::Pin;

use crate::support::server::Server;
use ringwarden::wire::v1;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

/// A number with a report, a status and a case.
const NUMBER: &str = "+13152328257";
/// Somebody else's.
const OTHER: &str = "+13152328258";

/// The error of a request.
#[derive(Debug, PartialEq)]
struct Refusal {
    code: Code,
    fields: Vec<String>,
    message: String,
}

type Call = Box<dyn for<'a> Fn(&'a Server) -> Pin<Box<dyn Future<Output = Result<(), Refusal>> + 'a>>>;

/// One hostile request, and its expected answer.
struct Row {
    name: String,
    call: Call,
    code: Code,
    /// All fields at fault, in order; none where no field is.
    fields: Vec<String>,
}

impl Row {
    fn new(name: &str, code: Code, fields: &[&str], call: Call) -> Self {
        Self {
            name: name.to_owned(),
            call,
            code,
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        }
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let violations = details.bad_request().map(|bad| bad.field_violations.clone());
        Self {
            code: status.code(),
            fields: violations
                .unwrap_or_default()
                .into_iter()
                .map(|found| found.field)
                .collect(),
            message: status.message().to_owned(),
        }
    }
}

impl From<v1::ItemError> for Refusal {
    fn from(error: v1::ItemError) -> Self {
        Self {
            code: Code::from(error.code),
            fields: Some(error.field)
                .filter(|field| !field.is_empty())
                .into_iter()
                .collect(),
            message: error.message,
        }
    }
}

fn done<T>(result: Result<Response<T>, Status>) -> Result<T, Refusal> {
    result.map(Response::into_inner).map_err(Refusal::from)
}

/// The records that the table needs: a number with a report and a status, a draft of a case, and a closed case.
async fn prepare(server: &Server) {
    let request = v1::SubmitReportRequest {
        report: Some(reports::known()),
    };
    server.reports().submit_report(request).await.unwrap();
    server.numbers().set_number_status(numbers::known()).await.unwrap();
    server.cases().create_case(cases::known()).await.unwrap();
    server.notes().add_note(notes::known()).await.unwrap();
    let closed = v1::CreateCaseRequest {
        case_id: "closed".into(),
        status: v1::CaseStatus::Corroborated.into(),
        source: v1::Source::RegulatorFeed.into(),
        request_id: "create-closed".into(),
        ..cases::known()
    };
    server.cases().create_case(closed).await.unwrap();
    let close = v1::TransitionCaseRequest {
        case_id: "closed".into(),
        to: v1::CaseStatus::ClosedConfirmed.into(),
        actor: "ana".into(),
        request_id: "close".into(),
        ..v1::TransitionCaseRequest::default()
    };
    server.cases().transition_case(close).await.unwrap();
}

async fn check_still_good(server: &Server, name: &str) {
    let request = v1::LookupRequest {
        number: NUMBER.into(),
        ..v1::LookupRequest::default()
    };
    let answer = server.lookups().lookup(request).await.unwrap().into_inner();
    assert_eq!(answer.report_count, 1, "after: {name}");
}

#[tokio::test]
async fn hostile_grpc_is_refused_and_leaves_no_trace() {
    let server = Server::start().await;
    prepare(&server).await;
    let rows: Vec<Row> = [
        lookups::rows(),
        reports::rows(),
        numbers::rows(),
        numbers::finding_rows(),
        cases::rows(),
        notes::rows(),
        wire::rows(),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(rows.len() > 120, "{}", rows.len());
    let before = server.heads().await;
    for row in rows {
        let Err(refusal) = (row.call)(&server).await else {
            panic!("accepted: {}", row.name);
        };
        assert_eq!(
            (refusal.code, &refusal.fields),
            (row.code, &row.fields),
            "{}: {refusal:?}",
            row.name
        );
        assert!(
            !refusal.message.contains("31523282"),
            "a number in the error: {refusal:?}"
        );
        assert!(names_fields_in_backticks(&refusal.message), "{refusal:?}");
        assert!(server.heads().await == before, "stored: {}", row.name);
        check_still_good(&server, &row.name).await;
    }
    assert!(server.stop().await);
}

/// Whether each name of a field in a problem can be renamed for JSON and for the command line. The name of the field at fault
/// stands before the problem.
fn names_fields_in_backticks(message: &str) -> bool {
    let problems = message
        .split("; ")
        .map(|part| part.split_once(": ").map_or(part, |(_, problem)| problem));
    problems.into_iter().all(|problem| {
        // Every second part is between two backticks.
        let plain: String = problem.split('`').step_by(2).collect();
        let is_lower = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase());
        let mut words = plain
            .split('_')
            .map(|part| (is_lower(part.chars().next()), is_lower(part.chars().last())));
        let mut before = words.next().is_some_and(|(_, end)| end);
        !words.any(|(begin, end)| std::mem::replace(&mut before, end) && begin)
    })
}

#[tokio::test]
async fn hostile_http_is_refused_and_leaves_no_trace() {
    let server = Server::start().await;
    prepare(&server).await;
    let before = server.heads().await;
    let rows = http::rows();
    assert!(rows.len() > 40, "{}", rows.len());
    for row in rows {
        let answer = server
            .send(&row.request)
            .await
            .unwrap_or_else(|| panic!("no answer: {}", row.name));
        assert_eq!(answer.status, row.status, "{}: {answer:?}", row.name);
        if let Some(code) = row.code {
            let body = answer.json();
            assert_eq!(body["code"], i32::from(code), "{}: {answer:?}", row.name);
            let details = body["details"].as_array().cloned().unwrap_or_default();
            let bad = details.iter().find_map(|detail| detail["fieldViolations"].as_array());
            let mut fields: Vec<_> = bad
                .into_iter()
                .flatten()
                .map(|found| found["field"].as_str().unwrap())
                .collect();
            fields.sort_unstable();
            assert_eq!(fields, row.fields, "{}: {answer:?}", row.name);
            assert!(
                answer.head.contains("content-type: application/json"),
                "{}: {answer:?}",
                row.name
            );
        }
        assert!(!answer.body.contains("31523282"), "a number in the error: {answer:?}");
        assert!(server.heads().await == before, "stored: {}", row.name);
        check_still_good(&server, row.name).await;
    }
    assert!(server.stop().await);
}
