//! An empty variable counts as unset, as a deployment writes `RINGWARDEN_X: ""` to leave a setting alone. The public
//! report: `astral-sh/uv#9021`.

use std::process::Command;

use ringwarden::config::SETTINGS;

use crate::support::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_variable_counts_as_unset() {
    let names: Vec<_> = SETTINGS.iter().map(|setting| setting.variable()).collect();
    let others = [
        "RINGWARDEN_CONFIG",
        "RINGWARDEN_SERVER",
        "RINGWARDEN_ACTOR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ];
    let names = names.iter().map(String::as_str).chain(others);
    let variables: Vec<_> = names.map(|name| (name, "")).collect();
    let mut program = Program::serve_in("memory:", &[], &variables).await;
    assert!(
        !program.log().contains("unknown environment variable"),
        "{}",
        program.log()
    );

    // It has its ports before it is ready.
    program
        .wait_for("the index", async || program.get("/readyz").await.0 == 200)
        .await;

    // Client commands, too: the default server is asked, and the login name makes the change.
    let server = format!("http://{}", program.grpc());
    let run = |variables: &[(&str, &str)], line: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
        command.env_clear().envs(variables.iter().copied());
        let output = command.args(line.split(' ')).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), said)
    };
    let health = run(&[("RINGWARDEN_SERVER", "")], "health");
    let default_server = "http://127.0.0.1:50051";
    assert!(health.0 == Some(0) || health.1.contains(default_server), "{health:?}");
    let serving = run(&[("RINGWARDEN_SERVER", server.as_str())], "health");
    assert_eq!(serving.0, Some(0), "{serving:?}");
    let usage = run(&[], "health --server=");
    assert_eq!(usage.0, Some(2), "an empty flag is a mistake: {usage:?}");
    let line = format!("number set-status +14155550199 BLOCKED --reason seen --server {server}");
    let set = run(&[("RINGWARDEN_ACTOR", ""), ("USER", "ana")], &line);
    assert_eq!(set.0, Some(0), "{set:?}");
    let shown = run(&[], &format!("number show +14155550199 --json --server {server}"));
    assert!(shown.1.contains("\"ana\""), "{shown:?}");
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(0));
}
