//! Credentials that are not accepted, and those that end: one answer for all of them, and nothing of them in it.

use std::time::Duration;

use ringwarden::domain::identity::{Grants, KeyId, PrincipalId, Role};
use ringwarden::domain::time::Timestamp;
use ringwarden::service::{NewKey, PrincipalChange, ServiceError};

use super::{ask, bearer, key, mutation, principal};
use crate::support::server::{Answer, Server};

async fn caller(server: &Server, lines: &str) -> Answer {
    ask(server, "GET", "/v1/caller", lines, "").await
}

#[tokio::test]
async fn a_server_without_principals_is_open_and_with_one_it_is_not() {
    let server = Server::start().await;
    assert_eq!(caller(&server, "").await.json()["open"], true);
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    assert_eq!(caller(&server, "").await.status, 401);
    let known = caller(&server, &bearer(&key(1).text())).await.json();
    assert_eq!(known["principalId"], "admin");
    assert_eq!(known["credential"], "key:0000000000000001");
    assert!(known["open"].is_null());
}

#[tokio::test]
async fn all_refused_credentials_get_the_same_answer() {
    let server = Server::start().await;
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    let good = key(1).text();
    let other_secret = ringwarden::domain::identity::ApiKey::new("test", KeyId::from_raw(1), [9; 32])
        .unwrap()
        .text();
    let shorter = &good[..good.len() - 1];
    let cases = [
        String::new(),
        bearer(""),
        bearer(shorter),
        bearer(&format!("{good}0")),
        bearer(&good.to_uppercase()),
        bearer(&good.replacen("test", "live", 1)),
        bearer(&other_secret),
        bearer(&key(2).text()),
        bearer("../../etc/passwd"),
        bearer("{s0}"),
        bearer("rw_test_0000000000000001"),
        bearer("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."),
        bearer(&"x".repeat(4_000)),
        format!("authorization: Basic {good}\r\n"),
        format!("authorization: {good}\r\n"),
        format!("authorization: Bearer\t{good}\r\n"),
        format!("{}{}", bearer(&good), bearer(&good)),
        format!("{}{}", bearer(&good), bearer(&key(2).text())),
        format!("x-api-key: {good}\r\n"),
        format!("cookie: authorization=Bearer {good}\r\n"),
        "authorization: Bearer \u{e9}\r\n".to_owned(),
    ];
    let mut bodies = std::collections::BTreeSet::new();
    for lines in &cases {
        let answer = caller(&server, lines).await;
        assert_eq!(answer.status, 401, "{lines}");
        assert!(!answer.body.contains(&good[25..60]), "{answer:?}");
        bodies.insert(answer.body);
    }
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert_eq!(caller(&server, &bearer(&good)).await.status, 200);
    // The scheme is read in any case (RFC 9110, section 11.1).
    assert_eq!(
        caller(&server, &format!("authorization: bearer {good}\r\n"))
            .await
            .status,
        200
    );
    let metrics = ask(&server, "GET", "/metrics", &bearer(&good), "").await.body;
    assert!(
        metrics.contains("ringwarden_refused_credentials_total{reason=\"wrong_secret\"} 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_key_ends_when_it_is_revoked_replaced_late_or_its_principal_is_locked_out() {
    let server = Server::start().await;
    let principals = &server.instance.services.principals;
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    principal(&server, "switch", Role::Carrier, Grants::default(), &key(2)).await;
    let switch = PrincipalId::parse("switch").unwrap();
    let works = async |number| caller(&server, &bearer(&key(number).text())).await.status == 200;
    let now = server.instance.services.clock().now();
    let later = now.plus(Duration::from_secs(3_600));
    let new = |number, not_before, expires_at| NewKey {
        id: key(number).id(),
        hash: key(number).secret_hash(),
        not_before,
        expires_at,
    };

    // Two keys live side by side, and no third one.
    principals
        .add_key(&switch, (&new(3, None, None), None), &mutation("add-3"))
        .await
        .unwrap();
    assert!(works(2).await && works(3).await);
    let third = principals
        .add_key(&switch, (&new(4, None, None), None), &mutation("add-4"))
        .await;
    assert!(matches!(third, Err(ServiceError::Precondition(_))), "{third:?}");

    principals
        .revoke_key(key(2).id(), "lost", &mutation("revoke-2"))
        .await
        .unwrap();
    assert!(!works(2).await && works(3).await);
    principals
        .revoke_key(key(2).id(), "lost", &mutation("revoke-2"))
        .await
        .unwrap();

    // A key of the future, and the end of the others.
    let end: Timestamp = now;
    let (fifth, request) = (new(5, Some(later), None), mutation("add-5"));
    principals
        .add_key(&switch, (&fifth, Some(end)), &request)
        .await
        .unwrap();
    assert!(!works(3).await && !works(5).await);
    let (ended, request) = (new(6, None, Some(now)), mutation("add-6"));
    let ended = principals.add_key(&switch, (&ended, None), &request).await;
    assert!(matches!(ended, Err(ServiceError::Invalid(_))), "{ended:?}");
    principals
        .add_key(&switch, (&new(6, None, Some(later)), None), &mutation("add-6b"))
        .await
        .unwrap();
    assert!(works(6).await);

    let disabled = |disabled| PrincipalChange {
        disabled: Some(disabled),
        ..PrincipalChange::default()
    };
    principals
        .update(&switch, &disabled(true), &mutation("lock"))
        .await
        .unwrap();
    assert!(!works(6).await);
    principals
        .update(&switch, &disabled(false), &mutation("unlock"))
        .await
        .unwrap();
    assert!(works(6).await);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let server = Server::start().await;
    let principals = &server.instance.services.principals;
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    let admin = PrincipalId::parse("admin").unwrap();
    let lock = PrincipalChange {
        disabled: Some(true),
        ..PrincipalChange::default()
    };
    let refused = principals.revoke_key(key(1).id(), "", &mutation("r1")).await;
    assert!(matches!(refused, Err(ServiceError::Precondition(_))), "{refused:?}");
    let refused = principals.update(&admin, &lock, &mutation("r2")).await;
    assert!(matches!(refused, Err(ServiceError::Precondition(_))), "{refused:?}");
    principal(&server, "second", Role::Admin, Grants::default(), &key(2)).await;
    principals.update(&admin, &lock, &mutation("r3")).await.unwrap();
    assert_eq!(caller(&server, &bearer(&key(1).text())).await.status, 401);
    assert_eq!(caller(&server, &bearer(&key(2).text())).await.status, 200);
}

/// Whether the administrator (key 1) sees a use of the key of a principal.
async fn is_used(server: &Server, name: &str) -> bool {
    let path = format!("/v1/principals/{name}");
    let shown = ask(server, "GET", &path, &bearer(&key(1).text()), "").await.json();
    assert_eq!(shown["keys"].as_array().map(Vec::len), Some(1), "{shown}");
    !shown["keys"][0]["lastUsedAt"].is_null()
}

#[tokio::test]
async fn a_refused_use_of_a_key_does_not_count() {
    let server = Server::start().await;
    for (number, name, role) in [(1, "admin", Role::Admin), (2, "app", Role::App)] {
        principal(&server, name, role, Grants::default(), &key(number)).await;
    }
    let principals = &server.instance.services.principals;
    let disable = async |disabled: bool, request: &str| {
        let change = PrincipalChange {
            disabled: Some(disabled),
            ..PrincipalChange::default()
        };
        let app = PrincipalId::parse("app").unwrap();
        principals.update(&app, &change, &mutation(request)).await.unwrap();
    };
    disable(true, "r1").await;
    assert_eq!(caller(&server, &bearer(&key(2).text())).await.status, 401);
    assert!(!is_used(&server, "app").await);
    disable(false, "r2").await;
    assert_eq!(caller(&server, &bearer(&key(2).text())).await.status, 200);
    assert!(is_used(&server, "app").await && is_used(&server, "admin").await);
}

#[tokio::test]
async fn principals_are_managed_over_http_and_no_answer_holds_a_secret() {
    let server = Server::start().await;
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    let admin = bearer(&key(1).text());
    let hash = key(7).secret_hash().text();
    let body = format!(
        r#"{{"principalId": "app-1", "roles": ["ROLE_APP"], "requestId": "a1",
            "key": {{"keyId": "0000000000000007", "secretSha256": "{hash}"}}}}"#
    );
    let made = ask(&server, "POST", "/v1/principals", &admin, &body).await;
    assert_eq!(made.status, 200, "{made:?}");
    let again = ask(&server, "POST", "/v1/principals", &admin, &body).await;
    assert_eq!(again.json(), made.json(), "a repeated request");
    let other = body.replace("ROLE_APP", "ROLE_REPORTER");
    let other = ask(&server, "POST", "/v1/principals", &admin, &other).await;
    assert_eq!(other.status, 409, "the same request id for another request: {other:?}");
    assert_eq!(
        caller(&server, &bearer(&key(7).text())).await.json()["roles"][0],
        "ROLE_APP"
    );
    let listed = ask(&server, "GET", "/v1/principals", &admin, "").await;
    assert_eq!(listed.json()["totalSize"], 2);
    assert!(
        !listed.body.contains(&hash) && !listed.body.contains(&"07".repeat(32)),
        "{listed:?}"
    );
    assert!(listed.body.contains("lastUsedAt"), "{listed:?}");
    let taken = body.replace("app-1", "app-2").replace("a1", "a2");
    let taken = ask(&server, "POST", "/v1/principals", &admin, &taken).await;
    assert_eq!(taken.status, 409, "{taken:?}");
    let text = "the `keyId` was used before: make another key";
    assert_eq!(taken.json()["message"], text);
    let namesake = body.replace("app-1", "APP-1").replace("a1", "a2");
    let namesake = ask(&server, "POST", "/v1/principals", &admin, &namesake).await;
    let text = "another principal has this `principalId`, and names that differ in case only count as the same";
    assert_eq!(namesake.json()["message"], text);
    let wrong = r#"{"principalId": "../x", "roles": [], "requestId": "a3", "tenant": "{s0}"}"#;
    let wrong = ask(&server, "POST", "/v1/principals", &admin, wrong).await;
    assert_eq!(wrong.status, 400, "{wrong:?}");
    assert!(
        wrong.body.contains("principalId") && wrong.body.contains("tenant"),
        "{wrong:?}"
    );
    let path = "/v1/keys/0000000000000007:revoke";
    let revoked = ask(&server, "POST", path, &admin, r#"{"requestId": "a4"}"#).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    assert_eq!(caller(&server, &bearer(&key(7).text())).await.status, 401);
}
