//! Who may do what: credentials, roles and grants, on both edges.

mod certificates;
mod claims;
mod closed;
mod credentials;
mod early;
mod emergency;
mod first_admin;
mod hostile;
mod late;
mod matrix;
mod races;
mod rates;
mod refusals;
mod scopes;
mod senders;
mod steady;
mod streams;
mod tenant_acceptance;
mod tenant_grants;
mod tenant_reads;
mod tenant_traffic;
mod tenant_versions;
mod tenants;
mod tokens;
mod unconfirmed;

use ringwarden::domain::actor::Actor;
use ringwarden::domain::identity::{ApiKey, Grants, KeyId, PrincipalId, Role, Roles};
use ringwarden::domain::ids::RequestId;
use ringwarden::domain::tenant::TenantId;
use ringwarden::service::{Mutation, NewKey, NewPrincipal};

use crate::support::server::{Answer, Server};

/// A key of the tests: its id and its secret are this number.
pub(in crate::edges) fn key(number: u8) -> ApiKey {
    ApiKey::new("test", KeyId::from_raw(u64::from(number)), [number; 32]).unwrap()
}

pub(in crate::edges) fn mutation(request: &str) -> Mutation {
    Mutation {
        request: RequestId::parse(request).unwrap(),
        actor: Actor::parse("test").unwrap(),
        via: ringwarden::domain::audit::Via::default(),
        expected_version: None,
    }
}

/// Makes a principal with this role and key.
pub(in crate::edges) async fn principal(server: &Server, name: &str, role: Role, grants: Grants, key: &ApiKey) {
    let new = new_principal(name, role, grants, key);
    let request = mutation(&format!("create-{name}"));
    server
        .instance
        .services
        .principals
        .create(&new, &request)
        .await
        .unwrap();
}

/// Makes a principal of a tenant with these roles and a key.
pub(in crate::edges) async fn principal_of(server: &Server, tenant: &str, name: &str, roles: &[Role], key: &ApiKey) {
    let new = NewPrincipal {
        tenant: TenantId::parse(tenant).unwrap(),
        roles: Roles::of(roles),
        ..new_principal(name, Role::App, Grants::default(), key)
    };
    let principals = &server.instance.services.principals;
    principals
        .create(&new, &mutation(&format!("create-{name}")))
        .await
        .unwrap();
}

/// A principal with this role and key.
fn new_principal(name: &str, role: Role, grants: Grants, key: &ApiKey) -> NewPrincipal {
    NewPrincipal {
        id: PrincipalId::parse(name).unwrap(),
        tenant: TenantId::DEFAULT,
        roles: Roles::of(&[role]),
        grants,
        certificates: Vec::new(),
        subjects: Vec::new(),
        key: Some(NewKey {
            id: key.id(),
            hash: key.secret_hash(),
            not_before: None,
            expires_at: None,
        }),
    }
}

/// A request over HTTP with these header lines.
pub(in crate::edges) async fn ask(server: &Server, method: &str, path: &str, lines: &str, body: &str) -> Answer {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{lines}content-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    server.send(request.as_bytes()).await.unwrap()
}

/// The header line with a credential.
pub(in crate::edges) fn bearer(text: &str) -> String {
    format!("authorization: Bearer {text}\r\n")
}
