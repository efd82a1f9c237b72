//! `lookup --file`: many numbers in one file, answered in their order.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::complaints::Files;
use crate::support::program::Program;

/// A number that is reported, and one that is not.
const REPORTED: &str = "+12125550123";
const OTHER: &str = "+442079460123";

async fn server() -> (Program, String) {
    let program = Program::serve("memory:").await;
    let server = format!("http://{}", program.grpc());
    let report = format!(r#"{{"reportId":"r1","number":"{REPORTED}","source":"SOURCE_REGULATOR_FEED"}}"#);
    assert_eq!(program.post("/v1/reports", &report).await.0, 200);
    (program, server)
}

/// Runs `lookup`; gives whether it succeeded, its output and its errors.
fn lookup(files: &Files, server: &str, more: &[&str]) -> (bool, String, String) {
    let output = files.run(&[&["lookup", "--server", server], more].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn a_file_is_answered_in_its_order_in_every_form() {
    let (_program, server) = server().await;
    let files = Files::new();
    files.write(
        "numbers.csv",
        &format!("name,Phone\na,{REPORTED}\nb,(212) 555-0123\nc,12\nd,{OTHER}\n"),
    );
    let file = ["--file", "numbers.csv"];

    let (succeeded, csv, said) = lookup(
        &files,
        &server,
        &[&file[..], &["--format", "csv", "--region", "US"]].concat(),
    );
    assert!(!succeeded, "one line has no answer");
    assert!(
        said.contains("line 4: ") && said.contains("1 of 4 items failed"),
        "{said}"
    );
    assert!(!said.contains("line 2"), "{said}");
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let header = "line,number,e164,score,level,action,basis,would_action,would_basis,category,brand,reports,last_reported,cases,error";
    assert_eq!(rows[0].join(","), header);
    let e164: Vec<&str> = rows.iter().skip(1).map(|row| row[2]).collect();
    assert_eq!(e164, [REPORTED, REPORTED, "", OTHER]);
    assert_eq!((rows[1][0], rows[1][11], rows[4][0]), ("2", "1", "5"));
    assert!(!rows[3][14].is_empty() && rows[4][14].is_empty());

    let (_, json, _) = lookup(&files, &server, &[&file[..], &["--json", "--region", "US"]].concat());
    let lines: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["number"]["e164"], REPORTED);
    let places: Vec<&Value> = lines.iter().map(|answer| &answer["line"]).collect();
    assert_eq!(places, [2, 3, 4, 5], "each answer names its line");
    assert_eq!(lines[2]["line"], 4);
    assert!(lines[2]["error"]["message"].is_string());

    let (_, table, _) = lookup(&files, &server, &file);
    let lines: Vec<&str> = table.lines().collect();
    assert!(
        lines[0].starts_with("number") && lines.iter().all(|line| line.len() <= 80),
        "{table}"
    );
    assert!(lines[1].starts_with(REPORTED) && lines[4].starts_with(OTHER), "{table}");
}

/// More than one batch, one number on each line, from standard input.
#[tokio::test]
async fn standard_input_is_read_in_batches() {
    let (_program, server) = server().await;
    let mut text = String::new();
    for number in 0..2_345 {
        writeln!(text, "+1415555{number:04}").unwrap();
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_ringwarden"))
        .args(["lookup", "--file", "-", "--format", "csv", "--server", &server])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let csv = String::from_utf8(output.stdout).unwrap();
    let given: String = csv
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(1).unwrap().to_owned() + "\n")
        .collect();
    assert_eq!(given, text);
}

#[tokio::test]
async fn a_file_in_the_place_of_a_number_is_an_error_that_names_the_flag() {
    let files = Files::new();
    // No server is needed to say so.
    let (succeeded, _, said) = lookup(&files, "http://127.0.0.1:1", &["@numbers.txt"]);
    assert!(!succeeded && said.contains("--file numbers.txt"), "{said}");
    files.write("numbers.csv", "a,b\n1,2\n");
    let (_, _, said) = lookup(&files, "http://127.0.0.1:1", &["--file", "numbers.csv"]);
    assert!(
        said.contains("name the column of the numbers with --column; the columns are a, b"),
        "{said}"
    );
    let (_, _, said) = lookup(&files, "http://127.0.0.1:1", &["--file", "none.csv"]);
    assert!(said.contains("none.csv"), "{said}");
}
