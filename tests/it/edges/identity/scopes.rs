//! What principals do not share: their request ids, and with other tenants nothing at all. And the count of what roles refuse.

use ringwarden::domain::identity::{Grants, Role, Roles};
use ringwarden::domain::tenant::{MAX_TENANTS, TenantId};
use ringwarden::service::{NewKey, NewPrincipal, ServiceError};
use serde_json::{Value, json};

use super::{ask, bearer, key, mutation, principal};
use crate::support::server::{Answer, Server};

const NUMBER: &str = "%2B14155550199";

async fn send(server: &Server, number: u8, method: &str, path: &str, body: Value) -> Answer {
    let lines = bearer(&key(number).text());
    ask(server, method, path, &lines, &body.to_string()).await
}

#[tokio::test]
async fn a_request_id_belongs_to_its_principal() {
    let server = Server::start().await;
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    principal(&server, "ana", Role::Analyst, Grants::default(), &key(2)).await;
    principal(&server, "ben", Role::Analyst, Grants::default(), &key(3)).await;
    let block = json!({"kind": "STATUS_KIND_BLOCKED", "reason": "x", "requestId": "block-1"});
    let clear = json!({"kind": "STATUS_KIND_BLOCKED", "reason": "y", "requestId": "clear-1"});
    let (set, unset) = (
        format!("/v1/numbers/{NUMBER}:setStatus"),
        format!("/v1/numbers/{NUMBER}:clearStatus"),
    );
    assert_eq!(send(&server, 2, "POST", &set, block.clone()).await.status, 200);
    assert_eq!(send(&server, 2, "POST", &unset, clear).await.status, 200);
    // The same request of another principal is another request.
    let blocked = send(&server, 3, "POST", &set, block.clone()).await;
    assert_eq!(blocked.status, 200, "{blocked:?}");
    let shown = send(&server, 3, "GET", &format!("/v1/numbers/{NUMBER}"), json!({})).await;
    assert!(shown.body.contains("STATUS_KIND_BLOCKED"), "{shown:?}");
    // And the same request again of the same principal changes nothing.
    let before = server.heads().await;
    assert_eq!(send(&server, 2, "POST", &set, block).await.status, 200);
    assert_eq!(server.heads().await, before);

    let case = |title: &str| json!({"title": title, "category": "CATEGORY_TECH_SUPPORT_SCAM", "requestId": "case-1"});
    let made = send(&server, 2, "POST", "/v1/cases", case("one")).await;
    let other = send(&server, 3, "POST", "/v1/cases", case("two")).await;
    assert_eq!((made.status, other.status), (200, 200), "{other:?}");
    assert_ne!(made.json()["caseId"], other.json()["caseId"]);
    // An analyst cannot take the id of an administrator's request.
    let new = json!({"principalId": "zed", "roles": ["ROLE_ADMIN"], "requestId": "case-1"});
    assert_eq!(send(&server, 1, "POST", "/v1/principals", new).await.status, 200);
}

/// An administrator of `acme`, whose key is 2.
async fn admin_of_acme(server: &Server) {
    let new = json!({
        "principalId": "acme-admin", "roles": ["ROLE_ADMIN"], "tenant": "acme", "requestId": "acme",
        "key": {"keyId": key(2).id().to_string(), "secretSha256": key(2).secret_hash().text()},
    });
    let made = send(server, 1, "POST", "/v1/principals", new).await;
    assert_eq!(made.status, 200, "{made:?}");
}

