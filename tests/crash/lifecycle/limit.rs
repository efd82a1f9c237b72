//! Idle connections at the limit hold up no probe, and leave the store the file descriptors that it needs.

use std::time::Duration;

use ringwarden::wire::v1;
use ringwarden::wire::v1::report_service_client::ReportServiceClient;
use rustix::process::{Resource, getrlimit, setrlimit};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::client::{connected, connections_without_a_call};
use crate::support::frames::preface;
use crate::support::limited::limited;
use crate::support::program::Program;

/// More than a probe waits by default (1 s in Kubernetes), since the machine may be busy.
const PROBE: Duration = Duration::from_secs(2);

async fn answers(program: &Program) {
    for path in ["/healthz", "/readyz", "/metrics"] {
        // `get` waits for two seconds.
        assert_eq!(program.get(path).await.0, 200, "{path}: {}", program.log());
    }
    let mut client = HealthClient::new(timeout(PROBE, program.connect()).await.unwrap());
    let checked = timeout(PROBE, client.check(HealthCheckRequest::default())).await;
    let status = checked.unwrap().unwrap().into_inner().status();
    assert_eq!(status, ServingStatus::Serving);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_at_the_limit_hold_up_no_probe() {
    let mut program = Program::serve_with("memory:", &["--max-connections", "3"]).await;
    let mut idle: Vec<TcpStream> = Vec::new();
    for _ in 0..2 {
        // More than twice the limit on each address, so some of them wait in the queue of the kernel.
        let open = connections_without_a_call(&program);
        idle.extend(timeout(Duration::from_secs(20), open).await.unwrap());
    }
    answers(&program).await;
    answers(&program).await;
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(0), "{}", program.log());
}

/// Heads that arrive one byte at a time do not keep a place, even though they never stop.
#[tokio::test(flavor = "multi_thread")]
async fn heads_that_never_end_hold_up_no_probe() {
    let program = Program::serve_with("memory:", &["--max-connections", "3"]).await;
    let address = program.http();
    let slow = async {
        let mut open: Vec<TcpStream> = Vec::new();
        loop {
            open.retain(|stream| stream.try_write(b"x").is_ok());
            while open.len() < 3 {
                open.push(connected(address, b"GET /healthz HTTP/1.1\r\nX-A: ").await.unwrap());
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = slow => {}
        () = async {
            sleep(Duration::from_millis(500)).await;
            answers(&program).await;
        } => {}
    }
}

/// A connection with a call in progress keeps its place; a further one waits.
#[tokio::test(flavor = "multi_thread")]
async fn calls_in_progress_keep_their_places() {
    let program = Program::serve_with("memory:", &["--max-connections", "1"]).await;
    let body = br#"{"number": "+14155550199"}"#;
    let head =
        "POST /v1/lookup HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n";
    let mut calling = connected(program.http(), head.as_bytes()).await.unwrap();
    let call = async {
        for byte in body {
            calling.write_all(&[*byte]).await.unwrap();
            sleep(Duration::from_millis(30)).await;
        }
        let mut answer = [0; 15];
        calling.read_exact(&mut answer).await.unwrap();
        answer
    };
    let waiting = async {
        sleep(Duration::from_millis(200)).await;
        program.get("/healthz").await
    };
    let (answer, (status, _)) = tokio::join!(call, waiting);
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    assert_eq!(status, 200);
}

/// Open connections at the same time, more than the server accepts, and the reports that it takes meanwhile.
const MANY: usize = 600;
const REPORTS: usize = 200;
/// Files that the embedded store may open (docs/operations.md).
const FILES_OF_STORE: f64 = 320.0;

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_takes_writes_at_600_connections() {
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    setrlimit(Resource::Nofile, files).unwrap();
    let directory = TempDir::new().unwrap();
    let store = format!("embedded:{}", directory.path().join("store").display());
    let arguments = ["--max-connections-per-address", "0"];
    let program = Program::serve_by(&limited(directory.path(), 1_024), &store, &arguments).await;
    let mut idle = Vec::new();
    for _ in 0..MANY {
        idle.push(connected(program.grpc(), &preface(65_535)).await.unwrap());
    }
    let mut reports = ReportServiceClient::new(program.connect().await);
    for number in 0..REPORTS {
        let report = v1::Report {
            report_id: format!("r-{number}"),
            number: "+14155550199".into(),
            category: v1::Category::Phishing.into(),
            reporter_id: format!("person-{number}"),
            ..v1::Report::default()
        };
        let request = v1::SubmitReportRequest { report: Some(report) };
        reports.submit_report(request).await.unwrap();
    }
    let files = program.metric("process_max_fds").await;
    assert!(files <= 1_024.0, "{files}");
    let open = program.metric("process_open_fds").await;
    let of_store = program.open_files(&directory.path().join("store"));
    assert!(
        files - open + of_store as f64 >= FILES_OF_STORE,
        "{open} of {files}, {of_store} of the store"
    );
}
