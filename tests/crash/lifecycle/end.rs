//! Connections without a call do not delay the end, and an orderly end has the exit code 0. A client that had connected
//! and said nothing kept servers of others alive for an hour: `hyperium/hyper#4170`, `hyperium/hyper#2730`.

use std::time::Duration;

use ringwarden::wire::v1::LookupRequest;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;

use super::client::{HTTP2, connected, connections_without_a_call, endless_request};
use crate::support::program::Program;
use crate::support::redis_server::free_port;

/// Far less than the drain deadline of 10 s, and far more than an end takes.
const SOON: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread")]
async fn connections_without_a_call_do_not_delay_the_end() {
    for signal in ["TERM", "INT"] {
        let mut program = Program::serve("memory:").await;
        let connections = connections_without_a_call(&program).await;
        let idle_channel = program.connect().await;
        let began = Instant::now();
        program.signal(signal);
        assert_eq!(program.ended().await.code(), Some(0), "{}", program.log());
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        drop((connections, idle_channel));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_streams_do_not_delay_the_end() {
    let mut program = Program::serve("memory:").await;
    let mut watch = HealthClient::new(program.connect().await)
        .watch(HealthCheckRequest::default())
        .await
        .unwrap()
        .into_inner();
    watch.message().await.unwrap().unwrap();

    let (questions, asked) = tokio::sync::mpsc::channel(1);
    let mut client = LookupServiceClient::new(program.connect().await);
    let mut answers = client
        .stream_lookup(ReceiverStream::new(asked))
        .await
        .unwrap()
        .into_inner();
    let question = LookupRequest {
        number: "+14155550199".to_owned(),
        ..LookupRequest::default()
    };
    questions.send(question).await.unwrap();
    answers.message().await.unwrap().unwrap();

    let (listing, asked) = tokio::sync::mpsc::channel(1);
    let mut client = ServerReflectionClient::new(program.connect().await);
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    listing.send(request).await.unwrap();
    let mut listed = client
        .server_reflection_info(ReceiverStream::new(asked))
        .await
        .unwrap()
        .into_inner();
    listed.message().await.unwrap().unwrap();

    let began = Instant::now();
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(0), "{}", program.log());
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    drop((watch, questions, answers, listing, listed));
}

/// A client over HTTP/2 hears of the end before its connection is closed (GOAWAY, RFC 9113 section 6.8), so it knows which
/// requests it may send again.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_client_is_told_before_its_connection_is_closed() {
    const GOAWAY: u8 = 7;
    let mut program = Program::serve("memory:").await;
    let mut idle = connected(program.grpc(), HTTP2).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    program.terminate();
    let mut said = Vec::new();
    idle.read_to_end(&mut said).await.unwrap();
    // A frame has its length in three bytes, its type in one, five more bytes, and its content.
    let mut types = Vec::new();
    let mut rest = said.as_slice();
    while let [a, b, c, kind, ..] = *rest {
        types.push(kind);
        let length = 9 + ((usize::from(a) << 16) | (usize::from(b) << 8) | usize::from(c));
        rest = rest.get(length..).unwrap_or_default();
    }
    assert!(types.contains(&GOAWAY), "{types:?}");
    assert_eq!(program.ended().await.code(), Some(0));
}

/// A request whose body is still on its way when the signal comes is answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_progress_is_answered() {
    let mut program = Program::serve("memory:").await;
    let body = br#"{"number": "+14155550199"}"#;
    let head = format!(
        "POST /v1/lookup HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut request = connected(program.http(), head.as_bytes()).await.unwrap();
    // One connection after the other is accepted, so this request has arrived when another one is answered.
    assert_eq!(program.get("/healthz").await.0, 200);
    program.terminate();
    program
        .wait_for("the drain", async || program.log().contains("draining"))
        .await;
    // Slower than an idle connection is left open, byte for byte.
    for byte in body {
        request.write_all(&[*byte]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let mut answer = String::new();
    request.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert_eq!(program.ended().await.code(), Some(0), "{}", program.log());
}

/// The drain deadline cuts off a call, and the exit code says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_cut_off_is_told_by_the_exit_code() {
    let mut program = Program::serve_with("memory:", &["--drain-deadline", "500ms"]).await;
    let endless = endless_request(&program).await;
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(1), "{}", program.log());
    endless.abort();
}

/// A server that waits for its store ends at the first signal, in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_not_started_ends_in_order() {
    let store = format!("redis://127.0.0.1:{}", free_port());
    let mut program = Program::start(&store, &["--shutdown-grace", "60m"], &[]);
    program
        .wait_for("an attempt", async || {
            program.log().contains("the store cannot be opened yet")
        })
        .await;
    program.reload();
    program
        .wait_for("the signal", async || program.log().contains("SIGHUP"))
        .await;
    let began = Instant::now();
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(0), "{}", program.log());
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}
