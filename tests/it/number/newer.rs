//! The built-in ranges that are newer than the compiled metadata, to compare answers with libphonenumber's.

use std::sync::LazyLock;

use ringwarden::number::LineType;

const FILE: &str = include_str!("../../../src/number/data/newer_plans.csv");

/// A line of the file.
pub(crate) struct Range {
    code: String,
    pub(crate) region: String,
    pub(crate) line_type: LineType,
    lengths: Vec<usize>,
    prefixes: Vec<String>,
}

static RANGES: LazyLock<Vec<Range>> = LazyLock::new(|| {
    let lines = FILE.lines().filter(|line| !line.starts_with('#')).skip(1);
    let words = |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    let range = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        Range {
            code: format!("+{}", fields[0]),
            region: fields[1].to_owned(),
            line_type: LineType::from_name(fields[2]).expect("a line type"),
            lengths: words(fields[3]).iter().map(|len| len.parse().unwrap()).collect(),
            prefixes: words(fields[4]),
        }
    };
    lines.map(range).collect()
});

/// The range of a number in E.164.
pub(crate) fn range_of(e164: &str) -> Option<&'static Range> {
    of_length(e164).find(|range| {
        let national = &e164[range.code.len()..];
        range
            .prefixes
            .iter()
            .any(|prefix| national.starts_with(prefix.as_str()))
    })
}

/// Whether a range has numbers of this country code and length.
pub(crate) fn has_length(e164: &str) -> bool {
    of_length(e164).next().is_some()
}

fn of_length(e164: &str) -> impl Iterator<Item = &'static Range> {
    let is_of_length = move |range: &&Range| {
        let national = e164.strip_prefix(range.code.as_str());
        national.is_some_and(|national| range.lengths.contains(&national.len()))
    };
    let found: Vec<&Range> = RANGES.iter().filter(is_of_length).collect();
    found.into_iter()
}
