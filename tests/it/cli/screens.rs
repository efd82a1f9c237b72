//! What people see on terminals of 80 and of 120 columns. The expected screens are files in `tests/data/screens`;
//! `RINGWARDEN_WRITE_TABLES=1 cargo test --test it screens` writes them.

use std::path::Path;
use std::process::Command;

use regex::Regex;
use ringwarden::clock::Clock;

use crate::support::server::Server;

const WIDTHS: [usize; 2] = [80, 120];
/// The demo fits two screens of this many lines.
const SCREEN_LINES: usize = 50;
/// Texts that differ from run to run, and their replacements.
const MASKS: [(&str, &str); 6] = [
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"/\S*rejected\.csv", "rejected.csv"),
    (r"\d+\.\d s, [\d,]+ rows per second", "TIME"),
    (r"version \d+", "version N"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d( UTC)?", "TTTT-TT-TT TT:TT$1"),
    (r"(decision  )\S+", "${1}ID"),
];

/// What a command prints on a terminal of this width, with its masks.
fn screen(words: &[&str], width: usize) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command
        .args(words)
        .env_clear()
        .env("USER", "ana")
        .env("COLUMNS", width.to_string());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    for line in text.lines() {
        let words = line.split_whitespace().map(|word| word.chars().count());
        let longest_word = words.max().unwrap_or_default();
        // A word that is longer than the line stands in a line of its own, behind the name of the value.
        assert!(
            line.chars().count() <= width || longest_word > width / 2,
            "{width}: {line}"
        );
    }
    text
}

fn masked(text: &str) -> String {
    MASKS.iter().fold(text.to_owned(), |text, (pattern, replacement)| {
        Regex::new(pattern)
            .unwrap()
            .replace_all(&text, *replacement)
            .into_owned()
    })
}

/// Compares a screen with its file.
fn check(name: &str, width: usize, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/screens/{name}-{width}.txt"));
    let text = masked(text);
    if std::env::var_os("RINGWARDEN_WRITE_TABLES").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, expected, "{} differs", file.display());
}

#[test]
fn the_demo_fits_two_screens() {
    for width in WIDTHS {
        let text = screen(&["demo"], width);
        let lines = text.lines().count();
        assert!(lines <= 2 * SCREEN_LINES, "{lines} lines");
        check("demo", width, &text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_and_tables_fit_the_terminal() {
    let server = Server::start().await;
    let url = format!("http://{}", server.grpc);
    let run = |words: &[&str], width| screen(&[words, &["--server", &url]].concat(), width);
    let title = "Callers in the name of a bank who ask for the codes of its customers";
    let create = [
        "case",
        "create",
        "--id",
        "bank-codes",
        "--title",
        title,
        "--category",
        "BANK_IMPERSONATION",
    ];
    run(&create, 80);
    let yesterday = Clock::system().now().millis() / 1_000 - 86_400;
    let yesterday = &chrono::DateTime::from_timestamp(yesterday, 0).unwrap().to_rfc3339();
    for (id, comment) in [
        (
            "0123456789abcdef0123456789abcdef",
            "She asked for the code of the text message",
        ),
        ("fedcba9876543210fedcba9876543210", ""),
    ] {
        let report = [
            "report",
            "+14155550123",
            "--category",
            "BANK_IMPERSONATION",
            "--source",
            "REGULATOR_FEED",
        ];
        let more = ["--occurred-at", yesterday, "--id", id, "--comment", comment];
        run(&[&report[..], &more].concat(), 80);
    }
    run(
        &["case", "link", "bank-codes", "+14155550123", "--role", "CALLER_ID"],
        80,
    );
    let because = ["--reason", "a bank confirmed that it does not own this number"];
    let status = ["number", "set-status", "+14155550123", "BLOCKED"];
    run(&[&status[..], &because].concat(), 80);
    for width in WIDTHS {
        for (name, words) in [
            ("lookup", &["lookup", "+14155550123"][..]),
            ("lookup-two", &["lookup", "+14155550123", "+14155550124"]),
            ("number-show", &["number", "show", "+14155550123"]),
            ("report-list", &["report", "list", "+14155550123"]),
            ("case-show", &["case", "show", "bank-codes"]),
            ("case-list", &["case", "list"]),
        ] {
            check(name, width, &run(words, width));
        }
    }
}
