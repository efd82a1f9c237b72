//! What one instance has stored is found on another by its id, also while its index cannot be brought up to date. That
//! something does not exist is said by the store alone.

use std::time::Duration;

use ringwarden::domain::identity::{KeyId, PrincipalId};
use ringwarden::domain::tenant::TenantId;
use ringwarden::service::ServiceError;
use serde_json::{Value, json};

use super::instances::{create_case, done, shown, two};
use super::{NUMBER, OTHER};
use crate::support::flaky::Fault;
use crate::support::server::Server;

/// Stores one thing of each kind, and returns the paths at which they are read, and one more for each kind that nobody has.
async fn store_one_of_each(server: &Server) -> (Vec<String>, Vec<String>) {
    create_case(server, "c-1").await;
    let note = json!({"caseId": "c-1", "text": "seen", "actor": "ana", "requestId": "n-1"});
    done(server, "POST", "/v1/notes", note).await;
    let list = json!({
        "head": {"kind": "LIST_KIND_PROTECTED", "requestId": "l-1", "actor": "ana"},
        "entries": [{"number": OTHER, "source": "clinics", "enteredAt": "2026-11-01T00:00:00Z"}],
    });
    done(server, "PUT", "/v1/lists/l-1", list).await;
    let link = json!({
        "links": [{"number": NUMBER, "role": "CASE_ROLE_CALLER_ID", "confidence": 0.9}],
        "actor": "ana", "requestId": "link-1",
    });
    done(server, "POST", "/v1/cases/c-1:linkNumbers", link).await;
    let paths = |case: &str, list: &str| {
        vec![
            format!("/v1/cases/{case}"),
            format!("/v1/cases/{case}?include_members=true"),
            format!("/v1/notes?case_id={case}"),
            format!("/v1/numbers?case_id={case}"),
            format!("/v1/lists/{list}"),
        ]
    };
    (paths("c-1", "l-1"), paths("c-0", "l-0"))
}

async fn statuses(server: &Server, paths: &[String]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for path in paths {
        statuses.push(server.get(path).await.status);
    }
    statuses
}

/// The heads of the logs cannot be read, so no refresh succeeds. A record is asked for by its key all the same.
#[tokio::test]
async fn what_another_instance_has_stored_is_found_without_a_refresh() {
    let (one, two, flaky) = two().await;
    let (stored, missing) = store_one_of_each(&one).await;
    flaky.fail_heads(true);
    assert_eq!(statuses(&two, &stored).await, [200; 5]);
    assert_eq!(statuses(&two, &missing).await, [404; 5]);
    let case = shown(&two, "/v1/cases/c-1").await;
    let history = case["case"]["history"].as_array().map(Vec::len);
    assert_eq!(history, Some(1), "the steps are read with the case: {case}");
    let dossier = shown(&two, &format!("/v1/numbers/{NUMBER}")).await;
    assert_eq!(dossier["links"][0]["case"]["caseId"], "c-1", "{dossier}");
}

/// A change names what another instance has made; what does not exist is refused with a sentence that is true.
#[tokio::test]
async fn a_change_finds_what_another_instance_has_stored_without_a_refresh() {
    let (one, two, flaky) = two().await;
    store_one_of_each(&one).await;
    flaky.fail_heads(true);
    let share = |thing: Value, request: &str| {
        json!({
            "thing": thing, "scope": "VISIBILITY_SCOPE_ALL", "reason": "agreed", "actor": "ana", "requestId": request,
        })
    };
    for (place, thing) in [json!({"caseId": "c-1"}), json!({"listId": "l-1"})]
        .into_iter()
        .enumerate()
    {
        let body = share(thing, &format!("s-{place}"));
        done(&two, "POST", "/v1/sharings:setVisibility", body).await;
    }
    let body = share(json!({"caseId": "c-0"}), "s-9").to_string();
    let refused = two.request("POST", "/v1/sharings:setVisibility", &body).await;
    assert_eq!(refused.status, 404, "{refused:?}");
    let update = json!({"title": "Pop-ups of 2026", "actor": "ana", "requestId": "u-1"});
    done(&two, "PATCH", "/v1/cases/c-1", update.clone()).await;
    let refused = two.request("PATCH", "/v1/cases/c-0", &update.to_string()).await;
    assert_eq!(refused.status, 404, "{refused:?}");
}

/// A store that does not answer has not said that there is no such thing. Nor has an emptied one.
#[tokio::test]
async fn nothing_is_said_to_be_missing_by_a_store_that_cannot_say_it() {
    let (one, two, flaky) = two().await;
    let (stored, missing) = store_one_of_each(&one).await;
    let (all, missing) = ([stored, missing].concat(), ["/v1/cases/c-0", "/v1/lists/l-0"]);
    for fault in [Fault::Unavailable, Fault::Foreign, Fault::LostCall] {
        flaky.always(Some(fault));
        assert_eq!(statuses(&two, &all).await, [503; 10], "{fault:?}");
    }
    flaky.always(None);
    flaky.fail_heads(true);
    for path in missing {
        // The record is read, and then the store turns out to be an empty one.
        flaky.once(Fault::Slow(Duration::ZERO));
        flaky.once(Fault::Foreign);
        let answer = two.get(path).await;
        assert_eq!(answer.status, 503, "{path}: {answer:?}");
        assert_eq!(two.get(path).await.status, 404, "{path}");
    }
    flaky.fail_heads(false);
    flaky.always(Some(Fault::Unavailable));
    two.instance.follower.sweep().await;
    flaky.always(None);
    assert_eq!(
        two.get("/v1/cases/c-0").await.status,
        503,
        "the store was away a moment ago"
    );
    two.instance.follower.sweep().await;
    assert_eq!(two.get("/v1/cases/c-0").await.status, 404);
}

/// Principals are found in the same way. A server that has one asks for a credential, so this test asks its service.
#[tokio::test]
async fn a_principal_of_another_instance_is_found_without_a_refresh() {
    let (one, two, flaky) = two().await;
    let principal = json!({"principalId": "carrier-1", "roles": ["ROLE_CARRIER"], "actor": "ana", "requestId": "p-1"});
    done(&one, "POST", "/v1/principals", principal).await;
    flaky.fail_heads(true);
    let principals = &two.instance.services.principals;
    let id = |text: &str| PrincipalId::parse(text).unwrap();
    let found = principals.get(&id("carrier-1")).await.unwrap();
    assert_eq!(found.principal.id, id("carrier-1"));
    let missing = principals.get(&id("carrier-0")).await;
    assert!(
        matches!(missing, Err(ServiceError::NotFound { resource: "principal" })),
        "{missing:?}"
    );
    // The store has no place where a key is found, so only an index that is up to date knows that there is none.
    let tenant = TenantId::parse("other").unwrap();
    let key = KeyId::from_raw(7);
    let unknown = principals.check_managed_key(tenant, key).await;
    assert!(matches!(unknown, Err(ServiceError::StoreUnavailable)), "{unknown:?}");
    flaky.fail_heads(false);
    let missing = principals.check_managed_key(tenant, key).await;
    assert!(
        matches!(missing, Err(ServiceError::NotFound { resource: "key" })),
        "{missing:?}"
    );
}
