//! Commands that destroy something: they say what goes, ask at a terminal, need `--yes` elsewhere, and have a dry run.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::lists::ask;
use crate::support::server::Server;

const NUMBER: &str = "+13152328257";
const IMPORT: [&str; 4] = ["report", "withdraw", "--import", "import-1"];

/// Stores reports `r0`, `r1`, ... of one import on the number.
async fn with_reports(count: usize) -> Server {
    let server = Server::start().await;
    let reports: Vec<Value> = (0..count)
        .map(|n| {
            json!({ "reportId": format!("r{n}"), "number": NUMBER, "importId": "import-1",
                    "source": "SOURCE_REGULATOR_FEED", "occurredAt": "2026-01-01T00:00:00Z" })
        })
        .collect();
    let body = json!({ "reports": reports }).to_string();
    assert_eq!(server.post("/v1/reports:batch", &body).await.status, 200);
    server
}

async fn count(server: &Server) -> u64 {
    let path = format!("/v1/numbers/%2B{}", &NUMBER[1..]);
    server.get(&path).await.json()["reportCount"].as_u64().unwrap_or(0)
}

/// Runs the program at a terminal, where a person types this line.
fn at_terminal(server: &Server, args: &[&str], line: &str) -> Output {
    let program = [
        env!("CARGO_BIN_EXE_ringwarden"),
        "--server",
        &format!("http://{}", server.grpc),
    ];
    let words: Vec<String> = [&program[..1], args, &program[1..]]
        .concat()
        .iter()
        .map(|word| format!("'{word}'"))
        .collect();
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"]);
    let streams = script
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = streams.env("USER", "ana").spawn().unwrap();
    child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_must_say_that_it_means_to_delete() {
    let server = with_reports(3).await;
    let reset = ["number", "reset", NUMBER, "--reason", "moved"];
    let reassigned = ["number", "set-status", NUMBER, "reassigned", "--reason", "moved"];
    for (words, what) in [
        (&reset[..], "this deletes 3 reports on +13152328257"),
        (&reassigned, "this deletes 3 reports on +13152328257"),
        (&IMPORT, "this withdraws 3 reports on 1 number"),
    ] {
        let refused = ask(&server, words, b"");
        assert!(!refused.is_ok && refused.err.contains(what), "{}", refused.err);
        assert!(refused.err.contains("--yes"), "{}", refused.err);
        let dry = ask(&server, &[words, &["--dry-run"]].concat(), b"");
        assert!(dry.is_ok && [dry.out, dry.err].concat().contains('3'), "{words:?}");
        assert_eq!(count(&server).await, 3, "{words:?}");
    }
    let dry = ask(&server, &[&reassigned[..], &["--dry-run", "--json"]].concat(), b"").json();
    assert_eq!(dry["reportsDropped"], 3);
    let done = ask(&server, &[&reassigned[..], &["--yes", "--json"]].concat(), b"").json();
    assert_eq!((&done["reportsDropped"], count(&server).await), (&json!(3), 0));
    let nothing_goes = ask(&server, &reset, b"");
    assert!(nothing_goes.is_ok, "{}", nothing_goes.err);
}

/// A report that was withdrawn has gone before: neither a reset nor its dry run counts it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_to_go_are_the_reports_that_count() {
    let server = with_reports(3).await;
    assert!(ask(&server, &["report", "withdraw", NUMBER, "r1"], b"").is_ok);
    let reset = ["number", "reset", NUMBER, "--reason", "moved"];
    let reassigned = ["number", "set-status", NUMBER, "reassigned", "--reason", "moved"];
    for words in [&reset[..], &reassigned] {
        let dry = ask(&server, &[words, &["--dry-run", "--json"]].concat(), b"").json();
        assert_eq!(dry["reportsDropped"], 2, "{words:?}");
        let refused = ask(&server, words, b"");
        let what = "this deletes 2 reports on +13152328257";
        assert!(!refused.is_ok && refused.err.contains(what), "{}", refused.err);
    }
    let done = ask(&server, &[&reset[..], &["--yes", "--json"]].concat(), b"").json();
    assert_eq!((&done["reportsDropped"], count(&server).await), (&json!(2), 0));
}

