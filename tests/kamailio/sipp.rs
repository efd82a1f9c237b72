//! Many calls by SIPp, with the scenario in `deploy`.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// More than any scenario should take.
const MAX_SECONDS: &str = "30";
/// Calls a second: fewer than two workers in a debug build manage.
const RATE: &str = "60";
const SCENARIO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/kamailio/sipp/calls.xml");
/// The scenario's word for "not given".
pub const NONE: &str = "none";

/// A line of the file of calls.
pub struct Row<'a> {
    pub caller: &'a str,
    pub verstat: &'a str,
    pub attestation: &'a str,
    pub called: &'a str,
}

impl<'a> Row<'a> {
    /// A call that the network says nothing about.
    pub fn new(caller: &'a str, called: &'a str) -> Self {
        Self {
            caller,
            verstat: NONE,
            attestation: NONE,
            called,
        }
    }
}

/// The answer to each call, in the order of the rows: the status, then the headers, each after a space.
pub fn run(switch: SocketAddr, rows: &[Row<'_>]) -> Vec<String> {
    let directory = TempDir::new().unwrap();
    let (calls, log) = (directory.path().join("calls.csv"), directory.path().join("log"));
    let lines: Vec<String> = rows.iter().map(line).collect();
    fs::write(&calls, format!("SEQUENTIAL\n{}\n", lines.join("\n"))).unwrap();
    let mut command = Command::new("sipp");
    command.args(["-sf", SCENARIO, "-inf"]).arg(&calls);
    command.args(["-m", &rows.len().to_string(), "-r", RATE, "-i", "127.0.0.1"]);
    // Its own ports for calls, media and control, in the place of the well-known ones.
    for port in ["-p", "-mp", "-cp"] {
        command.args([port, &free_port().to_string()]);
    }
    command.args(["-nostdin", "-timeout", MAX_SECONDS, "-timeout_error"]);
    command.args(["-trace_logs", "-log_file"]).arg(&log);
    command.arg(switch.to_string()).current_dir(directory.path());
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| {
        let missing = error.kind() == ErrorKind::NotFound;
        let hint = if missing { "; apt-get install sip-tester" } else { "" };
        panic!("sipp: {error}{hint}")
    });
    let log = fs::read_to_string(&log).unwrap_or_default();
    let screen = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "sipp: {}: {log}{screen}", output.status);
    lines.iter().map(|line| told(&log, line)).collect()
}

fn line(row: &Row<'_>) -> String {
    [row.caller, row.verstat, row.attestation, row.called].join(";")
}

fn told(log: &str, call: &str) -> String {
    let mut answers = log
        .lines()
        .filter_map(|line| line.strip_prefix(call)?.strip_prefix(' '));
    let answer = answers.next().unwrap_or_else(|| panic!("no answer for {call}: {log}"));
    assert!(answers.next().is_none(), "two answers for {call}: {log}");
    answer.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn free_port() -> u16 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap().port()
}
