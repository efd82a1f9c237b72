//! Faults of real processes under real clients, and an oracle that says what was lost, doubled, invented or untrue.
//!
//! `cargo test --test faults` plays the short form, which leaves some rows out, and `cargo test --test faults -- --long` the
//! long one; `--rounds N` plays so many rounds of each row, `--seed N` repeats a run, `--only TEXT` (or just `TEXT`) chooses rows by
//! their names, `--list` names them, and `--table FILE` writes the table of `docs/reliability.md`. `--soak 2h` plays
//! faults in a random order instead, in one scene. Rows measure times, so they are played one after the other.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail loudly, print what it measured, and spawn tasks that end with it"
)]

mod askers;
mod link;
mod options;
mod oracle;
mod outcome;
mod rows;
mod scene;
mod small_disk;
mod soak;
mod strace;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod tls_link;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use tokio::time::Instant;

use options::Options;
use outcome::Played;

/// Names a file that gets a line for each row that was skipped: `.ci/run` repeats them in its last lines.
const SKIPPED_ROWS: &str = "RINGWARDEN_SKIPPED_ROWS";

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(lasts) = options.soak {
        println!("seed {}", options.seed);
        return told(&[soak::play(lasts, options.seed).await], None);
    }
    let rows: Vec<_> = rows::all()
        .into_iter()
        .filter(|row| options.chooses(row.name) && (options.is_list || row.rounds(&options) > 0))
        .collect();
    if options.is_list {
        rows.iter().for_each(|row| println!("{}: test", row.name));
        return ExitCode::SUCCESS;
    }
    println!("seed {}", options.seed);
    let mut played = Vec::new();
    for row in &rows {
        let rounds = row.rounds(&options);
        println!("{} ...", row.name);
        let began = Instant::now();
        let outcome = row.play(rounds, &options).await;
        let row = Played {
            name: row.name,
            rounds,
            outcome,
        };
        println!("  {}", table::line(&row));
        println!("  played in {:.0} s", began.elapsed().as_secs_f64());
        for fault in row.outcome.faults() {
            println!("  FAILED: {fault}");
        }
        played.push(row);
    }
    told(&played, options.table.as_deref())
}

/// Prints the table of what was played, and writes it into a document. Fails if a row has.
fn told(played: &[Played], document: Option<&Path>) -> ExitCode {
    println!("\n{}", table::of(played));
    if let Some(path) = document {
        let names: Vec<_> = rows::all().iter().map(|row| row.name).collect();
        table::write(path, played, &names);
    }
    let failed: Vec<_> = played.iter().filter(|row| !row.outcome.faults().is_empty()).collect();
    for row in &failed {
        println!("FAILED {}: {:?}", row.name, row.outcome.faults());
    }
    let skipped = tell_of_skipped(played);
    println!("{} rows, {} failed, {skipped} skipped", played.len(), failed.len());
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Counts the rows that this machine did not allow, prints them, and appends them to the file of the variable `SKIPPED_ROWS`.
fn tell_of_skipped(played: &[Played]) -> usize {
    let lines = played.iter().filter_map(|row| {
        let why = row.outcome.skipped.as_ref()?;
        Some(format!("{}: {why}", row.name))
    });
    let lines: Vec<String> = lines.collect();
    lines.iter().for_each(|line| println!("SKIPPED {line}"));
    if let Some(path) = std::env::var_os(SKIPPED_ROWS) {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        lines.iter().for_each(|line| writeln!(file, "{line}").unwrap());
    }
    lines.len()
}
