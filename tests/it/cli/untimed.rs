//! Feeds without times, and report ids that the server makes: what counts again and what does not.

use serde_json::{Value, json};

use super::lists::{Answer, ask};
use crate::support::server::Server;

const NUMBER: &str = "+13152328257";

/// Imports a file of numbers without times.
fn import(server: &Server, text: &str, more: &[&str]) -> Answer {
    let args = ["import", "reports", "-", "--region", "US", "--yes", "--json"];
    ask(server, &[&args[..], more].concat(), text.as_bytes())
}

/// The counts of accepted and already known rows.
fn counts(answer: &Answer) -> (Value, Value) {
    let summary = answer.json();
    (summary["accepted"].clone(), summary["alreadyKnown"].clone())
}

const MONDAY: &str = "phone\n3152328257\n3152328258\n";
const TUESDAY: &str = "phone\n3152328257\n3152328259\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_without_a_time_counts_again_in_another_file_only() {
    let server = Server::start().await;
    let first = import(&server, MONDAY, &[]);
    assert_eq!(counts(&first), (json!(2), json!(0)));
    let said = "so calls count as of the import, and count again in another file; --date gives the day";
    assert!(first.err.contains(said), "{}", first.err);
    let again = import(&server, &MONDAY.replace('\n', "\r\n"), &[]);
    assert_eq!(counts(&again), (json!(0), json!(2)), "the same rows");
    assert_eq!(counts(&import(&server, TUESDAY, &[])), (json!(2), json!(0)));
    let reports = ask(&server, &["report", "list", NUMBER, "--json"], b"").json();
    assert_eq!(reports["totalSize"], json!(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_day_of_a_file_is_the_time_of_its_calls() {
    let server = Server::start().await;
    let on = |text: &str, day: &str| import(&server, text, &["--date", day]);
    let first = on(MONDAY, "2026-01-05");
    assert_eq!(counts(&first), (json!(2), json!(0)));
    assert!(
        first.err.contains("so calls count as of 2026-01-05 in UTC"),
        "{}",
        first.err
    );
    // The corrected file of the same day has one more row.
    let corrected = format!("{MONDAY}3152328259\n");
    assert_eq!(counts(&on(&corrected, "2026-01-05")), (json!(1), json!(2)));
    assert_eq!(counts(&on(MONDAY, "2026-01-06")), (json!(2), json!(0)));
    let reports = ask(&server, &["report", "list", NUMBER, "--json"], b"").json();
    let times: Vec<&Value> = reports["reports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|report| &report["occurredAt"])
        .collect();
    assert_eq!(times, ["2026-01-06T00:00:00Z", "2026-01-05T00:00:00Z"]);
    let wrong = on(MONDAY, "5.1.2026");
    assert!(wrong.err.contains("is not a day such as 2020-10-31"), "{}", wrong.err);
}

/// A file that is a whole list each day has the number as the id of its report.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_list_counts_each_number_once() {
    let server = Server::start().await;
    let map = ["--map", "number=phone,report_id=phone"];
    assert_eq!(counts(&import(&server, MONDAY, &map)), (json!(2), json!(0)));
    assert_eq!(counts(&import(&server, TUESDAY, &map)), (json!(1), json!(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_makes_the_id_of_a_report_that_it_can_recognise() {
    let server = Server::start().await;
    let report = |more: &[&str]| ask(&server, &[&["report", NUMBER, "--json"], more].concat(), b"").json();
    let same = ["--reporter", "ana", "--occurred-at", "2026-01-05T09:00:00Z"];
    let (first, again) = (report(&same), report(&same));
    assert_eq!(first["outcome"], "SUBMIT_OUTCOME_ACCEPTED");
    assert_eq!(again["outcome"], "SUBMIT_OUTCOME_ALREADY_KNOWN");
    assert_eq!(again["reportId"], first["reportId"]);
    let card = ask(&server, &[&["report", NUMBER], &same[..]].concat(), b"").out;
    assert!(card.contains(first["reportId"].as_str().unwrap()), "{card}");
    // Two people may say the same.
    let (one, two) = (report(&[]), report(&[]));
    assert_ne!(one["reportId"], two["reportId"]);
    assert_eq!(two["outcome"], "SUBMIT_OUTCOME_ACCEPTED");
    let given = report(&["--id", "call-7"]);
    assert_eq!(given["reportId"], "call-7");
}

/// A header is not taken for a row, a row not for a header, and a column must be there. Nothing is sent then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_line_is_what_the_command_says() {
    let server = Server::start().await;
    let rows = "3152328257;2026-01-05\n3152328258;2026-01-05\n";
    let headed = format!("phone;date\n{rows}");
    let by_place = ["--map", "number=#1,occurred_at=#2"];
    let no_header = ["--map", "number=#1,occurred_at=#2", "--no-header"];
    for (text, args, said, advice) in [
        (
            rows,
            &by_place[..],
            "the first line of the file is a number and no header: it has \"9999999999, 9999-99-99\"",
            "give --no-header",
        ),
        (
            &headed,
            &no_header,
            "the first line of the file is a header and no row: it has \"phone, date\"",
            "leave out --no-header",
        ),
        (
            rows,
            &["--map", "number=#3", "--no-header"],
            "the file has no column \"#3\": it has \"#1, #2\"",
            "name a column of the file",
        ),
        (
            &headed,
            &["--map", "number=#0"],
            "the file has no column \"#0\": it has \"phone, date\"",
            "name a column of the file",
        ),
    ] {
        let refused = import(&server, text, args);
        assert!(!refused.is_ok && refused.err.contains(said), "{said}: {}", refused.err);
        assert!(refused.err.contains(advice), "{advice}: {}", refused.err);
    }
    let unknown = format!("Anschluss;Wann\n{rows}");
    let refused = ask(
        &server,
        &[&["import", "reports", "-", "--region", "US"], &no_header[..]].concat(),
        unknown.as_bytes(),
    );
    let said = "line 1 has no number: if it is a header, leave out --no-header";
    assert!(!refused.is_ok && refused.err.contains(said), "{}", refused.err);
    let reports = ask(&server, &["report", "list", NUMBER, "--json"], b"").json();
    assert_eq!(reports["totalSize"], json!(0));
    assert_eq!(counts(&import(&server, rows, &no_header)), (json!(2), json!(0)));

    let list = |args: &[&str]| {
        let import = [
            "import",
            "list",
            "-",
            "--kind",
            "do-not-originate",
            "--list-id",
            "dno",
            "--region",
            "US",
        ];
        let defaults = ["--source", "ours", "--date", "2026-01-01", "--map", "number=#1"];
        ask(&server, &[&import[..], &defaults, args].concat(), rows.as_bytes())
    };
    let refused = list(&[]);
    let said = "the first line of the file is a number and no header";
    assert!(!refused.is_ok && refused.err.contains(said), "{}", refused.err);
    assert!(list(&["--no-header"]).is_ok);

    let case = ["case", "create", "--id", "c-1", "--title", "Calls"];
    assert!(ask(&server, &case, b"").is_ok);
    let link = [
        "case",
        "link",
        "c-1",
        "--file",
        "-",
        "--role",
        "CALLER_ID",
        "--column",
        "#1",
        "--no-header",
        "--region",
        "US",
    ];
    let refused = ask(&server, &link, headed.as_bytes());
    let said = "the first line of the file is a header and no row";
    assert!(!refused.is_ok && refused.err.contains(said), "{}", refused.err);
}
