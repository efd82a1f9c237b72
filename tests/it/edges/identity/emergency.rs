//! The window in which an emergency centre calls back is opened by carriers alone.

use ringwarden::domain::identity::{ApiKey, Grants, Role};
use ringwarden::wire::v1;
use serde_json::json;
use tonic::Request;

use super::{ask, bearer, key, principal};
use crate::support::server::Server;

const NUMBER: &str = "+14155550199";
/// The role of each asker, and whether its lookup opens the window.
const ROLES: [(Role, bool); 5] = [
    (Role::App, false),
    (Role::Analyst, false),
    (Role::Admin, false),
    (Role::Reporter, false),
    (Role::Carrier, true),
];

fn question(from: &str, to: &str) -> v1::LookupRequest {
    v1::LookupRequest {
        number: from.to_owned(),
        called_number: to.to_owned(),
        // The same call for everybody: the first to ask takes nothing from the carrier.
        call_id: format!("{from}-{to}"),
        default_region: "US".to_owned(),
        ..v1::LookupRequest::default()
    }
}

/// The basis of the answer over gRPC; none if the role may not ask.
async fn over_grpc(server: &Server, key: &ApiKey, question: v1::LookupRequest) -> Option<v1::Basis> {
    let mut client = server.lookups();
    let mut request = Request::new(question);
    let bearer = format!("Bearer {}", key.text()).parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    let answer = client.lookup(request).await.ok()?;
    Some(answer.into_inner().basis())
}

async fn over_http(server: &Server, key: &ApiKey, question: v1::LookupRequest) -> Option<v1::Basis> {
    let body = json!({
        "number": question.number,
        "calledNumber": question.called_number,
        "callId": question.call_id,
        "defaultRegion": "US",
    });
    let answer = ask(server, "POST", "/v1/lookup", &bearer(&key.text()), &body.to_string()).await;
    let basis = answer.json()["basis"].as_str().map(str::to_owned)?;
    v1::Basis::from_str_name(&basis)
}

#[tokio::test]
async fn only_a_carrier_opens_the_window_and_everybody_sees_it() {
    let server = Server::start().await;
    for (role, _) in ROLES {
        principal(
            &server,
            &role.name().to_lowercase(),
            role,
            Grants::default(),
            &key(role.code()),
        )
        .await;
    }
    let carrier = key(Role::Carrier.code());
    for (edge, person) in [("gRPC", "+14155550123"), ("HTTP", "+14155550124")] {
        let asks = async |key: &ApiKey, question| match edge {
            "gRPC" => over_grpc(&server, key, question).await,
            _ => over_http(&server, key, question).await,
        };
        for (role, opens) in ROLES {
            let answer = asks(&key(role.code()), question(person, "911")).await;
            // The call for help is let through, if the role may ask at all.
            assert!(
                answer.is_none_or(|basis| basis == v1::Basis::Protected),
                "{edge} {role:?} {answer:?}"
            );
            assert_eq!(answer.is_none(), role == Role::Reporter, "{edge} {role:?}");
            let back = asks(&carrier, question(NUMBER, person)).await.unwrap();
            assert_eq!(back == v1::Basis::Protected, opens, "{edge} {role:?} {back:?}");
        }
        let seen = asks(&key(Role::App.code()), question(NUMBER, person)).await;
        assert_eq!(seen, Some(v1::Basis::Protected), "{edge}");
    }
    assert!(server.stop().await);
}
