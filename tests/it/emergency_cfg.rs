//! The definition of emergency numbers for Kamailio in `deploy` is the one that the program prints.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ringwarden::cli::emergency_cfg::render;
use ringwarden::number::EmergencyNumbers;
use tempfile::TempDir;

/// `RINGWARDEN_WRITE_TABLES=1 cargo test --test it emergency_cfg` writes the file.
#[test]
fn the_emergency_numbers_of_the_switch_are_those_of_the_service() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kamailio/emergency.cfg");
    let expected = render(&EmergencyNumbers::default());
    if std::env::var_os("RINGWARDEN_WRITE_TABLES").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    assert!(
        written == expected,
        "deploy/kamailio/emergency.cfg is not what `ringwarden emergency-cfg` prints"
    );
}

fn ringwarden(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command.args(arguments).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn the_command_prints_the_operators_numbers_too() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("ours.csv");
    fs::write(&path, "region,number,service\nCH,1414,emergency\n").unwrap();
    let plain = ringwarden(&["emergency-cfg"]);
    assert_eq!(plain.stdout, render(&EmergencyNumbers::default()).into_bytes());
    let ours = ringwarden(&["emergency-cfg", "--emergency-numbers", path.to_str().unwrap()]);
    let text = String::from_utf8(ours.stdout).unwrap();
    assert!(ours.status.success() && text != String::from_utf8(plain.stdout).unwrap());
    assert!(text.contains("1414"));
}

/// Neither the server nor the command runs with a file that it cannot read, and both name the line.
#[test]
fn a_file_with_a_wrong_line_is_refused_at_start() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("ours.csv");
    fs::write(&path, "region,number,service\nCH,1414\nUK,999\n").unwrap();
    let file = path.to_str().unwrap();
    let missing = directory.path().join("missing.csv");
    let serve = [
        "serve",
        "--store",
        "memory:",
        "--grpc-addr",
        "127.0.0.1:0",
        "--http-addr",
        "127.0.0.1:0",
    ];
    for (file, said) in [
        (file, "line 3: region: UK: write GB"),
        (missing.to_str().unwrap(), "cannot read the file"),
    ] {
        for command in [&["emergency-cfg"][..], &serve] {
            let output = ringwarden(&[command, &["--emergency-numbers", file]].concat());
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{error}");
            assert!(error.contains(said), "{error}");
        }
    }
}
