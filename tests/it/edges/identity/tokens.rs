//! Tokens of an OpenID provider as credentials, over both edges, and their keys while the server runs.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::config::TokenAlgorithm;
use ringwarden::domain::identity::{Grants, PrincipalId, Role, Subject, SubjectName};
use ringwarden::service::PrincipalChange;
use ringwarden::tokens::{TokenRules, Tokens};
use ringwarden::wire::v1;
use serde_json::Value;
use tonic::Request;

use super::{ask, bearer, key, mutation, principal};
use crate::support::instance::noon;
use crate::support::oidc::{AUDIENCE, ISSUER, KeyServer, SigningKey, claims, key_set};
use crate::support::program::Program;
use crate::support::server::Server;
use crate::support::tls::Files;
use crate::support::web::bare;

fn name(text: &str) -> SubjectName {
    SubjectName::parse(text).unwrap()
}

/// A reader of tokens that these keys have signed.
pub(super) fn tokens(keys: &[Value], clock: &Clock) -> Arc<Tokens> {
    let rules = TokenRules {
        issuer: name(ISSUER),
        audience: name(AUDIENCE),
        algorithms: TokenAlgorithm::ALL.to_vec(),
    };
    let tokens = Tokens::new(rules, clock.clone());
    tokens.replace_keys(tokens.parse_keys(key_set(keys).as_bytes()).unwrap());
    Arc::new(tokens)
}

/// Binds a subject of the provider to a principal.
pub(super) async fn bind(server: &Server, principal: &str, subject: &str) {
    let change = PrincipalChange {
        subjects: Some(vec![Subject {
            issuer: name(ISSUER),
            subject: name(subject),
        }]),
        ..PrincipalChange::default()
    };
    let request = mutation(&format!("bind-{principal}-{subject}"));
    let id = PrincipalId::parse(principal).unwrap();
    server
        .instance
        .services
        .principals
        .update(&id, &change, &request)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_token_is_a_credential_of_the_principal_to_which_its_subject_is_bound() {
    let clock = Clock::manual(noon());
    let signing = SigningKey::es256();
    let server = Server::with_tokens(clock.clone(), tokens(&[signing.public("k1")], &clock)).await;
    let now = noon().millis() / 1_000;
    let token = |subject: &str| signing.token("k1", &claims(subject, now));
    let caller = async |lines: &str| ask(&server, "GET", "/v1/caller", lines, "").await;
    // Without principals, the server is open as before.
    assert_eq!(caller(&bearer(&token("ana"))).await.json()["open"], true);
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    principal(&server, "bob", Role::Analyst, Grants::default(), &key(2)).await;
    assert_eq!(caller(&bearer(&token("sub-bob"))).await.status, 401, "bound to nobody");
    bind(&server, "bob", "sub-bob").await;
    let known = caller(&bearer(&token("sub-bob"))).await.json();
    assert_eq!(
        (&known["principalId"], &known["credential"]),
        (&"bob".into(), &"token".into())
    );

    // The principal's roles count, and no claim of the token.
    let mut boasting = claims("sub-bob", now);
    boasting["roles"] = serde_json::json!(["ADMIN"]);
    let boasting = bearer(&signing.token("k1", &boasting));
    assert_eq!(ask(&server, "GET", "/v1/cases", &boasting, "").await.status, 200);
    assert_eq!(ask(&server, "GET", "/v1/principals", &boasting, "").await.status, 403);

    // Over gRPC too.
    let over_grpc = async |token: &str| {
        let mut request = Request::new(v1::ListCasesRequest::default());
        let value = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
        server.cases().list_cases(request).await.map(drop)
    };
    over_grpc(&token("sub-bob")).await.unwrap();
    let refused = over_grpc(&token("sub-eve")).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unauthenticated);

    // One answer for all that is refused, and the causes in the metrics.
    let good = token("sub-bob");
    let mut late = claims("sub-bob", now);
    late["exp"] = (now - 100).into();
    let bodies: BTreeSet<String> = [
        caller("").await.body,
        caller(&bearer(&token("sub-eve"))).await.body,
        caller(&bearer(&signing.token("k2", &claims("sub-bob", now))))
            .await
            .body,
        caller(&bearer(&signing.token("k1", &late))).await.body,
        caller(&bearer(&good[..good.len() - 2])).await.body,
        caller(&format!("{0}{0}", bearer(&good))).await.body,
        caller(&bearer(&key(9).text())).await.body,
    ]
    .into();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    let metrics = ask(&server, "GET", "/metrics", &bearer(&key(1).text()), "").await.body;
    for reason in ["unknown_key", "expired", "wrong_signature", "malformed"] {
        let line = format!("ringwarden_refused_credentials_total{{reason=\"{reason}\"}} 1");
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }

    // A token that was accepted ends with its time, its binding, and its principal.
    clock.set(noon().plus(std::time::Duration::from_secs(3_700)));
    assert_eq!(caller(&bearer(&good)).await.status, 401);
    clock.set(noon());
    assert_eq!(caller(&bearer(&good)).await.status, 200);
    let lock = PrincipalChange {
        disabled: Some(true),
        ..PrincipalChange::default()
    };
    let id = PrincipalId::parse("bob").unwrap();
    let principals = &server.instance.services.principals;
    principals.update(&id, &lock, &mutation("lock")).await.unwrap();
    assert_eq!(caller(&bearer(&good)).await.status, 401);
    bind(&server, "admin", "sub-admin").await;
    assert_eq!(
        caller(&bearer(&token("sub-admin"))).await.json()["principalId"],
        "admin"
    );
    bind(&server, "admin", "sub-other").await;
    assert_eq!(caller(&bearer(&token("sub-admin"))).await.status, 401);
    assert!(server.stop().await);
}

