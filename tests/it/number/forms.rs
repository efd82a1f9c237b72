//! The tables in `docs/number-forms.md` are true: every row is read and checked. Every emergency number of every region
//! is known.

use ringwarden::number::{
    self, AttestationLevel, LineType, Parsed, ParsedNumber, Region, ServiceKind, Validity, VerstatParameter,
};

const FORMS: &str = include_str!("../../../docs/number-forms.md");
const EMERGENCY_NUMBERS: &str = include_str!("../../data/emergency-numbers.csv");

/// Columns of a row, the reason included.
const COLUMNS: usize = 10;

/// Bars of a row of the table of calls for help, which `emergency.rs` reads.
const BARS_OF_CALLS_FOR_HELP: usize = 5;

/// So many rows there were at the least; fewer mean that they are not found.
const ROWS_MIN: usize = 300;

/// A row: the input and its expected answer, column by column.
type Answer = [String; 7];

#[test]
fn every_row_is_answered_as_it_says() {
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in FORMS
        .lines()
        .filter(|line| line.starts_with("| `") || line.starts_with("| ("))
        .filter(|line| line.matches('|').count() != BARS_OF_CALLS_FOR_HELP)
    {
        let columns: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(columns.len(), COLUMNS, "{line}");
        let region = (!columns[1].is_empty()).then(|| columns[1].parse().expect("a region"));
        let answer = answer(&text(columns[0]), region);
        if answer[..] != columns[2..COLUMNS - 1] {
            wrong.push(format!("{line}\n  is {answer:?}"));
        }
        rows += 1;
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows >= ROWS_MIN, "only {rows} rows");
}

#[test]
fn every_emergency_number_of_every_region_is_known() {
    let (mut regions, mut numbers) = (0, 0);
    for line in EMERGENCY_NUMBERS.lines().filter(|line| !line.starts_with('#')) {
        let (region, listed) = line.split_once(';').expect("two columns");
        let region: Region = region.parse().expect("a region");
        for digits in listed.split(' ').filter(|digits| !digits.is_empty()) {
            for text in [
                digits.to_owned(),
                format!("tel:{digits}"),
                format!("sip:{digits}@carrier.example"),
            ] {
                match number::parse(&text, Some(region)) {
                    Ok(Parsed::Service(service)) => {
                        assert_eq!(service.kind(), ServiceKind::Emergency, "{text} in {region}");
                        assert_eq!((service.digits(), service.region()), (digits, Some(region)));
                    }
                    other => panic!("{text} in {region} is {other:?}"),
                }
            }
            numbers += 1;
        }
        regions += usize::from(!listed.is_empty());
    }
    assert_eq!((regions, numbers), (240, 825));
}

/// The text that a first column shows.
fn text(column: &str) -> String {
    let mut shown = column.trim_matches('`');
    let mut text = String::new();
    if column == "(empty)" {
        return text;
    }
    while let Some(next) = shown.chars().next() {
        let (char, rest) = if let Some(rest) = shown.strip_prefix("\\u{") {
            let (code, rest) = rest.split_once('}').expect("a code point");
            let code = u32::from_str_radix(code, 16).expect("a hexadecimal number");
            (char::from_u32(code).expect("a character"), rest)
        } else if let Some(rest) = shown.strip_prefix("\\\\") {
            ('\\', rest)
        } else {
            (next, &shown[next.len_utf8()..])
        };
        text.push(char);
        shown = rest;
    }
    text
}

fn answer(text: &str, region: Option<Region>) -> Answer {
    let mut answer = Answer::default();
    match number::parse(text, region) {
        Err(error) => answer[0] = format!("error `{}`", error.kind()),
        Ok(Parsed::Anonymous) => answer[0] = "anonymous".to_owned(),
        Ok(Parsed::Service(service)) => {
            answer[0] = match service.kind() {
                ServiceKind::Emergency => "emergency".to_owned(),
                ServiceKind::ShortCode => "short code".to_owned(),
            };
            answer[3] = service.region().map(|region| region.to_string()).unwrap_or_default();
        }
        Ok(Parsed::Number(number)) => answer = of_number(&number),
    }
    answer
}

fn of_number(number: &ParsedNumber) -> Answer {
    let is = if number.is_local_only() {
        "local number"
    } else {
        "number"
    };
    [
        is.to_owned(),
        number.e164().map(|number| number.to_string()).unwrap_or_default(),
        validity(number.validity()).to_owned(),
        number.region().map(|region| region.to_string()).unwrap_or_default(),
        line_type(number.line_type()),
        number.extension().unwrap_or_default().to_owned(),
        number.verstat().map(verstat).unwrap_or_default().to_owned(),
    ]
}

fn validity(validity: Validity) -> &'static str {
    match validity {
        Validity::Valid => "valid",
        Validity::Possible => "possible",
        Validity::Impossible => "impossible",
        Validity::UnknownLength => "unknown length",
        Validity::NotANumberOfThePlan | Validity::Anonymous => panic!("not the validity of a number"),
    }
}

fn line_type(line_type: LineType) -> String {
    assert!(
        !matches!(line_type, LineType::ShortCode | LineType::Emergency),
        "no kind of a number of the plan"
    );
    if line_type == LineType::Unknown {
        return String::new();
    }
    line_type.name().to_ascii_lowercase().replace('_', " ")
}

fn verstat(verstat: VerstatParameter) -> &'static str {
    match verstat {
        VerstatParameter::Passed(None) => "passed",
        VerstatParameter::Passed(Some(AttestationLevel::A)) => "passed A",
        VerstatParameter::Passed(Some(AttestationLevel::B)) => "passed B",
        VerstatParameter::Passed(Some(AttestationLevel::C)) => "passed C",
        VerstatParameter::Failed => "failed",
        VerstatParameter::NoValidation => "none",
    }
}
