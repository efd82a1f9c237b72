//! When the program starts at all: the table of `app/exposure.rs`, by the program itself.

use std::process::Command;

use crate::support::program::Program;
use crate::support::tls::{Files, set_mode};

const HOME: &str = "127.0.0.1:0";
const OPEN: &str = "0.0.0.0:0";

/// Runs a server that must refuse to start, and gives what it said.
async fn refused(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command
        .args(["serve", "--store", "memory:"])
        .args(arguments)
        .env_clear();
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_for_other_machines_needs_tls_and_credentials() {
    let files = Files::new();
    let tls = files.arguments();
    let tls: Vec<&str> = tls.iter().map(String::as_str).collect();
    let in_front = ["--tls-terminated-in-front"];
    for (addresses, named) in [
        (["--grpc-addr", OPEN, "--http-addr", HOME], "--grpc-addr"),
        (["--grpc-addr", HOME, "--http-addr", OPEN], "--http-addr"),
    ] {
        let plain = refused(&addresses).await;
        assert!(plain.contains(named) && plain.contains("--tls-cert"), "{plain}");
        assert!(plain.contains("--tls-terminated-in-front"), "{plain}");
        for secured in [&tls[..], &in_front] {
            let open = refused(&[&addresses, secured].concat()).await;
            assert!(open.contains(named) && open.contains("--bootstrap-admin"), "{open}");
        }
    }
    let admin = ["--grpc-addr", HOME, "--http-addr", HOME, "--admin-addr", OPEN];
    let plain = refused(&admin).await;
    assert!(
        plain.contains("--admin-addr") && plain.contains("--tls-cert"),
        "{plain}"
    );
    // The decision is made: it listens.
    let mut program = Program::serve_anyhow("memory:", &["--admin-addr", OPEN, in_front[0]]).await;
    program.line(&["set --max-connections-per-address 0"]).await;
    program.terminate();
    assert!(program.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_loopback_says_that_it_is_open() {
    let program = Program::serve_with("memory:", &["--log", "off"]).await;
    program
        .line(&["no credentials are configured", "every local user may do everything"])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_others_can_read_is_refused() {
    let files = Files::new();
    let home = ["--grpc-addr", HOME, "--http-addr", HOME];
    let arguments = files.arguments();
    let arguments: Vec<&str> = home.into_iter().chain(arguments.iter().map(String::as_str)).collect();
    set_mode(&files.path("server.key"), 0o644);
    let loose = refused(&arguments).await;
    assert!(
        loose.contains("others can read it") && loose.contains("chmod 600"),
        "{loose}"
    );
    files.write("server.key", &files.authority.sign("localhost").key);
    let other = refused(&arguments).await;
    assert!(other.contains("not the key of the first certificate"), "{other}");
}
