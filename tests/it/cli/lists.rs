//! The commands `import list`, `list show` and `list ls` of the program against a server: files that are accepted,
//! files that are refused, and the server's own checks when the client has none.

use std::io::{Cursor, Write as _};
use std::process::{Command, Output, Stdio};

use crate::support::server::Server;
use flate2::Compression;
use flate2::write::GzEncoder;
use ringwarden::cli::import::ImportError;
use ringwarden::cli::import::list::{Entries, read};
use ringwarden::domain::kinds::Action;
use ringwarden::domain::list::{ListHits, ListedCaller};
use ringwarden::wire::Timestamp;
use ringwarden::wire::v1::list_service_client::ListServiceClient;
use ringwarden::wire::v1::replace_list_request::Part;
use ringwarden::wire::v1::{
    GetListRequest, ListEntries, ListEntry, ListHead, ListKind, ReplaceListRequest, ReplaceListResponse,
};
use serde_json::Value;
use tempfile::NamedTempFile;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

const LISTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/lists");
const HEADER: &str = "number,source,date,requester,expires";

/// The program's answer.
pub(super) struct Answer {
    pub(super) is_ok: bool,
    pub(super) out: String,
    pub(super) err: String,
}

impl Answer {
    fn of(output: Output) -> Self {
        Self {
            is_ok: output.status.success(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(super) fn json(&self) -> Value {
        assert!(self.is_ok, "{}", self.err);
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

pub(super) fn ask(server: &Server, args: &[&str], input: &[u8]) -> Answer {
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
    child.stdin.take().unwrap().write_all(input).unwrap();
    Answer::of(child.wait_with_output().unwrap())
}

/// Imports a text from standard input as the do-not-originate list `dno`.
fn import(server: &Server, text: impl AsRef<[u8]>, args: &[&str]) -> Answer {
    let import = [
        "import",
        "list",
        "-",
        "--kind",
        "do-not-originate",
        "--list-id",
        "dno",
        "--json",
    ];
    ask(server, &[&import, args].concat(), text.as_ref())
}

pub(super) fn listed(server: &Server, number: &str) -> ListHits {
    let clock = &server.instance.clock;
    server
        .instance
        .index
        .listed(ListedCaller::Number(number.parse().unwrap()), clock.now())
}

fn is_dno(server: &Server, number: &str) -> bool {
    listed(server, number).do_not_originate.is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_samples_are_imported_and_shown() {
    let server = Server::start().await;
    for (file, kind, id, entries) in [
        ("do-not-originate.csv", "do-not-originate", "dno", 5),
        ("unassigned.csv", "unassigned", "n11", 10),
        ("tenant-prefixes.csv", "tenant-prefix", "rules", 3),
    ] {
        let path = format!("{LISTS}/{file}");
        let import = ["import", "list", &path, "--kind", kind, "--list-id", id, "--json"];
        let answer = ask(&server, &import, b"").json();
        assert_eq!((&answer["rows"], &answer["changed"]), (&entries.into(), &true.into()));
        assert_eq!(answer["list"]["entryCount"], entries, "{answer}");
        let again = ask(&server, &import, b"").json();
        assert_eq!((&again["changed"], &again["list"]), (&false.into(), &answer["list"]));
    }
    assert!(is_dno(&server, "+12025550195") && is_dno(&server, "+18005550100"));
    assert!(listed(&server, "+14159110000").unassigned.is_some());
    let rule = |number| listed(&server, number).tenant_prefix.map(|(action, _)| action);
    assert_eq!(rule("+14155550100"), Some(Action::Allow));
    assert_eq!(rule("+14155550101"), Some(Action::Label));
    assert_eq!(rule("+19005550101"), Some(Action::Block));

    let shown = ask(&server, &["list", "show", "dno", "--json"], b"").json();
    assert_eq!(
        (&shown["list"]["kind"], &shown["list"]["actor"]),
        (&"LIST_KIND_DO_NOT_ORIGINATE".into(), &"ana".into())
    );
    let numbers: Vec<&str> = shown["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["number"].as_str().unwrap())
        .collect();
    assert_eq!(
        numbers,
        [
            "+1202555019*",
            "+12025550143",
            "+18005550100",
            "+18005550101",
            "+44207946010*"
        ]
    );
    assert_eq!(shown["entries"][0]["enteredAt"], "2025-09-30T14:05:00Z");
    assert_eq!(shown["entries"][1]["expiresAt"], "2031-01-01T00:00:00Z");
    let two = ask(&server, &["list", "show", "dno", "--limit", "2"], b"");
    assert!(
        two.out.contains("+12025550143") && !two.out.contains("+18005550100"),
        "{}",
        two.out
    );
    let all = ask(&server, &["list", "ls"], b"");
    let order = ["dno", "n11", "rules"].map(|id| all.out.find(id).unwrap());
    assert!(order.is_sorted(), "{}", all.out);
    let missing = ask(&server, &["list", "show", "none"], b"");
    assert!(
        !missing.is_ok && missing.err.contains("the list does not exist"),
        "{}",
        missing.err
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_country_needs_a_word() {
    let server = Server::start().await;
    let file = format!("{HEADER}\n+441632960000,own,2026-01-31,,\n+44*,own,2026-01-31,,\n");
    let import = ["import", "list", "-", "--kind", "tenant-block", "--list-id", "uk"];
    let refused = ask(&server, &import, file.as_bytes());
    assert!(
        !refused.is_ok
            && refused.err.contains("line 3: number: covers a whole country")
            && refused.err.contains("--whole-country"),
        "{}",
        refused.err
    );
    let meant = ask(&server, &[&import[..], &["--whole-country"]].concat(), file.as_bytes());
    assert!(meant.is_ok, "{}", meant.err);
}

/// A list names any caller, and one number of a length that the plan does not know does not make an import fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_names_callers_of_every_kind() {
    let server = Server::start().await;
    let callers = [
        "+220833212345",
        "+22083321234",
        "+1617555012",
        "+16171550123",
        "+999*",
        "short:08",
        "short:2001",
        "short:US:2001",
        "anonymous",
    ];
    let rows: Vec<String> = callers
        .iter()
        .map(|caller| format!("{caller},own,2026-01-31,,"))
        .collect();
    let file = format!("{HEADER}\n{}\n", rows.join("\n"));
    let to_list = |kind| ["import", "list", "-", "--kind", kind, "--list-id", kind, "--json"];
    for kind in ["tenant-block", "tenant-allow", "protected"] {
        let answer = ask(&server, &to_list(kind), file.as_bytes()).json();
        assert_eq!(answer["list"]["entryCount"], callers.len(), "{kind}");
    }
    let first = ask(
        &server,
        &["list", "show", "tenant-block", "--limit", "6", "--json"],
        b"",
    )
    .json();
    assert_eq!(first["entries"].as_array().unwrap().len(), 6);
    let shown = ask(&server, &["list", "show", "tenant-block", "--json"], b"").json();
    let mut numbers: Vec<&str> = shown["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["number"].as_str().unwrap())
        .collect();
    assert_eq!(numbers.last(), Some(&"anonymous"));
    numbers.sort_unstable();
    let mut expected = callers;
    expected.sort_unstable();
    assert_eq!(numbers, expected);
    for kind in ["do-not-originate", "unassigned"] {
        let refused = ask(&server, &to_list(kind), file.as_bytes());
        assert!(!refused.is_ok, "{kind}");
        assert!(refused.err.contains("anonymous cannot be listed"), "{}", refused.err);
        assert!(refused.err.contains("10"), "the line: {}", refused.err);
    }
    for wrong in [
        "+1415555XXXX",
        "+1415*5550123",
        "+1 415 555 0100",
        "withheld",
        "short:XX:2001",
        "+1617555012345678",
    ] {
        let refused = import(&server, format!("{HEADER}\n{wrong},own,2026-01-31,,\n"), &[]);
        assert!(!refused.is_ok, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_file_is_refused_whole_and_the_old_list_stays() {
    let server = Server::start().await;
    import(&server, format!("{HEADER}\n+14155550100,registry,2026-01-01,,\n"), &[]).json();
    let heads = server.heads().await;
    let bad = format!(
        "{HEADER}\n+14155550101,registry,2026-01-01,,\n415555010,registry,2026-01-01,,\n\n+14155550102,,2026-01-01,,\n\
         +14155550103,registry,01/02/2026,,\n+14155550104,registry,2026-01-01,,2025-12-31\n\
         +14155550101,other,2026-01-01,,\n+1415*5*,registry,2026-01-01,,\n+14155550105,registry,2026-01-01\n"
    );
    let answer = import(&server, &bad, &[]);
    assert!(!answer.is_ok && answer.out.is_empty(), "{}", answer.out);
    for said in [
        "line 3: number: must be a number in E.164",
        "line 5: source: must not be empty",
        "line 6: date: expected a time",
        "line 7: expires: must not lie before",
        "line 8: number: is already in the file: line 2",
        "line 9: number: a prefix must be",
        "line 10: wrong number of columns",
        "7 of 8 rows are malformed: nothing was sent",
    ] {
        assert!(answer.err.contains(said), "not said: {said}\n{}", answer.err);
    }
    assert!(!answer.err.contains("415555010"), "a number is shown: {}", answer.err);
    assert_eq!(server.heads().await, heads);
    assert!(is_dno(&server, "+14155550100") && !is_dno(&server, "+14155550101"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_file_and_a_stale_version_are_refused() {
    let server = Server::start().await;
    let one = format!("{HEADER}\n+14155550100,registry,2026-01-01,,\n");
    assert_eq!(
        import(&server, &one, &["--expected-version", "0"]).json()["list"]["version"],
        "1"
    );
    let empty = import(&server, HEADER, &[]);
    assert!(!empty.is_ok && empty.err.contains("failed export"), "{}", empty.err);
    let stale = import(&server, HEADER, &["--may-be-empty", "--yes", "--expected-version", "7"]);
    assert!(!stale.is_ok && stale.err.contains("version 1, not 7"), "{}", stale.err);
    let other = ask(
        &server,
        &["import", "list", "-", "--kind", "protected", "--list-id", "dno"],
        one.as_bytes(),
    );
    assert!(!other.is_ok && other.err.contains("DO_NOT_ORIGINATE"), "{}", other.err);
    assert!(is_dno(&server, "+14155550100"));
    assert_eq!(
        import(&server, HEADER, &["--may-be-empty", "--yes"]).json()["changed"],
        true
    );
    assert!(!is_dno(&server, "+14155550100"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_file_comes_in_parts_and_may_be_compressed() {
    let server = Server::start().await;
    let mut text = format!("{HEADER}\r\n");
    for n in 0..12_345 {
        text.push_str(&format!("+1415{n:07},registry,2026-01-01,,\r\n"));
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&encoder.finish().unwrap()).unwrap();
    let path = file.path().to_str().unwrap();
    let answer = ask(
        &server,
        &["import", "list", path, "--kind", "unassigned", "--list-id", "free"],
        b"",
    );
    assert!(
        answer.is_ok && answer.out.contains("12,345"),
        "{}{}",
        answer.out,
        answer.err
    );
    assert!(listed(&server, "+14150012344").unassigned.is_some());
    assert!(listed(&server, "+14150012345").unassigned.is_none());
    let shown = ask(&server, &["list", "show", "free", "--limit", "2500", "--json"], b"").json();
    assert_eq!(shown["entries"].as_array().unwrap().len(), 2_500);
}

pub(super) fn entries_of(text: &str, kind: ListKind) -> Result<Entries, ImportError> {
    read(Box::new(Cursor::new(text.to_owned())), kind, false)
}

#[test]
fn columns_are_found_by_their_names() {
    let text = "\u{feff}Expires, DATE ,source,number\n,2026-01-01,registry,+14155550100\n";
    let found = entries_of(text, ListKind::Protected).unwrap();
    assert_eq!((found.entries.len(), found.rejects.len()), (1, 0));
    assert_eq!(
        (found.entries[0].number.as_str(), found.entries[0].line),
        ("+14155550100", 2)
    );
    for (header, kind) in [
        ("number,source", ListKind::Protected),
        ("number,source,date,number", ListKind::Protected),
        ("number,source,date,colour", ListKind::Protected),
        ("number,source,date,action", ListKind::Protected),
        ("number,source,date", ListKind::TenantPrefix),
        ("+14155550100,registry,2026-01-01", ListKind::Protected),
        ("", ListKind::Protected),
    ] {
        let refused = entries_of(header, kind);
        assert!(matches!(refused, Err(ImportError::Columns { .. })), "{header}");
    }
}

#[test]
fn actions_stand_in_lists_of_prefixes() {
    let text = "number,action,source,date\n+1415*,send-to-voicemail,us,2026-01-01\n+1416*,,us,2026-01-01\n+1417*,hang up,us,2026-01-01\n";
    let found = entries_of(text, ListKind::TenantPrefix).unwrap();
    let lines: Vec<u64> = found.rejects.iter().map(|reject| reject.line).collect();
    assert_eq!((found.entries.len(), lines), (1, vec![3, 4]));
    assert_eq!(found.entries[0].action(), ringwarden::wire::v1::Action::SendToVoicemail);
}

async fn send(server: &Server, parts: Vec<Part>) -> Result<ReplaceListResponse, Status> {
    let mut client = ListServiceClient::new(server.channel.clone());
    let parts = parts.into_iter().map(|part| ReplaceListRequest { part: Some(part) });
    let stream = futures_util::stream::iter(parts.collect::<Vec<_>>());
    client.replace_list(stream).await.map(tonic::Response::into_inner)
}

fn head(request: &str) -> Part {
    Part::Head(ListHead {
        list_id: "dno".into(),
        kind: ListKind::DoNotOriginate.into(),
        request_id: request.into(),
        ..Default::default()
    })
}

fn part(numbers: &[&str]) -> Part {
    let entry = |(line, number): (u32, &&str)| ListEntry {
        number: (*number).into(),
        source: "registry".into(),
        entered_at: Some(Timestamp::from_millis(1_700_000_000_000)),
        line,
        ..Default::default()
    };
    Part::Entries(ListEntries {
        entries: (2..).zip(numbers).map(entry).collect(),
    })
}

/// The fields at fault.
fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let faults = status.get_details_bad_request().unwrap().field_violations;
    faults.into_iter().map(|fault| fault.field).collect()
}

#[tokio::test]
async fn the_server_checks_what_its_client_did_not() {
    let server = Server::start().await;
    let taken = send(
        &server,
        vec![head("r1"), part(&["+14155550100"]), part(&["+14155550101"])],
    )
    .await;
    assert_eq!(taken.unwrap().list.unwrap().entry_count, 2);
    let before = server.heads().await;
    let bad = vec![
        head("r2"),
        part(&["+14155550102", "soon", "+1415**"]),
        part(&["+14155550102"]),
    ];
    let refused = send(&server, bad).await.unwrap_err();
    assert_eq!(fields(&refused), ["line 3: number", "line 4: number", "line 2: number"]);
    for (parts, field) in [
        (vec![], "head"),
        (vec![part(&["+14155550102"]), head("r2")], "head"),
        (vec![head("r2"), head("r2")], "head"),
        (vec![head("")], "head.request_id"),
        (vec![head("r2")], "entries"),
        (vec![head("r2"), part(&["+1415*"; 5_001])], "entries"),
    ] {
        let refused = send(&server, parts).await.unwrap_err();
        assert_eq!(fields(&refused), [field], "{refused:?}");
    }
    assert_eq!(server.heads().await, before);
    assert!(is_dno(&server, "+14155550101") && !is_dno(&server, "+14155550102"));
    let mut client = ListServiceClient::new(server.channel.clone());
    let request = |list_id: &str, page_token: &str| GetListRequest {
        tenant: String::new(),
        list_id: list_id.into(),
        page_size: 1,
        page_token: page_token.into(),
    };
    let page = client.get_list(request("dno", "")).await.unwrap().into_inner();
    let next = client
        .get_list(request("dno", &page.next_page_token))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(next.entries[0].number, "+14155550101");
    let foreign = client.get_list(request("dno", "00")).await.unwrap_err();
    assert_eq!(foreign.code(), Code::InvalidArgument);
    assert_eq!(
        client.get_list(request("none", "")).await.unwrap_err().code(),
        Code::NotFound
    );
    let figures = server.get("/metrics").await.body;
    assert!(figures.contains("ringwarden_mutations_total{method=\"ReplaceList\",outcome=\"done\"} 1\n"));
    assert!(figures.contains("ringwarden_mutations_total{method=\"ReplaceList\",outcome=\"rejected\"} 7\n"));
}

/// A client that breaks off in the middle has changed nothing.
#[tokio::test]
async fn an_incomplete_list_changes_nothing() {
    let server = Server::start().await;
    send(&server, vec![head("r1"), part(&["+14155550100"])]).await.unwrap();
    let mut client = ListServiceClient::new(server.channel.clone());
    let first = [head("r2"), part(&["+14155550101"])].map(|part| ReplaceListRequest { part: Some(part) });
    let endless = futures_util::StreamExt::chain(futures_util::stream::iter(first), futures_util::stream::pending());
    let call = tokio::time::timeout(std::time::Duration::from_millis(300), client.replace_list(endless));
    assert!(call.await.is_err(), "an answer before the list had come");
    // The server takes two lists in at a time, so this waits for none that hangs.
    for round in 0..5 {
        send(&server, vec![head(&format!("r3-{round}")), part(&["+14155550100"])])
            .await
            .unwrap();
    }
    assert!(is_dno(&server, "+14155550100") && !is_dno(&server, "+14155550101"));
}
