//! One request id never does two things: every method that changes something, taken from the descriptors of the
//! contract, is sent again, and its id is sent with other content. The repetition comes at once, after other changes,
//! and to another instance that starts later.
//!
//! That the id must be compared with the whole request, its address included, is a question of
//! `ietf-wg-httpapi/idempotency#22` and `josipmusa/idempotency4j#12`.

mod change;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use prost_types::method_options::IdempotencyLevel;
use prost_types::{DescriptorProto, FileDescriptorSet};
use ringwarden::wire::FILE_DESCRIPTOR_SET;
use serde_json::{Value, json};

use self::change::{Change, Sent, change, elsewhere, post, sent, with};
use super::{NUMBER, OTHER};
use crate::support::server::{Answer, Server};

/// The methods that change something and are not repeated here, each with the reason.
const NAMED: &[(&str, &str)] = &[
    ("Lookup", "counts the call in memory, and a call with a call_id once"),
    ("BatchLookup", "as Lookup"),
    ("StreamLookup", "as Lookup"),
    (
        "SubmitCallOutcomes",
        "counts calls in memory, each call_id once; nothing is stored",
    ),
    (
        "CreatePrincipal",
        "closes a server without credentials: walked in `edges/identity/credentials.rs`",
    ),
    ("UpdatePrincipal", "as CreatePrincipal"),
    ("AddKey", "as CreatePrincipal"),
    ("RevokeKey", "as CreatePrincipal"),
];

/// A number of which nothing is stored: an erasure takes away what the answers to other requests show.
const ERASED: &str = "+14155550188";

/// The fields that hold the id of a request.
const IDS: [&str; 2] = ["request_id", "report_id"];

fn number_path(number: &str, verb: &str) -> String {
    format!("/v1/numbers/{number}:{verb}")
}

fn changes_of_numbers() -> Vec<(&'static str, Change)> {
    let set = json!({ "kind": "STATUS_KIND_UNDER_DISPUTE", "reason": "seen", "actor": "ana", "requestId": "x" });
    let set = change(
        post(&number_path(NUMBER, "setStatus"), set),
        &[
            json!({ "kind": "STATUS_KIND_BLOCKED" }),
            json!({ "reason": "other" }),
            json!({ "expiresAt": "2099-01-01T00:00:00Z" }),
        ],
    );
    let clear = json!({ "kind": "STATUS_KIND_BLOCKED", "reason": "over", "actor": "ana", "requestId": "x" });
    let clear = change(
        post(&number_path(NUMBER, "clearStatus"), clear),
        &[json!({ "kind": "STATUS_KIND_ALLOWED" }), json!({ "reason": "other" })],
    );
    let reset = json!({ "reason": "a new owner", "actor": "ana", "requestId": "x" });
    let reset = change(
        post(&number_path(NUMBER, "reset"), reset),
        &[
            json!({ "before": "2020-01-01T00:00:00Z" }),
            json!({ "reason": "other" }),
        ],
    );
    let erase = json!({ "reason": "asked for", "actor": "ana", "requestId": "x" });
    let erase = change(
        post(&number_path(ERASED, "erase"), erase),
        &[json!({ "reason": "other" }), json!({ "overrideOpenCase": true })],
    );
    vec![
        ("EraseNumber", elsewhere(erase, &number_path(OTHER, "erase"))),
        ("SetNumberStatus", elsewhere(set, &number_path(OTHER, "setStatus"))),
        (
            "ClearNumberStatus",
            elsewhere(clear, &number_path(OTHER, "clearStatus")),
        ),
        ("ResetNumber", elsewhere(reset, &number_path(OTHER, "reset"))),
    ]
}