/// An override is needed for these statuses too, and the dry run and the help say so.
#[tokio::test(flavor = "multi_thread")]
async fn the_dry_run_of_an_erasure_names_what_needs_an_override() {
    let server = with_reports(1).await;
    for kind in ["protected", "blocked"] {
        let words = ["number", "set-status", NUMBER, kind, "--reason", "known"];
        assert!(ask(&server, &words, b"").is_ok);
    }
    let erase = ["number", "erase", NUMBER];
    let dry = ask(&server, &[&erase[..], &["--dry-run"]].concat(), b"");
    let text = [dry.out, dry.err].concat();
    assert!(
        text.contains("PROTECTED and BLOCKED") && text.contains("--override-case"),
        "{text}"
    );
    let dry = ask(&server, &[&erase[..], &["--dry-run", "--json"]].concat(), b"").json();
    let kinds = json!(["STATUS_KIND_PROTECTED", "STATUS_KIND_BLOCKED"]);
    assert_eq!(dry["guardingStatuses"], kinds, "{dry}");
    let refused = ask(&server, &[&erase[..], &["--yes"]].concat(), b"");
    assert!(!refused.is_ok && refused.err.contains("PROTECTED"), "{}", refused.err);
    // The error names what a person can give, and what shows the status.
    for told in ["set `--override-case`", "`ringwarden number show NUMBER`"] {
        assert!(refused.err.contains(told), "{}", refused.err);
    }
    let help = ask(&server, &["number", "erase", "--help"], b"").out;
    assert!(help.contains("PROTECTED or BLOCKED"), "{help}");
    let done = ask(
        &server,
        &[&erase[..], &["--override-case", "--reason", "asked", "--yes", "--json"]].concat(),
        b"",
    );
    assert_eq!(done.json()["guardingStatuses"], Value::Null);
}

