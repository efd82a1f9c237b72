//! What the steps of one case take: of memory, and of the disk.
//!
//! The ignored test prints a table: `cargo test --test outages -- --ignored --nocapture case_steps`. It measures the program
//! of `RINGWARDEN_STALLS_PROGRAM` if that is set, such as that of an older release, and else the one that was built with the
//! test.

use std::path::{Path, PathBuf};

use ringwarden::wire::v1;
use ringwarden::wire::v1::case_service_client::CaseServiceClient;
use tonic::transport::Channel;

use crate::support::program::Program;

const STEPS: usize = 300;
const CASE: &str = "long";
/// The most bytes of an answer, which holds the history of the case.
const MAX_ANSWER: usize = 16 << 20;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, which takes a minute"]
async fn what_the_steps_of_a_case_take() {
    let path = std::env::var_os("RINGWARDEN_STALLS_PROGRAM").map(PathBuf::from);
    let path = path.unwrap_or_else(|| env!("CARGO_BIN_EXE_ringwarden").into());
    eprintln!("| Store | A reason | Steps | Memory before | after | at its highest | Written to the disk | Files |");
    eprintln!("|---|---|---|---|---|---|---|---|");
    for character in ["x", "\u{1F4DE}"] {
        let directory = tempfile::tempdir().unwrap();
        let embedded = directory.path().join("store");
        for store in [None, Some(&*embedded)] {
            let note = character.repeat(4_000);
            eprintln!("{}", measure(&path, store, &note).await);
        }
    }
}

/// Takes all steps, and returns the row of the table.
async fn measure(path: &Path, directory: Option<&Path>, note: &str) -> String {
    let store = directory.map_or("memory:".to_owned(), |path| format!("embedded:{}", path.display()));
    let program = Program::serve_by(path, &store, &[]).await;
    let client = CaseServiceClient::new(program.connect().await);
    let mut client = client.max_decoding_message_size(MAX_ANSWER);
    create(&mut client, note).await;
    let (before, written) = (figure(&program, "status", "VmRSS:"), written_kib(&program));
    let mut steps = 0;
    while steps < STEPS && step(&mut client, steps, note).await {
        steps += 1;
    }
    let files = directory.map_or(0, |path| bytes_of(path) >> 10);
    let after = figure(&program, "status", "VmRSS:");
    let highest = figure(&program, "status", "VmHWM:");
    let name = if directory.is_some() { "embedded" } else { "memory" };
    let cells = [before, after, highest, written_kib(&program) - written, files];
    let cells = cells.map(|kib| format!("{} MB", kib >> 10)).join(" | ");
    format!("| {name} | {} bytes | {steps} | {cells} |", note.len())
}

async fn create(client: &mut CaseServiceClient<Channel>, summary: &str) {
    let request = v1::CreateCaseRequest {
        case_id: CASE.to_owned(),
        title: "A long case".to_owned(),
        summary: summary.to_owned(),
        category: v1::Category::TechSupportScam.into(),
        status: v1::CaseStatus::Open.into(),
        actor: "ana".to_owned(),
        request_id: "create".to_owned(),
        ..v1::CreateCaseRequest::default()
    };
    client.create_case(request).await.unwrap();
}

/// Takes a step; false if it is refused.
async fn step(client: &mut CaseServiceClient<Channel>, number: usize, note: &str) -> bool {
    let to = if number.is_multiple_of(2) {
        v1::CaseStatus::UnderInvestigation
    } else {
        v1::CaseStatus::ClosedUnsubstantiated
    };
    let request = v1::TransitionCaseRequest {
        case_id: CASE.to_owned(),
        to: to.into(),
        note: note.to_owned(),
        actor: "ana".to_owned(),
        request_id: format!("step {number}"),
        ..v1::TransitionCaseRequest::default()
    };
    match client.transition_case(request).await {
        Ok(_) => true,
        Err(status) => {
            eprintln!("step {number}: {status}");
            false
        }
    }
}

/// A figure of the system about a program.
fn figure(program: &Program, file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/{file}", program.id())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn written_kib(program: &Program) -> u64 {
    figure(program, "io", "write_bytes:") >> 10
}

/// The bytes of all files below a directory.
fn bytes_of(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
    let sizes = entries.map(|entry| match entry.metadata().unwrap() {
        found if found.is_dir() => bytes_of(&entry.path()),
        found => found.len(),
    });
    sizes.sum()
}
