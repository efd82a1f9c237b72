//! A server that cannot make its first administrator, and so could never let anybody in.

use std::process::Command;

use ringwarden::domain::identity::Role;

use super::key;
use crate::support::program::Program;
use crate::support::tls::{Files, set_mode};

const HOME: [&str; 4] = ["--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"];

/// What a server over an empty store says of this file; it must end by itself.
async fn refused(file: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command.args(["serve", "--store", "memory:", "--bootstrap-admin", file]);
    command.args(HOME).env_clear();
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_first_administrator_cannot_be_made_does_not_stay_up() {
    let files = Files::new();
    files.write("garbage.key", "shopping list");
    files.write("loose.key", &key(1).text());
    set_mode(&files.path("loose.key"), 0o644);
    let no_folder = format!("{}/admin.key", files.text("nowhere"));
    for (file, cause) in [
        (files.text("garbage.key"), "is not valid"),
        (files.text("loose.key"), "run `chmod 600 "),
        (no_folder, "cannot read the key of the first administrator"),
    ] {
        let said = refused(&file).await;
        for told in ["nobody could be let in", "--bootstrap-admin", cause, "name a new file"] {
            assert!(said.contains(told), "{told}: {said}");
        }
        assert!(!said.contains("shopping"), "{said}");
    }
    let kept = std::fs::read_to_string(files.path("garbage.key")).unwrap();
    assert_eq!(kept, "shopping list");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_principals_does_not_need_the_file() {
    let files = Files::new();
    let store = format!("embedded:{}", files.text("store"));
    let file = files.text("admin.key");
    files.write("admin.key", &key(Role::Admin.code()).text());
    let mut first = Program::serve_with(&store, &["--bootstrap-admin", &file]).await;
    first.line(&["the principal `admin` was made"]).await;
    first.terminate();
    assert!(first.ended().await.success());

    files.write("admin.key", "shopping list");
    let second = Program::serve_with(&store, &["--bootstrap-admin", &file]).await;
    second.line(&["--bootstrap-admin is not needed"]).await;
    let second = second.with_key(key(Role::Admin.code()).text());
    let (status, body) = second.get("/v1/caller").await;
    assert_eq!(status, 200, "{body}");
}
