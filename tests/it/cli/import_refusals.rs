//! Files that are not what they should be: an import says which line, which column and which form it met, and does not
//! succeed with little or nothing.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::server::Server;

const LIST: &str = "number,source,date";
const THREE: &str = "created_date,number,consumer_area_code";
const EIGHT: &str = "Company_Phone_Number,Created_Date,Violation_Date,Consumer_City,Consumer_State,\
                     Consumer_Area_Code,Subject,Recorded_Message_Or_Robocall";

struct Answer {
    code: i32,
    out: String,
    err: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.err))
    }
}

fn ask(server: &Server, args: &[&str], input: impl AsRef<[u8]>) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command
        .args(args)
        .args(["--server", &format!("http://{}", server.grpc)]);
    command.env_clear().env("USER", "ana");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that is refused before it reads closes its input.
    drop(child.stdin.take().unwrap().write_all(input.as_ref()));
    let output = child.wait_with_output().unwrap();
    Answer {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn import_list(server: &Server, text: impl AsRef<[u8]>) -> Answer {
    let import = [
        "import",
        "list",
        "-",
        "--kind",
        "tenant-block",
        "--list-id",
        "block",
        "--json",
    ];
    ask(server, &import, text)
}

fn import_ftc(server: &Server, text: impl AsRef<[u8]>, more: &[&str]) -> Answer {
    ask(server, &[&["import", "ftc", "-", "--json"], more].concat(), text)
}

/// Numbers of a list are E.164 or a prefix, and nothing else: masked digits and vanity numbers name somebody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_entry_is_refused_with_line_and_column() {
    let server = Server::start().await;
    for entry in [
        "+1415555XXXX",
        "+1415555xxxx",
        "415-555-XXXX",
        "+1415*5550123",
        "+1415555****",
        "+141555?????",
        "+1415555#",
        "+33 1 62 xx xx xx",
        "+49 30 90XXXX",
        "+1 415 555 0199",
        "+1-415-555-0199",
        "+1 (415) 555-0199",
        "tel:+14155550199",
        "sip:+14155550199@pbx.example",
        "00 1 415 555 0199",
        "0014155550199",
        "14155550199",
        "4155550199",
        "(415) 555-0199",
        "1-800-FLOWERS",
        "+1800FLOWERS",
        "+14155550199 ext. 5",
        "+14155550199;ext=5",
        "+14155550199.0",
        "4155550199.0",
        "4.155550199E+09",
        "\u{ff0b}14155550199",
        "+1415555019\u{ff19}",
        "++14155550199",
        "+14155550199+",
        "+1415555019*9*",
        "*1415555",
        "1415555*",
        "+",
        "*",
        "unknown",
        "911",
    ] {
        let text = format!("{LIST}\n+14155550100,ours,2026-01-01\n\"{entry}\",ours,2026-01-01\n");
        let answer = import_list(&server, &text);
        assert_eq!(answer.code, 1, "{entry}: {}", answer.out);
        assert!(answer.err.contains("line 3: number: "), "{entry}: {}", answer.err);
        assert!(
            answer.err.contains("1 of 2 rows are malformed: nothing was sent"),
            "{entry}: {}",
            answer.err
        );
        // The same over both edges.
        let entry = serde_json::json!({ "number": entry, "source": "ours", "enteredAt": "2026-01-01T00:00:00Z" });
        let head = serde_json::json!({ "kind": "LIST_KIND_TENANT_BLOCK", "requestId": "r", "actor": "ana" });
        let body = serde_json::json!({ "head": head, "entries": [entry] }).to_string();
        let refused = server.request("PUT", "/v1/lists/block", &body).await;
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(refused.body.contains("number"), "{refused:?}");
    }
    let shown = ask(&server, &["list", "ls", "--json"], "");
    assert!(!shown.out.contains("block"), "{}", shown.out);
    let text = format!("{LIST}\n+14155550100,ours,2026-01-01\n +1415556* ,ours,2026-01-01\n");
    assert_eq!(import_list(&server, &text).json()["list"]["entryCount"], 2);
}

