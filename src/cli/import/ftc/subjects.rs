//! Maps the subjects of FTC complaints to our categories, and the names of US states to codes. The lists are data:
//! `data/ftc-subjects.csv` and `data/us-states.csv`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use hashbrown::HashMap;

use crate::cli::import::identity::push_collapsed;
use crate::cli::names::{NamedValue as _, ShownValue as _};
use crate::wire::v1::Category;

const SUBJECTS: &str = include_str!("../../data/ftc-subjects.csv");

const STATES: &str = include_str!("../../data/us-states.csv");

/// Maximum number of unknown subjects that are counted by name.
const UNKNOWN_MAX: usize = 100;

/// The known subjects, and counts of the unknown ones.
pub(super) struct Subjects {
    known: HashMap<Vec<u8>, Category>,
    unknown: BTreeMap<String, u64>,
    /// Buffer for a subject in the form of the keys.
    key: Vec<u8>,
}

impl Subjects {
    pub(super) fn new() -> Self {
        let known = pairs(SUBJECTS).filter_map(|(subject, name)| Some((subject, Category::from_name(&name)?)));
        Self {
            known: known.collect(),
            unknown: BTreeMap::new(),
            key: Vec::new(),
        }
    }

    /// The category of a subject; unspecified if the subject is empty or unknown. Counts unknown subjects.
    pub(super) fn category(&mut self, subject: &[u8]) -> Category {
        write_key(&mut self.key, subject);
        if self.key.is_empty() {
            return Category::Unspecified;
        }
        if let Some(category) = self.known.get(&self.key) {
            return *category;
        }
        let name = String::from_utf8_lossy(subject)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let is_full = self.unknown.len() >= UNKNOWN_MAX && !self.unknown.contains_key(&name);
        let name = if is_full { "others".to_owned() } else { name };
        *self.unknown.entry(name).or_default() += 1;
        Category::Unspecified
    }

    /// The unknown subjects, with their counts.
    pub(super) fn into_unknown(self) -> BTreeMap<String, u64> {
        self.unknown
    }
}

/// The subject of the FTC with this category; empty if there is none.
pub(in crate::cli) fn subject_of(category: Category) -> &'static str {
    static BY_CATEGORY: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
        let rows = csv::Reader::from_reader(SUBJECTS.as_bytes()).into_records();
        let pair = |row: csv::StringRecord| Some((row.get(1)?.to_owned(), row.get(0)?.to_owned()));
        let named = rows.filter_map(|row| pair(row.ok()?));
        named
            .filter(|(category, _)| category != Category::Unspecified.name())
            .collect()
    });
    BY_CATEGORY.get(category.name()).map_or("", String::as_str)
}

/// The names of US states, for complaints without an area code.
pub(super) struct States {
    codes: HashMap<Vec<u8>, String>,
    key: Vec<u8>,
}

impl States {
    pub(super) fn new() -> Self {
        Self {
            codes: pairs(STATES).collect(),
            key: Vec::new(),
        }
    }

    /// The ISO 3166-2 code of a state, such as `US-CA`.
    pub(super) fn code(&mut self, state: &[u8]) -> Option<&str> {
        write_key(&mut self.key, state);
        self.codes.get(&self.key).map(String::as_str)
    }
}

/// Writes a text in the form of the keys: trimmed, in lower case, with single spaces, because white space varies in the
/// real files.
fn write_key(key: &mut Vec<u8>, text: &[u8]) {
    key.clear();
    push_collapsed(key, text);
    key.make_ascii_lowercase();
}

fn pairs(data: &'static str) -> impl Iterator<Item = (Vec<u8>, String)> {
    let rows = csv::Reader::from_reader(data.as_bytes()).into_records();
    rows.filter_map(|row| {
        let row = row.ok()?;
        let mut key = Vec::new();
        write_key(&mut key, row.get(0)?.as_bytes());
        Some((key, row.get(1)?.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_lists_is_read() {
        assert_eq!(Subjects::new().known.len(), SUBJECTS.lines().count() - 1);
        assert_eq!(States::new().codes.len(), STATES.lines().count() - 1);
    }

    #[test]
    fn white_space_and_case_do_not_matter() {
        let mut subjects = Subjects::new();
        assert_eq!(
            subjects.category(b"Computer  & technical  support "),
            Category::TechSupportScam
        );
        assert_eq!(subjects.category(b"OTHER"), Category::Unspecified);
        assert_eq!(subjects.category(b""), Category::Unspecified);
        assert_eq!(States::new().code(b" new  york"), Some("US-NY"));
        assert!(subjects.into_unknown().is_empty());
    }

    #[test]
    fn unknown_subjects_are_counted_by_name() {
        let mut subjects = Subjects::new();
        for _ in 0..2 {
            assert_eq!(subjects.category(b"Moon  landings"), Category::Unspecified);
        }
        for number in 0..200 {
            subjects.category(format!("new {number}").as_bytes());
        }
        let unknown = subjects.into_unknown();
        assert_eq!(unknown["Moon landings"], 2);
        assert_eq!(unknown.len(), UNKNOWN_MAX + 1);
        assert_eq!(unknown["others"], 101);
    }
}