/// The time by which the program under test goes, in seconds since 1970.
fn now() -> i64 {
    Clock::system().now().millis() / 1_000
}

/// A program that accepts the tokens of these keys, whose administrator has the subject `ana`.
async fn program(files: &Files, keys: &str, more: &[&str]) -> Program {
    files.write("admin.key", &key(1).text());
    let admin = files.text("admin.key");
    let mut arguments = vec!["--bootstrap-admin", &admin, "--oidc-issuer", ISSUER];
    arguments.extend(["--oidc-audience", AUDIENCE, "--oidc-keys", keys]);
    arguments.extend(more);
    let program = Program::serve_with("memory:", &arguments).await;
    program.line(&["the principal `admin` was made"]).await;
    let bind = [
        "key",
        "update",
        "admin",
        "--oidc-issuer",
        ISSUER,
        "--oidc-subject",
        "ana",
    ];
    let bound = command(&program, &bind, ("--key-file", &admin));
    assert!(bound.0, "{}", bound.1);
    program
}

/// Whether a command succeeded, and what it wrote.
fn command(program: &Program, arguments: &[&str], (flag, file): (&str, &str)) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command.args(arguments).args([flag, file]);
    command.args(["--server", &format!("http://{}", program.grpc())]);
    let output = command.env_clear().output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// Whether the program accepts a token, as a command tells it.
