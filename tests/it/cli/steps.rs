//! The life cycle of a case at the command line and in JSON: a refused step says which steps are allowed.

use std::process::Command;

use serde_json::json;

use crate::support::server::Server;

/// Runs the program. Returns whether it succeeded, and all that it printed.
fn run(server: &Server, args: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command
        .args(args)
        .args(["--server", &format!("http://{}", server.grpc)])
        .env_clear()
        .env("USER", "ana");
    let output = command.output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(printed).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_step_says_what_is_allowed() {
    let server = Server::start().await;
    let step = |words: &str| {
        let words: Vec<&str> = ["case", "transition", "c-1"]
            .into_iter()
            .chain(words.split(' '))
            .collect();
        run(&server, &words)
    };
    let create = ["case", "create", "--title", "Pop-ups", "--id", "c-1", "--status"];
    let (is_ok, text) = run(&server, &[&create[..], &["corroborated"]].concat());
    assert!(!is_ok && text.contains("must be DRAFT or OPEN"), "{text}");
    let (is_ok, text) = run(&server, &[&create[..], &["open"]].concat());
    assert!(is_ok, "{text}");

    let (is_ok, text) = step("referred");
    let allowed = "a case cannot go from OPEN to REFERRED: from OPEN it can go to UNDER_INVESTIGATION, \
                   CLOSED_UNSUBSTANTIATED";
    assert!(!is_ok && text.contains(allowed), "{text}");
    assert!(step("under-investigation").0 && step("corroborated").0);
    let (is_ok, text) = step("closed-unsubstantiated");
    assert!(!is_ok && text.contains("note: must say why"), "{text}");
    let (is_ok, text) = step("referred");
    assert!(!is_ok && text.contains("agency: must name the agency"), "{text}");
    assert!(step("referred --agency FBI").0);
    let (is_ok, text) = step("corroborated --note declined");
    assert!(is_ok, "{text}");
    let (is_ok, text) = step("referred");
    assert!(is_ok, "the case names its agency: {text}");
    assert!(step("closed-unsubstantiated --note wrong").0);
    let (is_ok, text) = step("under-investigation");
    assert!(!is_ok && text.contains("note: must say why the closed case"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_reads_the_allowed_steps() {
    let server = Server::start().await;
    let create = json!({ "caseId": "c-1", "title": "Pop-ups", "actor": "ana", "requestId": "r1" });
    assert_eq!(server.post("/v1/cases", &create.to_string()).await.status, 200);
    let step = json!({ "to": "CASE_STATUS_PROSECUTION", "actor": "ana", "requestId": "r2" });
    let refused = server.post("/v1/cases/c-1:transition", &step.to_string()).await;
    assert_eq!(refused.status, 400);
    let body = refused.json();
    let info = &body["details"][0];
    assert_eq!(info["reason"], "TRANSITION_NOT_ALLOWED");
    assert_eq!(info["metadata"]["allowed"], "OPEN");
}

/// A letter of an agency may start later: others have corroborated it.
#[tokio::test(flavor = "multi_thread")]
async fn an_official_case_starts_late() {
    let server = Server::start().await;
    let official = [
        "case",
        "create",
        "--title",
        "Letter",
        "--status",
        "corroborated",
        "--source",
    ];
    for source in ["regulator-feed", "law-enforcement"] {
        let (is_ok, text) = run(&server, &[&official[..], &[source]].concat());
        assert!(is_ok, "{text}");
    }
    assert!(!run(&server, &[&official[..], &["carrier"]].concat()).0);
}
