//! CPU time of a lookup in the server, over JSON and over gRPC.
//!
//! Run with `cargo bench --bench edges`. It starts the program over a store in memory and asks it one question at a time,
//! over one kept connection of each kind, in alternating rounds. It prints the CPU time of the server's process for one
//! lookup (user and system, as the scheduler counts it) by each edge, and the ratio of the medians.
#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "a benchmark may fail loudly"
)]

#[path = "../tests/support/program.rs"]
mod program;

use std::fs;

use program::Program;
use ringwarden::wire::v1;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use ringwarden::wire::v1::report_service_client::ReportServiceClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::transport::Channel;

/// Rounds of each edge, and lookups of a round; the first round of each is not counted.
const ROUNDS: usize = 15;
const LOOKUPS: usize = 5_000;
const NUMBER: &str = "+14155550123";

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let program = Program::serve("memory:").await;
        report(&program).await;
        println!("{:>6} {:>14} {:>14} {:>7}", "view", "JSON us", "gRPC us", "ratio");
        for view in [v1::View::Basic, v1::View::Full] {
            let question = v1::LookupRequest {
                number: NUMBER.to_owned(),
                view: view.into(),
                record_event: Some(false),
                ..v1::LookupRequest::default()
            };
            compare(&program, &question, view).await;
        }
    });
}

/// Evidence for the number.
async fn report(program: &Program) {
    let report = v1::Report {
        report_id: "r".to_owned(),
        number: NUMBER.to_owned(),
        category: v1::Category::TechSupportScam.into(),
        source: v1::Source::Analyst.into(),
        ..v1::Report::default()
    };
    let request = v1::SubmitReportRequest { report: Some(report) };
    let mut reports = ReportServiceClient::new(program.connect().await);
    reports.submit_report(request).await.unwrap();
}

async fn compare(program: &Program, question: &v1::LookupRequest, view: v1::View) {
    let mut json = Json::connect(program, question).await;
    let mut grpc = LookupServiceClient::new(program.connect().await);
    let (mut by_json, mut by_grpc) = (Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        let before = cpu_nanos(program.id());
        for _ in 0..LOOKUPS {
            json.look_up().await;
        }
        let between = cpu_nanos(program.id());
        for _ in 0..LOOKUPS {
            ask(&mut grpc, question).await;
        }
        let after = cpu_nanos(program.id());
        by_json.push(micros(between - before));
        by_grpc.push(micros(after - between));
    }
    let (by_json, by_grpc) = (median(&mut by_json[1..]), median(&mut by_grpc[1..]));
    let name = view.as_str_name().trim_start_matches("VIEW_");
    println!("{name:>6} {by_json:>14.2} {by_grpc:>14.2} {:>7.2}", by_json / by_grpc);
}

async fn ask(lookups: &mut LookupServiceClient<Channel>, question: &v1::LookupRequest) {
    let answer = lookups.lookup(question.clone()).await.unwrap().into_inner();
    assert!(answer.risk_score.is_some());
}

/// A connection on which the same question is asked again and again.
struct Json {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Json {
    async fn connect(program: &Program, question: &v1::LookupRequest) -> Self {
        let stream = TcpStream::connect(program.http()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let body = serde_json::to_string(question).unwrap();
        let request = format!(
            "POST /v1/lookup HTTP/1.1\r\nhost: {}\r\nuser-agent: bench\r\naccept: */*\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            program.http(),
            body.len()
        );
        Self {
            stream,
            request: request.into_bytes(),
            answer: vec![0; 64 << 10],
        }
    }

    async fn look_up(&mut self) {
        self.stream.write_all(&self.request).await.unwrap();
        let mut length = 0;
        loop {
            length += self.stream.read(&mut self.answer[length..]).await.unwrap();
            let text = std::str::from_utf8(&self.answer[..length]).unwrap();
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let (_, rest) = head.split_once("content-length: ").unwrap();
            let expected: usize = rest.lines().next().unwrap().parse().unwrap();
            if body.len() == expected {
                assert!(body.contains("riskScore"), "{body}");
                return;
            }
        }
    }
}

/// CPU time of a process: the first figure of each thread's `schedstat`, which counts in nanoseconds where `stat` counts
/// in hundredths of a second. The server's threads do not end.
fn cpu_nanos(process: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let of_each = threads.map(|thread| {
        let figures = fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
        figures.split(' ').next().unwrap().parse::<u64>().unwrap()
    });
    of_each.sum()
}

fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1_000.0 / LOOKUPS as f64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
