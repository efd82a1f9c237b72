//! Commands that are refused: the message names what the user wrote, and a change that means nothing is none.

use super::lists::{Answer, ask};
use crate::support::server::Server;

const NUMBER: &str = "+14155550100";

fn run(server: &Server, args: &[&str]) -> Answer {
    ask(server, args, b"")
}

/// The error of a command that is refused.
fn refused(server: &Server, args: &[&str]) -> String {
    let answer = run(server, args);
    assert!(!answer.is_ok, "{args:?}: {}", answer.out);
    answer.err
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_names_the_argument_that_the_user_wrote() {
    let server = Server::start().await;
    let status =
        |more: &[&'static str]| [&["number", "set-status", NUMBER, "allowed", "--reason", "seen"], more].concat();
    let case = [
        "case",
        "create",
        "--title",
        "Pop-ups",
        "--id",
        "popups",
        "--source",
        "law-enforcement",
        "--category",
        "tax-scam",
    ];
    for (args, expected) in [
        (vec!["report", "by", ""], "<REPORTER>"),
        (status(&["--for", "400d"]), "--for: must be at most 366 days"),
        (status(&[]), "--expires-at: must be set, or `--for`"),
        (
            [&case[..], &["--status", "referred"]].concat(),
            "--agency: must name the agency",
        ),
        (
            vec!["number", "list", "--area", "+1 415a"],
            "--prefix: must have at most 15 digits",
        ),
        (
            vec!["report", NUMBER, "--not-spam", "--category", "phishing"],
            "--category: must be one of wanted calls, or not set, if `--not-spam` is set",
        ),
    ] {
        let error = refused(&server, &args);
        assert!(error.contains(expected), "{args:?}: {error}");
    }
    let opened = run(
        &server,
        &[&case[..], &["--status", "prosecution", "--agency", "FTC"]].concat(),
    );
    assert!(opened.is_ok, "{}", opened.err);
    let closed = ["case", "transition", "popups", "closed-unsubstantiated"];
    let error = refused(&server, &closed);
    assert!(error.contains("--note: must say why"), "{error}");
    let area = run(&server, &["number", "list", "--area", "+1 (415)"]);
    assert!(area.is_ok, "{}", area.err);
    let wanted = ["report", NUMBER, "--not-spam", "--category", "legitimate-business"];
    let wanted = run(&server, &wanted);
    assert!(wanted.is_ok, "{}", wanted.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_list_is_refused_with_the_name_of_the_flag() {
    let server = Server::start().await;
    let import = ["import", "list", "-", "--kind", "do-not-originate", "--list-id", "dno"];
    let answer = ask(&server, &import, b"number,source,date,requester,expires\n");
    assert!(!answer.is_ok && answer.err.contains("--may-be-empty"), "{}", answer.err);
}

/// A slip of the finger must not block a number that the analyst did not mean.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_on_a_number_with_letters_behind_it_is_refused() {
    let server = Server::start().await;
    for args in [
        vec!["number", "set-status", "+14155550100x", "blocked", "--reason", "seen"],
        vec![
            "number",
            "set-status",
            "+14155550100x",
            "blocked",
            "--reason",
            "seen",
            "--dry-run",
        ],
        vec!["number", "clear-status", "+14155550100x", "--all"],
        vec!["number", "reset", "+14155550100x", "--yes"],
    ] {
        let error = refused(&server, &args);
        assert!(error.contains("letters behind it"), "{args:?}: {error}");
    }
    let asked = run(&server, &["lookup", "+14155550100x"]);
    assert!(asked.is_ok, "a question reads it: {}", asked.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_that_a_number_does_not_have_cannot_be_cleared() {
    let server = Server::start().await;
    let set = ["number", "set-status", NUMBER, "blocked", "--reason", "seen"];
    assert!(run(&server, &set).is_ok);
    let before = server.get(&format!("/v1/numbers/{NUMBER}")).await.json();
    let error = refused(&server, &["number", "clear-status", NUMBER, "verified-business"]);
    assert!(error.contains("the number has no status VERIFIED_BUSINESS"), "{error}");
    let after = server.get(&format!("/v1/numbers/{NUMBER}")).await.json();
    assert_eq!(before["version"], after["version"], "nothing is written");
    let clear = ["number", "clear-status", NUMBER, "--all", "--request-id", "once"];
    assert!(run(&server, &clear).is_ok);
    assert!(run(&server, &clear).is_ok, "the same request is done once");
    let error = refused(&server, &["number", "clear-status", NUMBER, "blocked"]);
    assert!(error.contains("the number has no status BLOCKED"), "{error}");
}
