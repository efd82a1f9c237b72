//! Agreement with the recorded answers of libphonenumber, and properties that hold for every text.
//!
//! Each line of the data is the answer of libphonenumber (Python port, metadata 9.0.33) for a generated input: `input`,
//! `region` and either `e164`, `valid`, `possible`, `rc`, `type`, `ext`, or `error`. The ranges that are newer than these
//! metadata are laid over them.
#![allow(clippy::cast_possible_truncation, reason = "a number has at most 15 digits")]

use std::collections::BTreeMap;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

use flate2::read::GzDecoder;
use proptest::prelude::*;
use ringwarden::number::{self, E164, LineType, NumberError, Parsed, Region, Validity};
use serde::Deserialize;

use super::newer;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

/// Lines on which our answer differs from libphonenumber's, and why. All others must agree in every field.
const EXPLAINED: &[Explained] = &[];

/// Unexplained differences shown.
const SHOWN_MAX: usize = 50;

/// A line on which we differ from libphonenumber on purpose.
struct Explained {
    input: &'static str,
    region: Option<&'static str>,
    /// The fields that differ.
    fields: &'static [&'static str],
    /// Which of the two is right, and by which rule; for the reader of a failure.
    why: &'static str,
}

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
    /// Not in every file, and then not compared.
    national: Option<String>,
    /// Not in every file, and then not compared.
    international: Option<String>,
}

impl Answer {
    fn ours(line: &Line) -> Self {
        let region: Option<Region> = line.region.as_ref().map(|region| region.parse().expect("a region"));
        match number::normalize(&line.input, region) {
            Err(error) => Self {
                error: Some(code(error)),
                ..Self::default()
            },
            Ok(number) => Self {
                error: None,
                e164: Some(number.e164_text()),
                valid: Some(number.validity() == Validity::Valid),
                possible: Some(number.has_known_length()),
                rc: number.region().map(|region| region.to_string()),
                line_type: Some(line_type(number.line_type()).to_owned()),
                ext: number.extension().map(str::to_owned),
                national: line.expected.national.as_ref().map(|_| number.national_format()),
                international: line
                    .expected
                    .international
                    .as_ref()
                    .map(|_| number.international_format()),
            },
        }
    }

    /// The answer with the built-in ranges that are newer than the metadata of the recorded answers.
    fn with_newer_ranges(mut self) -> Self {
        let Some(e164) = &self.e164 else {
            return self;
        };
        self.possible = self.possible.map(|possible| possible || newer::has_length(e164));
        if let Some(range) = newer::range_of(e164) {
            self.valid = Some(true);
            self.rc = Some(range.region.clone());
            self.line_type = Some(line_type(range.line_type).to_owned());
        }
        self
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
            ("national", self.national != other.national),
            ("international", self.international != other.international),
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
        NumberError::Masked | NumberError::DecimalNumber => panic!("no error of libphonenumber"),
    }
}

fn line_type(line_type: LineType) -> &'static str {
    assert!(
        !matches!(line_type, LineType::ShortCode | LineType::Emergency),
        "no kind of a number of the plan"
    );
    line_type.name()
}

/// Compares every line; fails if one differs that no entry of the table explains, or differs otherwise.
fn assert_agreement(path: &Path) {
    let reader = BufReader::new(GzDecoder::new(File::open(path).expect("the data")));
    let (mut lines, mut unexplained) = (0_u32, 0_usize);
    let mut by_field = BTreeMap::<&str, u32>::new();
    let mut shown = String::new();
    for line in reader.lines() {
        let line: Line = serde_json::from_str(&line.unwrap()).expect("a line of JSON");
        let ours = Answer::ours(&line);
        let line = Line {
            expected: line.expected.with_newer_ranges(),
            ..line
        };
        let differences = ours.differences(&line.expected);
        lines += 1;
        let explained = EXPLAINED.iter().find(|explained| explained.is_of(&line));
        if differences == explained.map_or(&[][..], |explained| explained.fields) {
            continue;
        }
        unexplained += 1;
        if unexplained <= SHOWN_MAX {
            let (input, region, why) = (&line.input, &line.region, explained.map(|explained| explained.why));
            shown.push_str(&format!(
                "{input:?} {region:?}, explained by {why:?}\n  expected {:?}\n  ours     {ours:?}\n",
                line.expected
            ));
        }
        for field in differences {
            *by_field.entry(field).or_default() += 1;
        }
    }
    assert!(lines > 0, "no lines");
    assert!(
        unexplained == 0,
        "{unexplained} of {lines} lines differ, by field {by_field:?}\n{shown}"
    );
}

impl Explained {
    fn is_of(&self, line: &Line) -> bool {
        self.input == line.input && self.region == line.region.as_deref()
    }
}

#[test]
fn agrees_with_libphonenumber_on_common_forms() {
    assert_agreement(&Path::new(DATA).join("numbers-libphonenumber.jsonl.gz"));
}

