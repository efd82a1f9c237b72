//! The decision log of a server: its lines against the page that describes them, and its files.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use futures_util::stream;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use ringwarden::wire::v1::{LookupRequest, View};
use serde_json::{Value, json};

use crate::support::program::Program;

/// A number that cannot exist: it is blocked.
const IMPOSSIBLE: &str = "+16171550123";
/// A number without evidence.
const UNKNOWN: &str = "+12015550199";
/// The page that describes the fields.
const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/decision-log.md"));

struct Logged {
    server: Program,
    directory: tempfile::TempDir,
}

impl Logged {
    async fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("decisions.jsonl");
        let arguments = [&["--decision-log", log.to_str().unwrap()], arguments].concat();
        let server = Program::serve_with("memory:", &arguments).await;
        Self { server, directory }
    }

    /// Waits until the file of this name has so many lines, and reads them.
    async fn lines(&self, name: &str, count: usize) -> Vec<Value> {
        let path = self.directory.path().join(name);
        let text = || std::fs::read_to_string(&path).unwrap_or_default();
        self.server
            .wait_for("lines", async || text().matches('\n').count() >= count)
            .await;
        let text = text();
        let lines: Vec<_> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), count, "{text}");
        lines
    }

    async fn look_up(&self, question: Value) -> Value {
        look_up(&self.server, question).await
    }
}

async fn look_up(server: &Program, question: Value) -> Value {
    let (status, body) = server.post("/v1/lookup", &question.to_string()).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// The fields of the table on the page, with the types that it gives them.
fn described() -> Vec<(&'static str, &'static str)> {
    let (_, section) = PAGE.split_once("## Fields").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| {
        let (name, rest) = row.split_once("` | ")?;
        let (kind, _) = rest.split_once(" | ")?;
        Some((name, kind))
    });
    cells.collect()
}

