//! Imports of tables with columns of any name: reports and lists, by the program against a server.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tempfile::TempDir;

use super::lists::{Answer, ask};
use crate::support::server::Server;

const GERMAN: &str = "Telefonnummer;Datum;Kategorie;Kommentar;Kasse\n\
                      030 901820;13.7.2026 11:48;BANK_IMPERSONATION;\"Meine Bank; angeblich\";1\n\
                      +34 612 345 678;6.7.2026;tech support scam;;2\n\
                      030901820,0;6.7.2026;;;3\n";

/// The arguments that say whose numbers and times these are.
const GERMANY: [&str; 4] = ["--region", "DE", "--time-zone", "Europe/Berlin"];

fn import(server: &Server, content: impl AsRef<[u8]>, args: &[&str]) -> Answer {
    let mut all = vec!["import", "reports", "-"];
    all.extend_from_slice(args);
    ask(server, &all, content.as_ref())
}

async fn reports_of(server: &Server, number: &str) -> Vec<Value> {
    let answer = server.get(&format!("/v1/numbers/{number}/reports")).await;
    let found = answer.json()["reports"].as_array().cloned();
    found.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_are_guessed_shown_and_confirmed() {
    let server = Server::start().await;
    // Nobody is at a terminal.
    let refused = import(&server, GERMAN, &GERMANY);
    assert!(!refused.is_ok);
    for said in [
        "Telefonnummer",
        "not imported: Kasse",
        "dates: day/month/year, as line 2 shows; times without an offset are in Europe/Berlin",
        "the columns above need a confirmation: nothing was changed",
        "give --yes",
    ] {
        assert!(refused.err.contains(said), "{said}: {}", refused.err);
    }
    assert!(!refused.err.contains("901820"), "{}", refused.err);

    let tried = import(&server, GERMAN, &[&GERMANY[..], &["--dry-run"]].concat());
    assert!(tried.is_ok, "{}", tried.err);
    for said in [
        "+4930901820",
        "BANK_IMPERSONATION",
        "Meine Bank; angeblich",
        "line 4: the number has a decimal point",
    ] {
        assert!(tried.err.contains(said), "{said}: {}", tried.err);
    }
    assert!(
        tried.out.contains("of 3 rows, 2 would be sent, 1 rejected"),
        "{}",
        tried.out
    );
    assert!(reports_of(&server, "+4930901820").await.is_empty());

    let sent = import(&server, GERMAN, &[&GERMANY[..], &["--yes", "--json"]].concat()).json();
    assert_eq!((&sent["accepted"], &sent["rejected"]), (&2.into(), &1.into()), "{sent}");
    let report = &reports_of(&server, "+4930901820").await[0];
    assert_eq!(report["occurredAt"], "2026-07-13T09:48:00Z");
    assert_eq!(report["category"], "CATEGORY_BANK_IMPERSONATION");
    assert_eq!(report["comment"], "Meine Bank; angeblich");

    let again = import(&server, GERMAN, &[&GERMANY[..], &["--yes", "--json"]].concat()).json();
    assert_eq!(
        (&again["accepted"], &again["alreadyKnown"]),
        (&0.into(), &2.into()),
        "{again}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_is_taken_back_whole_and_a_corrected_one_counts() {
    let server = Server::start().await;
    let text = "phone,date,type\n+14155550123,2026-07-06 11:48,WARRANTY_SCAM\n";
    let sent = import(&server, text, &["--yes", "--json", "--import-id", "july"]).json();
    assert_eq!(sent["accepted"], 1, "{sent}");
    let withdraw = ["report", "withdraw", "--import", "july", "--json", "--yes"];
    assert!(ask(&server, &withdraw, b"").is_ok);
    let same = import(&server, text, &["--yes", "--json", "--import-id", "july"]);
    assert!(!same.is_ok && same.err.contains("--revision 1"), "{}", same.err);
    let same: Value = serde_json::from_str(&same.out).unwrap();
    assert_eq!(
        (&same["accepted"], &same["withdrawn"]),
        (&0.into(), &1.into()),
        "{same}"
    );
    let corrected = import(&server, text, &["--yes", "--json", "--time-zone", "America/New_York"]).json();
    assert_eq!(corrected["accepted"], 1, "{corrected}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_are_mapped_by_a_file_or_one_category() {
    let server = Server::start().await;
    let folder = TempDir::new().unwrap();
    let values = folder.path().join("values.csv");
    std::fs::write(
        &values,
        "column,value,category\nArt,Bankbetrug,BANK_IMPERSONATION\nArt,unklar,\n",
    )
    .unwrap();
    let values = values.to_str().unwrap();
    let text = "Wer|Wann|Art\n+14155550123|2026-07-06|Bankbetrug\n+14155550124|2026-07-06|unklar\n\
                +14155550125|2026-07-06|Gewinnspiel\n";
    let map = "number=Wer,occurredAt=Wann,category=Art";
    let refused = import(&server, text, &["--map", map, "--values", values, "--yes"]);
    assert!(!refused.is_ok);
    for said in [
        "1 rows of the column \"Art\" have a value that is no category: \"Gewinnspiel\" (1)",
        "--category CATEGORY",
    ] {
        assert!(refused.err.contains(said), "{said}: {}", refused.err);
    }
    let args = [
        "--map",
        map,
        "--values",
        values,
        "--category",
        "prize-lottery-scam",
        "--yes",
        "--json",
    ];
    let sent = import(&server, text, &args).json();
    assert_eq!(sent["accepted"], 3, "{sent}");
    for (number, category) in [
        ("+14155550123", "CATEGORY_BANK_IMPERSONATION"),
        ("+14155550124", ""),
        ("+14155550125", "CATEGORY_PRIZE_LOTTERY_SCAM"),
    ] {
        let report = &reports_of(&server, number).await[0];
        assert_eq!(report["category"].as_str().unwrap_or_default(), category, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_read_in_two_ways_is_refused_by_name() {
    let server = Server::start().await;
    for (content, args, said) in [
        (
            b"phone,date\n+14155550123,7/6/2026\n".to_vec(),
            vec![],
            "line 2 is the first such date",
        ),
        (
            b"phone,date\n+14155550123,7/13/2026\n+14155550123,13/7/2026\n".to_vec(),
            vec![],
            "line 3 begins with the day, line 2 with the month",
        ),
        (
            b"phone,telefon\n+14155550123,1\n".to_vec(),
            vec![],
            "several columns may be the field number: phone, telefon",
        ),
        (
            b"a,b\n1,2\n".to_vec(),
            vec![],
            "no column of the file is known to be the field number: it has \"a, b\"",
        ),
        (
            b"a,b\n1,2\n".to_vec(),
            vec!["--map", "number=c"],
            "the file has no column \"c\": it has \"a, b\"",
        ),
        (
            b"a,b\n1,2\n".to_vec(),
            vec!["--map", "phone=a"],
            "there is no field \"phone\"",
        ),
        (
            b"phone,text\n+14155550123,ok\n+14155550123,Andr\xe9\n".to_vec(),
            vec![],
            "line 3 of the file is not UTF-8; such files are often Windows-1252",
        ),
        (
            b"\xd0\xcf\x11\xe0 and so on".to_vec(),
            vec![],
            "an old Excel (.xls); save it as .xlsx or as CSV",
        ),
        (b"".to_vec(), vec![], "the file is empty"),
    ] {
        let args = [&args[..], &["--yes"]].concat();
        let answer = import(&server, &content, &args);
        assert!(!answer.is_ok && answer.err.contains(said), "{said}: {}", answer.err);
    }
    let no_region = import(&server, "phone\n4155550123\n", &["--yes"]);
    assert!(no_region.err.contains("give --region XX"), "{}", no_region.err);
    assert!(reports_of(&server, "+14155550123").await.is_empty());

    let dates = "phone,date\n+14155550123,7/6/2026\n";
    let sent = import(&server, dates, &["--dates", "dmy", "--yes"]);
    assert!(sent.is_ok, "{}", sent.err);
    assert_eq!(
        reports_of(&server, "+14155550123").await[0]["occurredAt"],
        "2026-06-07T00:00:00Z"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encodings_and_gzip_are_read() {
    let server = Server::start().await;
    let utf16: Vec<u8> = "\u{feff}phone\ttext\n+14155550101\tAndr\u{e9}\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all("phone,text\n+14155550103,Andr\u{e9}\n".as_bytes())
        .unwrap();
    for (content, args, number) in [
        (utf16, vec![], "+14155550101"),
        (
            b"phone;text\r\n+14155550102;Andr\xe9\r\n".to_vec(),
            vec!["--encoding", "windows-1252"],
            "+14155550102",
        ),
        (gzip.finish().unwrap(), vec![], "+14155550103"),
        (
            b"+14155550104|Andr\xc3\xa9\n".to_vec(),
            vec!["--no-header", "--map", "number=#1,comment=#2"],
            "+14155550104",
        ),
    ] {
        let answer = import(&server, content, &[&args[..], &["--yes"]].concat());
        assert!(answer.is_ok, "{number}: {}", answer.err);
        assert_eq!(
            reports_of(&server, number).await[0]["comment"],
            "Andr\u{e9}",
            "{number}"
        );
    }
}

/// A workbook with one worksheet, whose rows are these cells.
fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let mut sheet = format!("<worksheet xmlns=\"{MAIN}\"><sheetData>");
    for (row, cells) in (1..).zip(rows) {
        sheet += &format!("<row r=\"{row}\">");
        for (column, cell) in ["A", "B", "C"].iter().zip(*cells) {
            sheet += &cell.replace("<c", &format!("<c r=\"{column}{row}\""));
        }
        sheet += "</row>";
    }
    sheet += "</sheetData></worksheet>";
    let parts = [
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{PACKAGE}\"><Relationship Id=\"r1\" Type=\"{RELATIONS}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><sheets><sheet name=\"May\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{PACKAGE}\"><Relationship Id=\"r1\" Type=\"{RELATIONS}/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"r2\" Type=\"{RELATIONS}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                "<styleSheet xmlns=\"{MAIN}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>"
            ),
        ),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    let mut file = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in parts {
        file.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
    file.finish().unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workbooks_keep_the_digits_of_numbers_and_the_dates_of_cells() {
    let server = Server::start().await;
    let text = |text: &str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let (phone, date, comment) = (text("Phone"), text("Date"), text("Comment"));
    let (words, decimal) = (text("two lines; one cell"), text("14155550123.0"));
    let content = workbook(&[
        &[&phone, &date, &comment],
        // 2021-07-06 11:48.
        &[
            "<c><v>14155550123</v></c>",
            "<c s=\"1\"><v>44383.491666666669</v></c>",
            &words,
        ],
        &["<c><v>1.4155550124E10</v></c>", "<c s=\"1\"><v>44383</v></c>", &words],
        &[&decimal, "<c s=\"1\"><v>44383</v></c>", &words],
    ]);
    let answer = import(&server, &content, &["--region", "US", "--yes", "--json"]);
    let sent = answer.json();
    assert_eq!(
        (&sent["accepted"], &sent["rejected"]),
        (&2.into(), &1.into()),
        "{}",
        answer.err
    );
    assert!(
        answer.err.contains("line 4: the number has a decimal point"),
        "{}",
        answer.err
    );
    let first = &reports_of(&server, "+14155550123").await[0];
    assert_eq!(first["occurredAt"], "2021-07-06T11:48:00Z");
    assert_eq!(first["comment"], "two lines; one cell");
    assert_eq!(
        reports_of(&server, "+14155550124").await[0]["occurredAt"],
        "2021-07-06T00:00:00Z"
    );

    let other = import(&server, &content, &["--sheet", "June", "--yes"]);
    assert!(
        other.err.contains("has no such worksheet; it has: May"),
        "{}",
        other.err
    );
    let broken = import(&server, &content[..content.len() / 2], &["--yes"]);
    assert!(!broken.is_ok && broken.err.contains("workbook"), "{}", broken.err);
}

fn import_list(server: &Server, text: &str, args: &[&str]) -> Answer {
    let mut all = vec![
        "import",
        "list",
        "-",
        "--kind",
        "do-not-originate",
        "--list-id",
        "dno",
        "--json",
    ];
    all.extend_from_slice(args);
    ask(server, &all, text.as_bytes())
}

/// Registries ship ten digits, often without a header, with columns of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_taken_as_registries_ship_them() {
    let server = Server::start().await;
    let defaults = ["--region", "US", "--source", "registry", "--date", "2026-11-01"];
    for (text, args) in [
        ("4155550123\n4155550124\n", vec!["--no-header"]),
        (
            "4155550123;ACME;2026-10-01\n(415) 555-0125;ACME;\n",
            vec!["--no-header", "--map", "number=#1,requester=#2,date=#3"],
        ),
        (
            "TN|Owner|Remarks\n4155550123|ACME|x\n4155550126||y\n",
            vec!["--map", "number=TN,requester=Owner"],
        ),
        (
            "number,source,date\n4155550123,,\n+14155550127,other,2026-10-02\n",
            vec![],
        ),
    ] {
        let args = [&args[..], &defaults[..]].concat();
        let answer = import_list(&server, text, &args);
        assert_eq!(answer.json()["list"]["entryCount"], 2, "{text}: {}", answer.err);
    }
    let shown = ask(&server, &["list", "show", "dno", "--json"], b"");
    for part in [
        "+14155550123",
        "\"registry\"",
        "2026-11-01T00:00:00Z",
        "+14155550127",
        "\"other\"",
    ] {
        assert!(shown.out.contains(part), "{part}: {}", shown.out);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_lacks_a_column_names_it() {
    let server = Server::start().await;
    for (text, args, said) in [
        ("4155550123\n", vec![], "an unknown column \"9999999999\""),
        ("number,source\n", vec![], "no column \"date\", and --date is not given"),
        (
            "number,date\n",
            vec![],
            "no column \"source\", and --source is not given",
        ),
        ("number,source,date,colour\n", vec![], "an unknown column \"colour\""),
        ("number,source,date,number\n", vec![], "the column \"number\" twice"),
        ("source,date\n", vec![], "no column \"number\""),
        (
            "number,source,date\n4155550123,r,2026-01-01\n",
            vec![],
            "reads numbers without + as those of a region",
        ),
        (
            "4155550123;x\n",
            vec!["--no-header"],
            "no column of the file is known to be the field number: it has \"#1, #2\"",
        ),
        ("TN\n4155550123\n", vec!["--map", "number=TN"], "the field source"),
        ("TN\n4155550123\n", vec!["--map", "tn=TN"], "there is no field \"tn\""),
        (
            "number,source,date\n415555012,r,2026-01-01\n",
            vec!["--region", "US"],
            "line 2: number: ",
        ),
    ] {
        let answer = import_list(&server, text, &args);
        assert!(
            !answer.is_ok && answer.err.contains(said),
            "{said}: {} {}",
            answer.out,
            answer.err
        );
    }
}