fn changes_of_cases() -> Vec<(&'static str, Change)> {
    let create = json!({ "caseId": "case-x", "title": "Pop-ups", "actor": "ana", "requestId": "x" });
    let create = change(
        post("/v1/cases", create),
        &[
            json!({ "caseId": "case-y" }),
            json!({ "caseId": "" }),
            json!({ "title": "Other" }),
            json!({ "summary": "Other" }),
        ],
    );
    let update = json!({ "summary": "One host", "actor": "ana", "requestId": "x" });
    let update = change(
        sent("PATCH", "/v1/cases/case-a", update),
        &[json!({ "summary": "Other" }), json!({ "title": "Other" })],
    );
    let step = json!({ "to": "CASE_STATUS_UNDER_INVESTIGATION", "note": "sent", "actor": "ana", "requestId": "x" });
    let step = change(
        post("/v1/cases/case-a:transition", step),
        &[
            json!({ "to": "CASE_STATUS_CLOSED_CONFIRMED" }),
            json!({ "note": "other" }),
        ],
    );
    let link = |number: &str, role: &str| json!({ "number": number, "role": role });
    let callback = "CASE_ROLE_CALLBACK";
    let links = json!({ "links": [link(NUMBER, callback), link(OTHER, callback)], "actor": "ana", "requestId": "x" });
    let links = change(
        post("/v1/cases/case-a:linkNumbers", links),
        &[
            json!({ "links": [link(NUMBER, callback)] }),
            json!({ "links": [link("+13152328299", callback)] }),
            json!({ "links": [link(NUMBER, "CASE_ROLE_TEST_LINE"), link(OTHER, callback)] }),
        ],
    );
    let unlinks = json!({ "numbers": [{ "number": NUMBER }], "actor": "ana", "requestId": "x" });
    let unlinks = change(
        post("/v1/cases/case-a:unlinkNumbers", unlinks),
        &[
            json!({ "numbers": [{ "number": OTHER }] }),
            json!({ "numbers": [{ "number": NUMBER, "role": callback }] }),
            json!({ "reason": "other" }),
        ],
    );
    vec![
        ("CreateCase", create),
        ("UpdateCase", elsewhere(update, "/v1/cases/case-b")),
        ("TransitionCase", elsewhere(step, "/v1/cases/case-b:transition")),
        ("LinkNumbers", elsewhere(links, "/v1/cases/case-b:linkNumbers")),
        ("UnlinkNumbers", elsewhere(unlinks, "/v1/cases/case-b:unlinkNumbers")),
    ]
}

