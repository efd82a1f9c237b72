//! The versions of a tenant's records tell it that a record has changed, and nothing of what other tenants write.

use serde_json::{Value, json};

use super::tenants::{NEVER_CALLS, NUMBER, accept, done, send, share, two_tenants};
use super::{ask, bearer, key, principal};
use crate::support::server::Server;
use ringwarden::domain::identity::{Grants, Role};

/// More than there are changes in these tests: a version that counts them is smaller.
const MANY: u64 = 1_000;

fn version(answer: &Value) -> u64 {
    answer["version"].as_str().unwrap().parse().unwrap()
}

async fn block(server: &Server, number: u8, of: &str, request: &str) -> Value {
    let body = json!({"kind": "STATUS_KIND_BLOCKED", "reason": "known", "requestId": request});
    done(server, number, "POST", &format!("/v1/numbers/{of}:setStatus"), &body).await
}

#[tokio::test]
async fn versions_of_a_named_tenant_do_not_count_what_others_write() {
    let server = two_tenants().await;
    // Both numbers are in one shard.
    let mut seen = vec![version(&block(&server, 1, NUMBER, "n0").await)];
    for round in 1..5 {
        for other in 0..round {
            block(&server, 3, NEVER_CALLS, &format!("s{round}-{other}")).await;
        }
        seen.push(version(&block(&server, 1, NUMBER, &format!("n{round}")).await));
    }
    for two in seen.windows(2) {
        assert!(two[0].abs_diff(two[1]) > MANY, "{seen:?}");
    }
    assert!(seen.iter().all(|version| *version > MANY), "{seen:?}");
    let shown = done(&server, 1, "GET", &format!("/v1/numbers/{NUMBER}"), &Value::Null).await;
    assert_eq!(version(&shown), seen[4]);
    assert!(server.stop().await);
}

#[tokio::test]
async fn a_version_that_was_shown_is_the_one_that_a_change_expects() {
    let server = two_tenants().await;
    let first = version(&block(&server, 1, NUMBER, "n1").await);
    let second = version(&block(&server, 1, NUMBER, "n2").await);
    let set = |expected: u64, request: &str| {
        json!({
            "kind": "STATUS_KIND_UNDER_DISPUTE", "reason": "asked", "requestId": request,
            "expectedVersion": expected.to_string(),
        })
    };
    let path = format!("/v1/numbers/{NUMBER}:setStatus");
    let refused = send(&server, 1, "POST", &path, &set(first, "n3")).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.body.contains(&second.to_string()), "{refused:?}");
    let mut dry = set(second, "n4");
    dry["dryRun"] = true.into();
    assert_eq!(version(&done(&server, 1, "POST", &path, &dry).await), second);
    done(&server, 1, "POST", &path, &set(second, "n5")).await;
    // A number without a record has version 0.
    let path = format!("/v1/numbers/{NEVER_CALLS}:setStatus");
    done(&server, 1, "POST", &path, &set(0, "n6")).await;
    assert!(server.stop().await);
}

#[tokio::test]
async fn every_record_has_such_versions_and_those_of_the_operator_stay() {
    let server = two_tenants().await;
    principal(&server, "root", Role::Admin, Grants::default(), &key(5)).await;
    let mut of_north = Vec::new();
    let mut of_default = Vec::new();
    for (number, versions) in [(1, &mut of_north), (5, &mut of_default)] {
        let case = json!({"caseId": "c-1", "title": "calls", "category": "CATEGORY_PHISHING", "requestId": "c1"});
        let made = done(&server, number, "POST", "/v1/cases", &case).await;
        versions.push(version(&made));
        let read = done(&server, number, "GET", "/v1/cases/c-1", &Value::Null).await;
        assert_eq!(read["case"]["version"], made["version"]);
        let listed = done(&server, number, "GET", "/v1/cases", &Value::Null).await;
        assert_eq!(listed["cases"][0]["version"], made["version"]);
        let change = json!({"title": "more calls", "requestId": "c2", "expectedVersion": made["version"]});
        versions.push(version(&done(&server, number, "PATCH", "/v1/cases/c-1", &change).await));
        let links = json!({"links": [{"number": NUMBER, "role": "CASE_ROLE_CALLER_ID"}], "requestId": "c3"});
        let linked = done(&server, number, "POST", "/v1/cases/c-1:linkNumbers", &links).await;
        versions.push(version(&linked["results"][0]["linked"]));

        let entries = json!({
            "head": {"kind": "LIST_KIND_DO_NOT_ORIGINATE", "requestId": "l1"},
            "entries": [{"number": NEVER_CALLS, "source": "registry", "enteredAt": "2020-11-01T00:00:00Z"}],
        });
        let list = done(&server, number, "PUT", "/v1/lists/never", &entries).await;
        versions.push(version(&list["list"]));
        let listed = done(&server, number, "GET", "/v1/lists", &Value::Null).await;
        assert_eq!(listed["lists"][0]["version"], list["list"]["version"]);
        let read = done(&server, number, "GET", "/v1/lists/never", &Value::Null).await;
        assert_eq!(read["list"]["version"], list["list"]["version"]);

        share(&server, number, &json!({"listId": "never"}), "NAMED", &["south"], "s1").await;
        let sharings = done(&server, number, "GET", "/v1/sharings", &Value::Null).await;
        versions.push(version(&sharings["sharings"][0]));
        versions.push(version(&accept(&server, number, "south", &["LISTS"], "a1").await));
    }
    assert!(of_north.iter().all(|version| *version > MANY), "{of_north:?}");
    assert!(of_default.iter().all(|version| *version < MANY), "{of_default:?}");

    // The operator sees the versions of a principal as its tenant does.
    let change = json!({"disabled": false, "requestId": "p1"});
    let changed = done(&server, 1, "PATCH", "/v1/principals/north-switch", &change).await;
    assert!(version(&changed) > MANY, "{changed}");
    let read = done(&server, 5, "GET", "/v1/principals/north-switch", &Value::Null).await;
    assert_eq!(read["version"], changed["version"]);
    let listed = done(&server, 1, "GET", "/v1/principals", &Value::Null).await;
    assert!(
        listed.to_string().contains(changed["version"].as_str().unwrap()),
        "{listed}"
    );
    let change = json!({"disabled": false, "requestId": "p2", "expectedVersion": changed["version"]});
    done(&server, 1, "PATCH", "/v1/principals/north-switch", &change).await;
    let change = json!({"disabled": false, "requestId": "p3", "expectedVersion": changed["version"]});
    let lines = bearer(&key(1).text());
    let stale = ask(
        &server,
        "PATCH",
        "/v1/principals/north-switch",
        &lines,
        &change.to_string(),
    )
    .await;
    assert_eq!(stale.status, 409, "{stale:?}");
    assert!(server.stop().await);
}
