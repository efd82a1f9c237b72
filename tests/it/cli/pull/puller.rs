//! The command `pull` against a server of reports and a web server.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::lists::{Answer, ask};
use crate::support::server::Server;
use crate::support::web::{Web, ok};

pub(super) const HEADER: &str = "Company_Phone_Number,Created_Date,Violation_Date,Consumer_City,Consumer_State,\
                      Consumer_Area_Code,Subject,Recorded_Message_Or_Robocall";

/// A file of complaints with one row.
pub(super) fn complaints(number: &str) -> String {
    format!("{HEADER}\n{number},2026-11-23 00:01:15,2026-11-22 11:48:00,,California,510,Other,N\n")
}

/// A pull of the source `ftc` with a state and a file of metrics.
pub(super) struct Puller {
    pub(super) server: Server,
    pub(super) web: Web,
    pub(super) folder: TempDir,
}

impl Puller {
    pub(super) async fn start() -> Self {
        Self {
            server: Server::start().await,
            web: Web::start(),
            folder: TempDir::new().unwrap(),
        }
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(super) fn pull(&self, path: &str, args: &[&str]) -> Answer {
        let source = format!("ftc={}", self.web.url(path));
        let (state, metrics) = (self.path("state.json"), self.path("pull.prom"));
        let mut all = vec!["pull", &source, "--state", &state, "--metrics-file", &metrics];
        all.extend_from_slice(&["--retry-pause", "1", "--json"]);
        all.extend_from_slice(args);
        ask(&self.server, &all, b"")
    }

    /// A pull of the days of a week: Monday, 23 November 2026, to this day.
    pub(super) fn week(&self, to: &str) -> Answer {
        self.pull("/{date}.csv", &["--from", "2026-11-23", "--to", to])
    }

    pub(super) fn serve_day(&self, day: &str, number: &str) {
        self.web.serve(&format!("/{day}.csv"), &[ok(complaints(number), "")]);
    }

    pub(super) fn metric(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.path("pull.prom")).unwrap();
        let start = format!("ringwarden_pull_{name}{{source=\"ftc\"}} ");
        let found = text.lines().find_map(|line| line.strip_prefix(&start));
        found.unwrap_or_else(|| panic!("no {name}: {text}")).to_owned()
    }

    /// A pull of the days that are due, up to this one.
    pub(super) fn up_to(&self, to: &str) -> Answer {
        self.pull("/{date}.csv", &["--to", to])
    }

    /// Writes a state of the source `ftc`.
    pub(super) fn set_state(&self, state: &Value) {
        let text = json!({ "sources": { "ftc": state } }).to_string();
        std::fs::write(self.path("state.json"), text).unwrap();
    }

    /// The state of a source.
    pub(super) fn state_of(&self, source: &str) -> Value {
        let text = std::fs::read_to_string(self.path("state.json")).unwrap();
        let state: Value = serde_json::from_str(&text).unwrap();
        state["sources"][source].clone()
    }

    pub(super) fn last_day(&self) -> String {
        self.state_of("ftc")["lastDay"].as_str().unwrap_or_default().to_owned()
    }
}

/// The documents on standard output, one for each file.
pub(super) fn accepted(answer: &Answer) -> Vec<u64> {
    let documents = answer
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    documents.map(|summary| summary["accepted"].as_u64().unwrap()).collect()
}
