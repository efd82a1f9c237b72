//! A server that needs no credential is open only when it is known that its store has no principal.

use ringwarden::clock::monotonic;
use ringwarden::domain::identity::{Grants, Role};
use tonic::Code;

use super::{ask, bearer, key, principal};
use crate::edges::ask as question;
use crate::support::server::{Answer, Server};

const NUMBER: &str = "+14155550199";

async fn caller(server: &Server, lines: &str) -> Answer {
    ask(server, "GET", "/v1/caller", lines, "").await
}

async fn refuses_everything(server: &Server) {
    for (method, path, body) in [
        ("GET", "/v1/caller", ""),
        ("GET", "/v1/categories", ""),
        ("GET", "/v1/numbers", ""),
        ("GET", "/v1/principals", ""),
        ("POST", "/v1/lookup", r#"{"number": "+14155550199"}"#),
    ] {
        let answer = ask(server, method, path, "", body).await;
        assert_eq!(answer.status, 503, "{path}: {answer:?}");
        assert!(answer.body.contains("INDEX_LOADING"), "{path}: {answer:?}");
    }
    assert_eq!(ask(server, "GET", "/metrics", "", "").await.status, 200);
    let refused = server.lookups().lookup(question(NUMBER, "")).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
}

#[tokio::test]
async fn before_the_index_is_loaded_nobody_is_let_in() {
    let server = Server::start_unloaded().await;
    refuses_everything(&server).await;
    server.instance.follower.bootstrap().await.unwrap();
    assert_eq!(caller(&server, "").await.json()["open"], true);
}

#[tokio::test]
async fn a_snapshot_does_not_open_a_server_whose_store_may_have_principals() {
    let server = Server::start_unloaded().await;
    let now = server.instance.clock.now();
    // As a start from a snapshot that is older than the first principal, while the store is away.
    server.instance.follower.restored(now, monotonic());
    refuses_everything(&server).await;
    server.instance.follower.bootstrap().await.unwrap();
    assert_eq!(caller(&server, "").await.json()["open"], true);
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    assert_eq!(caller(&server, "").await.status, 401);
}

#[tokio::test]
async fn the_principals_of_a_snapshot_are_recognised() {
    let server = Server::start().await;
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    let now = server.instance.clock.now();
    server.instance.follower.restored(now, monotonic());
    assert_eq!(caller(&server, "").await.status, 401);
    assert_eq!(caller(&server, &bearer(&key(1).text())).await.status, 200);
}
