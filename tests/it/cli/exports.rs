//! `report export` against a server: what is exported can be measured, and imported again without counting twice.

use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

use serde_json::Value;

use crate::support::complaints::{self, Files, day};
use crate::support::program::Program;

/// Days of the sample that is imported.
const DAYS: u64 = 15;

/// A server with the first days of the sample, and the number of its complaints.
async fn imported(files: &Files) -> (Program, String, u64) {
    let program = Program::serve("memory:").await;
    let server = format!("http://{}", program.grpc());
    let filed: Vec<_> = complaints::sample()
        .into_iter()
        .filter(|(date, _)| *date < day(DAYS))
        .collect();
    files.write("complaints.csv", &complaints::three_columns(&filed));
    let summary = import(files, "complaints.csv", &server);
    assert_eq!(summary["accepted"], filed.len());
    (program, server, filed.len() as u64)
}

fn import(files: &Files, file: &str, server: &str) -> Value {
    let text = files.succeed(&["import", "ftc", file, "--server", server, "--json"]);
    serde_json::from_str(&text).unwrap()
}

/// Figures without those of random numbers, which depend on the order of the file.
fn figures(files: &Files, complaints: &str) -> Value {
    let text = files.succeed(&["evaluate", complaints, "--legitimate", "legitimate.csv", "--json"]);
    let mut figures: Value = serde_json::from_str(&text).unwrap();
    for of_random in [
        "random_flagged_at",
        "calibration_by_month",
        "stopped_at_flagged_interval",
    ] {
        figures.as_object_mut().unwrap().remove(of_random).unwrap();
    }
    figures
}

/// Compares figures to nine digits: the same evidence was added up in another order.
fn assert_same(one: &Value, other: &Value, place: &str) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            assert_eq!(one.len(), other.len(), "{place}");
            for (name, value) in one {
                assert_same(value, &other[name], &format!("{place}.{name}"));
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            assert_eq!(one.len(), other.len(), "{place}");
            for (position, value) in one.iter().enumerate() {
                assert_same(value, &other[position], &format!("{place}[{position}]"));
            }
        }
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            assert!(
                (one - other).abs() <= 1e-6 * (1.0 + one.abs()),
                "{place}: {one}, {other}"
            );
        }
        _ => assert_eq!(one, other, "{place}"),
    }
}

