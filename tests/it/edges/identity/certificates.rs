//! Client certificates as credentials, alone and beside a key.

use std::collections::BTreeSet;

use ringwarden::domain::identity::Role;
use serde_json::{Value, json};

use super::closed::{Closed, fingerprint, of};
use super::{bearer, key};
use crate::support::tls::{Authority, Pair};

/// The answer to a question for the caller, shown this certificate and these header lines.
async fn caller(closed: &Closed, shown: Option<&Pair>, lines: &str) -> Option<(u16, String)> {
    let client = closed.files.client(shown, &[b"http/1.1"], None);
    let request = format!("GET /v1/caller HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{lines}\r\n");
    closed.send(&client, request.as_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_a_credential_of_the_principal_to_which_it_is_bound() {
    let closed = Closed::start(&[]).await;
    let (switch, app, unbound) = (
        closed.files.clients.sign("switch"),
        closed.files.clients.sign("app"),
        closed.files.clients.sign("proxy"),
    );
    let bound = |pair: &Pair| json!({"certificateSha256": [fingerprint(pair)]});
    closed.principal("switch", Role::Carrier, 41, bound(&switch)).await;
    closed.principal("app", Role::App, 42, bound(&app)).await;
    let accepted = async |shown: Option<&Pair>, lines: &str| {
        let (status, text) = caller(&closed, shown, lines).await.unwrap();
        assert_eq!(status, 200, "{text}");
        let caller: Value = serde_json::from_str(&text).unwrap();
        caller["principalId"].as_str().unwrap().to_owned()
    };
    let of_switch = bearer(&key(41).text());
    assert_eq!(accepted(Some(&switch), "").await, "switch");
    assert_eq!(accepted(Some(&switch), &of_switch).await, "switch");
    // A certificate that is bound to nobody only encrypts.
    assert_eq!(accepted(Some(&unbound), &of_switch).await, "switch");

    let mut bodies = BTreeSet::new();
    for (shown, lines) in [
        (Some(&app), of_switch.as_str()),
        (Some(&switch), &of(Role::Admin)),
        (Some(&switch), &bearer(&closed.token("sub-1"))),
        (Some(&switch), &bearer("nonsense")),
        (Some(&unbound), ""),
        (None, ""),
    ] {
        let (status, text) = caller(&closed, shown, lines).await.unwrap();
        assert_eq!(status, 401, "{lines} {text}");
        bodies.insert(text);
    }
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    // The handshake fails for a certificate of an authority that the server does not know.
    let stranger = Authority::new("strangers").sign("switch");
    assert!(caller(&closed, Some(&stranger), &of_switch).await.is_none());

    let lock = json!({"disabled": true, "requestId": "lock"}).to_string();
    let (status, text) = closed
        .ask("PATCH", "/v1/principals/switch", &of(Role::Admin), &lock)
        .await;
    assert_eq!(status, 200, "{text}");
    let (status, text) = caller(&closed, Some(&switch), "").await.unwrap();
    assert_eq!((status, bodies.contains(&text)), (401, true), "{text}");
}
