//! Links of a case from files: they are shown and confirmed, and they can be taken back.

use serde_json::json;

use super::lists::{Answer, ask};
use crate::support::server::Server;

const NUMBERS: &str = "id;phone\n1;4155560001\n2;4155560002\n3;415-556-0001\n4;none\n";
const FILE: [&str; 6] = ["--file", "-", "--column", "phone", "--region", "US"];

async fn with_case() -> Server {
    let server = Server::start().await;
    let case = ask(
        &server,
        &["case", "create", "--id", "c-1", "--title", "Bank calls"],
        b"",
    );
    assert!(case.is_ok, "{}", case.err);
    server
}

/// `case link` or `case unlink` with the file of numbers.
fn with_file(server: &Server, verb: &str, more: &[&str]) -> Answer {
    let args = [&["case", verb, "c-1"], &FILE[..], more].concat();
    ask(server, &args, NUMBERS.as_bytes())
}

fn members(server: &Server) -> Vec<String> {
    let shown = ask(server, &["case", "show", "c-1", "--json"], b"").json();
    let members = shown["members"].as_array().unwrap().iter();
    members
        .map(|member| format!("{} {}", member["e164"], member["role"]).replace('"', ""))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_numbers_of_a_file_are_linked_to_a_case() {
    let server = Server::start().await;
    let case = ask(&server, &["case", "create", "--id", "c-1", "--title", "x"], b"");
    assert!(case.is_ok, "{}", case.err);
    let mut text = "id;phone\n".to_owned();
    for line in 0..1_500 {
        text += &format!("{line};415556{line:04}\n");
    }
    text += "x;4155560000\ny;none\n";
    let link = [
        "case",
        "link",
        "c-1",
        "--file",
        "-",
        "--role",
        "caller-id",
        "--region",
        "US",
    ];
    let refused = ask(&server, &link, text.as_bytes());
    assert!(
        refused.err.contains("name the column of the numbers with --column"),
        "{}",
        refused.err
    );
    // The first number of a plain list is not taken for a header.
    let plain = ask(&server, &link, b"4155550001\n4155550002\n");
    assert!(plain.err.contains("give --no-header"), "{}", plain.err);
    assert!(!plain.is_ok && !plain.err.contains("4155550001"), "{}", plain.err);
    let args = [&link[..], &["--column", "phone", "--json", "--yes"]].concat();
    let linked = ask(&server, &args, text.as_bytes());
    let summary = linked.json();
    assert_eq!(
        (
            &summary["rows"],
            &summary["numbers"],
            &summary["linked"],
            &summary["rejected"]
        ),
        (&1_502.into(), &1_500.into(), &1_500.into(), &1.into()),
        "{}",
        linked.err
    );
    assert!(linked.err.contains("line 1503"), "{}", linked.err);
    let again = ask(&server, &args, text.as_bytes()).json();
    assert_eq!((&again["linked"], &again["alreadyLinked"]), (&0.into(), &1_500.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_of_a_file_are_confirmed_and_can_be_taken_back() {
    let server = with_case().await;
    let caller = ["--role", "caller-id"];
    let refused = with_file(&server, "link", &caller);
    let what = "this links 2 numbers of the column \"phone\" as CALLER_ID to the case c-1 (Bank calls), which has 0 numbers \
                now: 4 rows: 2 numbers, 1 repeated, 1 rejected";
    assert!(!refused.is_ok && refused.err.contains(what), "{}", refused.err);
    assert!(refused.err.contains("--yes"), "{}", refused.err);
    let dry = with_file(&server, "link", &[&caller[..], &["--dry-run"]].concat());
    assert!(dry.is_ok && dry.out.contains(what), "{} {}", dry.out, dry.err);
    assert!(dry.err.contains("line 5"), "{}", dry.err);
    let dry = with_file(&server, "link", &[&caller[..], &["--dry-run", "--json"]].concat()).json();
    assert_eq!((&dry["dryRun"], &dry["numbers"]), (&json!(true), &json!(2)));
    assert!(members(&server).is_empty());

    let linked = with_file(&server, "link", &[&caller[..], &["--yes"]].concat());
    assert_eq!(
        linked.out, "4 rows: 2 linked, 1 repeated, 1 rejected\n",
        "{}",
        linked.err
    );
    assert!(!linked.err.contains("another role"), "{}", linked.err);
    // A second role does not take the place of the first: this is said.
    let again = with_file(&server, "link", &["--role", "callback", "--yes"]);
    let said = "2 of these numbers are in the case with another role too; `ringwarden case unlink c-1 --file FILE --role ROLE`";
    assert!(again.is_ok && again.err.contains(said), "{}", again.err);
    assert_eq!(members(&server).len(), 4);

    let refused = with_file(&server, "unlink", &caller);
    let what =
        "this unlinks 2 numbers of the column \"phone\" as CALLER_ID from the case c-1 (Bank calls), which has 2";
    assert!(!refused.is_ok && refused.err.contains(what), "{}", refused.err);
    let unlinked = with_file(&server, "unlink", &[&caller[..], &["--yes"]].concat());
    assert_eq!(
        unlinked.out, "4 rows: 2 unlinked, 1 repeated, 1 rejected\n",
        "{}",
        unlinked.err
    );
    let callback = "CASE_ROLE_CALLBACK";
    assert_eq!(
        members(&server),
        [format!("+14155560001 {callback}"), format!("+14155560002 {callback}")]
    );
    let rest = with_file(&server, "unlink", &["--yes", "--json", "--reason", "wrong file"]).json();
    assert_eq!((&rest["unlinked"], &rest["notLinked"]), (&json!(2), &json!(0)));
    assert!(members(&server).is_empty());
    let none = with_file(&server, "unlink", &["--yes", "--json"]).json();
    assert_eq!((&none["unlinked"], &none["notLinked"]), (&json!(0), &json!(2)));
}

/// A file of which too few rows are numbers links none of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_list_of_numbers_links_nothing() {
    let server = with_case().await;
    let args = [&["case", "link", "c-1"], &FILE[..], &["--role", "caller-id", "--yes"]].concat();
    let refused = ask(&server, &args, b"id;phone\n1;4155560001\n2;x\n3;y\n");
    assert!(
        !refused.is_ok && refused.err.contains("only 1 of 3 rows"),
        "{}",
        refused.err
    );
    assert!(members(&server).is_empty());
}

/// The total of a case counts numbers, and so does the part that is shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_a_case_counts_numbers_and_not_their_roles() {
    let server = with_case().await;
    let numbers = ["+14155560001", "+14155560002", "+14155560003"];
    for role in ["caller-id", "callback"] {
        let link = [&["case", "link", "c-1"], &numbers[..], &["--role", role]].concat();
        assert!(ask(&server, &link, b"").is_ok);
    }
    let shown = ask(&server, &["case", "show", "c-1", "--limit", "2"], b"");
    assert!(
        shown.err.contains("2 of 3 numbers; next: --page-token"),
        "{}",
        shown.err
    );
    assert_eq!(shown.out.matches("+1415556000").count(), 4, "{}", shown.out);
    let all = ask(&server, &["case", "show", "c-1", "--json", "--limit", "3"], b"").json();
    assert_eq!(
        (all["members"].as_array().unwrap().len(), &all["totalSize"]),
        (6, &json!(3))
    );
    assert_eq!(all["nextPageToken"], json!(null));
}
