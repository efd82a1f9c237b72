//! Ranges that are newer than the compiled numbering plans: those of `data/newer_plans.csv`, and those of a file of the
//! operator, which come first.
//!
//! They only add: a range makes numbers valid and gives them a region and a line type, and its lengths become possible
//! lengths of the country code. No range makes a valid number invalid.

use std::ops::RangeInclusive;
use std::sync::OnceLock;

use thiserror::Error;

use super::super::kinds::LineType;
use super::super::region::Region;
use super::lengths::Lengths;
use super::metadata::COUNTRIES;
use super::pattern::Program;

/// The most bytes of a file of ranges.
pub const MAX_PLAN_FILE_BYTES: usize = 1 << 20;

/// The most ranges of a file.
const MAX_RANGES: usize = 5_000;

/// The fewest and the most digits of a national number.
const NATIONAL_DIGITS: RangeInclusive<u16> = 2..=14;

/// The most digits of a number, country code included (ITU-T E.164 section 6.2.1).
const E164_DIGITS: usize = 15;

/// The first line that is no comment.
const HEADER: &str = "country_code,region,line_type,lengths,prefixes,since,source,checked";

/// The ranges that this release knows.
const BUILT_IN: &str = include_str!("../data/newer_plans.csv");

/// The ranges of the operator's file.
static OPERATORS: OnceLock<Vec<NewerRange>> = OnceLock::new();

/// One line of a file: numbers of a region that begin with one of some prefixes.
#[derive(Clone, Debug)]
pub(super) struct NewerRange {
    pub(super) country_code: u16,
    pub(super) region: Region,
    pub(super) line_type: LineType,
    /// The lengths of its national numbers.
    pub(super) lengths: Lengths,
    /// Matches national numbers of any length with its prefixes.
    pub(super) prefixes: Program,
}

/// What is wrong with a file of ranges.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanFileError {
    /// The file is too large.
    #[error("it has more than {MAX_PLAN_FILE_BYTES} bytes")]
    TooLarge,
    /// A line is wrong.
    #[error("line {line}, column {column}: {problem}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// The character in the line at which the wrong field begins, from 1.
        column: usize,
        /// What is wrong.
        problem: PlanLineProblem,
    },
    /// Numbers have been read with the plans as they were.
    #[error("the numbering plans are in use already")]
    InUse,
}

/// What is wrong with a line of a file of ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PlanLineProblem {
    /// The header is missing or different.
    #[error("the header must be {HEADER}")]
    Header,
    /// The line has more or fewer fields than the header, or a quotation mark.
    #[error("there must be 8 fields, separated by commas, without quotation marks")]
    Fields,
    /// The country code is not in use.
    #[error("not a country code in use")]
    CountryCode,
    /// The region does not use the country code.
    #[error("not a region with this country code")]
    Region,
    /// The line type is not known, or no line of the plan has it.
    #[error("not a line type, such as MOBILE or FIXED_LINE")]
    LineType,
    /// The lengths are not numbers of digits.
    #[error("must be numbers of digits, such as 9 or 8 9, each from 2 to 14, and at most 15 with the country code")]
    Lengths,
    /// The prefixes are not digits, or longer than the numbers.
    #[error("must be digits, separated by spaces, and no longer than the shortest length")]
    Prefixes,
    /// The date is not a date.
    #[error("must be a date, such as 2026-09-04")]
    Date,
    /// The source is missing.
    #[error("must name the source")]
    Source,
    /// There are too many ranges.
    #[error("a file has at most {MAX_RANGES} ranges")]
    TooMany,
}

/// Reads the operator's ranges. Returns how many there are.
///
/// # Errors
/// [`PlanFileError`].
pub(in crate::number) fn extend(text: &str) -> Result<usize, PlanFileError> {
    let ranges = read(text)?;
    let count = ranges.len();
    OPERATORS.set(ranges).map_err(|_| PlanFileError::InUse)?;
    Ok(count)
}

/// All ranges in force, those of the operator first.
pub(super) fn in_force() -> Vec<NewerRange> {
    let built_in = read(BUILT_IN);
    debug_assert!(built_in.is_ok(), "a test reads the built-in ranges");
    let operators = OPERATORS.get().into_iter().flatten().cloned();
    operators.chain(built_in.unwrap_or_default()).collect()
}

