//! Sources, feeds and brands, which speak for others, are granted by the operator of the server.

use ringwarden::domain::brand::Brand;
use ringwarden::domain::identity::{Grants, PrincipalId, Role};
use ringwarden::domain::ids::Feed;
use ringwarden::domain::kinds::Source;
use ringwarden::domain::tenant::TenantId;
use ringwarden::service::{PrincipalChange, ServiceError};
use serde_json::{Value, json};

use super::{ask, bearer, key, mutation, principal, principal_of};
use crate::support::server::{Answer, Server};

/// The operator (key 1), and of the tenant `pots` an administrator (key 2) and a reporter (key 3).
async fn an_operator_and_a_tenant() -> Server {
    let server = Server::start().await;
    principal(&server, "operator", Role::Admin, Grants::default(), &key(1)).await;
    principal_of(&server, "pots", "pots-admin", &[Role::Admin], &key(2)).await;
    principal_of(&server, "pots", "pots", &[Role::Reporter], &key(3)).await;
    server
}

async fn send(server: &Server, number: u8, method: &str, path: &str, body: &Value) -> Answer {
    ask(server, method, path, &bearer(&key(number).text()), &body.to_string()).await
}

#[tokio::test]
async fn an_administrator_of_a_tenant_keeps_or_removes_grants_but_adds_none() {
    let server = an_operator_and_a_tenant().await;
    let grant = async |number, request: &str, grants: Value| {
        let body = json!({"grants": grants, "requestId": request});
        send(&server, number, "PATCH", "/v1/principals/pots", &body).await
    };
    for (place, (grants, field)) in [
        (json!({"sources": ["SOURCE_REGULATOR_FEED"]}), "sources"),
        (json!({"feeds": ["ftc-3col"]}), "feeds"),
        (json!({"brands": ["Acme Bank"]}), "brands"),
    ]
    .into_iter()
    .enumerate()
    {
        let refused = grant(2, &format!("r{place}"), grants.clone()).await;
        assert_eq!(refused.status, 403, "{refused:?}");
        let text = format!("may add to `{field}`");
        assert!(
            refused.body.contains("NOT_GRANTED") && refused.body.contains(&text),
            "{refused:?}"
        );
        let new = json!({
            "principalId": format!("other{place}"), "roles": ["ROLE_REPORTER"], "grants": grants,
            "requestId": format!("n{place}"),
        });
        let refused = send(&server, 2, "POST", "/v1/principals", &new).await;
        assert_eq!(refused.status, 403, "{refused:?}");
    }
    let all = json!({"sources": ["SOURCE_HONEYPOT", "SOURCE_CARRIER"], "feeds": ["pots"]});
    assert_eq!(grant(1, "o1", all.clone()).await.status, 200);
    assert_eq!(grant(2, "k1", all.clone()).await.status, 200, "it may keep them");
    let fewer = json!({"sources": ["SOURCE_HONEYPOT"], "feeds": ["pots"]});
    assert_eq!(grant(2, "k2", fewer).await.status, 200, "it may remove them");
    assert_eq!(grant(2, "k3", all).await.status, 403, "what was removed is gone");
    // The rest of a principal is its own affair.
    let body = json!({"roles": ["ROLE_REPORTER", "ROLE_APP"], "requestId": "k4"});
    let changed = send(&server, 2, "PATCH", "/v1/principals/pots", &body).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(
        (&changed.json()["sources"], &changed.json()["feeds"]),
        (&json!(["SOURCE_HONEYPOT"]), &json!(["pots"]))
    );
    assert!(server.stop().await);
}

#[tokio::test]
async fn the_service_compares_a_change_with_the_stored_grants() {
    let server = an_operator_and_a_tenant().await;
    let principals = &server.instance.services.principals;
    let id = PrincipalId::parse("pots").unwrap();
    let grants = |sources: &[Source]| {
        let feeds = vec![Feed::parse("pots").unwrap()];
        Grants::new(sources.iter().copied(), feeds, vec![Brand::parse("Acme Bank").unwrap()])
    };
    let change = |tenant: &str, sources: &[Source]| PrincipalChange {
        grants: Some(grants(sources)),
        manager: TenantId::parse(tenant).unwrap(),
        ..PrincipalChange::default()
    };
    let first = change("default", &[Source::Honeypot]);
    principals.update(&id, &first, &mutation("a")).await.unwrap();
    let same = change("pots", &[Source::Honeypot]);
    principals.update(&id, &same, &mutation("b")).await.unwrap();
    let more = change("pots", &[Source::Honeypot, Source::Analyst]);
    let refused = principals.update(&id, &more, &mutation("c")).await;
    assert!(
        matches!(refused, Err(ServiceError::MayNotGrant { field: "sources" })),
        "{refused:?}"
    );
    assert_eq!(
        principals.get(&id).await.unwrap().principal.grants,
        grants(&[Source::Honeypot])
    );
    assert!(server.stop().await);
}

/// Whose certificate it is, the answer does not tell either.
#[tokio::test]
async fn an_administrator_of_a_tenant_binds_no_certificate_and_no_subject() {
    let server = an_operator_and_a_tenant().await;
    principal_of(&server, "south", "switch", &[Role::Carrier], &key(4)).await;
    let (certificate, other) = ("ab".repeat(32), "cd".repeat(32));
    let bind = async |number, name: &str, hash: &str, request: &str| {
        let body = json!({"bound": {"certificateSha256": [hash]}, "requestId": request});
        let path = format!("/v1/principals/{name}");
        send(&server, number, "PATCH", &path, &body).await
    };
    assert_eq!(bind(1, "switch", &certificate, "o1").await.status, 200);
    for (hash, request) in [(&certificate, "t1"), (&other, "t2")] {
        let refused = bind(2, "pots", hash, request).await;
        assert_eq!(refused.status, 403, "{refused:?}");
        assert!(refused.body.contains("NOT_GRANTED"), "{refused:?}");
    }
    for (field, value) in [
        ("certificateSha256", json!([other])),
        ("subjects", json!([{"issuer": "https://id.example", "subject": "ana"}])),
    ] {
        let new = json!({
            "principalId": format!("new-{field}"), "roles": ["ROLE_APP"], "bound": {field: value},
            "requestId": format!("n-{field}"),
        });
        let refused = send(&server, 2, "POST", "/v1/principals", &new).await;
        assert_eq!(refused.status, 403, "{refused:?}");
    }
    assert_eq!(bind(1, "pots", &other, "o2").await.status, 200);
    assert_eq!(bind(2, "pots", &other, "k1").await.status, 200, "it may keep it");
    assert!(server.stop().await);
}
