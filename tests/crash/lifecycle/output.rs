//! A standard error that is full, closed or without a reader ends no server and no answer, and every line of a server
//! that logs JSON is JSON. Public reports: `typedb/typedb#7985` (a panic without a reader), `terminusdb/terminusdb#1584`
//! (a welcome that is not JSON).

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::program::Program;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ringwarden");

/// Answers, reloads, counts lost lines if it must lose some, and ends in order.
async fn lives(mut program: Program, loses_lines: bool) {
    assert_eq!(program.post("/v1/lookup", r#"{"number": "+14155550199"}"#).await.0, 200);
    let reloaded = async || {
        let (_, metrics) = program.get("/metrics").await;
        metrics.contains("\nringwarden_config_reloads_total{outcome=\"applied\"} 1\n")
    };
    program.reload();
    program.wait_for("a reload", reloaded).await;
    let lost = async || program.metric("ringwarden_log_lines_dropped_total").await > 0.0;
    if loses_lines {
        program.wait_for("lost lines", lost).await;
    }
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_no_server() {
    for arguments in [&[][..], &["--log", "trace"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        lives(Program::serve_to(full.into(), arguments).await, true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_without_a_reader_ends_no_server() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    lives(Program::serve_to(writer.into(), &[]).await, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_that_nobody_reads_ends_no_server() {
    let (reader, writer) = std::io::pipe().unwrap();
    let program = Program::serve_to(writer.into(), &["--log", "trace"]).await;
    fill(&program).await;
    // The queue takes more than these lines: whether one is lost does not matter here, the answers do.
    lives(program, false).await;
    drop(reader);
}

/// Asks so much that the log fills the buffer of a pipe, 64 KiB.
async fn fill(program: &Program) {
    for _ in 0..300 {
        assert_eq!(program.get("/healthz").await.0, 200);
    }
}

/// Rust's standard library opens /dev/null in the place of a closed descriptor.
#[test]
fn a_closed_standard_error_ends_no_command() {
    let line = format!("exec {PROGRAM} completions bash 2>&-");
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!output.stdout.is_empty());
}

/// All lines, each of which must be a JSON object with a level.
fn objects(log: &str) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let objects: Vec<_> = log.lines().map(parse).collect();
    for object in &objects {
        assert!(object["level"].is_string() && object["message"].is_string(), "{object}");
        assert!(
            object["timestamp"].is_string() && object["target"].is_string(),
            "{object}"
        );
    }
    assert!(!objects.is_empty());
    objects
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_a_server_that_logs_json_is_json() {
    let variables = [("RINGWARDEN_NONSENSE", "x")];
    let mut program = Program::serve_in("memory:", &["--drain-deadline", "300ms"], &variables).await;
    program.reload();
    let endless = super::client::endless_request(&program).await;
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(1));
    endless.abort();
    let objects = objects(&program.log());
    let has = |text: &str| {
        objects
            .iter()
            .any(|object| object["message"].as_str().unwrap().contains(text))
    };
    for text in [
        "unknown environment variable",
        ": gRPC on 127.0.0.1:",
        "SIGTERM",
        "tasks still run at the deadline",
        "the server shut down before all requests",
    ] {
        let found = has(text) || objects.iter().any(|object| object["signal"] == text);
        assert!(found, "{text}: {objects:?}");
    }
    // The addresses are fields, too.
    let banner = objects.iter().find(|object| object["grpc"].is_string()).unwrap();
    assert_eq!(banner["http"], program.http().to_string());
}

#[test]
fn the_error_of_a_server_that_does_not_start_is_json_too() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("r.toml");
    std::fs::write(&file, "[log]\nformat = 'json'\n[policy]\nprior = 7\n").unwrap();
    let file = file.to_str().unwrap();
    let json = &["--log-format", "json"][..];
    let variable = ("RINGWARDEN_LOG_FORMAT", "json");
    for (arguments, variables, code, message) in [
        (&["--prior", "7"][..], &[][..], 1, "--prior: \"7\" is not a valid share"),
        (&["--prior", "7"], &[variable], 1, "--prior: \"7\" is not a valid share"),
        (&["--config", file], &[], 1, "policy.prior"),
        (&["--config", "/no/such/file"], &[], 1, "cannot be read"),
        (&["--bogus"], &[], 2, "--bogus"),
        (&["--bogus"], &[variable], 2, "--bogus"),
        (&["--prior"], &[], 2, "--prior"),
        (&["--store", "embedded:/proc/nowhere"], &[], 1, "cannot open the store"),
        (&["--model", "/no/such/file"], &[], 1, "cannot read the model file"),
        (
            &["--decision-keys", "/no/such/file", "--store", "memory:"],
            &[],
            1,
            "decision keys",
        ),
        (
            &[
                "--grpc-addr",
                "192.0.2.1:1",
                "--tls-terminated-in-front",
                "--auth",
                "required",
                "--store",
                "memory:",
            ],
            &[],
            1,
            "cannot listen on",
        ),
    ] {
        let mut command = Command::new(PROGRAM);
        command
            .arg("serve")
            .args(arguments)
            .env_clear()
            .envs(variables.iter().copied());
        if variables.is_empty() && arguments != ["--config", file] {
            command.args(json);
        }
        let output = command.output().unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {log}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
        let objects = objects(&log);
        let last = objects.last().unwrap();
        assert_eq!(last["level"], "ERROR", "{arguments:?}");
        assert!(
            last["message"].as_str().unwrap().contains(message),
            "{arguments:?}: {last}"
        );
    }
}

/// `ringwarden ... | head` says nothing of the reader that has left.
#[test]
fn a_reader_that_leaves_early_is_no_error() {
    for command in ["--help", "serve --help", "completions bash", "normalize --region US -"] {
        let line = format!("yes +14155550199 | {PROGRAM} {command} | head -n 1");
        // A shell without `pipefail` gives the code of `head`, so the program's own goes into standard error.
        let line = line.replace(" | head", "; echo code $? >&2; } | head");
        let line = line.replace("yes +14155550199 | ", "yes +14155550199 | { ");
        let mut child = Command::new("sh")
            .args(["-c", &line])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(said, "code 0\n", "{command}");
    }
}
