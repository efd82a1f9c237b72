//! Reports belong to the principal that sent them: nobody else corrects them, takes them back or brings them back.

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::domain::brand::Brand;
use ringwarden::domain::identity::{Grants, Role};
use ringwarden::domain::ids::Feed;
use ringwarden::domain::time::Timestamp;
use ringwarden::store::memory::MemoryStore;
use serde_json::{Value, json};

use super::{ask, bearer, key, principal};
use crate::support::instance::evidence_version;
use crate::support::server::{Answer, Server};

const NUMBER: &str = "+14155550123";
const CALLBACK: &str = "+14155550177";

/// A server with two apps (keys 1 and 2), an analyst (3), the team of a brand (4), a feed (5) and an administrator (6).
async fn server() -> Server {
    // A clock that can be advanced, some weeks after the calls.
    let clock = Clock::manual(Timestamp::from_secs(1_769_900_000));
    let store = MemoryStore::new(evidence_version()).unwrap();
    let server = Server::at(clock, Arc::new(store)).await;
    server.instance.follower.bootstrap().await.unwrap();
    let brand = Grants::new([], Vec::new(), vec![Brand::parse("Acme Bank").unwrap()]);
    let feed = Grants::new([], vec![Feed::parse("pots").unwrap()], Vec::new());
    for (number, name, role, grants) in [
        (1, "app-a", Role::App, Grants::default()),
        (2, "app-b", Role::App, Grants::default()),
        (3, "ana", Role::Analyst, Grants::default()),
        (4, "acme", Role::Reporter, brand),
        (5, "feed", Role::Reporter, feed),
        (6, "root", Role::Admin, Grants::default()),
    ] {
        principal(&server, name, role, grants, &key(number)).await;
    }
    server
}

async fn by(server: &Server, asker: u8, method: &str, path: &str, body: &str) -> Answer {
    ask(server, method, path, &bearer(&key(asker).text()), body).await
}

/// A report on the number with these fields.
async fn send(server: &Server, asker: u8, fields: &Value) -> Answer {
    let mut report = json!({ "number": NUMBER, "category": "CATEGORY_PHISHING", "occurredAt": "2026-01-05T09:00:00Z" });
    for (name, value) in fields.as_object().unwrap() {
        report[name] = value.clone();
    }
    by(server, asker, "POST", "/v1/reports", &report.to_string()).await
}

async fn outcome(server: &Server, asker: u8, fields: &Value) -> String {
    let answer = send(server, asker, fields).await;
    assert_eq!(answer.status, 200, "{fields} {answer:?}");
    answer.json()["outcome"]
        .as_str()
        .unwrap()
        .replace("SUBMIT_OUTCOME_", "")
}