#[test]
fn agrees_with_libphonenumber_on_rare_forms_and_formats() {
    assert_agreement(&Path::new(DATA).join("formats-libphonenumber.jsonl.gz"));
}

#[test]
#[ignore = "needs a file of recorded answers, named by RINGWARDEN_TEST_NUMBERS"]
fn agrees_with_libphonenumber_on_a_whole_file() {
    let path = std::env::var("RINGWARDEN_TEST_NUMBERS").expect("RINGWARDEN_TEST_NUMBERS names the file");
    assert_agreement(Path::new(&path));
}

/// Prints the time of one call; run it optimised.
#[test]
#[ignore = "a measurement, not a test"]
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn cost_of_a_call() {
    const CALLS: u32 = 1_000_000;
    let start = Instant::now();
    number::warm_up();
    println!("warm_up: {:?}", start.elapsed());
    let us: Option<Region> = Some(Region::US);
    let de: Option<Region> = "DE".parse().ok();
    for (text, region) in [
        ("+14155550199", None),
        ("4155550199", us),
        ("14155550199", us),
        ("+4930901820", None),
        ("030901820", de),
        ("+1 (415) 555-0199", us),
        ("sip:+14155550199@carrier.example;user=phone", None),
        ("+14155550199;verstat=TN-Validation-Passed", None),
        ("415-555-0199 ext. 12", us),
    ] {
        let start = Instant::now();
        for _ in 0..CALLS {
            black_box(number::parse(black_box(text), black_box(region))).expect("a number");
        }
        println!("parse {text}: {:?}", start.elapsed() / CALLS);
    }
    let key = "+14155550199".parse::<E164>().expect("a number");
    let start = Instant::now();
    for _ in 0..CALLS {
        black_box(number::describe(black_box(key)));
    }
    println!("describe: {:?}", start.elapsed() / CALLS);
    let described = number::describe(key);
    let start = Instant::now();
    for _ in 0..CALLS {
        black_box((described.national_format(), described.international_format()));
    }
    println!("both formats: {:?}", start.elapsed() / CALLS);
}

fn region() -> impl Strategy<Value = Option<Region>> {
    prop::option::of(prop::sample::select(vec![
        "US", "DE", "GB", "IT", "AR", "BR", "MX", "BS", "AU", "001",
    ]))
    .prop_map(|region| region.map(|region| region.parse().expect("a region")))
}

/// Text that gets far into the parser: pieces of addresses and numbers, and anything else.
fn dirty_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[0-9]{1,12}",
        1 => prop::sample::select(vec![
            "+", "00", "011", "tel:", "sip:", "sips:", "<", ">", "@", ";", "=", "%2B", "%", "ext", ";ext=", "x", "#", "*",
            ";phone-context=", ";isub=", ";verstat=TN-Validation-Passed-A", "anonymous", "\u{202a}", "\u{FF0B}", "\u{665}",
            "(0)", "-", " ", ",,", "\"", "?", ":", ".invalid", "FLOWERS",
        ])
        .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in prop_oneof![any::<String>(), dirty_text()], region in region()) {
        if let Ok(number) = number::normalize(&text, region) {
            prop_assert!(number.e164_text().len() <= "+123".len() + 17);
            prop_assert!(!number.national_format().is_empty());
            prop_assert!(number.international_format().starts_with('+'));
        }
        if let Ok(Parsed::Number(number)) = number::parse(&text, region) {
            let digits = number.e164_text().len() - "+".len();
            prop_assert!(number.e164().is_some() || !(4..=15).contains(&digits) || number.validity() == Validity::Impossible);
            prop_assert!(number.validity() != Validity::UnknownLength || !number.has_known_length());
        }
    }

    #[test]
    fn a_key_describes_the_number_it_was_made_from(text in dirty_text(), region in region()) {
        if let Ok(Parsed::Number(number)) = number::parse(&text, region)
            && let Some(key) = number.e164()
        {
            let described = number::describe(key);
            prop_assert_eq!(described.e164(), Some(key));
            prop_assert_eq!(described.e164_text(), key.to_string());
            let is_in_doubt = number.validity() == Validity::Possible && described.validity() == Validity::Impossible;
            prop_assert!(described.validity() == number.validity() || is_in_doubt);
            prop_assert_eq!(described.region(), number.region());
            prop_assert_eq!(described.line_type(), number.line_type());
            prop_assert_eq!(key.to_string().parse::<E164>(), Ok(key));
        }
    }

    #[test]
    fn any_integer_is_refused_or_described(digits in prop_oneof![any::<u64>(), 0..100_000_u64, 1_000_000..100_000_000_000_u64]) {
        if let Some(key) = E164::from_digits(digits) {
            prop_assert_eq!(key.digits(), digits);
            prop_assert_eq!(number::describe(key).e164_text(), key.to_string());
            prop_assert_eq!(key.len(), key.national_len() + key.country_code().to_string().len() as u32);
            let shown = format!("{key:?}");
            prop_assert!(!shown.contains(&key.to_string()));
        }
    }
}