#[tokio::test]
async fn an_export_measures_the_same_and_is_known_already() {
    let files = Files::new();
    let (_program, server, count) = imported(&files).await;
    let said = files.succeed(&[
        "reports",
        "export",
        "--out",
        "export.csv.gz",
        "--server",
        &server,
        "--json",
    ]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["reports"], count);
    let mode = std::fs::metadata(files.path("export.csv.gz"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600, "only the owner reads personal data");

    let again = import(&files, "export.csv.gz", &server);
    assert_eq!((&again["alreadyKnown"], &again["accepted"]), (&count.into(), &0.into()));
    assert_same(
        &figures(&files, "complaints.csv"),
        &figures(&files, "export.csv.gz"),
        "figures",
    );

    // Another server takes the reports from the file, and exports the same rows. Only the id of the import is another.
    let other = Program::serve("memory:").await;
    let other = format!("http://{}", other.grpc());
    assert_eq!(import(&files, "export.csv.gz", &other)["accepted"], count);
    let [first, second] = [&server, &other].map(|server| {
        let text = files.succeed(&["report", "export", "--server", server]);
        let import_id = text.lines().nth(1).unwrap().split(',').nth(20).unwrap().to_owned();
        assert_eq!(import_id.len(), 32, "{text}");
        text.replace(&import_id, "")
    });
    assert!(first == second, "the exports differ");
}

#[tokio::test]
async fn the_order_is_stable_and_filters_select() {
    let files = Files::new();
    let (_program, server, count) = imported(&files).await;
    let export = |more: &[&str]| {
        let arguments = [&["report", "export", "--server", &server], more].concat();
        files.succeed(&arguments)
    };
    let all = export(&[]);
    assert_eq!(
        all.lines().count() as u64,
        count + 1,
        "a line for each report, and the header"
    );
    assert_eq!(all, export(&[]), "the same order each time");
    files.succeed(&["report", "export", "--server", &server, "--out", "all.csv.gz"]);
    let mut text = String::new();
    let packed = std::fs::File::open(files.path("all.csv.gz")).unwrap();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    assert_eq!(text, all);

    let header = all.lines().next().unwrap();
    assert!(header.starts_with(complaints::EIGHT) && header.ends_with("reporter,callback_numbers,revision"));
    assert!(
        export(&["--comments"])
            .lines()
            .next()
            .unwrap()
            .ends_with(",comment,comment_language")
    );
    let number = all.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    let of_number = export(&["--number", &number]);
    assert!(of_number.lines().skip(1).all(|line| line.starts_with(&number)));
    assert!(of_number.lines().count() > 1);

    let of_day = export(&["--from", "2020-03-03", "--to", "2020-03-03"]);
    let lines: Vec<&str> = of_day.lines().skip(1).collect();
    let on_day = complaints::sample().iter().filter(|(date, _)| *date == day(2)).count();
    assert_eq!(lines.len(), on_day);
    assert!(
        lines
            .iter()
            .all(|line| line.contains(",2020-03-03 12:00:00,2020-03-03 12:00:00,"))
    );
    assert_eq!(export(&["--source", "consumer"]).lines().count(), 1);
    assert_eq!(export(&["--import-id", "another"]).lines().count(), 1);
}

/// A file that cannot get its name is not there at all.
#[tokio::test]
async fn a_file_that_cannot_be_written_leaves_nothing() {
    let files = Files::new();
    let program = Program::serve("memory:").await;
    let server = format!("http://{}", program.grpc());
    let before = std::fs::read_dir(files.path(".")).unwrap().count();
    let said = files.fail(&["report", "export", "--server", &server, "--out", "no-such-folder/a.csv"]);
    assert!(said.contains("no-such-folder/a.csv"), "{said}");
    assert_eq!(std::fs::read_dir(files.path(".")).unwrap().count(), before);
}

/// A link leads to the file as before, and a pipe stays a pipe.
#[tokio::test]
async fn links_and_pipes_are_written_through() {
    let files = Files::new();
    let program = Program::serve("memory:").await;
    let server = format!("http://{}", program.grpc());
    let export = |out: &str| files.succeed(&["report", "export", "--server", &server, "--out", out]);
    let is_link = |name: &str| std::fs::symlink_metadata(files.path(name)).unwrap().is_symlink();
    std::fs::create_dir(files.path("folder")).unwrap();
    files.write("folder/old.csv", "old");
    for (link, target) in [("link.csv", "folder/old.csv"), ("to-new.csv", "folder/new.csv")] {
        std::os::unix::fs::symlink(target, files.path(link)).unwrap();
        export(link);
        assert!(is_link(link), "{link}");
        assert!(files.read(target).starts_with(complaints::EIGHT), "{target}");
    }

    let pipe = files.path("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let path = pipe.clone();
    let reader = std::thread::spawn(move || std::fs::read_to_string(path).unwrap());
    export("pipe");
    assert!(reader.join().unwrap().starts_with(complaints::EIGHT));
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

/// Reports of people: another server takes them over; the same one says that it cannot tell them apart from others. Wanted
/// calls and numbers to call back are no complaint calls.
#[tokio::test]
async fn reports_of_people_move_to_another_server() {
    let files = Files::new();
    let [(first, from), (second, to)] =
        [Program::serve("memory:").await, Program::serve("memory:").await].map(|program| {
            let server = format!("http://{}", program.grpc());
            (program, server)
        });
    for report in [
        r#"{"reportId":"a","number":"+12125550123","reporterId":"ann","occurredAt":"2025-03-01T09:00:00.250Z",
            "category":"CATEGORY_PHISHING","comment":"They said, \"pay\"\nat once","callbackNumbers":["+13152328258"]}"#,
        r#"{"reportId":"b","number":"+12125550124","notSpam":true,"occurredAt":"2025-03-01T09:00:00Z",
            "attestation":"ATTESTATION_C","impersonatedBrand":"Amazon","reporterCountry":"GB","reporterArea":"GB-LND"}"#,
    ] {
        let (status, answer) = first.post("/v1/reports", report).await;
        assert_eq!(status, 200, "{answer}");
    }
    files.succeed(&[
        "reports",
        "export",
        "--comments",
        "--out",
        "people.csv",
        "--server",
        &from,
    ]);
    let exported = files.read("people.csv");
    assert!(
        exported.contains(",PHISHING,") && exported.contains(",2025-03-01 09:00:00.250,"),
        "{exported}"
    );

    let said = import(&files, "people.csv", &to);
    let taken = said["accepted"].as_u64().unwrap() + said["alreadyKnown"].as_u64().unwrap();
    assert_eq!((taken, &said["rejected"]), (3, &0.into()));
    let to_call_back = files.succeed(&["report", "list", "+13152328258", "--server", &to, "--json"]);
    let to_call_back: Value = serde_json::from_str(&to_call_back).unwrap();
    assert_eq!(
        to_call_back["totalSize"], 1,
        "it comes with its report and by itself, and counts once"
    );
    let (_, shown) = second.post("/v1/lookup", r#"{"number":"+12125550123"}"#).await;
    assert!(shown.contains(r#""reportCount":1"#), "{shown}");
    let listed = files.succeed(&["report", "list", "+12125550124", "--server", &to, "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let listed = &listed["reports"][0];
    assert_eq!(
        (&listed["notSpam"], &listed["ledger"]),
        (&true.into(), &"LEDGER_UNAUTHENTICATED".into())
    );
    assert_eq!(
        (&listed["impersonatedBrand"], &listed["reporterArea"]),
        (&"Amazon".into(), &"GB-LND".into())
    );
    let listed = files.succeed(&["report", "list", "+12125550123", "--server", &to, "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let listed = &listed["reports"][0];
    assert_eq!(
        (&listed["comment"], &listed["source"]),
        (&"They said, \"pay\"\nat once".into(), &"SOURCE_CONSUMER".into())
    );

    let figures: Value =
        serde_json::from_str(&files.succeed(&["evaluate", "people.csv", "--legitimate", "legitimate.csv", "--json"]))
            .unwrap();
    assert_eq!(figures["complaints"], 1);
    assert_eq!(figures["complaint_calls_by_category"]["PHISHING"]["share"], 1.0);
}
