//! A credential that ends while a request is on its way, or a stream is open.

use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::domain::identity::{Grants, PrincipalId, Role, Roles};
use ringwarden::domain::time::Timestamp;
use ringwarden::service::{NewKey, PrincipalChange};
use ringwarden::store::memory::MemoryStore;
use ringwarden::wire::v1;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Streaming};

use super::{ask, bearer, key, mutation, principal};
use crate::support::instance::{evidence_version, noon};
use crate::support::server::Server;

const NUMBER: &str = "+14155550199";

/// A request whose head the server has let through, and whose body has not been sent.
struct Begun {
    stream: TcpStream,
    body: String,
}

impl Begun {
    async fn post(server: &Server, path: &str, lines: &str, body: String) -> Self {
        let mut stream = TcpStream::connect(server.http).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nexpect: 100-continue\r\n{lines}\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The server asks for the body when it has let the head through.
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).await.unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        Self { stream, body }
    }

    /// Sends the body; returns the status of the answer.
    async fn end(mut self) -> u16 {
        self.stream.write_all(self.body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

fn new_admin(name: &str, number: u8) -> String {
    let key = key(number);
    json!({
        "principalId": name, "roles": ["ROLE_ADMIN"], "actor": "x", "requestId": format!("make-{name}"),
        "key": {"keyId": key.id().to_string(), "secretSha256": key.secret_hash().text()},
    })
    .to_string()
}

async fn change(server: &Server, name: &str, change: &PrincipalChange, request: &str) {
    let id = PrincipalId::parse(name).unwrap();
    let principals = &server.instance.services.principals;
    principals.update(&id, change, &mutation(request)).await.unwrap();
}

fn disabled() -> PrincipalChange {
    PrincipalChange {
        disabled: Some(true),
        ..PrincipalChange::default()
    }
}

fn roles(roles: &[Role]) -> PrincipalChange {
    PrincipalChange {
        roles: Some(Roles::of(roles)),
        ..PrincipalChange::default()
    }
}

async fn accepts(server: &Server, number: u8) -> bool {
    let lines = bearer(&key(number).text());
    ask(server, "GET", "/v1/caller", &lines, "").await.status == 200
}

#[tokio::test]
async fn a_body_that_comes_after_the_end_of_its_credential_changes_nothing() {
    let server = Server::start().await;
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    let mallory = bearer(&key(2).text());
    let principals = &server.instance.services.principals;

    principal(&server, "mallory", Role::Admin, Grants::default(), &key(2)).await;
    let begun = Begun::post(&server, "/v1/principals", &mallory, new_admin("backdoor", 9)).await;
    principals
        .revoke_key(key(2).id(), "left", &mutation("revoke"))
        .await
        .unwrap();
    assert_eq!(begun.end().await, 401);
    assert!(!accepts(&server, 9).await);

    principal(&server, "eve", Role::Admin, Grants::default(), &key(3)).await;
    let eve = bearer(&key(3).text());
    let begun = Begun::post(&server, "/v1/principals", &eve, new_admin("backdoor", 9)).await;
    change(&server, "eve", &roles(&[Role::Carrier]), "demote").await;
    assert_eq!(begun.end().await, 403);
    assert!(!accepts(&server, 9).await);

    // What others lose is no matter, and neither is a change that takes nothing away.
    let admin = bearer(&key(1).text());
    let begun = Begun::post(&server, "/v1/principals", &admin, new_admin("second", 4)).await;
    change(&server, "admin", &roles(&[Role::Admin, Role::Analyst]), "promote").await;
    change(&server, "eve", &disabled(), "disable").await;
    assert_eq!(begun.end().await, 200);
    assert!(accepts(&server, 4).await);
}

#[tokio::test]
async fn a_body_that_began_on_an_open_server_changes_nothing_on_a_closed_one() {
    let server = Server::start().await;
    let begun = Begun::post(&server, "/v1/principals", "", new_admin("early", 9)).await;
    let open = Begun::post(&server, "/v1/lookup", "", json!({ "number": NUMBER }).to_string()).await;
    assert_eq!(open.end().await, 200);
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    assert_eq!(begun.end().await, 401);
    assert!(!accepts(&server, 9).await && accepts(&server, 1).await);
}

/// Questions of `switch`, whose key is 2, and their answers.
async fn stream(server: &Server) -> (mpsc::Sender<v1::LookupRequest>, Streaming<v1::StreamLookupResponse>) {
    let (questions, stream) = mpsc::channel(4);
    let mut request = Request::new(ReceiverStream::new(stream));
    let value = format!("Bearer {}", key(2).text());
    request.metadata_mut().insert("authorization", value.parse().unwrap());
    let answers = server.lookups().stream_lookup(request).await.unwrap();
    (questions, answers.into_inner())
}

/// The code with which the next question ends the stream; none if it is answered.
async fn next(
    questions: &mpsc::Sender<v1::LookupRequest>,
    answers: &mut Streaming<v1::StreamLookupResponse>,
) -> Option<Code> {
    let question = v1::LookupRequest {
        number: NUMBER.to_owned(),
        ..v1::LookupRequest::default()
    };
    questions.send(question).await.unwrap();
    match answers.message().await {
        Ok(answer) => {
            answer.unwrap();
            None
        }
        Err(status) => Some(status.code()),
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_credential_and_with_its_role() {
    let server = Server::start().await;
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    principal(&server, "switch", Role::Carrier, Grants::default(), &key(2)).await;
    let (questions, mut answers) = stream(&server).await;
    assert_eq!(next(&questions, &mut answers).await, None);
    change(&server, "switch", &roles(&[Role::App]), "app").await;
    assert_eq!(next(&questions, &mut answers).await, None);
    change(&server, "switch", &roles(&[Role::Reporter]), "reporter").await;
    assert_eq!(next(&questions, &mut answers).await, Some(Code::PermissionDenied));

    change(&server, "switch", &roles(&[Role::Carrier]), "carrier").await;
    let (questions, mut answers) = stream(&server).await;
    assert_eq!(next(&questions, &mut answers).await, None);
    change(&server, "switch", &disabled(), "disable").await;
    assert_eq!(next(&questions, &mut answers).await, Some(Code::Unauthenticated));
}

#[tokio::test]
async fn a_stream_ends_when_its_key_expires() {
    let clock = Clock::manual(noon());
    let store = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let server = Server::at(clock.clone(), store).await;
    server.instance.follower.bootstrap().await.unwrap();
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    principal(&server, "switch", Role::Carrier, Grants::default(), &key(3)).await;
    let end: Timestamp = noon().plus(Duration::from_secs(60));
    let ending = NewKey {
        id: key(2).id(),
        hash: key(2).secret_hash(),
        not_before: None,
        expires_at: Some(end),
    };
    let switch = PrincipalId::parse("switch").unwrap();
    let principals = &server.instance.services.principals;
    let request = mutation("add");
    principals.add_key(&switch, (&ending, None), &request).await.unwrap();
    let (questions, mut answers) = stream(&server).await;
    assert_eq!(next(&questions, &mut answers).await, None);
    clock.advance(Duration::from_secs(60));
    assert_eq!(next(&questions, &mut answers).await, Some(Code::Unauthenticated));
}
