//! CPU time of a lookup in the server, over JSON and over gRPC.
//!
//! Run with `cargo bench --bench edges`. It starts the program over a store in memory and asks it one question at a time,
//! over one kept connection of each kind, in alternating rounds. It prints the CPU time of the server's process for one
//! lookup (user and system, as the scheduler counts it) by each edge, and the ratio of the medians. With the path of
//! another program in `RINGWARDEN_BENCH_RIVAL`, such as one built from an earlier commit, it measures both in the same
//! rounds.
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
#[path = "../tests/support/redis_server.rs"]
mod redis_server; // for its free ports

use std::fs;
use std::path::Path;

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
/// Names the program to compare with.
const RIVAL: &str = "RINGWARDEN_BENCH_RIVAL";
/// A number that is reported, and so blocked.
const NUMBER: &str = "+14155550123";
/// A number beside it, which is scored and let through.
const NEIGHBOUR: &str = "+14155550177";

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut programs = vec![("this", Program::serve("memory:").await)];
        if let Some(rival) = std::env::var_os(RIVAL) {
            programs.push(("rival", Program::serve_by(Path::new(&rival), "memory:", &[]).await));
        }
        for (_, program) in &programs {
            report(program).await;
        }
        println!(
            "{:>6} {:>9} {:>6} {:>10} {:>10} {:>10}",
            "view", "number", "which", "JSON us", "gRPC us", "JSON/gRPC"
        );
        for (kind, number) in [("reported", NUMBER), ("neighbour", NEIGHBOUR)] {
            for view in [v1::View::Basic, v1::View::Full] {
                let question = v1::LookupRequest {
                    number: number.to_owned(),
                    view: view.into(),
                    record_event: Some(false),
                    ..v1::LookupRequest::default()
                };
                compare(&programs, &question, (view, kind)).await;
            }
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

/// Measures all programs in turn, so that a machine that becomes slower does so for all of them.
async fn compare(programs: &[(&str, Program)], question: &v1::LookupRequest, (view, kind): (v1::View, &str)) {
    let mut figures = Vec::new();
    for (_, program) in programs {
        let json = Json::connect(program, question).await;
        let grpc = LookupServiceClient::new(program.connect().await);
        figures.push((json, grpc, Vec::new(), Vec::new()));
    }
    for _ in 0..=ROUNDS {
        for ((_, program), (json, grpc, by_json, by_grpc)) in programs.iter().zip(&mut figures) {
            let before = cpu_nanos(program.id());
            for _ in 0..LOOKUPS {
                json.look_up().await;
            }
            let between = cpu_nanos(program.id());
            for _ in 0..LOOKUPS {
                ask(grpc, question).await;
            }
            let after = cpu_nanos(program.id());
            by_json.push(micros(between - before));
            by_grpc.push(micros(after - between));
        }
    }
    let name = view.as_str_name().trim_start_matches("VIEW_");
    let mut medians = Vec::new();
    for ((which, _), (_, _, by_json, by_grpc)) in programs.iter().zip(&mut figures) {
        let (by_json, by_grpc) = (median(&mut by_json[1..]), median(&mut by_grpc[1..]));
        println!(
            "{name:>6} {kind:>9} {which:>6} {by_json:>10.2} {by_grpc:>10.2} {:>10.2}",
            by_json / by_grpc
        );
        medians.push((by_json, by_grpc));
    }
    if let [this, rival] = medians[..] {
        println!(
            "{name:>6} {kind:>9}  ratio {:>10.3} {:>10.3}   (this / rival)",
            this.0 / rival.0,
            this.1 / rival.1
        );
    }
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