/// The broken line is named, and the lines after it are read: a mistake in one of them is named too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_quotation_mark_is_reported_at_its_own_line() {
    let server = Server::start().await;
    let text = format!(
        "{LIST}\n+14155550100,ours,2026-01-01\n+14155550101,\"ours,2026-01-01\n+14155550102,ours,2026-01-01\n\
         soon,ours,2026-01-01\n"
    );
    let answer = import_list(&server, &text);
    assert_eq!(answer.code, 1);
    for said in [
        "line 3: a quotation mark is not closed",
        "line 5: number: ",
        "2 of 4 rows",
    ] {
        assert!(answer.err.contains(said), "{said}: {}", answer.err);
    }
    let text = format!(
        "{THREE}\n2020-02-14,2125550100,603\n2020-02-14,\"2125550101,603\n2020-02-14,2125550102,603\n\
         2020-02-14,\"2125550103\",603\n2020-02-14,2125550104,\"603\n"
    );
    let answer = import_ftc(&server, &text, &[]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    let summary = answer.json();
    assert_eq!(
        (&summary["rows"], &summary["accepted"], &summary["rejected"]),
        (&5.into(), &3.into(), &2.into())
    );
    for said in ["line 3: a quotation mark", "line 6: a quotation mark"] {
        assert!(answer.err.contains(said), "{said}: {}", answer.err);
    }
}

/// A date with `T` and `Z` left `Budibase/budibase#1794` with an empty table and no error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn complaints_are_read_in_the_usual_forms() {
    let server = Server::start().await;
    let row = |n: usize, date: &str| format!("212555{n:04},{date},{date},,California,510,Other,N");
    let dates = [
        "2021-07-07 00:01:15",
        "2021-07-07T00:01:15Z",
        "2021-07-07T00:01:15.000+00:00",
        "2021-07-07T02:01:15+02:00",
        "7/7/2021 0:01",
        "07/07/2021 00:01:15",
        "7/7/2021 12:01 AM",
    ];
    for (n, date) in dates.iter().enumerate() {
        let answer = import_ftc(&server, format!("{EIGHT}\n{}\n", row(n, date)), &[]);
        assert_eq!(
            (answer.code, &answer.json()["accepted"]),
            (0, &1.into()),
            "{date}: {}",
            answer.err
        );
        let reports = server.get(&format!("/v1/numbers/+1212555{n:04}/reports")).await.json();
        let at = reports["reports"][0]["occurredAt"].as_str().unwrap().to_owned();
        assert!(at.starts_with("2021-07-07T00:01:"), "{date}: {at}");
    }
    // The same complaint counts once, whatever the order of the columns, the separator, and columns that nobody knows.
    let plain = format!("{EIGHT}\n{}\n", row(0, dates[0]));
    let ninth = format!("{EIGHT},Notes\n{},\"more, and more\"\n", row(0, dates[0]));
    let first = format!("id,{EIGHT}\n77,{}\n", row(0, dates[0]));
    let semicolons = format!(
        "\u{feff}{};Notes\r\n{};x\r\n",
        EIGHT.replace(',', ";"),
        row(0, dates[0]).replace(',', ";")
    );
    let names = EIGHT.to_lowercase().replace('_', "-");
    let hyphens = format!("{names}\n{}\n", row(0, dates[0]));
    let turned = |line: &str| line.split(',').rev().collect::<Vec<_>>().join(",");
    let reversed = format!("{}\n{}\n", turned(EIGHT), turned(&row(0, dates[0])));
    for text in [plain, ninth, first, semicolons, hyphens, reversed] {
        let answer = import_ftc(&server, &text, &[]);
        assert_eq!(
            (answer.code, &answer.json()["alreadyKnown"]),
            (0, &1.into()),
            "{text}: {}",
            answer.err
        );
        assert_eq!(answer.json()["feed"], "ftc-8col");
    }
    let three = "id;Number;Consumer Area Code;Created Date\n1;2125559999;603;2020-02-14\n";
    let answer = import_ftc(&server, three, &[]);
    assert_eq!(
        (answer.code, &answer.json()["feed"]),
        (0, &"ftc-3col".into()),
        "{}",
        answer.err
    );
}