fn changes_of_reports_lists_and_notes() -> Vec<(&'static str, Change)> {
    let report = json!({ "reportId": "x", "number": NUMBER, "source": "SOURCE_REGULATOR_FEED" });
    let submit = change(
        post("/v1/reports", report.clone()),
        &[
            json!({ "comment": "other" }),
            json!({ "category": "CATEGORY_TELEMARKETING" }),
        ],
    );
    let batch = json!({ "reports": [report.clone()] });
    let other = json!({ "reports": [with(&report, &json!({ "comment": "other" }))] });
    let batch = change(post("/v1/reports:batch", batch), &[other]);
    // Its id is that of the report, which cannot be withdrawn for two reasons or from two numbers.
    let withdraw = sent(
        "DELETE",
        &format!("/v1/reports/r1?number=%2B{}", &NUMBER[1..]),
        Value::Null,
    );
    let unknown = sent(
        "DELETE",
        &format!("/v1/reports/x?number=%2B{}", &NUMBER[1..]),
        Value::Null,
    );
    let bulk = json!({ "importId": "import-1", "requestId": "x", "reason": "the wrong file" });
    let reporter = json!({ "reporterId": "joe", "requestId": "x", "reason": "the wrong file" });
    let mut bulk = change(
        post("/v1/reports:withdraw", bulk),
        &[json!({ "importId": "import-2" }), json!({ "reason": "other" })],
    );
    bulk.others.push(post("/v1/reports:withdraw", reporter));
    let approved = "COMMENT_MODERATION_APPROVED";
    let moderate =
        json!({ "number": NUMBER, "moderation": approved, "reason": "fine", "actor": "ana", "requestId": "x" });
    let moderate = change(
        post("/v1/reports/r1:moderate", moderate),
        &[
            json!({ "moderation": "COMMENT_MODERATION_REJECTED" }),
            json!({ "reason": "other" }),
            json!({ "number": OTHER }),
        ],
    );
    let entry = |number: &str| json!({ "number": number, "source": "ours", "enteredAt": "2026-01-01T00:00:00Z" });
    let head = |kind: &str| json!({ "kind": kind, "requestId": "x", "actor": "ana" });
    let dno = "LIST_KIND_DO_NOT_ORIGINATE";
    let list = json!({ "head": head(dno), "entries": [entry("+14155550188")] });
    let list = change(
        sent("PUT", "/v1/lists/dno", list),
        &[
            json!({ "entries": [entry("+14155550189")] }),
            json!({ "head": head("LIST_KIND_UNASSIGNED") }),
        ],
    );
    let note = json!({ "number": NUMBER, "text": "asked", "actor": "ana", "requestId": "x" });
    let shared = json!({
        "thing": { "reports": true }, "scope": "VISIBILITY_SCOPE_ALL", "actor": "ana", "requestId": "x",
    });
    let accepted = json!({
        "tenant": "north", "kinds": ["SHARED_KIND_LISTS"], "actor": "ana", "requestId": "x",
    });
    let on_case = json!({ "caseId": "case-a", "text": "asked", "actor": "ana", "requestId": "x" });
    let mut note = change(
        post("/v1/notes", note),
        &[json!({ "text": "other" }), json!({ "number": OTHER })],
    );
    note.others.push(post("/v1/notes", on_case));
    vec![
        (
            "SubmitReport",
            Change {
                says_so: &["outcome"],
                ..submit
            },
        ),
        (
            "BatchSubmitReports",
            Change {
                says_so: &["results", "accepted", "alreadyKnown"],
                ..batch
            },
        ),
        ("WithdrawReport", change(withdraw, &[])),
        ("WithdrawReport", change(unknown, &[])),
        ("WithdrawReports", bulk),
        (
            "SetVisibility",
            change(
                post("/v1/sharings:setVisibility", shared),
                &[
                    json!({ "scope": "VISIBILITY_SCOPE_PRIVATE" }),
                    json!({ "thing": { "statuses": true } }),
                ],
            ),
        ),
        (
            "SetAcceptance",
            change(
                post("/v1/sharings:setAcceptance", accepted),
                &[
                    json!({ "kinds": ["SHARED_KIND_REPORTS"] }),
                    json!({ "tenant": "south" }),
                ],
            ),
        ),
        ("ModerateComment", elsewhere(moderate, "/v1/reports/r2:moderate")),
        ("ReplaceList", elsewhere(list, "/v1/lists/other")),
        (
            "AddNote",
            Change {
                says_so: &["created"],
                ..note
            },
        ),
    ]
}

