//! Agreement with libphonenumber on recorded answers.
//!
//! Each line of the data is what libphonenumber (Python port, metadata 9.0.33) says of a generated
//! input: `input`, `region` and either `e164`, `valid`, `possible`, `rc`, `type`, `ext`, or `error`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests may fail loudly"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use ringwarden::number::{self, LineType, NumberError, Region, Validity};
use serde::Deserialize;

const SAMPLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/numbers-libphonenumber.jsonl.gz"
);

/// Differences shown when too many lines differ.
const SHOWN_MAX: usize = 50;

#[derive(Deserialize)]
struct Line {
    input: String,
    region: Option<String>,
    #[serde(flatten)]
    expected: Answer,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Answer {
    error: Option<u8>,
    e164: Option<String>,
    valid: Option<bool>,
    possible: Option<bool>,
    rc: Option<String>,
    #[serde(rename = "type")]
    line_type: Option<String>,
    ext: Option<String>,
}

impl Answer {
    fn ours(line: &Line) -> Self {
        let region: Option<Region> = line
            .region
            .as_ref()
            .map(|region| region.parse().expect("a region"));
        match number::normalize(&line.input, region) {
            Err(error) => Self {
                error: Some(code(error)),
                ..Self::default()
            },
            Ok(number) => Self {
                error: None,
                e164: Some(number.e164_text()),
                valid: Some(number.validity() == Validity::Valid),
                possible: Some(number.e164().is_some()),
                rc: number.region().map(|region| region.to_string()),
                line_type: Some(line_type(number.line_type()).to_owned()),
                ext: number.extension().map(str::to_owned),
            },
        }
    }

    /// The names of the fields that differ.
    fn differences(&self, other: &Self) -> Vec<&'static str> {
        [
            ("error", self.error != other.error),
            ("e164", self.e164 != other.e164),
            ("valid", self.valid != other.valid),
            ("possible", self.possible != other.possible),
            ("rc", self.rc != other.rc),
            ("type", self.line_type != other.line_type),
            ("ext", self.ext != other.ext),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }
}

fn code(error: NumberError) -> u8 {
    match error {
        NumberError::InvalidCountryCode => 0,
        NumberError::Empty | NumberError::NotANumber => 1,
        NumberError::TooShortAfterIdd => 2,
        NumberError::TooShort => 3,
        NumberError::TooLong | NumberError::TooLongNumber => 4,
    }
}

fn line_type(line_type: LineType) -> &'static str {
    match line_type {
        LineType::Unknown => "UNKNOWN",
        LineType::FixedLine => "FIXED_LINE",
        LineType::Mobile => "MOBILE",
        LineType::FixedLineOrMobile => "FIXED_LINE_OR_MOBILE",
        LineType::Voip => "VOIP",
        LineType::TollFree => "TOLL_FREE",
        LineType::PremiumRate => "PREMIUM_RATE",
        LineType::SharedCost => "SHARED_COST",
        LineType::PersonalNumber => "PERSONAL_NUMBER",
        LineType::Pager => "PAGER",
        LineType::Uan => "UAN",
        LineType::Voicemail => "VOICEMAIL",
        LineType::ShortCode | LineType::Emergency => panic!("no kind of a number of the plan"),
    }
}

/// Compares every line and returns the share, of 1, on which all fields agree.
fn agreement(path: &Path) -> (f64, String) {
    let reader = BufReader::new(GzDecoder::new(File::open(path).expect("the data")));
    let (mut lines, mut differing) = (0_u32, 0_u32);
    let mut by_field = BTreeMap::<&str, u32>::new();
    let mut shown = String::new();
    for line in reader.lines() {
        let line: Line = serde_json::from_str(&line.unwrap()).expect("a line of JSON");
        let ours = Answer::ours(&line);
        let differences = ours.differences(&line.expected);
        lines += 1;
        if differences.is_empty() {
            continue;
        }
        differing += 1;
        if usize::try_from(differing).unwrap() <= SHOWN_MAX {
            let (input, region) = (&line.input, &line.region);
            shown.push_str(&format!(
                "{input:?} {region:?}\n  expected {:?}\n  ours     {ours:?}\n",
                line.expected
            ));
        }
        for field in differences {
            *by_field.entry(field).or_default() += 1;
        }
    }
    let share = 1.0 - f64::from(differing) / f64::from(lines);
    (
        share,
        format!("{differing} of {lines} lines differ, by field {by_field:?}\n{shown}"),
    )
}

#[test]
fn agrees_with_libphonenumber_on_the_sample() {
    let (share, report) = agreement(Path::new(SAMPLE));
    assert!(share >= 0.999, "{report}");
}

#[test]
#[ignore = "needs a file of recorded answers, named by RINGWARDEN_TEST_NUMBERS"]
fn agrees_with_libphonenumber_on_a_whole_file() {
    let path =
        std::env::var("RINGWARDEN_TEST_NUMBERS").expect("RINGWARDEN_TEST_NUMBERS names the file");
    let (share, report) = agreement(Path::new(&path));
    println!("{report}");
    assert!(share >= 0.999, "agreement is only {share}");
}
