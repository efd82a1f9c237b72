//! What every method of HTTP answers while the store is away: a read says that nothing could be read, and a change what became
//! of it.

use std::sync::Arc;

use http::Method;
use ringwarden::http::{ROUTES, Route};
use ringwarden::store::Store;
use ringwarden::store::memory::MemoryStore;
use ringwarden::wire::v1;
use serde_json::{Value, json};

use super::NUMBER;
use crate::support::flaky::{Fault, Flaky};
use crate::support::instance::evidence_version;
use crate::support::server::{Answer, Server};

const UNREAD: &str = "the store cannot be reached, so nothing could be read: retry later";
/// Faults of a store, and what a change says of each.
const FAULTS: [(Fault, &str); 3] = [
    (Fault::Unavailable, "nothing was written"),
    (Fault::Foreign, "nothing was written"),
    (Fault::LostCall, "may have been applied"),
];

/// The path of a route, with all that it needs to be answered.
fn path(route: &Route) -> String {
    let mut path = route.path.to_owned();
    for (place, value) in [
        ("{number}", "%2B13152328257"),
        ("{e164}", "%2B13152328257"),
        ("{report_id}", "r1"),
        ("{case_id}", "popups-2026"),
        ("{list_id}", "none"),
        ("{decision_id}", "none"),
    ] {
        path = path.replace(place, value);
    }
    let query = match route.name {
        "ListReporterReports" => "?reporter_id=user-1",
        "ListNumbers" => "?comment=password",
        "Search" => "?text=chase",
        "ListNotes" => "?case_id=popups-2026",
        "WithdrawReport" => "?number=%2B13152328257",
        _ => "",
    };
    path + query
}

/// A server over a store with a report that has a comment.
async fn start() -> (Server, Arc<Flaky>) {
    let memory = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let flaky = Arc::new(Flaky::new(memory));
    let server = Server::over(Arc::clone(&flaky) as Arc<dyn Store>).await;
    server.instance.follower.bootstrap().await.unwrap();
    let report = json!({
        "reportId": "r1", "number": NUMBER, "reporterId": "user-1", "comment": "He asked for my password, my password",
    });
    assert_eq!(server.post("/v1/reports", &report.to_string()).await.status, 200);
    (server, flaky)
}

/// What an answer of the store's outage says; none if the answer needs no store.
fn outage(answer: &Answer) -> Option<String> {
    (answer.status == 503).then(|| {
        let body = answer.json();
        let reason = body["details"][0]["reason"].as_str().unwrap().to_owned();
        format!("{reason}: {}", body["message"].as_str().unwrap())
    })
}

#[tokio::test]
async fn a_read_says_that_nothing_could_be_read() {
    let (server, flaky) = start().await;
    for (fault, _) in FAULTS {
        flaky.always(Some(fault));
        let mut read = Vec::new();
        let reads = ROUTES.iter().filter(|route| route.method == Method::GET);
        // An export has begun to answer when the store fails: its body is cut off.
        for route in reads.filter(|route| route.name != "ExportReports") {
            let answer = server.get(&path(route)).await;
            assert!(
                answer.status < 500 || answer.status == 503,
                "{}: {answer:?}",
                route.name
            );
            if let Some(said) = outage(&answer) {
                assert_eq!(said, format!("STORE_UNAVAILABLE: {UNREAD}"), "{}", route.name);
                read.push(route.name);
            }
        }
        let from_store = [
            "ListReports",
            "ListReporterReports",
            "ListPendingComments",
            "ListNumbers",
            "ListSimilarNumbers",
            "GetNumber",
            "ListAuditEvents",
        ];
        for name in from_store {
            assert!(read.contains(&name), "{fault:?}: {name} is not in {read:?}");
        }
        // So does an export, once it reads the first number.
        let request = v1::ExportReportsRequest::default();
        // If it cannot be recorded, it does not even begin.
        let error = match server.reports().export_reports(request).await {
            Err(refused) => refused,
            Ok(parts) => {
                let mut parts = parts.into_inner();
                loop {
                    match parts.message().await {
                        Ok(part) => assert!(part.is_some(), "{fault:?}: the export is complete"),
                        Err(error) => break error,
                    }
                }
            }
        };
        assert_eq!(error.message(), UNREAD, "{fault:?}");
        // So does the dry run of a change.
        let number = "%2B13152328257";
        for (path, dry_run) in [
            (format!("/v1/numbers/{number}:reset"), json!({ "reason": "moved" })),
            (
                format!("/v1/numbers/{number}:setStatus"),
                json!({ "kind": "STATUS_KIND_REASSIGNED", "reason": "moved" }),
            ),
            ("/v1/reports:withdraw".to_owned(), json!({ "importId": "i1" })),
        ] {
            let mut body: Value = dry_run;
            (body["actor"], body["requestId"], body["dryRun"]) = (json!("ana"), json!("dry"), json!(true));
            if path.ends_with("withdraw") {
                body.as_object_mut().unwrap().remove("actor");
            }
            let answer = server.post(&path, &body.to_string()).await;
            let said = outage(&answer);
            assert_eq!(said, Some(format!("STORE_UNAVAILABLE: {UNREAD}")), "{path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_change_says_what_became_of_it() {
    let (server, flaky) = start().await;
    for (fault, expected) in FAULTS {
        flaky.always(Some(fault));
        let mut refused = 0;
        for route in ROUTES.iter().filter(|route| route.method != Method::GET) {
            let body = route.example.unwrap_or_default();
            let answer = server.request(route.method.as_str(), &path(route), body).await;
            assert!(
                answer.status < 500 || answer.status == 503,
                "{}: {answer:?}",
                route.name
            );
            if let Some(said) = outage(&answer) {
                // The example of an erasure tells only what would be erased, so it reads.
                let reads = body.contains("\"dryRun\": true");
                let is_unread = said.contains("nothing could be read");
                if reads && is_unread {
                    continue;
                }
                assert!(
                    !is_unread && (said.contains(expected) || said.contains("nothing was written")),
                    "{}: {said}",
                    route.name
                );
                refused += 1;
            }
        }
        assert!(refused >= 8, "{fault:?}: {refused}");
    }
}
