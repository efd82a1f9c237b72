//! Imports of files, without a server: ids, both column layouts, faulty rows, gzip, letters.

use std::io::{Cursor, Read, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use ringwarden::cli::import::cases::{self, Letter};
use ringwarden::cli::import::ftc::{ComplaintReader, Layout};
use ringwarden::cli::import::{FiledReport, ImportError, Reject, RowFault, SourceFile};
use ringwarden::wire::v1::{Category, Report, Source as Origin};

const EIGHT: &str = "Company_Phone_Number,Created_Date,Violation_Date,Consumer_City,Consumer_State,\
                     Consumer_Area_Code,Subject,Recorded_Message_Or_Robocall";

const THREE: &str = "created_date,number,consumer_area_code";

fn content(text: impl AsRef<[u8]>) -> Box<dyn Read + Send> {
    Box::new(Cursor::new(text.as_ref().to_vec()))
}

fn read_all(text: impl AsRef<[u8]>) -> Vec<Result<FiledReport, Reject>> {
    let mut reader = ComplaintReader::new(content(text), "i-1", true).unwrap();
    let next = || reader.next_row().unwrap();
    std::iter::from_fn(next).collect()
}

fn reports(text: impl AsRef<[u8]>) -> Vec<Report> {
    read_all(text).into_iter().map(|row| row.unwrap().report).collect()
}

fn ids(text: impl AsRef<[u8]>) -> Vec<String> {
    reports(text).into_iter().map(|report| report.report_id).collect()
}

fn faults(text: &str) -> Vec<(u64, RowFault)> {
    let faults = read_all(text).into_iter().filter_map(Result::err);
    faults.map(|reject| (reject.line, reject.fault)).collect()
}

fn seconds(time: Option<ringwarden::wire::Timestamp>) -> i64 {
    time.unwrap().seconds
}

/// The values were computed by another implementation of XXH3, from the bytes that the documentation names.
#[test]
fn identity_is_frozen() {
    let row = "2020-02-14,2125550123,603\n";
    assert_eq!(
        ids(format!("{THREE}\n{row}{row}")),
        ["a2338b4c5446d4cb4be21fbc8b7383d5", "db832665a1ce0137472d84d95b284b2f"]
    );
    let rows = "2125550123,2021-07-07 00:01:15,2021-07-06 11:48:00,,California,510,Computer  & technical support,Y\n\
                +1 (212) 555-0142,2021-07-07 00:01:41,2021-05-06 18:17:00,\"San Juan, \"\"PR\"\"\",Puerto Rico,,Moon  landings,\n";
    assert_eq!(
        ids(format!("{EIGHT}\n{rows}")),
        ["8902ae15da44a9c63dbb9aa78151cdb6", "1fe1d41e5b5713769c74ce27375a0b51"]
    );
}

#[test]
fn spelling_does_not_change_identity() {
    let plain = format!("{THREE}\n2020-02-14,2125550123,603\n2020-02-15,2125550124,\n");
    let quoted = "\u{feff}\"Created_Date\", NUMBER ,consumer_area_code\r\n\r\n \
                  2020-02-14 ,\"2125550123\",\" 603\"\r\n2020-02-15,2125550124,\"\"";
    assert_eq!(ids(&plain), ids(quoted));
}

#[test]
fn a_rejected_row_between_does_not_count() {
    let row = "2020-02-14,2125550123,603\n";
    let with = ids_of_taken(&format!("{THREE}\n{row}2020-02-14,,603\n{row}"));
    assert_eq!(with, ids(format!("{THREE}\n{row}{row}")));
}

fn ids_of_taken(text: &str) -> Vec<String> {
    let taken = read_all(text).into_iter().flatten();
    taken.map(|filed| filed.report.report_id).collect()
}

#[test]
fn three_columns_are_noon_of_their_day() {
    let reports = reports(format!("{THREE}\n2020-02-14,2125550123,603\n"));
    let report = &reports[0];
    assert_eq!(seconds(report.occurred_at), 1_581_681_600);
    assert_eq!(report.received_at, report.occurred_at);
    assert_eq!(report.number, "+12125550123");
    assert_eq!(report.reporter_area, "603");
    assert_eq!((report.feed.as_str(), report.import_id.as_str()), ("ftc-3col", "i-1"));
    assert_eq!(report.source(), Origin::RegulatorFeed);
    assert_eq!(report.recorded, None);
}

#[test]
fn the_eight_columns_give_more_fields() {
    let text = format!(
        "{EIGHT}\r\n\
         2125550123,2021-07-07 00:01:15,2021-07-06 11:48:00,,California,510,Computer  & technical support,Y\r\n\
         2125550124,2021-07-07 00:00:00,2021-06-07 00:00:00,,New  York,,Moon landings,N\r\n\
         2125550125,2021-07-07 00:00:00,2021-06-06 23:59:59,,,,,\r\n\
         2125550126,2021-07-07 00:00:00,2021-07-07 00:00:01,,Atlantis,,Other,\r\n"
    );
    let reports = reports(&text);
    assert_eq!(reports[0].category(), Category::TechSupportScam);
    assert_eq!(reports[0].recorded, Some(true));
    assert_eq!(reports[0].reporter_area, "510");
    assert_eq!(reports[0].feed, "ftc-8col");
    assert_eq!(seconds(reports[0].occurred_at), 1_625_572_080);
    assert_eq!(seconds(reports[0].received_at), 1_625_616_075);

    assert_eq!(reports[1].category(), Category::Unspecified);
    assert_eq!(reports[1].recorded, Some(false));
    assert_eq!(reports[1].reporter_area, "US-NY", "without an area code");
    assert_eq!(seconds(reports[1].occurred_at), 1_623_024_000, "30 days before");

    assert_eq!(reports[2].occurred_at, reports[2].received_at, "over 30 days before");
    assert_eq!(reports[2].recorded, None);
    assert_eq!(reports[3].occurred_at, reports[3].received_at, "afterwards");
    assert_eq!(reports[3].reporter_area, "");

    let mut reader = ComplaintReader::new(content(&text), "i-1", false).unwrap();
    while reader.next_row().unwrap().is_some() {}
    assert_eq!(reader.layout(), Layout::EightColumns);
    let unknown = reader.into_unknown_subjects();
    assert_eq!(
        unknown.into_iter().collect::<Vec<_>>(),
        [("Moon landings".to_owned(), 1)]
    );
}

#[test]
fn dirty_rows_are_rejected_with_line_and_reason() {
    let text = format!(
        "{THREE}\n\
         2020-02-14,,603\n\
         2020-02-14,5550123,603\n\
         2020-02-14,73289065717039951860,603\n\
         2020-02-14,911,603\n\
         2020-02-30,2125550123,603\n\
         2020-02-14,2125550123\n\
         \n\
         2020-02-14,1234567890,603\n"
    );
    let found: Vec<u64> = faults(&text).iter().map(|(line, _)| *line).collect();
    assert_eq!(found, [2, 3, 4, 5, 6, 7]);
    let found: Vec<RowFault> = faults(&text).into_iter().map(|(_, fault)| fault).collect();
    assert_eq!(found[0], RowFault::NoNumber);
    assert_eq!(found[1], RowFault::LocalOnly);
    assert!(matches!(found[2], RowFault::NotANumber(_) | RowFault::Impossible));
    assert_eq!(found[3], RowFault::Service);
    assert_eq!(found[4], RowFault::Date);
    assert_eq!(found[5], RowFault::Columns);
    let taken: Vec<_> = read_all(&text).into_iter().flatten().collect();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].line, 9);
    assert_eq!(
        taken[0].report.number, "+11234567890",
        "possible, not valid: spoofers use it"
    );
    assert_eq!(taken[0].row.as_deref(), Some(b"2020-02-14,1234567890,603".as_slice()));
}

