//! What tenants read of each other, and of their own personal text, is in the audit log of the reader; what changes a
//! principal is in the log of its tenant. Answers that rest on things that another tenant shares are kept for a short time.

use ringwarden::domain::identity::{Grants, Role};
use serde_json::{Value, json};

use super::tenants::{NEVER_CALLS, NUMBER, accept, done, lookup, send, share, two_tenants};
use super::{key, principal};
use crate::support::server::Server;

/// The audit events that a principal may read, newest first.
async fn events(server: &Server, number: u8, query: &str) -> Vec<Value> {
    let listed = done(server, number, "GET", &format!("/v1/auditEvents{query}"), &Value::Null).await;
    listed["events"].as_array().cloned().unwrap_or_default()
}

/// The names of their methods.
fn methods(events: &[Value]) -> Vec<&str> {
    let names = events.iter().filter_map(|event| event["method"].as_str());
    names.map(|name| name.trim_start_matches("AUDIT_METHOD_")).collect()
}

#[tokio::test]
async fn reads_of_cases_notes_and_comments_are_audit_events() {
    let server = two_tenants().await;
    let case = json!({"caseId": "c-north", "title": "calls", "category": "CATEGORY_PHISHING", "requestId": "c1"});
    done(&server, 1, "POST", "/v1/cases", &case).await;
    // What was refused is no event.
    let foreign = "/v1/cases/c-north?tenant=north";
    assert_eq!(send(&server, 3, "GET", foreign, &Value::Null).await.status, 404);
    share(&server, 1, &json!({"caseId": "c-north"}), "NAMED", &["south"], "s1").await;
    done(&server, 3, "GET", foreign, &Value::Null).await;
    let told = events(&server, 3, "?caseId=c-north").await;
    assert_eq!(methods(&told), ["GET_CASE"], "{told:?}");
    let change = &told[0]["changes"][0];
    assert_eq!((&change["field"], &change["new"]), (&json!("tenant"), &json!("north")));

    // The own case is one when its notes are read.
    done(&server, 1, "GET", "/v1/cases/c-north", &Value::Null).await;
    let before = events(&server, 1, "?method=AUDIT_METHOD_GET_CASE").await;
    assert!(before.is_empty(), "{before:?}");
    let note = json!({"caseId": "c-north", "text": "the second one is in Manila", "requestId": "n1"});
    done(&server, 1, "POST", "/v1/notes", &note).await;
    done(&server, 1, "GET", "/v1/cases/c-north", &Value::Null).await;
    done(&server, 1, "GET", "/v1/notes?caseId=c-north", &Value::Null).await;
    let told = events(&server, 1, "?caseId=c-north").await;
    assert_eq!(methods(&told)[..3], ["LIST_NOTES", "GET_CASE", "ADD_NOTE"], "{told:?}");

    let note = json!({"number": NUMBER, "text": "its owner called", "requestId": "n2"});
    done(&server, 1, "POST", "/v1/notes", &note).await;
    let number = NUMBER.replace('+', "%2B");
    for path in [
        format!("/v1/notes?number={number}"),
        format!("/v1/numbers/{NUMBER}/similar"),
        format!("/v1/search?text={number}"),
        "/v1/search?text=Manila".to_owned(),
    ] {
        done(&server, 1, "GET", &path, &Value::Null).await;
    }
    let told = events(&server, 1, &format!("?number={number}")).await;
    let expected = ["SEARCH", "LIST_SIMILAR_NUMBERS", "LIST_NOTES", "ADD_NOTE"];
    assert_eq!(methods(&told), expected, "{told:?}");
    let searched = events(&server, 1, "?method=AUDIT_METHOD_SEARCH").await;
    assert_eq!(searched.len(), 2, "{searched:?}");
    assert!(!json!(searched).to_string().contains("Manila"), "{searched:?}");
    assert!(server.stop().await);
}

#[tokio::test]
async fn changes_of_a_principal_are_in_the_log_of_its_tenant_and_in_that_of_the_operator() {
    let server = two_tenants().await;
    principal(&server, "root", Role::Admin, Grants::default(), &key(5)).await;
    let change = json!({"disabled": true, "requestId": "p1"});
    done(&server, 1, "PATCH", "/v1/principals/north-switch", &change).await;
    let query = "?principalId=north-switch";
    for (number, query) in [
        (1, query.to_owned()),
        (5, query.to_owned()),
        (5, format!("{query}&tenant=north")),
    ] {
        let told = events(&server, number, &query).await;
        assert_eq!(
            methods(&told),
            ["UPDATE_PRINCIPAL", "CREATE_PRINCIPAL"],
            "{query}: {told:?}"
        );
        assert_eq!(told[0]["actor"], "north-admin");
    }
    assert!(events(&server, 3, query).await.is_empty());
    // What the operator does to it is told too.
    let added = json!({
        "key": {"keyId": key(9).id().to_string(), "secretSha256": key(9).secret_hash().text()}, "requestId": "k1",
    });
    done(&server, 5, "POST", "/v1/principals/north-switch:addKey", &added).await;
    let revoke = json!({"reason": "lost", "requestId": "k2"});
    done(&server, 5, "POST", &format!("/v1/keys/{}:revoke", key(9).id()), &revoke).await;
    let told = events(&server, 1, query).await;
    assert_eq!(methods(&told)[..2], ["REVOKE_KEY", "ADD_KEY"], "{told:?}");
    assert_eq!(
        (&told[0]["actor"], &told[0]["reason"]),
        (&json!("root"), &json!("lost"))
    );
    // A principal of the operator is in no other log, and once in its own.
    let own = events(&server, 5, "?principalId=root").await;
    assert_eq!(methods(&own), ["CREATE_PRINCIPAL"], "{own:?}");
    assert!(server.stop().await);
}

#[tokio::test]
async fn an_answer_that_rests_on_a_shared_thing_is_kept_for_a_minute_at_most() {
    let server = two_tenants().await;
    let entries = json!({
        "head": {"kind": "LIST_KIND_DO_NOT_ORIGINATE", "requestId": "l1"},
        "entries": [{"number": NEVER_CALLS, "source": "registry", "enteredAt": "2020-11-01T00:00:00Z"}],
    });
    done(&server, 1, "PUT", "/v1/lists/never", &entries).await;
    let status = json!({"kind": "STATUS_KIND_DO_NOT_ORIGINATE", "reason": "its owner said so", "requestId": "st1"});
    done(&server, 1, "POST", &format!("/v1/numbers/{NUMBER}:setStatus"), &status).await;
    share(&server, 1, &json!({"listId": "never"}), "ALL", &[], "s1").await;
    share(&server, 1, &json!({"statuses": true}), "ALL", &[], "s2").await;
    accept(&server, 3, "north", &["LISTS", "STATUSES"], "a1").await;
    for number in [NEVER_CALLS, NUMBER] {
        let own = lookup(&server, 2, number).await;
        assert_eq!(
            (&own["basis"], &own["cacheTtl"]),
            (&json!("BASIS_DNO"), &json!("3600s")),
            "{own}"
        );
        let shared = lookup(&server, 4, number).await;
        assert_eq!(
            (&shared["basis"], &shared["cacheTtl"]),
            (&json!("BASIS_DNO"), &json!("60s")),
            "{shared}"
        );
    }
    // Its own list says so, too: then the answer does not rest on the other one.
    done(&server, 3, "PUT", "/v1/lists/never", &entries).await;
    assert_eq!(lookup(&server, 4, NEVER_CALLS).await["cacheTtl"], "3600s");
    assert!(server.stop().await);
}