/// Reads a file of ranges.
pub(super) fn read(text: &str) -> Result<Vec<NewerRange>, PlanFileError> {
    if text.len() > MAX_PLAN_FILE_BYTES {
        return Err(PlanFileError::TooLarge);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = (1..).zip(text.lines().map(|line| line.trim_end_matches('\r')));
    let mut lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let wrong = |line, column, problem| PlanFileError::Line { line, column, problem };
    match lines.next() {
        Some((_, HEADER)) => {}
        other => return Err(wrong(other.map_or(1, |(line, _)| line), 1, PlanLineProblem::Header)),
    }
    let mut ranges = Vec::new();
    for (number, line) in lines {
        if ranges.len() >= MAX_RANGES {
            return Err(wrong(number, 1, PlanLineProblem::TooMany));
        }
        let range =
            NewerRange::read(line).map_err(|(field, problem)| wrong(number, column_of(line, field), problem))?;
        ranges.push(range);
    }
    Ok(ranges)
}

/// The character at which a field begins, from 1.
fn column_of(line: &str, field: usize) -> usize {
    let before: usize = line.split(',').take(field).map(|text| text.chars().count() + 1).sum();
    before + 1
}

impl NewerRange {
    /// Whether a national number is in the range.
    pub(super) fn has(&self, national: &[u8]) -> bool {
        self.lengths.has(national.len()) && self.prefixes.match_all(national).is_some()
    }

    /// Reads a line. The error names the field, from 0.
    fn read(line: &str) -> Result<Self, (usize, PlanLineProblem)> {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let [code, region, line_type, lengths, prefixes, since, source, checked] = fields[..] else {
            return Err((0, PlanLineProblem::Fields));
        };
        if line.contains('"') {
            return Err((0, PlanLineProblem::Fields));
        }
        let (country_code, regions) = country(code).ok_or((0, PlanLineProblem::CountryCode))?;
        let known = region.parse::<Region>().ok();
        let region = known
            .filter(|region| regions.contains(region))
            .ok_or((1, PlanLineProblem::Region))?;
        let line_type = line_type_of(line_type).ok_or((2, PlanLineProblem::LineType))?;
        let lengths = lengths_of(lengths, code.len()).ok_or((3, PlanLineProblem::Lengths))?;
        let prefixes = prefixes_of(prefixes, &lengths).ok_or((4, PlanLineProblem::Prefixes))?;
        if !since.is_empty() && !is_date(since) {
            return Err((5, PlanLineProblem::Date));
        }
        if source.is_empty() {
            return Err((6, PlanLineProblem::Source));
        }
        if !is_date(checked) {
            return Err((7, PlanLineProblem::Date));
        }
        Ok(Self {
            country_code,
            region,
            line_type,
            lengths: Lengths::national(&lengths),
            prefixes,
        })
    }
}

/// The country code, and the regions that use it.
fn country(text: &str) -> Option<(u16, Vec<Region>)> {
    let code: u16 = text.parse().ok().filter(|code: &u16| code.to_string() == text)?;
    let (_, territories) = COUNTRIES.iter().find(|(known, _)| *known == code)?;
    let regions = territories.iter().filter_map(|territory| territory.id.parse().ok());
    Some((code, regions.collect()))
}

fn line_type_of(name: &str) -> Option<LineType> {
    let found = LineType::from_name(name)?;
    let is_of_plan = !matches!(found, LineType::Unknown | LineType::ShortCode | LineType::Emergency);
    is_of_plan.then_some(found)
}

fn lengths_of(text: &str, code_digits: usize) -> Option<Vec<u16>> {
    let lengths: Vec<u16> = text
        .split_whitespace()
        .map(|word| word.parse().ok())
        .collect::<Option<_>>()?;
    let fits = |len: &u16| NATIONAL_DIGITS.contains(len) && usize::from(*len) + code_digits <= E164_DIGITS;
    (!lengths.is_empty() && lengths.iter().all(fits)).then_some(lengths)
}

fn prefixes_of(text: &str, lengths: &[u16]) -> Option<Program> {
    let shortest = usize::from(*lengths.iter().min()?);
    let prefixes: Vec<&str> = text.split_whitespace().collect();
    let is_prefix = |text: &&str| text.len() <= shortest && text.bytes().all(|byte| byte.is_ascii_digit());
    if prefixes.is_empty() || !prefixes.iter().all(is_prefix) {
        return None;
    }
    Program::prefix(&format!("(?:{})", prefixes.join("|"))).ok()
}

/// Whether a text has the form of a date of ISO 8601: `2026-09-04`.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return false;
    };
    let is = |text: &str, len: usize, range: RangeInclusive<u16>| {
        text.len() == len
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse().is_ok_and(|n| range.contains(&n))
    };
    is(year, 4, 1900..=9999) && is(month, 2, 1..=12) && is(day, 2, 1..=31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(lines: &str) -> String {
        format!("# a comment\n{HEADER}\n{lines}\n")
    }

    #[test]
    fn the_built_in_ranges_are_read_and_checked_by_one_date() {
        let ranges = read(BUILT_IN).unwrap();
        assert!(ranges.len() > 60, "{}", ranges.len());
        let checked = BUILT_IN.lines().filter(|line| !line.starts_with('#')).skip(1);
        let newest = checked.filter_map(|line| line.rsplit(',').next()).max();
        assert_eq!(newest, Some(super::super::super::PLAN_DATE));
        let has = |national: &str, code| {
            ranges
                .iter()
                .any(|range| range.country_code == code && range.has(national.as_bytes()))
        };
        assert!(has("833212345", 220) && has("400123456", 34) && has("2745550123", 1));
        assert!(!has("83321234", 220) && !has("8332123456", 220) && !has("401123456", 34));
    }

    #[test]
    fn an_error_names_line_and_column() {
        let good = "220,GM,MOBILE,9,83 86,2026-09-04,PURA,2026-11-29";
        assert_eq!(read(&file(good)).unwrap().len(), 1);
        assert_eq!(read(&file("")).unwrap().len(), 0);
        use PlanLineProblem as P;
        for (line, column, problem) in [
            ("220,GM,MOBILE,9,83,2026-09-04,PURA", 1, P::Fields),
            ("220,GM,MOBILE,9,\"83\",,PURA,2026-11-29", 1, P::Fields),
            ("0220,GM,MOBILE,9,83,,PURA,2026-11-29", 1, P::CountryCode),
            ("999,GM,MOBILE,9,83,,PURA,2026-11-29", 1, P::CountryCode),
            ("220,GH,MOBILE,9,83,,PURA,2026-11-29", 5, P::Region),
            ("220,gambia,MOBILE,9,83,,PURA,2026-11-29", 5, P::Region),
            ("220,GM,SHORT_CODE,9,83,,PURA,2026-11-29", 8, P::LineType),
            ("220,GM,CELL,9,83,,PURA,2026-11-29", 8, P::LineType),
            ("220,GM,MOBILE,,83,,PURA,2026-11-29", 15, P::Lengths),
            ("220,GM,MOBILE,9 13,83,,PURA,2026-11-29", 15, P::Lengths),
            ("220,GM,MOBILE,9,,,PURA,2026-11-29", 17, P::Prefixes),
            ("220,GM,MOBILE,9,83*,,PURA,2026-11-29", 17, P::Prefixes),
            ("220,GM,MOBILE,2,833,,PURA,2026-11-29", 17, P::Prefixes),
            ("220,GM,MOBILE,9,83,soon,PURA,2026-11-29", 20, P::Date),
            ("220,GM,MOBILE,9,83,,,2026-11-29", 21, P::Source),
            ("220,GM,MOBILE,9,83,,PURA,2026-13-29", 26, P::Date),
        ] {
            let error = PlanFileError::Line {
                line: 4,
                column,
                problem,
            };
            assert_eq!(read(&file(&format!("{good}\n{line}"))).unwrap_err(), error, "{line}");
        }
        let header = PlanFileError::Line {
            line: 1,
            column: 1,
            problem: P::Header,
        };
        assert_eq!(read(good).unwrap_err(), header);
        assert_eq!(read("").unwrap_err(), header);
        assert_eq!(
            header.to_string(),
            format!("line 1, column 1: the header must be {HEADER}")
        );
    }

    #[test]
    fn a_file_has_an_end() {
        let line = "220,GM,MOBILE,9,83,,PURA,2026-11-29\n";
        assert!(read(&file(&line.repeat(MAX_RANGES))).is_ok());
        assert!(read(&file(&line.repeat(MAX_RANGES + 1))).is_err());
        assert_eq!(
            read(&" ".repeat(MAX_PLAN_FILE_BYTES + 1)).unwrap_err(),
            PlanFileError::TooLarge
        );
    }
}