#[test]
fn other_columns_are_refused() {
    for text in ["", "a,b,c\n", "2020-02-14,2125550123,603\n", "created_date,number\n"] {
        let refused = ComplaintReader::new(content(text), "i-1", false).err().unwrap();
        assert!(matches!(refused, ImportError::UnknownHeader { .. }), "{text:?}");
    }
}

#[test]
fn gzip_on_disk_is_read_like_the_file_in_it() {
    let text = format!("{THREE}\n2020-02-14,2125550123,603\n");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&encoder.finish().unwrap()).unwrap();

    let mut source = SourceFile::open(file.path()).unwrap();
    let import_id = source.hash().unwrap();
    assert_eq!(import_id.len(), 32);
    let mut reader = ComplaintReader::new(source.read().0, &import_id, false).unwrap();
    let filed = reader.next_row().unwrap().unwrap().unwrap();
    assert_eq!(vec![filed.report.report_id], ids(&text));
    assert_eq!(filed.report.import_id, import_id);
    assert_eq!(filed.row, None, "rows are kept only if wanted");
}

#[test]
fn a_damaged_gzip_file_says_where_it_ends() {
    let mut text = format!("{THREE}\n");
    for number in 0..20_000 {
        text.push_str(&format!("2020-02-14,212{:07},603\n", 5_550_000 + number * 7));
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&whole[..whole.len() / 2]).unwrap();

    let content = SourceFile::open(file.path()).unwrap().read().0;
    let mut reader = ComplaintReader::new(content, "i-1", false).unwrap();
    let end = loop {
        match reader.next_row() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the damage was not noticed"),
            Err(end) => break end,
        }
    };
    assert!(matches!(end, ImportError::Read { line, .. } if line > 1_000), "{end}");
}