fn names(listed: &Answer) -> Vec<String> {
    let listed = listed.json();
    let listed = listed["principals"].as_array().unwrap();
    listed
        .iter()
        .map(|one| one["principalId"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_administrator_of_a_tenant_manages_that_tenant_only() {
    let server = Server::start().await;
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    principal(&server, "ana", Role::Analyst, Grants::default(), &key(3)).await;
    admin_of_acme(&server).await;
    let new = |name: &str, tenant: &str, request: &str| json!({"principalId": name, "roles": ["ROLE_APP"], "tenant": tenant, "requestId": request});
    let made = send(&server, 2, "POST", "/v1/principals", new("app@acme", "", "p1")).await;
    assert_eq!((made.status, &made.json()["tenant"]), (200, &json!("acme")), "{made:?}");
    let made = send(&server, 2, "POST", "/v1/principals", new("two@acme", "acme", "p2")).await;
    assert_eq!(made.status, 200, "{made:?}");
    for tenant in ["default", "other"] {
        let refused = send(&server, 2, "POST", "/v1/principals", new("spy@acme", tenant, "p3")).await;
        assert_eq!(refused.status, 400, "{refused:?}");
    }
    let key_of =
        |number: u8| json!({"keyId": key(number).id().to_string(), "secretSha256": key(number).secret_hash().text()});
    for (name, status) in [("ana", 404), ("admin", 404), ("nobody", 404), ("app@acme", 200)] {
        let path = format!("/v1/principals/{name}");
        let request = |what: &str| format!("{what}-{name}");
        let got = send(&server, 2, "GET", &path, json!({})).await;
        assert_eq!(got.status, status, "{name}: {got:?}");
        let changed = json!({"disabled": false, "requestId": request("update")});
        assert_eq!(send(&server, 2, "PATCH", &path, changed).await.status, status, "{name}");
        let added = json!({"key": key_of(7), "requestId": request("add")});
        let added = send(&server, 2, "POST", &format!("{path}:addKey"), added).await;
        assert_eq!(added.status, status, "{name}: {added:?}");
    }
    for (number, status) in [(1, 404), (3, 404), (99, 404), (7, 200)] {
        let path = format!("/v1/keys/{}:revoke", key(number).id());
        let body = json!({"requestId": format!("revoke-{number}")});
        let revoked = send(&server, 2, "POST", &path, body).await;
        assert_eq!(revoked.status, status, "{number}: {revoked:?}");
    }
    let listed = send(&server, 2, "GET", "/v1/principals?page_size=2", json!({})).await;
    assert_eq!(names(&listed), ["acme-admin", "app@acme"]);
    assert_eq!(listed.json()["totalSize"], 3);
    let token = listed.json()["nextPageToken"].as_str().unwrap().to_owned();
    let rest = send(
        &server,
        2,
        "GET",
        &format!("/v1/principals?page_size=2&page_token={token}"),
        json!({}),
    )
    .await;
    assert_eq!(names(&rest), ["two@acme"]);
    assert_eq!(
        send(&server, 1, "GET", "/v1/principals", json!({})).await.json()["totalSize"],
        5
    );
    assert_eq!(
        send(&server, 1, "GET", "/v1/principals/app@acme", json!({}))
            .await
            .status,
        200
    );
    // It is no administrator of the whole server, so the last one stays.
    let locked = json!({"disabled": true, "requestId": "lock"});
    let locked = send(&server, 1, "PATCH", "/v1/principals/admin", locked).await;
    assert_eq!(locked.status, 400, "{locked:?}");
}

#[tokio::test]
async fn there_are_only_so_many_tenants() {
    let server = Server::start().await;
    let principals = &server.instance.services.principals;
    let create = async |number: usize| {
        let new = NewPrincipal {
            id: ringwarden::domain::identity::PrincipalId::parse(&format!("p{number}")).unwrap(),
            tenant: TenantId::parse(&format!("t{number}")).unwrap(),
            roles: Roles::of(&[Role::App]),
            grants: Grants::default(),
            certificates: Vec::new(),
            subjects: Vec::new(),
            key: None::<NewKey>,
        };
        principals.create(&new, &mutation(&format!("create-{number}"))).await
    };
    for number in 1..MAX_TENANTS {
        create(number).await.unwrap();
    }
    let refused = create(MAX_TENANTS).await;
    assert!(matches!(refused, Err(ServiceError::Precondition(_))), "{refused:?}");
}

#[tokio::test]
async fn what_roles_refuse_is_counted() {
    let server = Server::start().await;
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    principal(&server, "app", Role::App, Grants::default(), &key(2)).await;
    for _ in 0..3 {
        assert_eq!(send(&server, 2, "GET", "/v1/principals", json!({})).await.status, 403);
    }
    let metrics = send(&server, 1, "GET", "/metrics", json!({})).await.body;
    let line = "ringwarden_role_missing_total{role=\"app\",service=\"principal\"} 3";
    assert!(metrics.contains(line), "{metrics}");
}
