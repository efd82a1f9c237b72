//! The command blocks of the documents are run here, in their order, and their output is compared with what the document
//! says. Each document is one test, with a store, ports and a folder of its own.
//!
//! `RINGWARDEN_WRITE_EXAMPLES=1 cargo test --test it examples` writes the output that differs into the documents.
//! CONTRIBUTING.md says how to write a block.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use block::{Block, Step};
use stage::Stage;

use crate::readme::documents;

mod block;
mod clock;
mod compare;
mod fragment;
mod ports;
mod stage;
mod write;

/// A document, and the number of its blocks that are marked as not run.
struct Document {
    path: &'static str,
    not_run: usize,
}

macro_rules! documents {
    ($($test:ident: $path:literal, $not_run:literal;)+) => {
        const DOCUMENTS: &[Document] = &[$(Document { path: $path, not_run: $not_run }),+];

        $(
            #[test]
            fn $test() {
                check(&Document { path: $path, not_run: $not_run });
            }
        )+
    };
}

// The number is that of the blocks with `<!-- not run: REASON -->`. Every other block is run or read.
documents! {
    readme: "README.md", 1;
    contributing: "CONTRIBUTING.md", 5;
    apps: "docs/apps.md", 0;
    architecture: "docs/architecture.md", 0;
    audit: "docs/audit.md", 0;
    cases: "docs/cases.md", 0;
    decision_log: "docs/decision-log.md", 0;
    finding: "docs/finding.md", 0;
    http: "docs/http.md", 0;
    identity: "docs/identity.md", 0;
    imports: "docs/imports.md", 1;
    lists: "docs/lists.md", 1;
    numbers: "docs/numbers.md", 0;
    operations: "docs/operations.md", 0;
    privacy: "docs/privacy.md", 0;
    reports: "docs/reports.md", 0;
    roll_out: "docs/roll-out.md", 0;
    scoring: "docs/scoring.md", 3;
    security: "docs/security.md", 1;
    settings: "docs/settings.md", 0;
    stores: "docs/stores.md", 2;
    tls: "docs/tls.md", 1;
    deploy: "deploy/README.md", 2;
    kamailio: "deploy/kamailio/README.md", 1;
    kubernetes: "deploy/kubernetes/README.md", 2;
    proxy: "deploy/proxy/README.md", 1;
}

/// If this variable is set, output that differs is written into the document.
const WRITE: &str = "RINGWARDEN_WRITE_EXAMPLES";

#[test]
fn every_document_with_blocks_is_run() {
    let tested: BTreeSet<_> = DOCUMENTS.iter().map(|document| PathBuf::from(document.path)).collect();
    let has_blocks = |path: &PathBuf| {
        let text = fs::read_to_string(root().join(path)).unwrap();
        !block::blocks(&text).is_empty()
    };
    let found: BTreeSet<_> = documents().into_iter().filter(has_blocks).collect();
    assert_eq!(
        tested, found,
        "left: the documents with a test; right: those with blocks"
    );
}

/// Runs or reads all blocks of a document.
fn check(document: &Document) {
    let text = fs::read_to_string(root().join(document.path)).unwrap();
    let blocks = block::blocks(&text);
    let not_run = blocks.iter().filter(|block| block.not_run).count();
    assert_eq!(
        not_run, document.not_run,
        "{}: blocks that are marked as not run, against the number in the table of documents",
        document.path
    );
    let mut stage = Stage::new(root());
    let mut outcome = Outcome::default();
    for block in blocks.iter().filter(|block| !block.not_run) {
        run_block(block, &mut stage, &mut outcome);
    }
    if std::env::var_os(WRITE).is_some() && !outcome.changes.is_empty() {
        let written = write::with_changes(&text, &outcome.changes);
        fs::write(root().join(document.path), written).unwrap();
    }
    let Outcome { failures, .. } = outcome;
    assert!(
        failures.is_empty(),
        "{}\n\n{}\n\n`{WRITE}=1 cargo test --test it examples` writes the output into the document",
        document.path,
        failures.join("\n\n")
    );
}

/// What was found in a document.
#[derive(Default)]
struct Outcome {
    failures: Vec<String>,
    /// New output for the document.
    changes: Vec<write::Change>,
}

fn run_block(block: &Block, stage: &mut Stage, outcome: &mut Outcome) {
    match block.language.as_str() {
        "console" => {
            for step in block::steps(block) {
                run_step(block, &step, stage, outcome);
            }
        }
        "sh" => {
            let ran = stage.run(&format!("set -eu\n{}", block.lines.join("\n")));
            if !ran.success {
                let text = ran.text;
                outcome
                    .failures
                    .push(format!("line {}: the block fails:\n{text}", block.line));
            }
        }
        language => {
            if let Err(problem) = fragment::read(language, &block.lines.join("\n")) {
                outcome.failures.push(format!("line {}: {problem}", block.line));
            }
        }
    }
}

fn run_step(block: &Block, step: &Step, stage: &mut Stage, outcome: &mut Outcome) {
    let Some(command) = &step.command else {
        stage.interrupt();
        return;
    };
    let service = stage::is_service(command);
    let ran = if service {
        stage.start(command)
    } else {
        stage.run(command)
    };
    let expected = &block.lines[step.output.clone()];
    let line = block.line + step.output.start;
    // The log of a server goes on after the lines that a document shows.
    let compared = compare::differences(expected, &ran.text, service);
    let says_error = expected.iter().any(|line| line.starts_with("error: "));
    let shown: Vec<_> = ran.text.lines().collect();
    let is_error = !ran.success;
    if let Some(differences) = compared {
        if std::env::var_os(WRITE).is_some() {
            outcome.changes.push(write::Change::new(block, step, &ran.text));
        } else {
            outcome.failures.push(format!("line {line}: {command}\n{differences}"));
        }
    } else if is_error != says_error {
        let status = if is_error { "fails" } else { "does not fail" };
        let text = shown.join("\n");
        outcome
            .failures
            .push(format!("line {line}: the command {status}: {command}\n{text}"));
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