fn accepts(program: &Program, files: &Files, token: &str) -> bool {
    files.write("ana.jwt", token);
    let (accepted, text) = command(program, &["key", "whoami"], ("--token-file", &files.text("ana.jwt")));
    assert!(!text.contains(token), "{text}");
    accepted
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_an_address_are_replaced_without_a_restart() {
    let files = Files::new();
    let (first, second) = (SigningKey::es256(), SigningKey::ed25519());
    let of = |key: &SigningKey, id| key.token(id, &claims("ana", now()));
    let provider = KeyServer::start(&files.authority.sign("localhost"), &key_set(&[first.public("k1")]));
    let program = program(&files, &provider.url(), &["--oidc-ca", &files.text("ca.pem")]).await;
    program.line(&["the keys of the OpenID provider are read"]).await;
    assert!(accepts(&program, &files, &of(&first, "k1")));

    // A token of a new key has the server ask at once, and the old key is accepted as long as the set has it.
    provider.give(&key_set(&[first.public("k1"), second.public("k2")]));
    program
        .wait_for("the second key", async || accepts(&program, &files, &of(&second, "k2")))
        .await;
    assert!(accepts(&program, &files, &of(&first, "k1")));
    // It does not ask again for the next unknown key within a minute.
    let asked = provider.asked();
    for _ in 0..3 {
        assert!(!accepts(&program, &files, &of(&second, "k3")));
    }
    assert_eq!(provider.asked(), asked);

    // An answer that is no key set changes nothing.
    let too_long = format!("{{\"keys\": [], \"pad\": \"{}\"}}", "x".repeat(300 * 1_024));
    let faults: [(&[u8], &str); 4] = [
        (
            &bare("500 Internal Server Error", "connection: close\r\n"),
            "status 500",
        ),
        (
            &bare("302 Found", "location: https://localhost:1/\r\nconnection: close\r\n"),
            "status 302",
        ),
        (
            &crate::support::web::ok("<html>", "connection: close\r\n"),
            "not a JSON Web Key Set",
        ),
        (
            &crate::support::web::ok(too_long, "connection: close\r\n"),
            "longer than 262144 bytes",
        ),
    ];
    for (answer, problem) in faults {
        provider.answer(answer);
        program.reload();
        program.line(&["the old ones stay", problem]).await;
        assert!(accepts(&program, &files, &of(&first, "k1")), "{problem}");
    }
    // A key that is withdrawn is refused from the next reading on.
    provider.give(&key_set(&[second.public("k2")]));
    program.reload();
    program
        .wait_for("the end of the first key", async || {
            !accepts(&program, &files, &of(&first, "k1"))
        })
        .await;
    assert!(accepts(&program, &files, &of(&second, "k2")));
    let log = program.log();
    assert!(!log.contains(&of(&first, "k1")[..60]), "a token in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_trusted_gives_no_keys() {
    let files = Files::new();
    let key = SigningKey::es256();
    let provider = KeyServer::start(&files.clients.sign("localhost"), &key_set(&[key.public("k1")]));
    let program = program(&files, &provider.url(), &["--oidc-ca", &files.text("ca.pem")]).await;
    program.line(&["the old ones stay", "certificate"]).await;
    assert!(!accepts(&program, &files, &key.token("k1", &claims("ana", now()))));
    assert_eq!(provider.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_a_file_are_replaced_without_a_restart() {
    let files = Files::new();
    let (first, second) = (SigningKey::es384(), SigningKey::rsa());
    let of = |key: &SigningKey, id| key.token(id, &claims("ana", now()));
    files.write("keys.json", &key_set(&[first.public("k1")]));
    let program = program(&files, &files.text("keys.json"), &[]).await;
    assert!(accepts(&program, &files, &of(&first, "k1")));
    files.write("keys.json", "{}");
    program.reload();
    program.line(&["the old ones stay", "not a JSON Web Key Set"]).await;
    assert!(accepts(&program, &files, &of(&first, "k1")));
    // The server looks at the file by itself.
    files.write("keys.json", &key_set(&[second.public("k2")]));
    program
        .wait_for("the second key", async || accepts(&program, &files, &of(&second, "k2")))
        .await;
    assert!(!accepts(&program, &files, &of(&first, "k1")));

    // A server does not start with a file that has a fault.
    files.write("keys.json", "[]");
    let keys = files.text("keys.json");
    let arguments = [
        "--oidc-issuer",
        ISSUER,
        "--oidc-audience",
        AUDIENCE,
        "--oidc-keys",
        &keys,
    ];
    let mut failed = Program::start("memory:", &arguments, &[]);
    assert!(!failed.ended().await.success());
    failed.line(&["key set of --oidc-keys", "is not valid"]).await;
}
