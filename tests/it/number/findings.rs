//! The table of findings in `docs/numbers.md` is true: for every input the bare crate still gives the wrong answer of
//! the table, and this library gives the right one. If the crate is corrected, remove the row.

use phonenumber::Mode;
use phonenumber::metadata::DATABASE;
use ringwarden::number::{self, Region, Validity};

const PAGE: &str = include_str!("../../../docs/numbers.md");

/// So many rows there were at the least; fewer mean that they are not found.
const ROWS_MIN: usize = 30;

#[test]
fn the_bare_crate_is_wrong_as_listed_and_this_library_is_right() {
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in PAGE.lines().filter(|line| line.starts_with("| `")) {
        let columns: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(columns.len(), 5, "{line}");
        let input = columns[0].trim_matches('`').replace("\\u{a0}", "\u{a0}");
        let (bare, ours) = (bare(&input, columns[1]), ours(&input, columns[1]));
        if bare != columns[2] || ours != columns[3] || bare == ours {
            wrong.push(format!("{line}\n  crate {bare}\n  ours  {ours}"));
        }
        rows += 1;
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows >= ROWS_MIN, "only {rows} rows");
}

/// The crate's answer: number, validity, region, kind, extension.
fn bare(input: &str, region: &str) -> String {
    let region = region.parse().ok();
    match phonenumber::parse(region, input) {
        Err(_) => "refused".to_owned(),
        Ok(number) => shown(
            &number.format().mode(Mode::E164).to_string(),
            number.is_valid(),
            number.country().id().map(|id| id.as_ref().to_owned()),
            &format!("{:?}", number.number_type(&DATABASE)),
            number.extension().map(ToString::to_string),
        ),
    }
}

/// This library's answer where it follows libphonenumber, in the same form.
fn ours(input: &str, region: &str) -> String {
    let region: Option<Region> = region.parse().ok();
    match number::normalize(input, region) {
        Err(_) => "refused".to_owned(),
        Ok(number) => shown(
            &number.e164_text(),
            number.validity() == Validity::Valid,
            number.region().map(|region| region.to_string()),
            &format!("{:?}", number.line_type()),
            number.extension().map(str::to_owned),
        ),
    }
}

fn shown(e164: &str, valid: bool, region: Option<String>, kind: &str, extension: Option<String>) -> String {
    let mut text = e164.to_owned();
    text.push_str(if valid { ", valid" } else { ", not valid" });
    if let Some(region) = region {
        text.push_str(&format!(", {region}"));
    }
    if kind != "Unknown" {
        text.push_str(&format!(", {kind}"));
    }
    if let Some(extension) = extension {
        text.push_str(&format!(", ext. {extension:?}"));
    }
    text
}
