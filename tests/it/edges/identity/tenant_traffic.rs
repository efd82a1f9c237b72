//! Calls count for the tenant whose queries and outcomes tell of them, and for no other.

use ringwarden::domain::identity::Role;
use serde_json::{Value, json};

use super::{ask, bearer, key, principal_of};
use crate::support::server::Server;

const NUMBER: &str = "+14155550161";

/// Two organisations: an app of `blocker` (key 1), and a carrier of `north` (key 2).
async fn an_app_and_a_carrier() -> Server {
    let server = Server::start().await;
    principal_of(&server, "blocker", "blocker-app", &[Role::App], &key(1)).await;
    principal_of(&server, "north", "north-switch", &[Role::Carrier], &key(2)).await;
    server
}

async fn post(server: &Server, number: u8, path: &str, body: Value) -> Value {
    let answer = ask(server, "POST", path, &bearer(&key(number).text()), &body.to_string()).await;
    assert_eq!(answer.status, 200, "{path} {answer:?}");
    answer.json()
}

#[tokio::test]
async fn invented_calls_of_one_tenant_label_no_number_for_another() {
    let server = an_app_and_a_carrier().await;
    let seen = async |number| {
        let question = json!({"number": NUMBER, "recordEvent": false});
        post(&server, number, "/v1/lookup", question).await["action"].clone()
    };
    // Ends of calls that nobody answered.
    let ends: Vec<_> = (0..400)
        .map(|n| json!({"number": NUMBER, "callId": format!("e{n}"), "answered": false, "releaseCode": 603}))
        .collect();
    let counted = post(&server, 1, "/v1/callOutcomes", json!({ "outcomes": ends })).await;
    assert_eq!(counted["counted"], 400, "{counted}");
    assert_eq!(
        (seen(1).await, seen(2).await),
        (json!("ACTION_LABEL"), json!("ACTION_ALLOW"))
    );
    // An end with the same Call-ID is another call to another tenant.
    let end = json!({"outcomes": [{"number": NUMBER, "callId": "e0", "answered": true}]});
    assert_eq!(post(&server, 2, "/v1/callOutcomes", end).await["counted"], 1);

    // Questions that name invented called numbers.
    let questions: Vec<_> = (0..120)
        .map(|n| {
            let called = format!("+1650253{:04}", (n * 7_919) % 10_000);
            json!({"number": NUMBER, "calledNumber": called, "callId": format!("q{n}")})
        })
        .collect();
    post(&server, 1, "/v1/lookup:batch", json!({ "requests": questions })).await;
    assert_eq!(
        (seen(1).await, seen(2).await),
        (json!("ACTION_LABEL"), json!("ACTION_ALLOW"))
    );
    assert!(server.stop().await);
}