/// Whether a report was known to the one who withdraws it.
async fn withdraw(server: &Server, asker: u8, id: &str, more: &str) -> bool {
    let path = format!("/v1/reports/{id}?number=%2B14155550123{more}");
    let answer = by(server, asker, "DELETE", &path, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["wasKnown"] == true
}

/// The reports of a number as the analyst sees them.
async fn reports(server: &Server, number: &str) -> Vec<Value> {
    let path = format!("/v1/numbers/%2B{}/reports?includeWithdrawn=true", &number[1..]);
    let answer = by(server, 3, "GET", &path, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["reports"].as_array().cloned().unwrap_or_default()
}

/// The audit events of a method.
async fn events(server: &Server, query: &str) -> Vec<Value> {
    let answer = by(server, 6, "GET", &format!("/v1/auditEvents?pageSize=1000&{query}"), "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["events"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn nobody_corrects_the_report_of_another_principal() {
    let server = server().await;
    let said = |revision: u32, not_spam: bool| {
        let category = if not_spam {
            "CATEGORY_UNSPECIFIED"
        } else {
            "CATEGORY_PHISHING"
        };
        json!({ "reportId": "b-1", "source": "SOURCE_ENTERPRISE_BRAND", "impersonatedBrand": "Acme Bank",
            "revision": revision, "notSpam": not_spam, "category": category })
    };
    assert_eq!(outcome(&server, 4, &said(0, false)).await, "ACCEPTED");
    for other in [1, 3, 5] {
        let refused = send(&server, other, &said(1, true)).await;
        assert_eq!(refused.status, 409, "{other} {refused:?}");
    }
    let stored = reports(&server, NUMBER).await;
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0]["weight"].as_f64(), Some(1.0));
    assert_eq!(stored[0]["senderPrincipalId"], "acme");
    assert_eq!(outcome(&server, 4, &said(1, true)).await, "REVISED");

    // The weight follows the brand that is named now: nothing else of the brand's team is trusted.
    let other_brand = json!({ "reportId": "b-1", "source": "SOURCE_ENTERPRISE_BRAND", "impersonatedBrand": "Other Bank",
        "revision": 2 });
    assert_eq!(outcome(&server, 4, &other_brand).await, "REVISED");
    let weight = reports(&server, NUMBER).await[0]["weight"].as_f64();
    assert!(weight.is_some_and(|weight| weight < 1.0), "{weight:?}");
    // Others learn that the id is taken, and nothing else: not the revision, whichever they send.
    for other in [1, 5] {
        for revision in [0, 2, 3] {
            let refused = send(&server, other, &said(revision, true)).await;
            let answer = refused.json();
            assert_eq!(refused.status, 409, "{other} {revision} {refused:?}");
            assert_eq!(answer["details"][0]["reason"], "CONTENT_MISMATCH", "{refused:?}");
            let text = "the `reportId` was used before with different content";
            assert_eq!(answer["message"], text, "{other} {revision}");
        }
    }
    // Who decides on reports is told what is stored.
    let refused = send(&server, 3, &said(3, true)).await;
    assert!(refused.body.contains("has revision 2"), "{refused:?}");
    // An app does not see senders, even of its own reports.
    let own = json!({ "reportId": "a-1", "reporterId": "user-1" });
    outcome(&server, 1, &own).await;
    let listed = by(&server, 1, "GET", "/v1/reports?reporterId=user-1", "").await.json();
    assert_eq!(listed["reports"][0]["reportId"], "a-1", "{listed}");
    assert!(listed["reports"][0]["senderPrincipalId"].is_null(), "{listed}");
    let dossier = by(&server, 3, "GET", "/v1/numbers/%2B14155550123", "").await.json();
    let shown = dossier["latestReports"].as_array().unwrap();
    assert!(
        shown.iter().any(|report| report["senderPrincipalId"] == "app-a"),
        "{dossier}"
    );
}

#[tokio::test]
async fn a_principal_withdraws_its_own_reports_only() {
    let server = server().await;
    let report = json!({ "reportId": "w-1", "callbackNumbers": [CALLBACK] });
    outcome(&server, 1, &report).await;
    // A report of another principal is as one that does not exist.
    for id in ["w-1", "nothing"] {
        assert!(!withdraw(&server, 2, id, "").await, "{id}");
    }
    assert!(!withdraw(&server, 2, "w-1", "&withdrawUnknown=true").await);
    assert_eq!(reports(&server, NUMBER).await[0]["state"], "REPORT_STATE_LIVE");
    assert!(withdraw(&server, 1, "w-1", "").await);
    for number in [NUMBER, CALLBACK] {
        assert_eq!(
            reports(&server, number).await[0]["state"],
            "REPORT_STATE_WITHDRAWN",
            "{number}"
        );
    }
    // Its sender brings it back, and nobody else. The audit log tells of it.
    let again = |revision: u32| json!({ "reportId": "w-1", "callbackNumbers": [CALLBACK], "revision": revision });
    assert_eq!(outcome(&server, 2, &again(1)).await, "WITHDRAWN");
    assert_eq!(
        events(&server, "method=AUDIT_METHOD_SUBMIT_REPORT").await,
        [Value::Null; 0]
    );
    assert_eq!(outcome(&server, 1, &again(1)).await, "ACCEPTED");
    let told = events(&server, "method=AUDIT_METHOD_SUBMIT_REPORT").await;
    let of_number = told.iter().find(|event| event["subject"]["e164"] == NUMBER).unwrap();
    assert_eq!(
        (&of_number["actor"], &of_number["requestId"]),
        (&json!("app-a"), &json!("w-1"))
    );
    assert_eq!(of_number["credential"], "key:0000000000000001");
    let change = json!({ "field": "report w-1", "old": "withdrawn", "new": "counted" });
    assert_eq!(of_number["changes"][0], change);

    // A report that an analyst withdrew stays withdrawn, also if its sender had withdrawn it before.
    assert!(withdraw(&server, 3, "w-1", "").await);
    assert_eq!(outcome(&server, 1, &again(2)).await, "WITHDRAWN");
    outcome(&server, 1, &json!({ "reportId": "w-2" })).await;
    assert!(withdraw(&server, 1, "w-2", "").await && withdraw(&server, 3, "w-2", "").await);
    assert_eq!(
        outcome(&server, 1, &json!({ "reportId": "w-2", "revision": 1 })).await,
        "WITHDRAWN"
    );
    assert_eq!(
        outcome(&server, 3, &json!({ "reportId": "w-2", "revision": 1 })).await,
        "ACCEPTED"
    );
}

#[tokio::test]
async fn a_withdrawal_of_an_unknown_report_holds_for_its_sender() {
    let server = server().await;
    for id in ["x-1", "x-2"] {
        assert!(!withdraw(&server, 1, id, "&withdrawUnknown=true").await);
    }
    assert_eq!(outcome(&server, 2, &json!({ "reportId": "x-1" })).await, "ACCEPTED");
    assert_eq!(outcome(&server, 1, &json!({ "reportId": "x-2" })).await, "WITHDRAWN");
    assert!(!withdraw(&server, 3, "x-3", "&withdrawUnknown=true").await);
    assert_eq!(outcome(&server, 1, &json!({ "reportId": "x-3" })).await, "WITHDRAWN");
    assert_eq!(
        outcome(&server, 1, &json!({ "reportId": "x-3", "revision": 1 })).await,
        "WITHDRAWN"
    );
}

#[tokio::test]
async fn ids_and_imports_cannot_be_taken_from_others() {
    let server = server().await;
    // Two apps may use one id: the rows of their call-back numbers are apart.
    outcome(&server, 1, &json!({ "reportId": "c-1", "callbackNumbers": [CALLBACK] })).await;
    let row = reports(&server, CALLBACK).await[0]["reportId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(row.starts_with("callback-"));
    let refused = send(&server, 2, &json!({ "reportId": row, "number": "+14155550178" })).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    // An import is withdrawn as a whole, so apps bring in none.
    let of_import = |id: &str| json!({ "reportId": id, "importId": "imp-1" });
    assert_eq!(send(&server, 1, &of_import("i-1")).await.status, 403);
    let contradiction = json!({ "reportId": "i-2", "importId": "imp-1", "notSpam": true });
    assert_eq!(send(&server, 1, &contradiction).await.status, 403);
    let contradiction = json!({ "reportId": "i-2", "notSpam": true });
    assert_eq!(send(&server, 1, &contradiction).await.status, 400);
    for (asker, id) in [(3, "i-3"), (5, "i-4"), (6, "i-5")] {
        assert_eq!(outcome(&server, asker, &of_import(id)).await, "ACCEPTED");
    }
}

#[tokio::test]
async fn imports_are_told_once_in_a_while_with_all_that_they_are() {
    let server = server().await;
    let batch = async |asker: u8, reports: Value| {
        let body = json!({ "reports": reports }).to_string();
        by(&server, asker, "POST", "/v1/reports:batch", &body).await
    };
    let report =
        |n: u32, import: &str| json!({ "number": format!("+14155550{n:03}"), "importId": import, "feed": "pots" });
    // Batches without a valid report, and those of apps, make no event.
    for _ in 0..20 {
        batch(5, json!([{ "number": "x", "importId": "imp-9" }])).await;
        batch(1, json!([{ "number": NUMBER, "importId": "imp-9" }])).await;
    }
    assert_eq!(events(&server, "importId=imp-9").await.len(), 0);
    // An id that is not valid refuses its report, and hides nothing.
    let hidden = json!([{ "number": NUMBER, "importId": "bad\u{1} id" }, report(200, "imp-1"), report(201, "imp-2")]);
    let answer = batch(5, hidden).await;
    assert_eq!(answer.json()["results"][0]["error"]["code"], 3, "{answer:?}");
    for n in 0..20 {
        batch(5, json!([report(n, "imp-1")])).await;
    }
    send(&server, 3, &json!({ "importId": "imp-3" })).await;
    for (import, actor) in [("imp-1", "feed"), ("imp-2", "feed"), ("imp-3", "ana")] {
        let told = events(&server, &format!("importId={import}")).await;
        assert_eq!(told.len(), 1, "{import} {told:?}");
        assert_eq!(told[0]["actor"], actor);
    }
    let told = events(&server, "importId=imp-1").await;
    let feeds = json!({ "field": "feeds", "new": "pots" });
    assert!(told[0]["changes"].as_array().unwrap().contains(&feeds), "{told:?}");
    let many: Vec<Value> = (0..20).map(|n| report(n, &format!("many-{n}"))).collect();
    assert_eq!(batch(5, json!(many)).await.status, 400);
    // What was joined is told later.
    server.instance.clock.advance(std::time::Duration::from_secs(3_600));
    server.instance.services.audit.tell_joined().await.unwrap();
    let told = events(&server, "importId=imp-1").await;
    let sent = json!({ "field": "reports sent", "new": "20" });
    assert_eq!(told.len(), 2);
    assert!(told[0]["changes"].as_array().unwrap().contains(&sent), "{told:?}");
}

#[tokio::test]
async fn exports_and_principals_tell_all_that_was_asked_and_changed() {
    let server = server().await;
    outcome(&server, 1, &json!({ "reportId": "e-1" })).await;
    let path = "/v1/reports:export?number=%2B14155550123&from=2026-01-01T00:00:00Z&source=SOURCE_CONSUMER";
    assert_eq!(by(&server, 3, "GET", path, "").await.status, 200);
    let told = events(&server, "method=AUDIT_METHOD_EXPORT_REPORTS&number=%2B14155550123").await;
    assert_eq!(told.len(), 2, "{told:?}");
    let field = |event: &Value, name: &str| {
        let changes = event["changes"].as_array().unwrap();
        let found = changes.iter().find(|change| change["field"] == name);
        found.map(|change| change["new"].clone())
    };
    assert_eq!(field(&told[0], "reports sent"), Some(json!("1")));
    assert_eq!(field(&told[1], "from"), Some(json!("2026-01-01T00:00:00.000Z")));
    assert_eq!(field(&told[1], "source"), Some(json!("CONSUMER")));

    // A change that changes nothing is no event.
    let update = |fields: &str| format!(r#"{{"requestId": "u-{}"{fields}}}"#, fields.len());
    let before = events(&server, "principalId=app-a").await.len();
    by(&server, 6, "PATCH", "/v1/principals/app-a", &update("")).await;
    assert_eq!(events(&server, "principalId=app-a").await.len(), before);
    by(
        &server,
        6,
        "PATCH",
        "/v1/principals/app-a",
        &update(r#", "roles": ["ROLE_REPORTER"]"#),
    )
    .await;
    let told = events(&server, "principalId=app-a").await;
    assert_eq!(told.len(), before + 1);
    assert_eq!(
        told[0]["changes"],
        json!([{ "field": "roles", "old": "APP", "new": "REPORTER" }])
    );
}
