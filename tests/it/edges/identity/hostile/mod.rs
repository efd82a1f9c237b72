//! Hostile requests to a server that stands in the open: TLS, principals, tokens. Each gets the right code, and all that are
//! refused for their credential the same text. Nothing is stored, the log tells no secret, the server lives on, and its memory
//! is back to normal.

mod credentials;
mod requests;

use std::collections::BTreeSet;

use flate2::Compression;
use flate2::write::GzEncoder;
use ringwarden::domain::identity::Role;
use ringwarden::wire::v1;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use std::io::Write as _;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request};

use super::closed::{Closed, of};
use super::key;
use crate::support::resident::Resident;

/// What the requests, sent once more, may leave behind: less than the largest of them, a message of 9 MiB, takes on its way
/// as bytes, decompressed and decoded.
const LEFT_KIB: u64 = 16 << 10;

/// One hostile request over HTTPS, and its expected status.
pub(super) struct Row {
    name: &'static str,
    request: Vec<u8>,
    /// 0: the server may hang up without an answer, or answer 431.
    status: u16,
}

impl Row {
    fn new(name: &'static str, status: u16, request: impl Into<Vec<u8>>) -> Self {
        Self {
            name,
            request: request.into(),
            status,
        }
    }
}

/// A request with these header lines.
fn request(method: &str, path: &str, lines: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{lines}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Many bytes that are few on the way.
fn bomb(bytes: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; bytes]).unwrap();
    encoder.finish().unwrap()
}

/// Commits to the store, and audit events, as the metrics count them.
async fn written(closed: &Closed) -> [f64; 2] {
    [
        closed.server.metric("ringwarden_store_commit_seconds_count").await,
        closed.server.metric("ringwarden_audit_events_total").await,
    ]
}

/// An attempt to read reports is an audit event, also if its page token is refused. Nothing else may be written.
async fn check_that_nothing_is_stored(closed: &Closed, before: [f64; 2]) {
    let after = written(closed).await;
    let [commits, events] = [after[0] - before[0], after[1] - before[1]];
    assert!(commits <= events + 0.5, "{commits} commits, {events} audit events");
    let (_, text) = closed
        .ask("GET", "/v1/auditEvents?pageSize=1000", &of(Role::Admin), "")
        .await;
    let listed: serde_json::Value = serde_json::from_str(&text).unwrap();
    let listed = listed["events"].as_array().unwrap();
    for (event, _) in listed.iter().zip((0..).take_while(|n| f64::from(*n) + 0.5 < events)) {
        assert_eq!(event["method"], "AUDIT_METHOD_LIST_REPORTER_REPORTS", "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_requests_get_the_right_code_and_leave_no_trace() {
    let closed = Closed::start(&["--log", "trace"]).await;
    closed.principals().await;
    requests::prepare(&closed).await;
    let rows: Vec<Row> = [credentials::rows(&closed).await, requests::rows(&closed).await]
        .into_iter()
        .flatten()
        .collect();
    assert!(rows.len() >= 100, "{}", rows.len());
    let before = written(&closed).await;
    send_all(&closed, &rows).await;
    // The first time fills caches and buffers. What the second time leaves behind would be left by each further one too.
    let after_one = Resident::of(&closed.server.program).now;
    send_all(&closed, &rows).await;
    let is_back = async || Resident::of(&closed.server.program).now < after_one + LEFT_KIB;
    closed.server.program.wait_for("the memory of before", is_back).await;
    check_that_nothing_is_stored(&closed, before).await;

    // The server is alive, and knows its callers.
    let (status, text) = closed.ask("GET", "/v1/caller", &of(Role::Analyst), "").await;
    assert!(status == 200 && text.contains("analyst"), "{status} {text}");
    let (status, _) = closed.ask("GET", "/v1/cid/+14155550199", &of(Role::Carrier), "").await;
    assert_eq!(status, 200);
    let log = closed.server.program.log();
    for secret in secrets(&closed) {
        assert!(!log.contains(&secret), "a secret in the log: {secret}");
    }
}

/// Sends each request once. Each must get its code, and those that are refused for their credential the same text.
async fn send_all(closed: &Closed, rows: &[Row]) {
    let (mut refusals, mut wrong) = (BTreeSet::new(), Vec::new());
    for row in rows {
        let answer = closed.send(&closed.client, &row.request).await;
        let (status, text) = answer.unwrap_or_default();
        let is_right = match row.status {
            0 => [0, 431].contains(&status),
            expected => status == expected,
        };
        if !is_right {
            wrong.push(format!("{}: {status}, not {}: {text}", row.name, row.status));
        }
        if status == 401 {
            refusals.insert(text);
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    over_grpc(closed).await;
}

/// The secrets that were sent: those of keys, and the signatures of tokens.
fn secrets(closed: &Closed) -> Vec<String> {
    let keys = Role::ALL.iter().map(|role| format!("{:02x}", role.code()).repeat(32));
    let token = closed.token("sub-1");
    let claims = token.split('.').nth(1).unwrap()[..40].to_owned();
    keys.chain([claims, "unknown-secret".to_owned()]).collect()
}

/// What HTTP/1.1 cannot carry.
async fn over_grpc(closed: &Closed) {
    let channel = closed.channel().await;
    let question = |number: &str| v1::LookupRequest {
        number: number.into(),
        ..v1::LookupRequest::default()
    };
    let authorized = |request: v1::LookupRequest, values: &[&str]| {
        let mut request = Request::new(request);
        for value in values {
            request.metadata_mut().append("authorization", value.parse().unwrap());
        }
        request
    };
    let good = format!("Bearer {}", key(Role::Carrier.code()).text());
    let mut client = LookupServiceClient::new(channel.clone());
    let two_keys = authorized(question("+14155550199"), &[&good, &good]);
    let mut refused = vec![
        client.lookup(question("+14155550199")).await.unwrap_err(),
        client.lookup(two_keys).await.unwrap_err(),
    ];
    for value in [
        "Bearer unknown-secret",
        "Basic dW5rbm93bi1zZWNyZXQ=",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        &good.replace("Bearer ", ""),
    ] {
        refused.push(
            client
                .lookup(authorized(question("+14155550199"), &[value]))
                .await
                .unwrap_err(),
        );
    }
    let texts: BTreeSet<&str> = refused.iter().map(tonic::Status::message).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(
        refused.iter().all(|status| status.code() == Code::Unauthenticated),
        "{refused:?}"
    );

    // A message that is small on the way, from a stranger and from a principal.
    let large = question(&"1".repeat(9 << 20));
    let mut packed = client.clone().send_compressed(CompressionEncoding::Gzip);
    let stranger = packed.lookup(large.clone()).await.unwrap_err();
    assert_eq!(stranger.code(), Code::Unauthenticated);
    let principal = packed.lookup(authorized(large, &[&good])).await.unwrap_err();
    assert_eq!(principal.code(), Code::ResourceExhausted, "{principal:?}");

    // Metadata of 10 MB, on a connection that the server may end.
    let mut client = LookupServiceClient::new(closed.channel().await);
    let mut request = authorized(question("+14155550199"), &[&good]);
    for n in 0..160 {
        let name: tonic::metadata::MetadataKey<_> = format!("x-pad-{n}").parse().unwrap();
        request
            .metadata_mut()
            .insert(name, "x".repeat(64 * 1_024).parse().unwrap());
    }
    assert!(client.lookup(request).await.is_err());
    let mut client = LookupServiceClient::new(channel);
    let answer = client.lookup(authorized(question("+14155550199"), &[&good])).await;
    assert!(answer.is_ok(), "{answer:?}");
}
