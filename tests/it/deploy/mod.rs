//! The examples of `deploy` for systemd, Kubernetes and a TLS proxy hold what the programs that read them accept, and name
//! settings that the server has.

mod compose;
mod kubernetes;
mod proxy;
mod systemd;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// A file of `deploy`.
fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file)
}

fn text(file: &str) -> String {
    std::fs::read_to_string(path(file)).unwrap()
}

/// Runs a program that a package of Debian has.
fn run(command: &mut Command, package: &str) -> Output {
    let program = command.get_program().to_owned();
    command.stdin(Stdio::null()).output().unwrap_or_else(|error| {
        panic!(
            "{}, of Debian's package {package}, is needed: {error}",
            program.display()
        )
    })
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes))
        .concat()
}

/// The flags (`--store`) and variables (`RINGWARDEN_STORE`) of `ringwarden serve`.
fn settings() -> BTreeSet<String> {
    let output = run(
        Command::new(env!("CARGO_BIN_EXE_ringwarden")).args(["serve", "--help"]),
        "ringwarden",
    );
    let help = String::from_utf8(output.stdout).unwrap();
    let words = help.split(|c: char| c != '-' && c != '_' && !c.is_ascii_alphanumeric());
    let settings = words.filter(|word| word.starts_with("--") || word.starts_with("RINGWARDEN_"));
    settings.map(str::to_owned).collect()
}

/// A time as settings and systemd write it: `10s`.
fn seconds(text: &str) -> Duration {
    let number = text
        .strip_suffix('s')
        .unwrap_or_else(|| panic!("not in seconds: {text}"));
    Duration::from_secs(number.parse().unwrap())
}
