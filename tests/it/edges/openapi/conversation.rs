//! Real calls: the examples in the order of the route table, pages, refusals. Every answer must fit its description.

use ringwarden::domain::identity::{Grants, Role};
use ringwarden::http::{ROUTES, Route};
use serde_json::{Value, json};

use super::described::Description;
use super::start;
use crate::edges::identity::{ask, bearer, key, principal};
use crate::support::server::{Answer, Server};

fn route(name: &str) -> &'static Route {
    ROUTES.iter().find(|route| route.name == name).unwrap()
}

/// The service whose first example closes the server to everybody who has no credential.
const PRINCIPALS: &str = "PrincipalService";

/// Sends every example but those of principals, and the path alone where a route has no body.
async fn send_examples(server: &Server, description: &Description) {
    for route in ROUTES
        .iter()
        .filter(|route| route.service != PRINCIPALS)
        .filter(|route| !["GetDecision", "GetList", "ListNotes"].contains(&route.name))
    {
        let path = description.path(route);
        let answer = match route.example {
            Some(example) => server.request(route.method.as_str(), &path, example).await,
            None => server.request(route.method.as_str(), &path, "").await,
        };
        assert_eq!(answer.status, 200, "{} {path}: {answer:?}", route.method);
        description.check(route, &answer);
    }
}

#[tokio::test]
async fn every_example_fits_its_schema_and_is_accepted() {
    let server = start().await;
    let description = Description::of(&server).await;
    for route in ROUTES {
        let content = &description.operation(route)["requestBody"]["content"]["application/json"];
        if route.example.is_some() {
            description.fits(&content["schema"], &content["example"], route.name);
        }
    }
    send_examples(&server, &description).await;
    // No batch of the examples hides a refusal.
    let batch = server
        .post("/v1/lookup:batch", route("BatchLookup").example.unwrap())
        .await;
    assert!(!batch.body.contains("\"error\""), "{batch:?}");
    assert!(server.stop().await);
}

#[tokio::test]
async fn the_examples_of_principals_fit_their_schemas_and_are_accepted() {
    let server = start().await;
    let description = Description::of(&server).await;
    let key = key(1);
    principal(&server, "admin", Role::Admin, Grants::default(), &key).await;
    for route in ROUTES.iter().filter(|route| route.service == PRINCIPALS) {
        let (method, path) = (route.method.as_str(), description.path(route));
        let answer = ask(
            &server,
            method,
            &path,
            &bearer(&key.text()),
            route.example.unwrap_or_default(),
        )
        .await;
        assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
        description.check(route, &answer);
    }
    assert!(server.stop().await);
}

#[tokio::test]
async fn answers_fit_their_schemas_once_there_is_something_to_tell() {
    let server = start().await;
    let description = Description::of(&server).await;
    send_examples(&server, &description).await;
    // The examples take back what they did; this stays.
    let stays = json!({
        "reportId": "stays", "number": "+14155550123", "category": "CATEGORY_TECH_SUPPORT_SCAM",
        "source": "SOURCE_ANALYST", "occurredAt": "2026-01-05T09:00:00Z", "recorded": true, "comment": "so they said",
        "callbackNumbers": ["+14155550177"],
    });
    server.post("/v1/reports", &stays.to_string()).await;
    let status = json!({ "kind": "STATUS_KIND_BLOCKED", "reason": "seen", "actor": "ana", "requestId": "stays" });
    let set = server
        .post("/v1/numbers/%2B14155550123:setStatus", &status.to_string())
        .await;
    assert_eq!(set.status, 200, "{set:?}");

    let full = json!({ "number": "+14155550123", "language": "de" });
    let full = check_post(&server, &description, "Lookup", "/v1/lookup", &full).await;
    assert_eq!(full["cases"][0]["caseId"], "popups-2026", "{full}");
    let decision = server
        .get(&format!("/v1/decisions/{}", full["decisionId"].as_str().unwrap()))
        .await;
    description.check(route("GetDecision"), &decision);
    assert_eq!(decision.json()["number"], "+14155550123", "{decision:?}");
    let outcomes = json!({ "outcomes": [{ "number": "garbage", "callId": "x" }] });
    let outcomes = check_post(
        &server,
        &description,
        "SubmitCallOutcomes",
        "/v1/callOutcomes",
        &outcomes,
    )
    .await;
    assert_eq!(outcomes["errors"][0]["field"], "outcomes[0].number", "{outcomes}");
    let mixed = json!({ "requests": [{ "number": "+14155550123" }, { "number": "garbage" }, { "number": "911" }] });
    let mixed = check_post(&server, &description, "BatchLookup", "/v1/lookup:batch", &mixed).await;
    assert_eq!(mixed["results"][1]["error"]["field"], "requests[1].number", "{mixed}");
    let mixed = json!({ "reports": [{ "reportId": "x" }, stays] });
    let mixed = check_post(&server, &description, "BatchSubmitReports", "/v1/reports:batch", &mixed).await;
    assert_eq!(
        (&mixed["failed"], &mixed["alreadyKnown"]),
        (&json!(1), &json!(1)),
        "{mixed}"
    );

    let note = json!({ "number": "+14155550123", "text": "seen\nagain", "actor": "ana", "requestId": "stays-2" });
    let note = check_post(&server, &description, "AddNote", "/v1/notes", &note).await;
    assert_eq!(note["created"], true, "{note}");
    check_pages(&server, &description).await;
    assert!(server.stop().await);
}

