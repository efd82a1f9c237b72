//! `doctor` against servers and stores that are sound, changed by hand, damaged, away, or in use.

use std::process::{Command, Output};

use ringwarden::codec::entry::{EntryHeader, EntryState, encode_header};
use ringwarden::domain::actor::Actor;
use ringwarden::domain::state::NumberState;
use ringwarden::domain::tenant::TenantId;
use ringwarden::number::E164;
use ringwarden::store::embedded::EmbeddedStore;
use ringwarden::store::{RecordKey, RecordWrite, ShardCommit, Store as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::altered;
use crate::support::instance::{evidence_version, noon};
use crate::support::program::Program;
use crate::support::redis_commits::{DURABLE, number};
use crate::support::redis_server::{RedisServer, free_port};

const NUMBERS: u64 = 40;
/// A server that mends nothing by itself.
const NEVER: [&str; 2] = ["--compare-every", "0"];

fn doctor(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command.arg("doctor").args(args).env_clear().output().unwrap()
}

fn of_server(program: &Program, args: &[&str]) -> Output {
    let url = format!("http://{}", program.grpc());
    doctor(&[&["--server", &url][..], args].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The exit code, and the documents that were printed: one for each shard, and the summary.
fn json_of(output: &Output) -> (Option<i32>, Vec<Value>) {
    let lines = text(&output.stdout);
    let documents = lines.lines().map(|line| serde_json::from_str(line).unwrap());
    (output.status.code(), documents.collect())
}

/// The summary of a check whose exit code is this.
fn summary(output: &Output, code: i32) -> Value {
    let (found, mut documents) = json_of(output);
    assert_eq!(found, Some(code), "{output:?}");
    assert_eq!(documents.len(), 257);
    documents.pop().unwrap()
}

/// What a check that could not be made says. Its exit code is 2, unless another one is named.
fn refused(args: &[&str], code: i32) -> String {
    let output = doctor(args);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    text(&output.stderr)
}

async fn report_each(program: &Program) {
    let report = |n: u64| {
        json!({"reportId": format!("r-{n}"), "number": number(n).to_string(), "source": "SOURCE_REGULATOR_FEED",
            "category": "CATEGORY_TECH_SUPPORT_SCAM"})
    };
    let reports: Vec<Value> = (0..NUMBERS).map(report).collect();
    done(
        program
            .post("/v1/reports:batch", &json!({ "reports": reports }).to_string())
            .await,
    );
}

fn done((status, body): (u16, String)) {
    assert_eq!(status, 200, "{body}");
}

/// Things of most kinds.
async fn fill(program: &Program) {
    report_each(program).await;
    let case = json!({"caseId": "c-1", "title": "Refund calls", "actor": "ana", "requestId": "m1"});
    done(program.post("/v1/cases", &case.to_string()).await);
    let link = json!({"links": [{"number": number(1).to_string(), "role": "CASE_ROLE_CALLER_ID", "confidence": 0.9}],
        "actor": "ana", "requestId": "m2"});
    done(program.post("/v1/cases/c-1:linkNumbers", &link.to_string()).await);
    let note = json!({"caseId": "c-1", "text": "Two victims called.", "actor": "ana", "requestId": "m3"});
    done(program.post("/v1/notes", &note.to_string()).await);
    let list = json!({"head": {"kind": "LIST_KIND_TENANT_BLOCK", "requestId": "m4", "actor": "ana"},
        "entries": [{"number": number(2).to_string(), "source": "clinics", "enteredAt": "2026-11-01T00:00:00Z"}]});
    done(program.put("/v1/lists/l-1", &list.to_string()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_and_its_store_are_equal() {
    let redis = RedisServer::start(&DURABLE);
    let one = Program::serve_with(&redis.url(), &NEVER).await;
    let two = Program::serve_with(&redis.url(), &NEVER).await;
    fill(&one).await;
    let first = summary(&of_server(&one, &["--json"]), 0);
    let second = summary(&of_server(&two, &["--json"]), 0);
    assert_eq!(
        (&first["result"], &first["equal"]),
        (&json!("EQUAL"), &json!(256)),
        "{first}"
    );
    assert_eq!(first["storeChecksum"], first["indexChecksum"]);
    assert_eq!(first["indexChecksum"], second["indexChecksum"]);
    assert!(first["records"].as_u64().unwrap() > NUMBERS);

    let store = summary(&doctor(&["--store", &redis.url(), "--json"]), 0);
    assert_eq!(
        (&store["result"], &store["sound"]),
        (&json!("SOUND"), &json!(256)),
        "{store}"
    );
    for same in ["storeId", "storeChecksum", "records"] {
        assert_eq!(store[same], first[same], "{same}");
    }
    assert_eq!(store["rows"], json!(NUMBERS));
    let shown = text(&of_server(&one, &[]).stdout);
    assert!(
        shown.contains("256 equal") && shown.contains(first["indexChecksum"].as_str().unwrap()),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_changed_by_hand_is_named_and_mended() {
    let redis = RedisServer::start(&DURABLE);
    let server = Program::serve_with(&redis.url(), &NEVER).await;
    report_each(&server).await;
    done(
        server
            .post(
                "/v1/reports",
                &json!({"reportId": "r", "number": number(7).to_string(),
        "source": "SOURCE_REGULATOR_FEED", "category": "CATEGORY_PHISHING"})
                .to_string(),
            )
            .await,
    );
    summary(&of_server(&server, &["--json"]), 0);
    let mending = Program::serve_with(&redis.url(), &["--compare-every", "1ms"]).await;
    altered::exchange_content(&redis, number(3), number(7));

    let clear = number(3).to_string();
    let different = of_server(&server, &["--json"]);
    let told = summary(&different, 1);
    assert_eq!(
        (&told["result"], &told["differing"]),
        (&json!("DIFFERENT"), &json!(1)),
        "{told}"
    );
    assert_ne!(told["storeChecksum"], told["indexChecksum"]);
    let (_, documents) = json_of(&different);
    let named: Vec<&Value> = documents
        .iter()
        .filter_map(|shard| shard["differences"].as_array())
        .flatten()
        .collect();
    assert_eq!(named.len(), 1);
    assert_eq!(
        named[0]["difference"],
        json!("RECORD_DIFFERENCE_KIND_CONTENT"),
        "{named:?}"
    );
    assert_eq!(named[0]["kind"], json!("number"));
    let hash = named[0]["idHash"].as_str().unwrap().to_owned();
    assert!(!text(&different.stdout).contains(&clear), "{different:?}");

    let shown = of_server(&server, &[]);
    assert_eq!(shown.status.code(), Some(1));
    let (table, error) = (text(&shown.stdout), text(&shown.stderr));
    assert!(
        table.contains(&hash) && table.contains("CONTENT") && table.contains("1 different"),
        "{table}"
    );
    assert!(
        error.contains("the index differs from the store: 1 record in 1 shard"),
        "{error}"
    );
    let with_ids = text(&of_server(&server, &["--ids"]).stdout);
    assert!(with_ids.contains(&clear) && !with_ids.contains(&hash), "{with_ids}");
    let (_, events) = server
        .get("/v1/auditEvents?method=AUDIT_METHOD_GET_INDEX_COMPARISON")
        .await;
    assert!(events.contains("AUDIT_METHOD_GET_INDEX_COMPARISON"), "{events}");

    // The store has it from nobody: its log says otherwise, and so do the rows of the number.
    let store = doctor(&["--store", &redis.url(), "--json"]);
    let told = summary(&store, 1);
    assert_eq!(
        (&told["result"], &told["damaged"]),
        (&json!("DAMAGED"), &json!(2)),
        "{told}"
    );
    let printed = text(&store.stdout);
    assert!(
        printed.contains("UNLIKE_LOG") && printed.contains("UNLIKE_ROWS") && printed.contains(&hash),
        "{printed}"
    );
    assert!(!printed.contains(&clear), "{printed}");
    let shown = doctor(&["--store", &redis.url(), "--ids"]);
    assert!(text(&shown.stdout).contains(&clear), "{shown:?}");

    mending
        .wait_for("the difference", async || {
            mending.metric("ringwarden_index_differences_total").await > 0.0
        })
        .await;
    mending.line(&["ERROR", "the index differs from the store"]).await;
    mending
        .wait_for("the load", async || of_server(&mending, &[]).status.success())
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_checked_is_neither_sound_nor_damaged() {
    let nobody = free_port();
    let error = refused(&["--server", &format!("http://127.0.0.1:{nobody}")], 2);
    assert!(error.contains("nothing could be checked: no server answers"), "{error}");
    let error = refused(&["--store", &format!("redis://127.0.0.1:{nobody}")], 2);
    assert!(
        error.contains("nothing could be checked: cannot open the store"),
        "{error}"
    );
    refused(&["--store", "memory:"], 2);
    refused(&["--store", "postgres://x"], 2);

    // An emptied store is a finding, and stays empty.
    let redis = RedisServer::start(&DURABLE);
    let error = refused(&["--store", &redis.url()], 1);
    assert!(error.contains("it is empty"), "{error}");
    assert_eq!(redis.command(&["DBSIZE"]), redis::Value::Int(0));
    let directory = TempDir::new().unwrap();
    let url = format!("embedded:{}", directory.path().join("none").display());
    refused(&["--store", &url], 1);
    assert!(!directory.path().join("none").exists(), "nothing is created");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_may_ask() {
    let server = Program::serve("memory:").await;
    let keys = TempDir::new().unwrap();
    let file = |name: &str| keys.path().join(name).display().to_string();
    let create = |name: &str, role: &str, by: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
        command.args(["key", "create", name, "--role", role, "--out", &file(name)]);
        command
            .args(["--server", &format!("http://{}", server.grpc())])
            .args(by);
        let output = command.env_clear().env("USER", "ana").output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    create("root", "admin", &[]);
    let root = file("root");
    create("ana", "analyst", &["--key-file", &root]);
    let of = |key: &str| of_server(&server, &["--key-file", &file(key)]);
    assert!(of("root").status.success());
    let refused = of("ana");
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(text(&refused.stderr).contains("PERMISSION_DENIED"), "{refused:?}");
    assert_eq!(
        of_server(&server, &[]).status.code(),
        Some(2),
        "nobody is known without a key"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_store_is_checked_when_no_server_has_it_open() {
    let directory = TempDir::new().unwrap();
    let url = format!("embedded:{}", directory.path().display());
    let mut server = Program::serve_with(&url, &NEVER).await;
    fill(&server).await;
    let of_index = summary(&of_server(&server, &["--json"]), 0);
    let error = refused(&["--store", &url], 2);
    assert!(error.contains("is open in another process"), "{error}");
    server.terminate();
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.log());

    let sound = summary(&doctor(&["--store", &url, "--json"]), 0);
    assert_eq!(sound["storeChecksum"], of_index["indexChecksum"]);
    assert_eq!(sound["rows"], json!(NUMBERS));
    for some in ["sideRecords", "events", "logEntries"] {
        assert!(sound[some].as_u64().unwrap() > 0, "{some}: {sound}");
    }
    damage(&directory, number(NUMBERS)).await;
    let damaged = doctor(&["--store", &url, "--ids"]);
    assert_eq!(damaged.status.code(), Some(1));
    let table = text(&damaged.stdout);
    assert!(
        table.contains("UNREADABLE") && table.contains(&number(NUMBERS).to_string()),
        "{table}"
    );
    assert!(
        text(&damaged.stderr).contains("the store is damaged: 1 thing in 1 shard"),
        "{damaged:?}"
    );
}

/// Commits a record that nobody can read.
async fn damage(directory: &TempDir, number: E164) {
    let store = EmbeddedStore::open(directory.path(), evidence_version()).await.unwrap();
    let key = RecordKey::of::<NumberState>(TenantId::DEFAULT, &number);
    let header = EntryHeader {
        nonce: 7,
        tenant: key.tenant(),
        kind: key.kind(),
        id: key.id().clone(),
        state: EntryState::Follows,
        at: noon(),
        actor: Actor::parse("test").unwrap(),
        request: "".into(),
        reason: "".into(),
    };
    let commit = ShardCommit {
        records: vec![RecordWrite {
            expected: None,
            header: encode_header(&header),
            state: Some("\u{1}x".into()),
            key: key.clone(),
        }],
        ..ShardCommit::empty(key.shard())
    };
    let committed = store.commit(vec![commit]).await.pop().unwrap();
    committed.unwrap();
}
