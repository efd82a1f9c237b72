//! The texts of errors, as a person reads them who has made a mistake: over JSON, on the wrong port, and on the command line.

use std::process::Command;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::server::Server;

/// The error text of a command, which must fail.
fn refusal(server: &str, words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command
        .args(words)
        .args(["--server", server])
        .env_clear()
        .env("USER", "ana");
    let output = command.output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_says_where_to_read_on() {
    let server = Server::start().await;
    let page = server.get("/").await;
    assert_eq!(page.status, 200);
    let openapi = page.json()["openapi"].as_str().unwrap().to_owned();
    assert_eq!(server.get(&openapi).await.status, 200);
    for probe in page.json()["probes"].as_array().unwrap() {
        assert_eq!(server.get(probe.as_str().unwrap()).await.status, 200, "{probe}");
    }
    assert!(page.body.contains("\"/metrics\""), "{}", page.body);
    let missing = server.get("/v1/nothing").await;
    assert_eq!(missing.status, 404);
    assert!(missing.body.contains(&openapi), "{}", missing.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_method_is_named() {
    let server = Server::start().await;
    for (method, path, text) in [
        ("GET", "/v1/lookup", "this path has the method POST, not GET"),
        ("DELETE", "/", "this path has the method GET or HEAD, not DELETE"),
        ("BREW", "/v1/lookup", "this path has the method POST, not that method"),
    ] {
        let answer = server.request(method, path, "{}").await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert_eq!(answer.json()["message"], text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_have_their_json_names() {
    let server = Server::start().await;
    let answer = server.post("/v1/lookup", r#"{"number": "4155550123"}"#).await;
    let violation = &answer.json()["details"][0]["fieldViolations"][0];
    assert_eq!(violation["field"], "number");
    let problem = violation["description"].as_str().unwrap();
    assert!(problem.contains("`defaultRegion`"), "{problem}");

    let region = r#"{"number": "+14155550123", "defaultRegion": "UK"}"#;
    let answer = server.post("/v1/lookup", region).await.json();
    assert_eq!(answer["details"][0]["fieldViolations"][0]["field"], "defaultRegion");
    assert!(
        answer["message"].as_str().unwrap().starts_with("defaultRegion: "),
        "{answer}"
    );

    let batch = r#"{"reports": [{"reportId": "a", "number": "+14155550123", "occurredAt": "2999-01-01T00:00:00Z"}]}"#;
    let answer = server.post("/v1/reports:batch", batch).await.json();
    let error = &answer["results"][0]["error"];
    assert_eq!(error["field"], "reports[0].occurredAt");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("reports[0].occurredAt: "),
        "{error}"
    );
}

/// An id that was used before is named as the user wrote it: in JSON, in the details for programs, and on the command line.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_was_used_before_is_named_as_it_was_written() {
    let server = Server::start().await;
    let report = |category: &str| {
        json!({ "reportId": "r1", "number": "+14155550123", "category": category, "reporterId": "user-1",
                "occurredAt": "2026-01-05T09:00:00Z" })
        .to_string()
    };
    assert_eq!(server.post("/v1/reports", &report("CATEGORY_SURVEY")).await.status, 200);
    let text = "the `reportId` was used before with different content: the stored report has revision 0, and a higher \
                `revision` corrects it";
    let again = server.post("/v1/reports", &report("CATEGORY_ROBOCALL")).await;
    assert_eq!(again.status, 409, "{again:?}");
    assert_eq!(again.json()["message"], text);
    assert_eq!(again.json()["details"][0]["metadata"]["field"], "reportId");
    let batch = format!(r#"{{"reports": [{}]}}"#, report("CATEGORY_ROBOCALL"));
    let batch = server.post("/v1/reports:batch", &batch).await.json();
    assert_eq!(batch["results"][0]["error"]["message"], text);
    let grpc = format!("http://{}", server.grpc);
    let words = [
        "report",
        "+14155550123",
        "--id",
        "r1",
        "--reporter",
        "user-1",
        "--category",
        "survey",
        "--comment",
        "other",
    ];
    let text = refusal(&grpc, &words);
    assert!(text.contains("`--id` was used before"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_values_are_read_in_every_spelling() {
    let server = Server::start().await;
    for view in ["VIEW_FULL", "FULL", "full", "view-full", "View_Full"] {
        let question = json!({ "number": "+14155550123", "view": view }).to_string();
        let answer = server.post("/v1/lookup", &question).await;
        assert_eq!(answer.status, 200, "{view}: {}", answer.body);
        assert!(answer.json()["modelVersion"].is_string(), "{view}: {}", answer.body);
    }
    for (view, nearest) in [
        ("FUL", "; the nearest one is FULL"),
        ("VIEW_FULLL", "; the nearest one is VIEW_FULL"),
        ("7x", ""),
    ] {
        let question = json!({ "number": "+14155550123", "view": view }).to_string();
        let answer = server.post("/v1/lookup", &question).await.json();
        let text = format!("view: must be one of VIEW_UNSPECIFIED, VIEW_BASIC, VIEW_FULL{nearest}");
        assert_eq!(answer["message"], text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_port_says_so() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.grpc).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("--http-addr"),
        "{answer}"
    );

    let http = format!("http://{}", server.http);
    let text = refusal(&http, &["number", "show", "+14155550123"]);
    let said = "error: this port speaks JSON over HTTP/1.1, and commands need the one that speaks gRPC\n  give the gRPC \
                address of the server (--grpc-addr, by default 127.0.0.1:50051) with --server\n";
    assert_eq!(text, said);
    // A change is not sent again.
    assert_eq!(refusal(&http, &["report", "+14155550123"]), said);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_name_their_own_arguments() {
    let server = Server::start().await;
    let grpc = format!("http://{}", server.grpc);
    let text = refusal(&grpc, &["lookup", "4155550123"]);
    assert!(text.contains("without one it needs `--region`"), "{text}");
    let future = ["report", "+14155550123", "--occurred-at", "2999-01-01"];
    let text = refusal(&grpc, &future);
    assert!(text.starts_with("error: --occurred-at: "), "{text}");
    let text = refusal(&grpc, &["report", "+14155550123", "--category", "BANK_IMPERSONATIO"]);
    assert!(
        text.contains("tip: a similar value exists: 'BANK_IMPERSONATION'"),
        "{text}"
    );
}
