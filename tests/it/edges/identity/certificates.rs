//! Client certificates as credentials, alone and beside a key.

use std::collections::BTreeSet;
use std::time::Duration;

use ringwarden::clock::monotonic;
use ringwarden::domain::identity::Role;
use serde_json::{Value, json};

use super::closed::{Closed, now, of};
use super::{bearer, key};
use crate::support::tls::{Authority, Pair, get, open};

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
    let bound = |pair: &Pair| json!({"certificateSha256": [pair.fingerprint()]});
    closed.principal("switch", Role::Carrier, 41, bound(&switch)).await;
    closed.principal("app", Role::App, 42, bound(&app)).await;
    // A key that was refused, since the certificate beside it is of another principal, was not used.
    let (status, text) = caller(&closed, Some(&app), &bearer(&key(41).text())).await.unwrap();
    assert_eq!(status, 401, "{text}");
    let (_, text) = closed.ask("GET", "/v1/principals/switch", &of(Role::Admin), "").await;
    assert!(text.contains("\"keys\"") && !text.contains("lastUsedAt"), "{text}");
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

/// The validity of the certificates, in seconds: a machine that is busy may need longer for the first answer.
const VALID_FOR: [u64; 5] = [2, 4, 8, 16, 32];
/// Far more than the longest of them.
const LONG: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_expires_on_an_open_connection_is_no_credential_any_more() {
    let closed = Closed::start(&[]).await;
    for (number, seconds) in (61..).zip(VALID_FOR) {
        let end = u64::try_from(now()).unwrap() + seconds;
        let pair = closed.files.clients.sign_until_second("switch", end);
        let bound = json!({"certificateSha256": [pair.fingerprint()]});
        closed
            .principal(&format!("switch-{number}"), Role::Carrier, number, bound)
            .await;
        let client = closed.files.client(Some(&pair), &[b"http/1.1"], None);
        let Ok(mut connection) = open(&client, closed.server.program.http()).await else {
            continue;
        };
        let began = monotonic();
        let mut accepted = 0;
        let last = loop {
            let answer = get(&mut connection, "/v1/caller").await.unwrap();
            if !answer.starts_with("HTTP/1.1 200") {
                break answer;
            }
            accepted += 1;
            assert!(began.elapsed() < LONG, "it does not expire");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        if accepted == 0 {
            continue;
        }
        assert!(last.starts_with("HTTP/1.1 401"), "{last}");
        // The connection stays open: an expired certificate is as one that is bound to nobody.
        let probe = get(&mut connection, "/healthz").await.unwrap();
        assert!(probe.starts_with("HTTP/1.1 200"), "{probe}");
        return;
    }
    panic!("every certificate had expired before the first answer");
}
