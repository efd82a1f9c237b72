//! Which category a value of a column means: a name of a category, or a line of the file of values.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;

use super::super::form::form_of;
use super::super::mapping::{Header, plain};
use super::super::mapping_error::MappingError;
use crate::cli::error::CliError;
use crate::cli::names::NamedValue as _;
use crate::wire::v1::Category;

/// Maximum number of lines in a file of values.
const LINES_MAX: usize = 10_000;

/// Maximum number of values without a category that are counted by name.
const UNKNOWN_MAX: usize = 1_000;

/// Maximum number of values without a category in a message.
const SHOWN_MAX: usize = 10;

/// Longest value in a message, in characters. A longer one is probably a comment.
const SHOWN_CHARS_MAX: usize = 40;

/// Most digits of a value in a message. A value with more may be a number.
const SHOWN_DIGITS_MAX: usize = 4;

/// The categories of the values of one column.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    known: HashMap<String, Category>,
    /// The category of all other values, and of rows without a value.
    others: Option<Category>,
}

impl Values {
    /// Reads a file with the columns `column,value,category`. An empty category means that the value names none.
    ///
    /// # Errors
    /// If the file cannot be read, or names a column or a category that does not exist.
    pub(super) fn load(
        path: Option<&Path>,
        header: &Header,
        column: Option<usize>,
        others: Option<Category>,
    ) -> Result<Self, CliError> {
        let mut values = Self {
            known: HashMap::new(),
            others,
        };
        let Some(path) = path else { return Ok(values) };
        let file = File::open(path).map_err(|source| CliError::File {
            path: path.to_owned(),
            source,
        })?;
        let rows = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(file)
            .into_records();
        for (line, row) in (2..).zip(rows.take(LINES_MAX)) {
            let fault = |problem: String| MappingError::ValuesFile { line, problem };
            let row = row.map_err(|error| fault(error.to_string()))?;
            let [Some(name), Some(value), Some(category), None] = [row.get(0), row.get(1), row.get(2), row.get(3)]
            else {
                return Err(fault("there are not three columns".to_owned()).into());
            };
            let place = header.place(name.trim())?;
            if Some(place) != column {
                return Err(fault(format!("the column {name:?} is not mapped to category")).into());
            }
            let category = match category.trim() {
                "" => Category::Unspecified,
                text => {
                    named(text).ok_or_else(|| fault(format!("there is no category {text:?}; {}", known_names())))?
                }
            };
            values.known.insert(plain(value), category);
        }
        Ok(values)
    }

    /// The category of a value; none if the value means none.
    pub(super) fn category(&self, value: &str) -> Option<Category> {
        let key = plain(value);
        if let Some(category) = self.known.get(&key) {
            return Some(*category);
        }
        if key.is_empty() {
            return Some(self.others.unwrap_or(Category::Unspecified));
        }
        named(value).or(self.others)
    }
}

/// The category with this name, in any case, with spaces or hyphens.
fn named(text: &str) -> Option<Category> {
    if text.eq_ignore_ascii_case("UNSPECIFIED") {
        return Some(Category::Unspecified);
    }
    Category::from_name(&text.trim().replace(' ', "_"))
}

fn known_names() -> String {
    let names: Vec<&str> = Category::names().collect();
    format!("the categories are {}", names.join(", "))
}

/// Values that mean no category, with their counts.
#[derive(Clone, Debug, Default)]
pub(super) struct UnknownValues {
    counts: BTreeMap<String, u64>,
    rows: u64,
}

impl UnknownValues {
    pub(super) fn add(&mut self, value: &str) {
        self.rows += 1;
        let shown = shown(value);
        if self.counts.len() < UNKNOWN_MAX || self.counts.contains_key(&shown) {
            *self.counts.entry(shown).or_default() += 1;
        }
    }

    /// The error, if there is such a value.
    pub(super) fn check(&self, column: String) -> Result<(), MappingError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut counts: Vec<_> = self.counts.iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let more = if counts.len() > SHOWN_MAX { ", and others" } else { "" };
        let values = counts.iter().take(SHOWN_MAX);
        let values: Vec<String> = values.map(|(value, count)| format!("{value:?} ({count})")).collect();
        Err(MappingError::Values {
            column,
            rows: self.rows,
            values: values.join(", ") + more,
        })
    }
}

/// A value for a message. One that may be personal data is shown by its form.
fn shown(value: &str) -> String {
    let value = value.trim();
    let digits = value.chars().filter(char::is_ascii_digit).count();
    if digits > SHOWN_DIGITS_MAX || value.chars().count() > SHOWN_CHARS_MAX || value.contains('@') {
        form_of(value)
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_categories_need_no_file() {
        let values = Values::default();
        for text in ["TECH_SUPPORT_SCAM", "tech-support-scam", "Tech support scam"] {
            assert_eq!(values.category(text), Some(Category::TechSupportScam), "{text}");
        }
        assert_eq!(values.category(" "), Some(Category::Unspecified));
        assert_eq!(values.category("Bank"), None);
    }

    #[test]
    fn values_without_a_category_are_counted_and_numbers_are_not_shown() {
        let mut unknown = UnknownValues::default();
        for value in ["Bank", "Bank", "+14155550123"] {
            unknown.add(value);
        }
        let error = unknown.check("type".to_owned()).unwrap_err().to_string();
        assert!(error.contains("3 rows of the column \"type\""), "{error}");
        assert!(error.contains("\"Bank\" (2), \"+99999999999\" (1)"), "{error}");
    }
}