const LETTERS: &str = "phone_e164,category,call_date,case_doc\n\
    +12125550101,Amazon-Impers-P2,2022-04-05,pointofnoentry-examplecdletter.pdf\n\
    +12125550101,Amazon-Impers-P2,2022-02-10,pointofnoentry-examplecdletter.pdf\n\
    +12125550102,Utility-SupplyCharges,,pointofnoentry-examplecdletter.pdf\n\
    +12125550102,SSA-CalltheSSA,2021-01-27,pointofnoentry-samplewarningletter.pdf\n\
    +12125550103,Moon-Landing,,pointofnoentry-thirdcdletter.pdf\n\
    +12125550104,StudentLoan,tomorrow,pointofnoentry-thirdcdletter.pdf\n\
    +12125550104,StudentLoan,,\n";

#[test]
fn a_letter_is_a_case() {
    let found = cases::read(content(LETTERS), false).unwrap();
    assert_eq!(found.rows, 7);
    let faults: Vec<(u64, &RowFault)> = found
        .rejects
        .iter()
        .map(|reject| (reject.line, &reject.fault))
        .collect();
    assert_eq!(faults, [(7, &RowFault::Date), (8, &RowFault::Letter)]);
    assert_eq!(found.unknown_categories["Moon-Landing"], 1);

    let [example, sample, third] = found.letters.as_slice() else {
        panic!("{} letters", found.letters.len());
    };
    assert_eq!(example.case_id, "ftc-examplecdletter");
    assert_eq!(example.title, "Example cease and desist letter");
    assert_eq!(example.file, "pointofnoentry-examplecdletter.pdf");
    assert_eq!(example.category, Category::BusinessImpersonation);
    assert_eq!(example.brand, "Amazon", "of two rows in three");
    assert_eq!(seconds(example.latest), 1_649_116_800);
    assert_eq!(example.links.len(), 2, "a number twice is one link");
    assert_eq!(seconds(example.links[0].from), 1_644_451_200, "the earlier date");
    assert_eq!(example.links[1].from, None);

    assert_eq!(sample.title, "Sample warning letter");
    assert_eq!(sample.category, Category::GovernmentImpersonation);
    assert_eq!((third.category, third.brand.as_str()), (Category::Unspecified, ""));
}

#[test]
fn the_order_of_rows_does_not_change_a_case() {
    let mut lines: Vec<&str> = LETTERS.lines().collect();
    lines[1..].reverse();
    let letters = |text: &str| -> Vec<Letter> { cases::read(content(text), false).unwrap().letters };
    assert_eq!(letters(LETTERS), letters(&lines.join("\n")));
}