/// An exit code that tells of rows left out is asked for in `csv2db/csv2db#25`, the line of a wrong date in
/// `dotCMS/core#32034`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_takes_too_little_fails_and_says_which_form_it_met() {
    let server = Server::start().await;
    let rows = |good: usize, bad: usize, date: &str| {
        let good = (0..good).map(|n| format!("2020-02-14,212555{n:04},603\n"));
        let bad = (0..bad).map(|n| format!("{date},212556{n:04},603\n"));
        format!("{THREE}\n{}", good.chain(bad).collect::<String>())
    };
    for (text, args, said) in [
        (rows(0, 3, "14.02.2020"), &[][..], "none of 3 rows could be taken"),
        (rows(0, 3, "14.02.2020"), &[], "the date has the form \"99.99.9999\""),
        (
            rows(0, 1, "43875.5"),
            &[],
            "line 2 was the first to be rejected: the date has the form \"99999.9\"",
        ),
        (
            rows(1, 2, "Feb 14, 2020"),
            &[],
            "only 1 of 3 rows could be taken, less than 50 %",
        ),
        (
            rows(2, 1, "20200214"),
            &["--min-accepted", "70%"],
            "only 2 of 3 rows could be taken, less than 70 %",
        ),
        (rows(0, 0, ""), &[], "the file has no rows"),
        (
            rows(0, 2, "2020-02-14").replace("603", "603,4"),
            &[],
            "wrong number of columns",
        ),
        (
            rows(0, 2, "2020-02-14").replace(",603", ".0,603"),
            &[],
            "the number has a decimal point",
        ),
        ("when,who\n1,2\n".to_owned(), &[], "it has \"when, who\""),
        (
            rows(0, 2, "2020-02-14").replace(THREE, "2125550123,2020-02-14,603"),
            &[],
            "it has \"9999999999, 9999-99-99, 999\"",
        ),
        (String::new(), &[], "it has \"\""),
        (String::new(), &["--min-accepted", "0%"], "it has \"\""),
    ] {
        let answer = import_ftc(&server, &text, args);
        assert_eq!(answer.code, 1, "{text}: {}", answer.out);
        assert!(answer.err.contains(said), "{said}: {}", answer.err);
        for personal in ["2125550123", "2125560000", "14.02"] {
            assert!(!answer.err.contains(personal), "{}", answer.err);
        }
    }
    for (text, args) in [
        (rows(1, 1, "14.02.2020"), &[][..]),
        (rows(1, 2, "14.02.2020"), &["--min-accepted", "0.3"]),
        (rows(0, 0, ""), &["--min-accepted", "0%"]),
        (rows(5, 0, ""), &["--min-accepted", "100%"]),
    ] {
        let answer = import_ftc(&server, &text, args);
        assert_eq!(answer.code, 0, "{text}: {}", answer.err);
    }
    // What was taken before counts as taken.
    assert_eq!(import_ftc(&server, rows(5, 0, ""), &[]).json()["alreadyKnown"], 5);
    for wrong in ["50", "101%", "half"] {
        let answer = import_ftc(&server, rows(1, 0, ""), &["--min-accepted", wrong]);
        assert_eq!(answer.code, 2, "{}", answer.err);
    }
    let cases = "phone_e164,category,call_date,case_doc\n+12125550101,x,14.02.2020,pointofnoentry-a.pdf\n";
    let answer = ask(&server, &["import", "cases", "-"], cases);
    assert_eq!(answer.code, 1, "{}", answer.out);
    assert!(
        answer.err.contains("none of 1 rows") && answer.err.contains("99.99.9999"),
        "{}",
        answer.err
    );
    let answer = import_list(&server, "number;source\n+14155550100;ours\n");
    assert!(
        answer.code == 1 && answer.err.contains("it has \"number, source\""),
        "{}",
        answer.err
    );
    for (date, said) in [
        ("2026-02-30", "line 2: date: there is no such day or time"),
        ("2026-02-28T24:30:00Z", "line 2: date: there is no such day or time"),
    ] {
        let answer = import_list(&server, format!("{LIST}\n+14155550100,ours,{date}\n"));
        assert!(
            answer.err.contains(said) && !answer.err.contains("9999"),
            "{}",
            answer.err
        );
    }
    let answer = import_list(&server, format!("{LIST}\n+14155550100,ours,01/02/2026\n"));
    assert!(answer.err.contains("line 2: date: expected a time"), "{}", answer.err);
    assert!(
        answer.err.contains("this one has the form \"99/99/9999\""),
        "{}",
        answer.err
    );
}

