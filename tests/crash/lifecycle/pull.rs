//! `pull` ends in order when a service manager stops it: it says so, leaves no temporary file, and the next run goes on.

use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::server::Server;
use crate::support::web::{NO_BODY, Web, ok};

const FILE: &str = "number,when\n+12125550101,2026-11-23\n";

fn pull(server: &Server, web: &Web, folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command
        .args(["pull", &format!("a={}", web.url("/{date}.csv")), "--state"])
        .arg(folder.path().join("state.json"))
        .arg("--metrics-file")
        .arg(folder.path().join("a.prom"))
        .args(["--from", "2026-11-23", "--to", "2026-11-24", "--format", "reports"])
        .args(["--map", "number=number,occurred_at=when", "--json", "--server"])
        .arg(format!("http://{}", server.grpc));
    let temporary = folder.path().join("temporary");
    std::fs::create_dir_all(&temporary).unwrap();
    command.env("TMPDIR", temporary);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_that_is_stopped_says_so_and_goes_on_later() {
    let (server, web, folder) = (Server::start().await, Web::start(), TempDir::new().unwrap());
    web.serve("/2026-11-23.csv", &[ok(FILE, "")]);
    web.serve("/2026-11-24.csv", &[NO_BODY.to_vec()]);
    for signal in ["-TERM", "-INT"] {
        let child = pull(&server, &web, &folder).spawn().unwrap();
        web.wait_for_hanging();
        let kill = format!("kill {signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains("error: interrupted\n  the next run goes on with the same day"),
            "{said}"
        );
        let metrics = std::fs::read_to_string(folder.path().join("a.prom")).unwrap();
        assert!(metrics.contains("ringwarden_pull_success{source=\"a\"} 0"), "{metrics}");
        let left = std::fs::read_dir(folder.path().join("temporary")).unwrap().count();
        assert_eq!(left, 0);
    }
    web.serve("/2026-11-24.csv", &[ok(FILE.replace("0101", "0102"), "")]);
    let output = pull(&server, &web, &folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let out = String::from_utf8_lossy(&output.stdout);
    // The first file has not changed since.
    assert_eq!(out.matches("\"accepted\":1").count(), 1, "{out}");
}