/// Records that can be fetched hold what was sent, and fit their schema.
async fn check_pages(server: &Server, description: &Description) {
    for (name, path, pointer) in [
        (
            "ListReports",
            "/v1/numbers/+14155550123/reports?pageSize=1",
            "/reports/0/reportId",
        ),
        ("GetNumber", "/v1/numbers/+14155550123", "/latestReports/2/comment"),
        ("GetNumber", "/v1/numbers/%2B14155550123", "/statuses/0/kind"),
        (
            "ListNumbers",
            "/v1/numbers?prefix=1415&minScore=95.0&status=STATUS_KIND_BLOCKED",
            "/numbers/0/e164",
        ),
        (
            "ListNumbers",
            "/v1/numbers?case_id=popups-2026&page_size=5",
            "/numbers/0/caseIds/0",
        ),
        (
            "GetCase",
            "/v1/cases/popups-2026?includeMembers=true",
            "/members/0/e164",
        ),
        ("GetCase", "/v1/cases/popups-2026", "/notes/0/noteId"),
        ("GetNumber", "/v1/numbers/+14155550123", "/notes/0/text"),
        (
            "ListNotes",
            "/v1/notes?caseId=popups-2026&pageSize=1",
            "/notes/0/caseId",
        ),
        ("ListNotes", "/v1/notes?number=%2B14155550123", "/notes/0/e164"),
        (
            "ListNotes",
            "/v1/notes?number=4155550123&defaultRegion=US",
            "/notes/0/createdAt",
        ),
        (
            "ListCases",
            "/v1/cases?query=pop-ups+that&status=CASE_STATUS_REFERRED",
            "/cases/0/caseId",
        ),
        (
            "ListCases",
            "/v1/cases?impersonatedBrand=micro%73oft&",
            "/cases/0/title",
        ),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        description.check(route(name), &answer);
        assert!(answer.json().pointer(pointer).is_some(), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn the_notes_to_list_are_those_of_one_number_or_one_case() {
    let server = start().await;
    let description = Description::of(&server).await;
    for (query, fields) in [
        ("", &["subject"][..]),
        ("?number=%2B14155550123&case_id=popups-2026", &["number", "caseId"]),
        ("?number=garbage", &["number"]),
        ("?case_id=a+b", &["caseId"]),
    ] {
        let answer = server.get(&format!("/v1/notes{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
        description.check(route("ListNotes"), &answer);
        let violations = answer.json()["details"][0]["fieldViolations"].clone();
        let named = violations
            .as_array()
            .unwrap()
            .iter()
            .map(|violation| &violation["field"]);
        assert_eq!(named.collect::<Vec<_>>(), fields, "{query}: {violations}");
    }
    let missing = server.get("/v1/notes?case_id=nowhere").await;
    assert_eq!(missing.status, 404, "{missing:?}");
}

#[tokio::test]
async fn pages_follow_each_other() {
    let server = start().await;
    let description = Description::of(&server).await;
    for id in ["a", "b", "c"] {
        let case = json!({ "caseId": id, "title": id, "actor": "ana", "requestId": id });
        check_post(&server, &description, "CreateCase", "/v1/cases", &case).await;
    }
    let mut token = String::new();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let page = server
            .get(&format!("/v1/cases?pageSize=1&pageToken={token}"))
            .await
            .json();
        seen.push(page["cases"][0]["caseId"].as_str().unwrap().to_owned());
        token = page["nextPageToken"].as_str().unwrap_or_default().to_owned();
    }
    assert_eq!((seen.join(""), token), ("abc".to_owned(), String::new()));
}

#[tokio::test]
async fn refusals_fit_their_schemas() {
    let server = start().await;
    let description = Description::of(&server).await;
    for route in ROUTES {
        // `=` is in no id and no number, and `{` is no JSON.
        let path = description.path(route);
        let path = route.path_field.map_or(path, |_| {
            let name = format!("{{{}}}", route.path_name().unwrap());
            route.path.replace(&name, "===")
        });
        let query = match route.path_field {
            Some(_) => "",
            None if path.contains('?') => "&nonsense=1",
            None => "?nonsense=1",
        };
        let answer = server
            .request(route.method.as_str(), &format!("{path}{query}"), "{")
            .await;
        assert!(
            (400..500).contains(&answer.status),
            "{} {path}: {answer:?}",
            route.method
        );
        description.check(route, &answer);
    }
}

#[tokio::test]
async fn other_methods_are_named() {
    let server = start().await;
    let description = Description::of(&server).await;
    for route in ROUTES {
        let path = description.path(route);
        let answer = server.request("BREW", &path, "").await;
        assert_eq!(answer.status, 405, "{path}: {answer:?}");
        let allow = answer
            .head
            .lines()
            .find_map(|line| line.strip_prefix("allow: "))
            .unwrap();
        let method = route.method.as_str().to_lowercase();
        assert!(allow.split(',').any(|named| named == method), "{path}: {allow}");
    }
}

#[tokio::test]
async fn a_switch_gets_a_name_or_nothing() {
    let server = start().await;
    let description = Description::of(&server).await;
    let cid = route("LookupName");
    for (path, status) in [
        ("/v1/cid/+14155550123", 200),
        ("/v1/cid/%2B14155550123?call_id=a%40b&called=%2B12125550100", 200),
        ("/v1/cid/4155550123?region=US&verstat=VERSTAT_PASSED", 200),
        ("/v1/cid/sip:+14155550123@pbx.example", 200),
        ("/v1/cid/anonymous", 200),
        ("/v1/cid/", 400),
        ("/v1/cid/garbage", 400),
        ("/v1/cid/4155550123?nonsense=1", 400),
        ("/v1/cid", 404),
        ("/v1/cid/1/2", 404),
    ] {
        let answer = server.get(path).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (status, ""),
            "{path}: {answer:?}"
        );
        description.check(cid, &answer);
    }
    let counted = server.post("/v1/cid/+14155550123?called=%2B12125550100", "").await;
    assert_eq!((counted.status, counted.body.as_str()), (200, ""), "{counted:?}");
    description.check(route("LookupNameOfCall"), &counted);
    let answer = server.request("DELETE", "/v1/cid/+14155550123", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (405, ""), "{answer:?}");
}

#[tokio::test]
async fn a_head_has_no_body() {
    let server = start().await;
    for path in ["/v1/cases", "/healthz", "/v1/openapi.json"] {
        let answer = server.request("HEAD", path, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{path}");
    }
}

async fn check_post(server: &Server, description: &Description, name: &str, path: &str, body: &Value) -> Value {
    let answer: Answer = server.post(path, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    description.check(route(name), &answer);
    answer.json()
}