fn changes() -> Vec<(&'static str, Change)> {
    [
        changes_of_numbers(),
        changes_of_cases(),
        changes_of_reports_lists_and_notes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

async fn send(server: &Server, request: &Sent) -> Answer {
    let body = if request.body.is_null() {
        String::new()
    } else {
        request.body.to_string()
    };
    server.request(request.verb, &request.path, &body).await
}

async fn done(server: &Server, verb: &'static str, path: &str, body: Value) {
    let answer = send(server, &sent(verb, path, body)).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
}

fn imported_report(id: &str, number: &str) -> Value {
    json!({ "reportId": id, "number": number, "source": "SOURCE_REGULATOR_FEED", "importId": "import-1",
            "comment": "they said so" })
}

/// A server with a report, a status, and two cases with a number.
async fn scene() -> Server {
    let server = Server::start().await;
    done(&server, "POST", "/v1/reports", imported_report("r1", NUMBER)).await;
    let status = json!({ "kind": "STATUS_KIND_BLOCKED", "reason": "seen", "actor": "ana", "requestId": "set" });
    done(&server, "POST", &number_path(NUMBER, "setStatus"), status).await;
    for id in ["case-a", "case-b"] {
        let case = json!({ "caseId": id, "title": id, "status": "CASE_STATUS_OPEN", "actor": "ana", "requestId": id });
        done(&server, "POST", "/v1/cases", case).await;
        let links = json!([{ "number": NUMBER, "role": "CASE_ROLE_CALLER_ID" }]);
        let links = json!({ "links": links, "actor": "ana", "requestId": format!("link-{id}") });
        done(&server, "POST", &format!("/v1/cases/{id}:linkNumbers"), links).await;
    }
    server
}

/// More changes of every record than a record remembers, and a report of the import that was withdrawn.
async fn much_later(server: &Server) {
    for n in 0..20 {
        let id = format!("later-{n}");
        let status = json!({ "kind": "STATUS_KIND_BLOCKED", "reason": id, "actor": "ana", "requestId": id });
        done(server, "POST", &number_path(NUMBER, "setStatus"), status).await;
        for case in ["case-a", "case-b"] {
            let update = json!({ "summary": id, "actor": "ana", "requestId": format!("{case}-{id}") });
            done(server, "PATCH", &format!("/v1/cases/{case}"), update).await;
        }
        let entries =
            json!([{ "number": format!("+1415555{n:04}"), "source": "ours", "enteredAt": "2026-01-01T00:00:00Z" }]);
        let head = json!({ "kind": "LIST_KIND_DO_NOT_ORIGINATE", "requestId": format!("list-{id}"), "actor": "ana" });
        done(
            server,
            "PUT",
            "/v1/lists/dno",
            json!({ "head": head, "entries": entries }),
        )
        .await;
    }
    done(server, "POST", "/v1/reports", imported_report("since", NUMBER)).await;
}

fn without(mut answer: Value, fields: &[&str]) -> Value {
    for field in fields {
        answer.as_object_mut().unwrap().remove(*field);
    }
    answer
}

/// Sends a change again and with other content; the logs of the store must not move.
async fn repeat(server: &Server, name: &str, change: &Change, answered: Option<&Value>) {
    let before = server.heads().await;
    let again = send(server, &change.first).await;
    assert_eq!(again.status, 200, "{name}: {again:?}");
    if let Some(answered) = answered {
        assert_eq!(without(again.json(), change.says_so), *answered, "{name}");
    }
    for other in &change.others {
        let refused = send(server, other).await;
        let place = format!("{name} {} {}", other.path, other.body);
        assert!(
            refused.body.contains("was used before with different content"),
            "{place}: {refused:?}"
        );
        // A batch of reports is answered item by item.
        assert!(
            refused.status == 409 || name == "BatchSubmitReports",
            "{place}: {refused:?}"
        );
    }
    assert_eq!(server.heads().await, before, "{name}: something was written");
}

#[tokio::test]
async fn a_request_is_carried_out_once_and_its_id_means_nothing_else() {
    for (name, change) in changes() {
        let server = scene().await;
        let first = send(&server, &change.first).await;
        assert_eq!(first.status, 200, "{name}: {first:?}");
        let answered = without(first.json(), change.says_so);
        repeat(&server, name, &change, Some(&answered)).await;
        let elsewhere = Server::over(Arc::clone(&server.store)).await;
        elsewhere.instance.follower.bootstrap().await.unwrap();
        repeat(&elsewhere, name, &change, Some(&answered)).await;
        much_later(&server).await;
        elsewhere.instance.follower.sweep().await;
        for server in [&server, &elsewhere] {
            repeat(server, name, &change, None).await;
        }
        let reports = format!("/v1/numbers/{NUMBER}/reports?includeWithdrawn=true");
        let listed = server.get(&reports).await.json();
        let since = listed["reports"].as_array().unwrap().iter();
        let mut since = since.filter(|report| report["reportId"] == "since");
        assert_eq!(since.next().unwrap()["state"], "REPORT_STATE_LIVE", "{name}");
    }
}

/// An id that was used by one method is not taken by another.
#[tokio::test]
async fn a_request_id_belongs_to_one_method() {
    let server = scene().await;
    let has_request_id = |change: &Change| change.first.body.to_string().contains("requestId");
    let mut changes = changes();
    changes.retain(|(_, change)| has_request_id(change));
    let (first_name, first) = changes.remove(0);
    assert_eq!(send(&server, &first.first).await.status, 200, "{first_name}");
    for (name, change) in changes {
        let refused = send(&server, &change.first).await;
        assert_eq!(refused.status, 409, "{name}: {refused:?}");
        assert!(refused.body.contains("CONTENT_MISMATCH"), "{name}: {refused:?}");
    }
}

/// A request that was refused has done nothing, so its id may be used for the corrected one.
#[tokio::test]
async fn the_id_of_a_refused_request_is_free() {
    for (name, change) in changes() {
        if !change.first.body.to_string().contains("\"requestId\":\"x\"") || name == "WithdrawReports" {
            continue; // nothing but its shape can be wrong
        }
        let server = scene().await;
        let mut refused = change.first.clone();
        match name {
            "CreateCase" => refused.body["status"] = json!("CASE_STATUS_CLOSED_CONFIRMED"),
            "SetNumberStatus" => refused.body["expiresAt"] = json!("2001-01-01T00:00:00Z"),
            "LinkNumbers" => refused.body["links"] = json!([{ "number": "123", "role": "CASE_ROLE_CALLBACK" }]),
            "UnlinkNumbers" => refused.body["numbers"] = json!([{ "number": "123" }]),
            "ReplaceList" => refused.body["head"]["expectedVersion"] = json!("99"),
            "AddNote" => refused.body["number"] = json!("123"),
            _ => refused.body["expectedVersion"] = json!("99"),
        }
        let before = server.heads().await;
        let answer = send(&server, &refused).await;
        assert!(answer.status != 200 || name.ends_with("Numbers"), "{name}: {answer:?}");
        assert_eq!(server.heads().await, before, "{name}");
        let corrected = change.others.first().unwrap_or(&change.first);
        let answer = send(&server, corrected).await;
        assert!(!answer.body.contains("CONTENT_MISMATCH"), "{name}: {answer:?}");
    }
}

/// A method says in the contract that it changes nothing, or its request has an id and it is walked above, or it is
/// named with a reason.
#[test]
fn every_method_that_changes_something_is_walked_or_named() {
    let set: FileDescriptorSet = prost::Message::decode(FILE_DESCRIPTOR_SET).unwrap();
    let files = set.file.iter().filter(|file| file.package() == "ringwarden.v1");
    let messages: BTreeMap<String, &DescriptorProto> = files
        .clone()
        .flat_map(|file| &file.message_type)
        .map(|message| (format!(".ringwarden.v1.{}", message.name()), message))
        .collect();
    let walked: BTreeSet<&str> = changes().iter().map(|(name, _)| *name).collect();
    let mut found = BTreeSet::new();
    for method in files.flat_map(|file| &file.service).flat_map(|service| &service.method) {
        let name = method.name();
        let level = method.options.as_ref().map(|options| options.idempotency_level());
        if level == Some(IdempotencyLevel::NoSideEffects) {
            assert!(!walked.contains(name), "{name} is said to change nothing");
            continue;
        }
        if NAMED.iter().any(|(named, _)| *named == name) {
            continue;
        }
        assert_eq!(level, Some(IdempotencyLevel::Idempotent), "{name}");
        assert!(
            has_id(&messages, method.input_type()),
            "{name} has no id of its request"
        );
        assert!(walked.contains(name), "{name} is not repeated in this test");
        found.insert(name);
    }
    assert_eq!(found, walked);
}

/// Whether a message, or one inside it, has a field with the id of the request.
fn has_id(messages: &BTreeMap<String, &DescriptorProto>, name: &str) -> bool {
    messages.get(name).is_some_and(|message| {
        let mut fields = message.field.iter();
        fields.any(|field| IDS.contains(&field.name()) || has_id(messages, field.type_name()))
    })
}
