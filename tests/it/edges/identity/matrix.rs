//! Each role, and no role, against each method, over both edges, in plain text and under TLS: allowed exactly where the table
//! says.

use std::collections::BTreeSet;

use http::uri::PathAndQuery;
use ringwarden::api::ACCESS;
use ringwarden::domain::identity::{Grants, Role, Roles};
use ringwarden::http::{ROUTES, Route};
use ringwarden::wire::FILE_DESCRIPTOR_SET;
use serde_json::json;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_prost::ProstCodec;

use super::closed::{self, Closed};
use super::{ask, bearer, key, principal};
use crate::support::oidc::ISSUER;
use crate::support::server::Server;

/// The header lines of everybody who asks, and the roles that they have. The first three have none.
async fn askers(server: &Server) -> Vec<(String, Roles)> {
    let mut askers = strangers();
    for role in Role::ALL {
        let key = key(role.code());
        principal(server, &role.name().to_lowercase(), *role, Grants::default(), &key).await;
        askers.push((bearer(&key.text()), Roles::of(&[*role])));
    }
    askers
}

/// The header lines of those who have no role.
fn strangers() -> Vec<(String, Roles)> {
    vec![
        (String::new(), Roles::NONE),
        (bearer("rw_live_x"), Roles::NONE),
        (bearer(&key(99).text()), Roles::NONE),
    ]
}

/// Whether a caller with these roles gets through to a method of these roles; else the refusal.
fn expected(has: Roles, allowed: Roles) -> Option<Code> {
    if has.is_empty() {
        return Some(Code::Unauthenticated);
    }
    (!has.meet(allowed)).then_some(Code::PermissionDenied)
}

#[test]
fn every_method_of_the_contract_has_one_row_and_no_other_has() {
    use prost::Message as _;
    let contract = prost_types::FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let services = contract.file.iter().flat_map(|file| &file.service);
    let methods: BTreeSet<_> = services
        .flat_map(|service| service.method.iter().map(|method| (service.name(), method.name())))
        .collect();
    let rows: Vec<_> = ACCESS.iter().map(|row| (row.service, row.method)).collect();
    assert_eq!(rows.iter().copied().collect::<BTreeSet<_>>(), methods);
    assert_eq!(rows.len(), methods.len(), "a method has two rows");
    assert!(ACCESS.iter().all(|row| !row.roles.is_empty()));
}

#[tokio::test]
async fn grpc_lets_through_whom_the_table_names() {
    let server = Server::start().await;
    for (lines, has) in askers(&server).await {
        for row in ACCESS {
            let path = format!("/ringwarden.v1.{}/{}", row.service, row.method);
            let found = refusal_over_grpc(&server.channel, &path, &lines).await;
            assert_eq!(found, expected(has, row.roles), "{path} {has:?}");
        }
    }
}

/// The same under TLS, by the program. A token and a bound certificate stand for a role as its key does.
#[tokio::test(flavor = "multi_thread")]
async fn both_edges_let_through_whom_the_table_names_under_tls() {
    let closed = Closed::start(&[]).await;
    closed.principals().await;
    let subjects = json!({"subjects": [{"issuer": ISSUER, "subject": "sub-1"}]});
    closed.principal("reader", Role::Analyst, 50, subjects).await;
    let mut askers = strangers();
    askers.push((bearer(&closed.token("sub-2")), Roles::NONE));
    askers.push((bearer(&closed.token("sub-1")), Roles::of(&[Role::Analyst])));
    askers.extend(Role::ALL.iter().map(|role| (closed::of(*role), Roles::of(&[*role]))));
    let channel = closed.channel().await;
    for (lines, has) in &askers {
        for row in ACCESS {
            let path = format!("/ringwarden.v1.{}/{}", row.service, row.method);
            let found = refusal_over_grpc(&channel, &path, lines).await;
            assert_eq!(found, expected(*has, row.roles), "{path} {has:?}");
        }
        for route in ROUTES {
            let (status, text) = closed.ask(route.method.as_str(), &path_of(route), lines, "{}").await;
            let expected = expected(*has, roles_of(route));
            assert_eq!(refusal_of(status), expected, "{} {has:?} {text}", route.path);
        }
    }
}

async fn refusal_over_grpc(channel: &Channel, path: &str, lines: &str) -> Option<Code> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let mut request = Request::new(());
    if let Some(value) = lines.trim().strip_prefix("authorization: ") {
        request.metadata_mut().insert("authorization", value.parse().unwrap());
    }
    let codec = ProstCodec::<(), ()>::default();
    let answer = client
        .unary(request, PathAndQuery::try_from(path).unwrap(), codec)
        .await;
    // Whatever else is wrong with an empty request does not matter here.
    let code = answer.err().map(|status| status.code());
    code.filter(|code| [Code::Unauthenticated, Code::PermissionDenied].contains(code))
}

#[tokio::test]
async fn http_lets_through_whom_the_table_names() {
    let server = Server::start().await;
    for (lines, has) in askers(&server).await {
        for route in ROUTES {
            let answer = ask(&server, route.method.as_str(), &path_of(route), &lines, "{}").await;
            assert_eq!(
                refusal_of(answer.status),
                expected(has, roles_of(route)),
                "{} {has:?} {answer:?}",
                route.path
            );
        }
    }
}

fn refusal_of(status: u16) -> Option<Code> {
    match status {
        401 => Some(Code::Unauthenticated),
        403 => Some(Code::PermissionDenied),
        _ => None,
    }
}

/// The roles that the table names for the method of a route.
fn roles_of(route: &Route) -> Roles {
    let row = ACCESS
        .iter()
        .find(|row| (row.service, row.method) == (route.service, route.rpc));
    row.unwrap().roles
}

/// The path of a route with something in its place.
fn path_of(route: &Route) -> String {
    match (route.path.split_once('{'), route.path.split_once('}')) {
        (Some((before, _)), Some((_, after))) => format!("{before}x{after}"),
        _ => route.path.to_owned(),
    }
}

#[tokio::test]
async fn probes_need_no_credential_and_metrics_and_reflection_do() {
    let server = Server::start().await;
    let askers = askers(&server).await;
    for (lines, has) in &askers {
        for path in ["/healthz", "/readyz", "/v1/openapi.json"] {
            assert_eq!(ask(&server, "GET", path, lines, "").await.status, 200, "{path}");
        }
        let metrics = ask(&server, "GET", "/metrics", lines, "").await.status;
        let may = Roles::of(&[Role::Carrier, Role::Analyst, Role::Admin]);
        let expected = match expected(*has, may) {
            None => 200,
            Some(Code::Unauthenticated) => 401,
            Some(_) => 403,
        };
        assert_eq!(metrics, expected, "{has:?}");
        let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
        let found = refusal_over_grpc(&server.channel, reflection, lines).await;
        assert_eq!(found.is_some(), has.is_empty(), "{has:?}");
        let health = refusal_over_grpc(&server.channel, "/grpc.health.v1.Health/Check", lines).await;
        assert_eq!(health, None);
    }
    // A method that does not exist is not told to strangers.
    let unknown = "/ringwarden.v1.LookupService/Nothing";
    assert_eq!(
        refusal_over_grpc(&server.channel, unknown, "").await,
        Some(Code::Unauthenticated)
    );
}