fn has_type(value: &Value, kinds: &str) -> bool {
    kinds.split(" or ").any(|kind| match kind {
        "text" => value.is_string(),
        "number" => value.is_number(),
        "true/false" => value.is_boolean(),
        "list of texts" => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
        "null" => value.is_null(),
        other => panic!("the page has an unknown type: {other}"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_has_the_fields_of_the_page_and_no_others() {
    let log = Logged::start(&["--enforce", "off"]).await;
    let answer = log
        .look_up(json!({"number": IMPOSSIBLE, "verstat": "VERSTAT_PASSED", "attestation": "ATTESTATION_B"}))
        .await;
    log.look_up(json!({"number": UNKNOWN, "view": "VIEW_BASIC", "recordEvent": false}))
        .await;
    log.look_up(json!({"number": "anonymous", "role": "LOOKUP_ROLE_ABOUT_TO_DIAL"}))
        .await;
    // What is refused is no decision.
    let (status, _) = log.server.post("/v1/lookup", r#"{"number":"x"}"#).await;
    assert_eq!(status, 400);
    let lines = log.lines("decisions.jsonl", 3).await;
    let described = described();
    let names: BTreeSet<_> = described.iter().map(|(name, _)| *name).collect();
    for line in &lines {
        let found: BTreeSet<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(found, names);
        for (name, kind) in &described {
            assert!(has_type(&line[name], kind), "{name} is no {kind}: {line}");
        }
    }
    let [shadowed, allowed, withheld] = &lines[..] else {
        panic!("{lines:?}")
    };
    for (field, value) in [
        ("decision_id", answer["decisionId"].clone()),
        ("number", json!("+1617155xxxx")),
        ("role", json!("CALLING")),
        ("call", json!(true)),
        ("action", json!("ALLOW")),
        ("basis", json!("SHADOW")),
        ("would_action", json!("BLOCK")),
        ("would_basis", json!("INVALID_NUMBER")),
        ("reasons", json!(["INVALID_NUMBER"])),
        ("attestation", json!("B")),
        ("verstat", json!("PASSED")),
        ("model", answer["modelVersion"].clone()),
    ] {
        assert_eq!(shadowed[field], value, "{field}: {shadowed}");
    }
    assert_eq!(
        [
            &allowed["basis"],
            &allowed["would_action"],
            &allowed["region"],
            &allowed["call"]
        ],
        [&json!("NO_EVIDENCE"), &Value::Null, &json!("US"), &json!(false)]
    );
    assert_eq!(
        [&withheld["number"], &withheld["role"]],
        [&Value::Null, &json!("ABOUT_TO_DIAL")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_and_streams_are_logged_too() {
    let log = Logged::start(&[]).await;
    let batch = json!({"requests": [{"number": UNKNOWN}, {"number": IMPOSSIBLE}, {"number": "x"}]});
    let (status, _) = log.server.post("/v1/lookup:batch", &batch.to_string()).await;
    assert_eq!(status, 200);
    let request = |number: &str| LookupRequest {
        number: number.to_owned(),
        view: View::Basic.into(),
        ..LookupRequest::default()
    };
    let questions = stream::iter([request(UNKNOWN), request(IMPOSSIBLE)]);
    let mut client = LookupServiceClient::new(log.server.channel());
    let mut answers = client.stream_lookup(questions).await.unwrap().into_inner();
    while answers.message().await.unwrap().is_some() {}
    let lines = log.lines("decisions.jsonl", 4).await;
    let actions: Vec<_> = lines.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["ALLOW", "BLOCK", "ALLOW", "BLOCK"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dash_writes_to_standard_output() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("output");
    let file = File::create(&output).unwrap();
    let mut server = Program::serve_with_stdout(file.into(), &["--decision-log", "-"]).await;
    look_up(&server, json!({"number": UNKNOWN})).await;
    server.terminate();
    assert_eq!(server.ended().await.code(), Some(0));
    let text = std::fs::read_to_string(output).unwrap();
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["number"], "+1201555xxxx");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_masked_hashed_or_absent_and_a_share_is_enough() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("key");
    std::fs::write(&key, "07".repeat(32) + "\n").unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let key = [
        "--decision-log-key",
        key.to_str().unwrap(),
        "--decision-log-sample",
        "0",
    ];
    let mut hashes = Vec::new();
    for _ in 0..2 {
        let log = Logged::start(&[&["--decision-log-numbers", "hashed"], &key[..]].concat()).await;
        log.look_up(json!({"number": UNKNOWN})).await;
        log.look_up(json!({"number": IMPOSSIBLE})).await;
        let lines = log.lines("decisions.jsonl", 1).await;
        hashes.push(lines[0]["number"].as_str().unwrap().to_owned());
    }
    assert_eq!((hashes[0].len(), &hashes[0]), (32, &hashes[1]), "one key, one hash");
    let log = Logged::start(&["--decision-log-numbers", "none"]).await;
    log.look_up(json!({"number": IMPOSSIBLE})).await;
    let lines = log.lines("decisions.jsonl", 1).await;
    assert_eq!(lines[0]["number"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_file_goes_on_by_itself_and_at_sighup() {
    let mut log = Logged::start(&[]).await;
    let path = |name: &str| log.directory.path().join(name);
    let (current, first, second) = (path("decisions.jsonl"), path("first"), path("second"));
    log.look_up(json!({"number": UNKNOWN})).await;
    log.lines("decisions.jsonl", 1).await;
    std::fs::rename(&current, &first).unwrap();
    log.look_up(json!({"number": UNKNOWN})).await;
    log.lines("decisions.jsonl", 1).await;
    std::fs::rename(&current, &second).unwrap();
    // Without a lookup, the signal alone has the file made again.
    log.server.reload();
    log.server.wait_for("the file", async || current.exists()).await;
    log.look_up(json!({"number": UNKNOWN})).await;
    log.server.terminate();
    assert_eq!(log.server.ended().await.code(), Some(0));
    for name in ["first", "second", "decisions.jsonl"] {
        log.lines(name, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_costs_lines_that_are_counted_and_no_answer() {
    let server = Program::serve_with("memory:", &["--decision-log", "/dev/full"]).await;
    for _ in 0..5 {
        look_up(&server, json!({"number": UNKNOWN})).await;
    }
    let line = "ringwarden_decision_log_lines_total{outcome=\"failed\"} 5";
    server
        .wait_for("the count", async || {
            let (_, figures) = server.get("/metrics").await;
            figures.lines().any(|found| found == line)
        })
        .await;
    server.line(&["the decision log cannot be written"]).await;
}

#[test]
fn a_log_that_cannot_be_opened_stops_the_server_at_its_start() {
    let serve = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
        command.args(["serve", "--store", "memory:", "--grpc-addr", "127.0.0.1:0"]);
        command.args(["--http-addr", "127.0.0.1:0"]).args(arguments).env_clear();
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let error = serve(&["--decision-log", "/no/such/folder/log"]);
    assert!(
        error.contains("cannot open the decision log /no/such/folder/log"),
        "{error}"
    );
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let error = serve(&["--decision-log-key", key.to_str().unwrap()]);
    assert!(error.contains("key of the decision log"), "{error}");
}
