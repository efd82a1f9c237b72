//! Shadow mode as its users meet it: the server with `--enforce`, asked over JSON and by commands.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::program::Program;

/// A number that four trusted reports block.
const BAD: &str = "+13152328257";
/// A number whose owner never calls.
const NEVER_CALLS: &str = "+16175550122";
/// A number that cannot exist: no area code begins with 1.
const IMPOSSIBLE: &str = "+11111111111";
/// A number of a length that no plan has: it is labelled.
const UNKNOWN_LENGTH: &str = "+1999999999999";
/// A number without evidence.
const UNKNOWN: &str = "+12015550199";

/// A server with these arguments, which knows the numbers above.
async fn server(arguments: &[&str]) -> Program {
    let server = Program::serve_with("memory:", arguments).await;
    for (id, source) in [
        (1, "REGULATOR_FEED"),
        (2, "HONEYPOT"),
        (3, "REGULATOR_FEED"),
        (4, "HONEYPOT"),
    ] {
        let id = format!("r{id}");
        let report = ["report", BAD, "--category", "TECH_SUPPORT_SCAM", "--source", source];
        run(
            &server,
            &[&report[..], &["--role", "TOLD_TO_CALL", "--id", &id]].concat(),
        );
    }
    run(
        &server,
        &[
            "number",
            "set-status",
            NEVER_CALLS,
            "DO_NOT_ORIGINATE",
            "--reason",
            "a test",
        ],
    );
    server
}

