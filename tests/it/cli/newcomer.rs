//! Mistakes of people who use the command line for the first time: they are told what is wrong and what to do.

use std::io::Read as _;
use std::process::{Command, Stdio};

use serde_json::json;

use super::lists::{Answer, ask};
use crate::support::server::Server;

/// The error of a command that must fail.
fn refused(server: &Server, args: &[&str]) -> String {
    let Answer { is_ok, out, err } = ask(server, args, b"");
    assert!(!is_ok, "{args:?}: {out}");
    err
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_flags_files_and_commands_that_exist() {
    let server = Server::start().await;
    let case = ["case", "create", "--id", "c-1", "--title", "Calls", "--status", "OPEN"];
    assert!(ask(&server, &case, b"").is_ok);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    for (args, said) in [
        (&["case", "show", "nope"][..], "find it with `ringwarden case list`"),
        (&["list", "show", "nope"], "find it with `ringwarden list ls`"),
        (&["case", "update", "c-1"], "required arguments were not provided"),
        (
            &["case", "link", "c-1", "123", "--role", "caller-id"],
            "1 of 1 items failed",
        ),
        (
            &["number", "list", "--page-token", "x"],
            "error: --page-token: is not a token that this list gave",
        ),
        (&["normalize", folder], "Is a directory"),
        (
            &["import", "reports", "-", "--yes"],
            "error: the file is empty\n  it is probably a failed export",
        ),
        (
            &["case", "link", "c-1", "--file", "-", "--role", "caller-id"],
            "error: the file is empty",
        ),
    ] {
        let err = refused_local(&server, args);
        assert!(err.contains(said), "{args:?}: {err}");
    }
    let link = ["case", "link", "c-1", "123", "--role", "caller-id"];
    let answer = ask(&server, &link, b"");
    let said = "number: has no country code in use; without one it needs `--region`";
    assert!(
        answer.out.contains(said) && !answer.out.contains("links["),
        "{}",
        answer.out
    );
    // Nothing was stored, so there is nothing to undo.
    let err = ask(&server, &["import", "reports", "-", "--yes"], b"phone\nx\n");
    assert!(!err.is_ok && !err.out.contains("undo"), "{}", err.out);
}

/// `normalize` needs no server and takes no address of one.
fn refused_local(server: &Server, args: &[&str]) -> String {
    if args.first() != Some(&"normalize") {
        return refused(server, args);
    }
    let output = Command::new(env!("CARGO_BIN_EXE_ringwarden"))
        .args(args)
        .output()
        .unwrap();
    assert!(!output.status.success());
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(!err.contains("cannot write the output"), "{err}");
    err
}

/// A reader such as `head` closes the pipe early: this is no error.
#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_that_is_closed_early_is_no_error() {
    let server = Server::start().await;
    // More than a pipe holds.
    for part in 0..4 {
        let reports: Vec<_> = (0..1_000)
            .map(|n| {
                json!({ "reportId": format!("r-{part}-{n}"), "number": format!("+1415555{:04}", part * 1_000 + n),
                        "source": "SOURCE_REGULATOR_FEED", "occurredAt": "2026-01-01T00:00:00Z" })
            })
            .collect();
        let body = json!({ "reports": reports }).to_string();
        assert_eq!(server.post("/v1/reports:batch", &body).await.status, 200);
    }
    for args in [
        &["report", "export"][..],
        &["number", "list", "--all", "--csv"],
        &["number", "list", "--all", "--json"],
        &["number", "list", "--all"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
        command
            .args(args)
            .args(["--server", &format!("http://{}", server.grpc)]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        let mut first = [0; 1];
        out.read_exact(&mut first).unwrap();
        drop(out);
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && !err.contains("error"), "{args:?}: {err}");
    }
}
