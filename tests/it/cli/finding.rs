//! Lists of the command line: filters and orders of numbers, the search, similar numbers; and no list is cut in silence.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::server::Server;

fn run(server: &Server, line: &str) -> Output {
    let words = line.split(' ').map(|word| word.replace('_', " "));
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command
        .args(words)
        .args(["--server", &format!("http://{}", server.grpc)]);
    command.env_clear().env("USER", "ana").output().unwrap()
}

/// What the program prints on its output and on standard error; it must succeed.
fn printed(server: &Server, line: &str) -> (String, String) {
    let output = run(server, line);
    assert!(output.status.success(), "{line}: {output:?}");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

/// The page token that a note names.
fn token(note: &str) -> &str {
    let (_, rest) = note.split_once("--page-token ").unwrap();
    rest.split(',').next().unwrap()
}

fn digits(n: usize) -> String {
    format!("+1415555{n:04}")
}

/// A server that knows 60 numbers of a case, 30 reports and 25 notes on the first one, and a list of 55 entries.
async fn server() -> Server {
    let server = Server::start().await;
    let report = |number: usize, id: usize| {
        json!({
            "reportId": format!("r{number}-{id}"), "number": digits(number), "source": "SOURCE_REGULATOR_FEED",
            "category": "CATEGORY_PHISHING", "impersonatedBrand": "windows", "occurredAt": format!("2026-01-05T09:00:{id:02}Z"),
            "comment": if id == 7 { "=buy now, pay later, last chance" } else { "" },
        })
    };
    let reports: Vec<Value> = (0..60)
        .map(|n| report(n, 0))
        .chain((1..30).map(|id| report(0, id)))
        .collect();
    post(&server, "/v1/reports:batch", &json!({ "reports": reports })).await;
    let case = json!({ "caseId": "popups", "title": "Pop-ups", "status": "CASE_STATUS_OPEN", "actor": "ana", "requestId": "c" });
    post(&server, "/v1/cases", &case).await;
    for n in 0..54 {
        let case = json!({ "title": format!("Case {n}"), "status": "CASE_STATUS_OPEN", "actor": "ana", "requestId": format!("c{n}") });
        post(&server, "/v1/cases", &case).await;
    }
    let links: Vec<Value> = (0..60)
        .map(|n| json!({ "number": digits(n), "role": "CASE_ROLE_CALLER_ID", "confidence": 0.5 }))
        .collect();
    let links = json!({ "links": links, "actor": "ana", "requestId": "l" });
    post(&server, "/v1/cases/popups:linkNumbers", &links).await;
    for n in 0..55 {
        for subject in [json!({ "number": digits(0) }), json!({ "caseId": "popups" })] {
            let mut note =
                json!({ "text": format!("note {n}"), "actor": "ana", "requestId": format!("n{n}-{}", subject) });
            note.as_object_mut()
                .unwrap()
                .extend(subject.as_object().unwrap().clone());
            post(&server, "/v1/notes", &note).await;
        }
    }
    let entries: Vec<Value> = (0..55)
        .map(|n| json!({ "number": digits(1_000 + n), "source": "ours", "enteredAt": "2026-01-05T09:00:00Z" }))
        .collect();
    let list = json!({ "head": { "kind": "LIST_KIND_DO_NOT_ORIGINATE", "actor": "ana", "requestId": "x" }, "entries": entries });
    let answer = server.request("PUT", "/v1/lists/dno", &list.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    server
}

async fn post(server: &Server, path: &str, body: &Value) {
    let answer = server.post(path, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    assert!(!answer.body.contains("\"error\""), "{path}: {answer:?}");
}

/// Every list names its total and the next page, goes on there, and shows all if asked.
#[tokio::test(flavor = "multi_thread")]
async fn no_list_is_cut_in_silence() {
    let server = server().await;
    for (line, total, noun) in [
        ("number list", 60, "numbers"),
        ("number similar +14155550000", 59, "similar numbers"),
        ("report list +14155550000", 30, "reports"),
        ("case list", 55, "cases"),
        ("case show popups", 60, "numbers"),
        ("note list --number +14155550000", 55, "notes"),
        ("note list --case popups", 55, "notes"),
        ("list show dno", 55, "entries"),
    ] {
        let limit = if total > 50 { 50 } else { 20 };
        let (_, note) = printed(&server, &format!("{line} --limit {limit}"));
        let expected = format!("{limit} of {total} {noun}; next: --page-token ");
        assert!(note.contains(&expected), "{line}: {note}");
        let (rest, note) = printed(&server, &format!("{line} --csv --page-token {}", token(&note)));
        assert_eq!(rest.lines().count(), total - limit + 1, "{line}: {rest}");
        assert_eq!(note, "", "{line}");
        let (all, note) = printed(&server, &format!("{line} --all --csv"));
        assert_eq!(all.lines().count(), total + 1, "{line}: {all}");
        assert_eq!(note, "", "{line}");
    }
    let (_, note) = printed(&server, "number show +14155550000");
    assert!(
        note.contains("20 of 55 notes; all: ringwarden note list --number +14155550000 --all"),
        "{note}"
    );
    assert!(
        note.contains("20 of 30 reports; all: ringwarden report list +14155550000 --withdrawn --all"),
        "{note}"
    );
    let (_, note) = printed(&server, "case show popups --members 0");
    assert!(
        note.contains("20 of 55 notes; all: ringwarden note list --case popups --all"),
        "{note}"
    );
    let (_, note) = printed(&server, "search 1415555 --limit 10");
    assert!(
        note.contains("10 of 60 numbers; all: ringwarden number list --digits 1415555 --all"),
        "{note}"
    );
    let (_, note) = printed(&server, "search case --limit 10");
    assert!(
        note.contains("10 of 54 cases; all: ringwarden case list --query 'case' --all"),
        "{note}"
    );
}

/// JSON on standard output is one document, which has the total and the token of the next page.
#[tokio::test(flavor = "multi_thread")]
async fn json_of_the_command_line_carries_totals() {
    let server = server().await;
    for (line, items, total) in [
        ("number list", "numbers", 60),
        ("number similar +14155550000", "numbers", 59),
        ("report list +14155550000", "reports", 30),
        ("case list", "cases", 55),
        ("case show popups", "members", 60),
        ("note list --number +14155550000", "notes", 55),
        ("note list --case popups", "notes", 55),
        ("list show dno", "entries", 55),
    ] {
        let json = |more: &str| {
            let (out, note) = printed(&server, &format!("{line} {more} --json"));
            assert_eq!(out.lines().count(), 1, "{line}: {out}");
            let value: Value = serde_json::from_str(&out).unwrap();
            let count = value[items].as_array().map_or(0, Vec::len);
            assert_eq!(value["totalSize"], json!(total), "{line}: {out}");
            let next = value["nextPageToken"].as_str().unwrap_or_default().to_owned();
            assert_eq!(note.contains("--page-token"), !next.is_empty(), "{line}: {note}");
            (count, next)
        };
        let (count, next) = json("--limit 20");
        assert_eq!(count, 20, "{line}");
        let (count, last) = json(&format!("--limit 60 --page-token {next}"));
        assert_eq!((count, last.as_str()), (total - 20, ""), "{line}");
        assert_eq!(json("--all"), (total, String::new()), "{line}");
        assert_eq!(json("--limit 0"), (0, String::new()), "{line}");
    }
    let report = json!({ "number": digits(0), "reporterId": "ana", "occurredAt": "2026-01-05T09:00:00Z" });
    post(&server, "/v1/reports", &report).await;
    let (out, _) = printed(&server, "report by ana --json");
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&value["totalSize"], &value["reports"][0]["e164"]),
        (&json!(1), &json!(digits(0)))
    );
    let (out, _) = printed(&server, "list ls --json");
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["lists"][0]["listId"], json!("dno"));
    let (out, _) = printed(&server, "list ls --csv");
    let mut lines = out.lines();
    assert_eq!(lines.next(), Some("list,kind,entries,replaced_at,actor,version"));
    let line = lines.next().unwrap();
    assert!(line.starts_with("dno,DO_NOT_ORIGINATE,55,"), "{line}");
    for (line, empty) in [
        ("number list --region GB", r#"{"numbers":[],"totalSize":0}"#),
        ("report list +14155550199", r#"{"reports":[],"totalSize":0}"#),
        ("note list --number +14155550199", r#"{"notes":[],"totalSize":0}"#),
        (
            "search nothing_of_this_kind",
            r#"{"brandTotal":0,"brands":[],"caseTotal":0,"cases":[],"numberTotal":0,"numbers":[]}"#,
        ),
    ] {
        let (out, note) = printed(&server, &format!("{line} --json"));
        assert_eq!((out.trim(), note.as_str()), (empty, ""), "{line}");
    }
    let (out, _) = printed(&server, "search 1415555 --limit 10 --json");
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["numberTotal"], json!(60));
}

#[tokio::test(flavor = "multi_thread")]
async fn json_carries_totals() {
    let server = server().await;
    for (path, total) in [
        ("/v1/numbers?page_size=1&sort=NUMBER_SORT_SCORE", 60),
        (
            "/v1/numbers?page_size=1&category=CATEGORY_PHISHING&impersonated_brand=microsoft&region=US",
            60,
        ),
        ("/v1/numbers/%2B14155550000/similar?page_size=1", 59),
        ("/v1/numbers/%2B14155550000/reports?page_size=1", 30),
        ("/v1/cases?page_size=1", 55),
        ("/v1/cases/popups?include_members=true&page_size=1", 60),
        ("/v1/notes?case_id=popups&page_size=1", 55),
        ("/v1/lists/dno?page_size=1", 55),
    ] {
        let answer = server.get(path).await.json();
        assert_eq!(answer["totalSize"], json!(total), "{path}: {answer}");
        assert!(answer["nextPageToken"].is_string(), "{path}: {answer}");
    }
    let found = server.get("/v1/search?text=windows&page_size=1").await.json();
    assert_eq!(
        found["brands"][0],
        json!({ "name": "Microsoft", "numberCount": 60 }),
        "{found}"
    );
    let dossier = server.get("/v1/numbers/%2B14155550000").await.json();
    assert_eq!(
        (&dossier["storedReportCount"], &dossier["noteCount"]),
        (&json!(30), &json!(55))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_found_by_filter_order_text_and_similarity() {
    let server = server().await;
    let (list, _) = printed(&server, "number list --sort report-count --limit 1 --json");
    let list: Value = serde_json::from_str(&list).unwrap();
    let row = &list["numbers"][0];
    assert_eq!((&row["e164"], &row["reportCount"]), (&json!(digits(0)), &json!(30)));
    let (list, _) = printed(&server, "number list --comment pay_LATER --csv");
    let mut lines = list.lines();
    assert_eq!(
        lines.next().unwrap(),
        "number,score,level,category,brand,reports,last_reported,statuses,cases"
    );
    let line = lines.next().unwrap();
    assert!(line.starts_with("+14155550000,"), "{line}");
    assert!(
        line.ends_with(",PHISHING,Microsoft,30,2026-01-05T09:00:29Z,,popups"),
        "{line}"
    );
    assert_eq!(lines.next(), None);
    let (reports, _) = printed(&server, "report list +14155550000 --all --csv");
    assert!(reports.contains(",\"'=buy now, pay later, last chance\""), "{reports}");
    let (list, _) = printed(
        &server,
        "number list --area 1415555001 --category phishing --brand windows --csv",
    );
    assert_eq!(list.lines().count(), 11, "{list}");
    let (none, note) = printed(&server, "number list --region GB");
    assert_eq!((none.as_str(), note.as_str()), ("", "no numbers\n"));
    let (similar, _) = printed(&server, "number similar +14155550001 --limit 1");
    assert!(similar.contains("both are in case popups"), "{similar}");
    let (found, _) = printed(&server, "search (415)_555-0042");
    assert!(
        found.contains("+14155550042") && !found.contains("+14155550041"),
        "{found}"
    );
    let (found, _) = printed(&server, "search windows");
    assert!(found.contains("Microsoft") && found.contains("60"), "{found}");
    let (_, note) = printed(&server, "search nothing_of_this_kind");
    assert_eq!(note, "nothing found\n");
    let refused = run(&server, "number list --digits 12");
    assert!(
        String::from_utf8(refused.stderr)
            .unwrap()
            .contains("digits: must have 4 to 15 digits")
    );
}