/// What a command prints.
fn run(server: &Program, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command.args(arguments).env_clear();
    command.env("RINGWARDEN_SERVER", format!("http://{}", server.grpc()));
    let output = command.env("RINGWARDEN_ACTOR", "ana").output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

async fn look_up(server: &Program, number: &str, view: &str) -> Value {
    let question = json!({"number": number, "view": view, "language": "en"});
    let (status, body) = server.post("/v1/lookup", &question.to_string()).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// Action, basis, SIP code, and the same of the decision that is not carried out.
fn told(answer: &Value) -> [&Value; 6] {
    [
        &answer["action"],
        &answer["basis"],
        &answer["sip"]["code"],
        &answer["wouldAction"],
        &answer["wouldBasis"],
        &answer["wouldSip"]["code"],
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_enforced_in_shadow_mode_and_everything_is_told() {
    let server = server(&["--enforce", "off"]).await;
    for (number, action, basis, code) in [
        (BAD, "ACTION_BLOCK", "BASIS_ANALYTICS", 603),
        (NEVER_CALLS, "ACTION_BLOCK", "BASIS_DNO", 603),
        (UNKNOWN_LENGTH, "ACTION_LABEL", "BASIS_INVALID_NUMBER", 302),
    ] {
        for view in ["VIEW_BASIC", "VIEW_FULL"] {
            let answer = look_up(&server, number, view).await;
            let expected = [
                json!("ACTION_ALLOW"),
                json!("BASIS_SHADOW"),
                json!(404),
                json!(action),
                json!(basis),
                json!(code),
            ];
            assert_eq!(told(&answer), expected.each_ref(), "{answer}");
            // Whatever the person could see or hear is that of an allowed call.
            assert_eq!(answer["sip"], json!({"code": 404, "reasonPhrase": "Not Found"}));
            assert!(answer["advice"].is_null() && answer["callerName"].is_null(), "{answer}");
            let seconds = answer["cacheTtl"].as_str().unwrap().trim_end_matches('s');
            assert!(seconds.parse::<f64>().unwrap() <= 60.0, "{answer}");
            // The decision can be explained also if the switch asked for little.
            let id = answer["decisionId"].as_str().unwrap();
            let (status, decision) = server.get(&format!("/v1/decisions/{id}")).await;
            let decision: Value = serde_json::from_str(&decision).unwrap();
            assert_eq!(status, 200);
            for field in ["action", "basis", "wouldAction", "wouldBasis", "riskLevel"] {
                assert_eq!(decision[field], answer[field], "{field}: {decision}");
            }
        }
        let (status, name) = server.get(&format!("/v1/cid/{number}")).await;
        assert_eq!((status, name.as_str()), (200, ""));
    }
    // Score, level and reasons stay.
    let answer = look_up(&server, BAD, "VIEW_FULL").await;
    assert!(answer["riskScore"].as_f64().unwrap() >= 80.0, "{answer}");
    assert!(!answer["reasons"].as_array().unwrap().is_empty(), "{answer}");
    assert_eq!(answer["wouldSip"]["displayName"], "SCAM LIKELY");
    // An allowed call is as ever.
    let answer = look_up(&server, UNKNOWN, "VIEW_BASIC").await;
    let none = &Value::Null;
    let expected = [
        &json!("ACTION_ALLOW"),
        &json!("BASIS_NO_EVIDENCE"),
        &json!(404),
        none,
        none,
        none,
    ];
    assert_eq!(told(&answer), expected);
    assert!(answer["decisionId"].is_null(), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_become_labels_where_only_labels_are_enforced() {
    let server = server(&["--enforce", "label"]).await;
    let answer = look_up(&server, BAD, "VIEW_FULL").await;
    let expected = [
        json!("ACTION_LABEL"),
        json!("BASIS_SHADOW"),
        json!(302),
        json!("ACTION_BLOCK"),
        json!("BASIS_ANALYTICS"),
        json!(603),
    ];
    assert_eq!(told(&answer), expected.each_ref(), "{answer}");
    assert_eq!(answer["sip"]["displayName"], "SCAM LIKELY");
    assert!(answer["advice"]["text"].is_string(), "{answer}");
    let (_, name) = server.get(&format!("/v1/cid/{BAD}")).await;
    assert_eq!(name, "SCAM LIKELY");
    // A label is carried out as decided.
    let answer = look_up(&server, UNKNOWN_LENGTH, "VIEW_BASIC").await;
    assert_eq!(answer["basis"], "BASIS_INVALID_NUMBER");
    assert!(answer["wouldAction"].is_null(), "{answer}");
}

/// A number that cannot exist is certain to be false, also where the call is only labelled: it is not shown as one of an
/// unknown length, and its label accuses nobody of a kind of call.
#[tokio::test(flavor = "multi_thread")]
async fn an_impossible_number_is_shown_as_such_where_only_labels_are_enforced() {
    let server = server(&["--enforce", "label"]).await;
    let answer = look_up(&server, IMPOSSIBLE, "VIEW_FULL").await;
    let expected = [
        json!("ACTION_LABEL"),
        json!("BASIS_SHADOW"),
        json!(302),
        json!("ACTION_BLOCK"),
        json!("BASIS_INVALID_NUMBER"),
        json!(603),
    ];
    assert_eq!(told(&answer), expected.each_ref(), "{answer}");
    assert_eq!(answer["sip"]["displayName"], "SPAM RISK", "{answer}");
    let display = &answer["display"];
    assert_eq!(display["shortName"], "SPAM RISK", "{answer}");
    assert_eq!(display["class"], "DISPLAY_CLASS_DANGER", "{answer}");
    assert_eq!(display["severity"], 2, "{answer}");
    let unknown = look_up(&server, UNKNOWN_LENGTH, "VIEW_FULL").await;
    assert_eq!(unknown["display"]["class"], "DISPLAY_CLASS_CAUTION", "{unknown}");
    assert_ne!(unknown["display"]["sentence"], display["sentence"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_show_both_actions() {
    let server = server(&["--enforce", "off"]).await;
    let one = run(&server, &["lookup", BAD]);
    assert!(
        one.contains("ALLOW, by SHADOW") && one.contains("BLOCK, by ANALYTICS"),
        "{one}"
    );
    let several = run(&server, &["lookup", BAD, UNKNOWN]);
    assert!(several.contains("ALLOW, would BLOCK"), "{several}");
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("numbers.txt");
    std::fs::write(&file, format!("{UNKNOWN}\n{BAD}\n")).unwrap();
    let table = run(&server, &["lookup", "--file", file.to_str().unwrap()]);
    let lines: Vec<&str> = table.lines().collect();
    let place = |line: &str, text: &str| line.find(text).unwrap_or_else(|| panic!("{text}: {table}"));
    assert_eq!(place(lines[0], "would"), place(lines[2], "BLOCK"), "{table}");
    assert_eq!(
        place(lines[0], "category"),
        place(lines[2], "TECH_SUPPORT_SCAM"),
        "{table}"
    );
    let answer: Value = serde_json::from_str(&run(&server, &["lookup", BAD, "--json"])).unwrap();
    assert_eq!(answer["wouldAction"], "ACTION_BLOCK", "{answer}");
    let id = answer["decisionId"].as_str().unwrap();
    let decision = run(&server, &["decision", id]);
    assert!(
        decision.contains("ALLOW, by SHADOW") && decision.contains("BLOCK, by ANALYTICS"),
        "{decision}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_compare_what_is_decided_with_what_is_enforced() {
    let server = server(&["--enforce", "off"]).await;
    for number in [BAD, BAD, NEVER_CALLS, UNKNOWN] {
        look_up(&server, number, "VIEW_BASIC").await;
    }
    let (_, figures) = server.get("/metrics").await;
    for line in [
        "ringwarden_actions_total{action=\"ALLOW\"} 4",
        "ringwarden_actions_total{action=\"BLOCK\"} 0",
        "ringwarden_answers_total{basis=\"SHADOW\"} 3",
        "ringwarden_would_actions_total{action=\"BLOCK\",basis=\"ANALYTICS\"} 2",
        "ringwarden_would_actions_total{action=\"BLOCK\",basis=\"DNO\"} 1",
        "ringwarden_would_actions_total{action=\"ALLOW\",basis=\"NO_EVIDENCE\"} 1",
        "ringwarden_would_actions_total{action=\"ALLOW\",basis=\"SHADOW\"} 0",
    ] {
        assert!(figures.lines().any(|found| found == line), "no {line} in\n{figures}");
    }
}

#[test]
fn a_wrong_mode_is_refused_with_the_right_ones() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    let output = command
        .args(["serve", "--enforce", "shadow"])
        .env_clear()
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        error.contains("--enforce: \"shadow\" is not a mode of enforcement; accepted: off, label, block"),
        "{error}"
    );
}