/// The dry run is one of withdrawals of many reports. On one report it is refused, and never taken for a withdrawal.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_report_has_no_dry_run() {
    let server = with_reports(1).await;
    let refused = ask(&server, &["report", "withdraw", NUMBER, "r0", "--dry-run"], b"");
    assert!(!refused.is_ok && refused.err.contains("--dry-run"), "{}", refused.err);
    assert_eq!(count(&server).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_asked_at_the_terminal() {
    let server = with_reports(2).await;
    let declined = at_terminal(&server, &IMPORT, "n\n");
    let text = String::from_utf8_lossy(&declined.stdout).into_owned();
    assert!(text.contains("this withdraws 2 reports on 1 number"), "{text}");
    assert!(
        text.contains("go on? [y/N]") && text.contains("nothing was changed"),
        "{text}"
    );
    assert!(!declined.status.success());
    assert_eq!(count(&server).await, 2);
    let confirmed = at_terminal(&server, &IMPORT, "y\n");
    let text = String::from_utf8_lossy(&confirmed.stdout).into_owned();
    assert!(confirmed.status.success(), "{text}");
    assert!(text.contains("2 reports on 1 number withdrawn"), "{text}");
    assert_eq!(count(&server).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_does_not_shrink_by_half_unasked() {
    let server = Server::start().await;
    let file = |entries: usize| {
        let rows = (0..entries).map(|n| format!("+1415555{n:04},ours,2026-01-01\n"));
        format!("number,source,date\n{}", rows.collect::<String>())
    };
    let import = |entries: usize, more: &[&str]| {
        let words = ["import", "list", "-", "--kind", "tenant-block", "--list-id", "block"];
        ask(&server, &[&words[..], more].concat(), file(entries).as_bytes())
    };
    assert!(import(10, &[]).is_ok);
    assert!(import(5, &[]).is_ok, "half may go");
    let refused = import(2, &[]);
    let what = "the list block has 5 entries: 3 removed, 0 added, 0 altered";
    assert!(!refused.is_ok && refused.err.contains(what), "{}", refused.err);
    let refused = import(0, &["--may-be-empty"]);
    assert!(!refused.is_ok && refused.err.contains("--yes"), "{}", refused.err);
    let dry = import(2, &["--dry-run", "--json"]).json();
    assert_eq!(dry["changes"], json!({ "entriesBefore": 5, "removed": 3 }));
    let listed =
        |server: &Server| ask(server, &["list", "show", "block", "--json"], b"").json()["list"]["entryCount"].clone();
    assert_eq!(listed(&server), 5);
    // As many other entries come in place of those that go.
    let others = file(5).replace("+1415", "+1416");
    let replace = |more: &[&str]| {
        let words = ["import", "list", "-", "--kind", "tenant-block", "--list-id", "block"];
        ask(&server, &[&words[..], more].concat(), others.as_bytes())
    };
    let refused = replace(&[]);
    let what = "the list block has 5 entries: 5 removed, 5 added, 0 altered";
    assert!(!refused.is_ok && refused.err.contains(what), "{}", refused.err);
    let replaced = replace(&["--yes"]);
    let said = "the list was replaced: 5 removed, 5 added, 0 altered";
    assert!(replaced.is_ok && replaced.err.contains(said), "{}", replaced.err);
    assert_eq!(listed(&server), 5);
    assert!(import(0, &["--may-be-empty", "--yes"]).is_ok);
    assert_eq!(listed(&server), Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_id_is_said_and_not_remembered() {
    let server = with_reports(1).await;
    let withdraw = |more: &[&str]| ask(&server, &[&["report", "withdraw", NUMBER], more].concat(), b"");
    let wrong = withdraw(&["r-7"]);
    assert!(
        !wrong.is_ok && wrong.err.contains("no report with this id"),
        "{}",
        wrong.err
    );
    let report = json!({ "reportId": "r-7", "number": NUMBER, "source": "SOURCE_REGULATOR_FEED" });
    let sent = server.post("/v1/reports", &report.to_string()).await.json();
    assert_eq!(sent["outcome"], "SUBMIT_OUTCOME_ACCEPTED");

    let early = withdraw(&["r-8", "--tombstone"]);
    assert!(
        early.is_ok && early.out.contains("if it arrives later"),
        "{}",
        early.out
    );
    let report = json!({ "reportId": "r-8", "number": NUMBER, "source": "SOURCE_REGULATOR_FEED" });
    let sent = server.post("/v1/reports", &report.to_string()).await.json();
    assert_eq!(sent["outcome"], "SUBMIT_OUTCOME_WITHDRAWN");
    let known = withdraw(&["r0"]);
    assert!(known.is_ok && known.out.contains("withdrawn"), "{}", known.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_not_known_is_an_error() {
    let server = with_reports(2).await;
    let wrong = ["report", "withdraw", "--import", "import-2"];
    for more in [&["--yes"][..], &["--dry-run"], &[]] {
        let refused = ask(&server, &[&wrong[..], more].concat(), b"");
        assert!(!refused.is_ok && refused.out.is_empty(), "{more:?}: {}", refused.out);
        let said = "no report of this import is stored: nothing was withdrawn";
        assert!(refused.err.contains(said), "{more:?}: {}", refused.err);
        let similar = "the imports with the most similar ids: import-1";
        assert!(refused.err.contains(similar), "{more:?}: {}", refused.err);
        let refused = ask(&server, &[&wrong[..], more, &["--json"]].concat(), b"");
        assert!(!refused.is_ok, "{more:?}");
        let answer: Value = serde_json::from_str(&refused.out).unwrap();
        assert_eq!(answer["similarImportIds"], json!(["import-1"]), "{more:?}");
    }
    let reporter = ask(&server, &["report", "withdraw", "--reporter", "nobody", "--yes"], b"");
    assert!(
        !reporter.is_ok && reporter.err.contains("no report of this reporter is stored"),
        "{}",
        reporter.err
    );
    assert_eq!(count(&server).await, 2);
    assert!(ask(&server, &[&IMPORT[..], &["--yes"]].concat(), b"").is_ok);
    let again = ask(&server, &[&IMPORT[..], &["--yes"]].concat(), b"");
    let said = "0 reports on 0 numbers withdrawn: all of them were withdrawn before\n";
    assert!(again.is_ok && again.out == said, "{}", again.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_holds_for_a_time() {
    let server = Server::start().await;
    let set = |more: &[&str]| {
        let words = [
            "number",
            "set-status",
            NUMBER,
            "allowed",
            "--reason",
            "a clinic",
            "--json",
        ];
        ask(&server, &[&words[..], more].concat(), b"")
    };
    assert!(!set(&[]).is_ok, "ALLOWED needs an end");
    let allowed = set(&["--for", "30d", "--request-id", "once"]).json();
    let days = |answer: &Value| {
        let time = |name: &str| {
            answer["statuses"][0][name]
                .as_str()
                .unwrap()
                .parse::<chrono::DateTime<chrono::Utc>>()
                .unwrap()
        };
        (time("expiresAt") - time("setAt")).num_days()
    };
    assert_eq!(days(&allowed), 30);
    let again = set(&["--for", "30d", "--request-id", "once"]).json();
    assert_eq!(again["statuses"], allowed["statuses"], "a repeated request");
    let other = set(&["--for", "31d", "--request-id", "once"]);
    assert!(!other.is_ok && other.err.contains("ALREADY_EXISTS"), "{}", other.err);
    assert!(!set(&["--for", "367d"]).is_ok, "at most 366 days");
    assert!(!set(&["--for", "30d", "--expires-at", "2027-01-01"]).is_ok);
}
