//! Newer ranges of numbers that an operator gives the program by `--numbering-plan`: for commands that read numbers
//! themselves, and for the server. A file that is wrong stops the program at its start, with line and column.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::support::program::Program;

const HEADER: &str = "country_code,region,line_type,lengths,prefixes,since,source,checked";

fn file(lines: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    write!(file, "# ranges of a regulator\n{HEADER}\n{lines}\n").unwrap();
    file
}

fn program(args: &[&str], plan: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command.args(args).env_clear();
    if let Some(plan) = plan {
        command.env("RINGWARDEN_NUMBERING_PLAN", plan);
    }
    command.output().unwrap()
}

fn normalized(args: &[&str], plan: Option<&Path>) -> Value {
    let mut input = NamedTempFile::new().unwrap();
    writeln!(input, "+22091222333").unwrap();
    let path = input.path().to_str().unwrap();
    let output = program(&[&["normalize", path, "--json"], args].concat(), plan);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_command_that_reads_numbers_knows_the_ranges_of_the_file() {
    let plan = file("220,GM,PAGER,8,91,2026-10-01,PURA,2026-11-29");
    let path = plan.path().to_str().unwrap();
    assert_eq!(normalized(&[], None)["valid"], false);
    for known in [
        normalized(&["--numbering-plan", path], None),
        normalized(&[], Some(plan.path())),
    ] {
        assert_eq!(
            (&known["valid"], &known["line_type"]),
            (&Value::from(true), &Value::from("PAGER"))
        );
        assert_eq!(known["region"], "GM");
    }
    assert_eq!(
        normalized(&[], Some(Path::new("")))["valid"],
        false,
        "an empty variable is none"
    );
}

#[test]
fn a_wrong_file_stops_the_program_with_line_and_column() {
    let wrong = file("220,GM,MOBILE,9,83,,PURA,2026-11-29\n220,GM,MOBILE,9,83x,,PURA,2026-11-29");
    let path = wrong.path().to_str().unwrap();
    for args in [
        &["normalize", "/dev/null", "--numbering-plan", path][..],
        &[
            "import",
            "list",
            "/dev/null",
            "--kind",
            "protected",
            "--list-id",
            "x",
            "--numbering-plan",
            path,
        ],
        &["serve", "--store", "memory:", "--numbering-plan", path],
    ] {
        let output = program(args, None);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{args:?}");
        assert!(
            error.contains(path) && error.contains("line 4, column 17: must be digits"),
            "{error}"
        );
    }
    let missing = program(&["normalize", "/dev/null", "--numbering-plan", "/no/such/file"], None);
    assert!(!missing.status.success());
    assert!(String::from_utf8_lossy(&missing.stderr).contains("/no/such/file"));
}

#[tokio::test]
async fn a_server_knows_the_ranges_of_the_file() {
    let plan = file("220,GM,MOBILE,8,91,,PURA,2026-11-29");
    let path = plan.path().to_str().unwrap();
    let server = Program::serve_with("memory:", &["--numbering-plan", path]).await;
    let looked_up = async |number: &str| -> Value {
        let body = format!(r#"{{"number":"{number}"}}"#);
        let (status, body) = server.post("/v1/lookup", &body).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    };
    let known = looked_up("+22091222333").await;
    assert_eq!(known["number"]["validity"], "VALIDITY_VALID");
    assert_eq!(known["number"]["lineType"], "LINE_TYPE_MOBILE");
    assert_eq!(known["basis"], "BASIS_NO_EVIDENCE");
    for (number, validity, action, basis) in [
        ("+220833212345", "VALIDITY_VALID", "ACTION_ALLOW", "BASIS_NO_EVIDENCE"),
        (
            "+2208332123456",
            "VALIDITY_UNKNOWN_LENGTH",
            "ACTION_LABEL",
            "BASIS_INVALID_NUMBER",
        ),
        (
            "+16171550123",
            "VALIDITY_IMPOSSIBLE",
            "ACTION_BLOCK",
            "BASIS_INVALID_NUMBER",
        ),
        (
            "+999123456789",
            "VALIDITY_IMPOSSIBLE",
            "ACTION_BLOCK",
            "BASIS_INVALID_NUMBER",
        ),
        (
            "911",
            "VALIDITY_NOT_A_NUMBER_OF_THE_PLAN",
            "ACTION_ALLOW",
            "BASIS_NO_EVIDENCE",
        ),
    ] {
        let found = looked_up(number).await;
        assert_eq!(found["number"]["validity"], validity, "{number}");
        assert_eq!(
            (&found["action"], &found["basis"]),
            (&action.into(), &basis.into()),
            "{number}"
        );
    }
    let (status, name) = server.get("/v1/cid/+220833212345656").await;
    assert_eq!((status, name.as_str()), (200, "UNKNOWN NUMBER"));
    let (status, _) = server.get("/v1/numbers/+2208332123456").await;
    assert_eq!(status, 200);
}
