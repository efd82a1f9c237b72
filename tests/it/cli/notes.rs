//! The command `note` of the program against a server, and the notes in `number show` and `case show`.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::server::Server;

/// Runs the program with this text on its standard input.
fn run(server: &Server, args: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command
        .args(args)
        .args(["--server", &format!("http://{}", server.grpc)]);
    command.env_clear().env("USER", "ana");
    let streams = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = streams.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// What the program prints; it must succeed.
fn printed(server: &Server, args: &[&str], input: &str) -> String {
    let output = run(server, args, input);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_added_listed_and_shown() {
    let server = Server::start().await;
    let number = ["note", "add", "--number", "(415) 555-0199", "--region", "US"];
    let words = [&number[..], &["asked the carrier", "--request-id", "n1"]].concat();
    let card = printed(&server, &words, "");
    assert!(
        card.contains("+14155550199") && card.contains("asked the carrier"),
        "{card}"
    );
    let again = printed(&server, &[&words[..], &["--json"]].concat(), "");
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["note"]["actor"], json!("ana"));
    assert_eq!(again.get("created"), None, "a retry: {again}");

    let case = ["case", "create", "--title", "Pop-ups", "--id", "popups"];
    printed(&server, &case, "");
    let add = ["note", "add", "--case", "popups", "-", "--actor", "bob"];
    printed(&server, &add, "two lines\nof a file\n");
    let list = printed(&server, &["note", "list", "--case", "popups", "--json"], "");
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["totalSize"], 1);
    let note = &list["notes"][0];
    assert_eq!(note["text"], json!("two lines\nof a file"));
    assert_eq!((&note["caseId"], &note["actor"]), (&json!("popups"), &json!("bob")));

    let list = printed(&server, &["note", "list", "--number", "+14155550199"], "");
    let dossier = printed(&server, &["number", "show", "+14155550199"], "");
    for shown in [list, dossier] {
        assert!(shown.contains("asked the carrier") && shown.contains("ana"), "{shown}");
    }
    let case = printed(&server, &["case", "show", "popups"], "");
    assert!(case.contains("two lines of a file"), "{case}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_note_names_the_field() {
    let server = Server::start().await;
    for (args, input, error) in [
        (["note", "add", "--number", "garbage", "text"], "", "number: "),
        (["note", "add", "--case", "nowhere", "text"], "", "NOT_FOUND"),
        (
            ["note", "add", "--case", "nowhere", "-"],
            "\n",
            "text: must not be empty",
        ),
    ] {
        let output = run(&server, &args, input);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && text.contains(error), "{args:?}: {text}");
    }
    let none = run(&server, &["note", "list", "--number", "+14155550199"], "");
    assert_eq!(String::from_utf8(none.stderr).unwrap(), "no notes\n");
}

/// A text that moves the cursor, hides itself or turns a line around does so on no terminal.
#[tokio::test(flavor = "multi_thread")]
async fn texts_of_others_control_no_terminal() {
    let server = Server::start().await;
    let text = "paid\u{202e}\u{200b}liam\u{e0041}";
    let add = ["note", "add", "--number", "+14155550199", text];
    let shown = "paid\\u{202e}\\u{200b}liam\\u{e0041}";
    assert!(printed(&server, &add, "").contains(shown));
    let list = ["note", "list", "--number", "+14155550199"];
    let table = printed(&server, &list, "");
    assert!(table.contains(shown), "{table}");
    let csv = printed(&server, &[&list[..], &["--csv"]].concat(), "");
    assert!(csv.contains(shown), "{csv}");
    let json = printed(&server, &[&list[..], &["--json"]].concat(), "");
    assert!(json.is_ascii(), "{json}");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["notes"][0]["text"], text);
    // Names with such characters are refused, and the refusal shows them as codes.
    let by = |actor: &'static str| [&add[..4], &["seen", "--actor", actor]].concat();
    for actor in ["ana\u{200b}", "\u{202e}ana"] {
        let output = run(&server, &by(actor), "");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && error.contains("actor: must have visible characters only"),
            "{error}"
        );
    }
    let output = run(&server, &["note", "list", "--case", "\u{1b}]0;x\u{7}"], "");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && !error.contains('\u{1b}'), "{error:?}");
}
