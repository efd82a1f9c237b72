//! Health checks need no credential: nobody can use them to keep others out, or to hold up the end.

use std::time::Duration;

use ringwarden::wire::v1::LookupRequest;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::frames::{DATA, END_HEADERS, HEADERS, block, frame, preface};
use crate::support::program::Program;

const CHECK: &str = "/grpc.health.v1.Health/Check";
/// Far less than the drain deadline of 10 s, and far more than an end takes.
const SOON: Duration = Duration::from_secs(4);
/// Far more than a lookup takes on a busy machine.
const LONG: Duration = Duration::from_secs(30);

/// A connection on which a check has begun: the head, and the first bytes of its body.
async fn half_a_check(program: &Program, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(program.grpc()).await.unwrap();
    let head = frame(HEADERS, END_HEADERS, 1, &block(CHECK));
    let bytes = [preface(65_535), head, frame(DATA, 0, 1, body)].concat();
    stream.write_all(&bytes).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_take_no_places_from_others() {
    let program = Program::serve_with("memory:", &["--max-connections", "4"]).await;
    let mut watches = Vec::new();
    for _ in 0..12 {
        let mut client = HealthClient::new(timeout(LONG, program.connect()).await.unwrap());
        let watch = timeout(LONG, client.watch(HealthCheckRequest::default()))
            .await
            .unwrap();
        watches.push((client, watch));
    }
    let mut client = LookupServiceClient::new(timeout(LONG, program.connect()).await.unwrap());
    let question = LookupRequest {
        number: "+14155550199".to_owned(),
        ..LookupRequest::default()
    };
    timeout(LONG, client.lookup(question)).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_has_few_watches_and_short_checks() {
    let program = Program::serve("memory:").await;
    let mut client = HealthClient::new(program.connect().await);
    let mut watches = Vec::new();
    for _ in 0..4 {
        watches.push(client.watch(HealthCheckRequest::default()).await.unwrap());
    }
    let refused = client.watch(HealthCheckRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    watches.pop();
    program
        .wait_for("a further watch", async || {
            client.clone().watch(HealthCheckRequest::default()).await.is_ok()
        })
        .await;
    client.check(HealthCheckRequest::default()).await.unwrap();
    let service = "s".repeat(2_000);
    let refused = client.check(HealthCheckRequest { service }).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
}

/// The answer does not wait for the 4 MiB that the first bytes announce.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_announces_too_much_is_refused_at_once() {
    let program = Program::serve("memory:").await;
    let mut stream = half_a_check(&program, &[0, 0, 0x40, 0, 0, 7, 7, 7]).await;
    let (mut heard, mut bytes) = (Vec::new(), [0; 4 << 10]);
    let answer = [&[HEADERS][..], &[0x5, 0, 0, 0, 1]].concat();
    while !heard.windows(answer.len()).any(|part| part == answer) {
        let count = timeout(LONG, stream.read(&mut bytes)).await.unwrap().unwrap();
        assert!(count > 0, "{heard:?}");
        heard.extend_from_slice(&bytes[..count]);
    }
    let unfinished = "ringwarden_requests_refused_total{edge=\"grpc\",reason=\"unfinished\"}";
    assert!(program.metric(unfinished).await < 0.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_check_does_not_delay_the_end() {
    let mut program = Program::serve("memory:").await;
    let half = half_a_check(&program, &[0, 0, 0, 0, 16, b'a']).await;
    // One connection after the other is accepted, so this one has begun when another one is answered.
    let mut client = HealthClient::new(program.connect().await);
    client.check(HealthCheckRequest::default()).await.unwrap();
    let began = Instant::now();
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(0), "{}", program.log());
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    drop((half, client));
}

/// A client that is silent is pinged, and answers: after the time-out it is closed all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_only_answers_pings_is_idle() {
    let arguments = ["--idle-timeout", "2s", "--keepalive-interval", "1s"];
    let program = Program::serve_with("memory:", &arguments).await;
    let mut client = HealthClient::new(program.connect().await);
    client.check(HealthCheckRequest::default()).await.unwrap();
    let dropped = "ringwarden_connections_dropped_total{edge=\"grpc\",reason=\"idle\"}";
    program
        .wait_for("the end of an idle connection", async || {
            program.metric(dropped).await > 0.5
        })
        .await;
}