/// Two sources that differ only in a letter which is not UTF-8 would be read as one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_not_utf8_is_refused_with_line_and_column() {
    let server = Server::start().await;
    let list = b"number,source,date,requester\n+14155550100,Andr\xe9,2026-01-01,\n+14155550101,Andr\xe8,2026-01-01,\n\
                 +14155550102,ours,2026-01-01,M\xfcller\n+14155550103,Andr\xc3\xa9,2026-01-01,M\xc3\xbcller\n";
    let answer = import_list(&server, list);
    assert_eq!(answer.code, 1, "{}", answer.out);
    for said in [
        "line 2: source: not UTF-8",
        "line 3: source: not UTF-8",
        "line 4: requester: not UTF-8",
        "3 of 4 rows are malformed: nothing was sent",
    ] {
        assert!(answer.err.contains(said), "{said}: {}", answer.err);
    }
    let rows =
        b"Springfield,California,510,Other,N\n2125550101,2021-07-07,2021-07-07,Montr\xe9al,California,510,Other,N\n";
    let ftc = [EIGHT.as_bytes(), b"\n2125550100,2021-07-07,2021-07-07,", rows].concat();
    let directory = tempfile::tempdir().unwrap();
    let rejects = directory.path().join("rejects.csv");
    let answer = import_ftc(&server, ftc, &["--rejects", rejects.to_str().unwrap()]);
    assert_eq!(
        (answer.code, &answer.json()["rejected"]),
        (0, &1.into()),
        "{}",
        answer.err
    );
    assert!(
        answer.err.contains("line 3: Consumer_City: not UTF-8"),
        "{}",
        answer.err
    );
    let rejected = std::fs::read(rejects).unwrap();
    assert!(
        rejected.windows(8).any(|bytes| bytes == b"Montr\xe9al"),
        "the row has its bytes"
    );
    let cases = b"phone_e164,category,call_date,case_doc\n+12125550101,caf\xe9,2026-01-01,pointofnoentry-a.pdf\n";
    let answer = ask(&server, &["import", "cases", "-"], cases);
    assert_eq!(answer.code, 1, "{}", answer.out);
    assert!(answer.err.contains("line 2: category: not UTF-8"), "{}", answer.err);
    let utf8 = "number,source,date\n+14155550100,Andr\u{e9},2026-01-01\n";
    assert_eq!(import_list(&server, utf8).code, 0);
}

/// A file that ends early or late is not taken for a whole one, and the advice is that for the kind of import.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_gzip_file_is_named() {
    let server = Server::start().await;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let text = format!("{LIST}\n+14155550100,ours,2026-01-01\n");
    encoder.write_all(text.as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    for (bytes, said) in [
        (whole[..whole.len() - 9].to_vec(), "the gzip file ends too early"),
        (
            [&whole, b"x".as_slice()].concat(),
            "data behind the end of the gzip file",
        ),
        (
            [&whole, text.as_bytes()].concat(),
            "data behind the end of the gzip file",
        ),
    ] {
        let answer = import_list(&server, bytes);
        assert_eq!(answer.code, 1, "{}", answer.out);
        assert!(
            answer.err.contains(said) && !answer.err.contains("report"),
            "{}",
            answer.err
        );
    }
    for (file, cause) in [("/no/such/file", "No such file"), ("/", "Is a directory")] {
        let import = ["import", "list", file, "--kind", "tenant-block", "--list-id", "block"];
        let answer = ask(&server, &import, "");
        assert_eq!(answer.err.matches(cause).count(), 1, "{}", answer.err);
    }
    assert_eq!(import_list(&server, whole).code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_region_is_refused_by_the_command_line() {
    let server = Server::start().await;
    for (region, said) in [
        ("UK", "UK: write GB"),
        ("el", "EL: write GR"),
        ("USA", "USA: write US"),
        ("XX", "XX is not a region"),
        ("TF", "TF has no telephone numbers of its own"),
        ("aq", "AQ has no telephone numbers of its own"),
    ] {
        for command in [
            &["lookup", "4155550199"][..],
            &["report", "4155550199"],
            &["number", "show", "4155550199"],
            &["number", "set-status", "4155550199", "BLOCKED"],
            &["normalize", "4155550199"],
        ] {
            let mut args = command.to_vec();
            args.extend(["--region", region]);
            let mut program = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
            program.args(&args).env_clear().stdin(Stdio::null());
            let output = program.output().unwrap();
            let err = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{args:?}: {err}");
            assert!(err.contains(said) && err.contains("--region"), "{args:?}: {err}");
        }
    }
    assert!(server.stop().await);
}
