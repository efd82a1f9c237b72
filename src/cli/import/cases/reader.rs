//! Reads a file of letters into cases and links: the pure layer, without a server.

use std::collections::BTreeMap;
use std::io::Read;

use crate::wire::Timestamp;
use csv::ByteRecord;

use super::categories::Categories;
use super::letter;
use crate::cli::import::date::FileDate;
use crate::cli::import::form::columns_of;
use crate::cli::import::row_fault;
use crate::cli::import::rows::{self, CsvRows, Row};
use crate::cli::import::{ImportError, Reject, RowFault};
use crate::number::E164;
use crate::wire::v1::Category;

const COLUMNS: [&str; 4] = ["phone_e164", "category", "call_date", "case_doc"];

const EXPECTED: &[&str] = &["phone_e164,category,call_date,case_doc"];

/// Maximum number of rows in a file. There are few letters, and all of them stay in memory until the end.
const ROWS_MAX: usize = 100_000;

/// The content of a file.
#[derive(Debug, Default)]
pub struct Letters {
    /// The letters, in the order of their names.
    pub letters: Vec<Letter>,
    /// Rejected rows.
    pub rejects: Vec<Reject>,
    /// Number of all rows.
    pub rows: u64,
    /// Texts that match no category, with their counts.
    pub unknown_categories: BTreeMap<String, u64>,
}

/// A letter, which becomes a case.
#[derive(Debug, PartialEq)]
pub struct Letter {
    /// Id of the case.
    pub case_id: String,
    /// Readable name of the letter.
    pub title: String,
    /// Name of the file of the letter.
    pub file: String,
    /// Most frequent category of its calls.
    pub category: Category,
    /// The brand that more than half of its callers claim to be; empty if there is no such brand.
    pub brand: String,
    /// Latest date in the letter.
    pub latest: Option<Timestamp>,
    /// The numbers that the letter names, in the order of their digits.
    pub links: Vec<LetterNumber>,
}

/// A number named in a letter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LetterNumber {
    /// The number.
    pub number: E164,
    /// Earliest date of the number in the letter.
    pub from: Option<Timestamp>,
}

/// Reads a whole file.
///
/// # Errors
/// If the text cannot be read, if its header has other columns, or if it has too many rows.
pub fn read(content: Box<dyn Read + Send>, keeps_rows: bool) -> Result<Letters, ImportError> {
    let mut source = CsvRows::new(content);
    let is_header = |header: &ByteRecord| {
        header.len() == COLUMNS.len() && header.iter().zip(COLUMNS).all(|(field, name)| text(field) == name)
    };
    let met = match source.next()? {
        Some(row) if is_header(row.record) => None,
        Some(row) => Some(columns_of(row.record)),
        None => Some(String::new()),
    };
    if let Some(met) = met {
        let expected = EXPECTED;
        return Err(ImportError::UnknownHeader { expected, met });
    }
    let categories = Categories::new();
    let mut drafts: BTreeMap<String, LetterDraft> = BTreeMap::new();
    let mut found = Letters::default();
    while let Some(Row { line, record, fault }) = source.next()? {
        if found.rows >= ROWS_MAX as u64 {
            return Err(ImportError::TooManyRows { max: ROWS_MAX });
        }
        found.rows += 1;
        let row = fault.map_or_else(|| LetterRow::parse(record), Err);
        match row {
            Ok(row) => {
                let meaning = categories.find(&row.category);
                if meaning.is_none() {
                    *found.unknown_categories.entry(row.category.clone()).or_default() += 1;
                }
                drafts.entry(row.letter.clone()).or_default().add(row, meaning);
            }
            Err(fault) => found.rejects.push(Reject {
                line,
                fault,
                row: keeps_rows.then(|| rows::as_line(record)),
            }),
        }
    }
    found.letters = drafts.into_iter().map(|(name, draft)| draft.finish(&name)).collect();
    Ok(found)
}

struct LetterRow {
    number: E164,
    category: String,
    date: Option<Timestamp>,
    letter: String,
    file: String,
}

impl LetterRow {
    fn parse(record: &ByteRecord) -> Result<Self, RowFault> {
        if record.len() != COLUMNS.len() {
            return Err(RowFault::Columns);
        }
        let field = |column| record.get(column).unwrap_or_default();
        let date = match text(field(2)) {
            blank if blank.is_empty() => None,
            date => Some(Timestamp {
                seconds: FileDate::parse(date.as_bytes())?.seconds_or(0),
                nanos: 0,
            }),
        };
        let file = text(field(3));
        Ok(Self {
            number: row_fault::number(field(0))?,
            category: text(field(1)),
            date,
            letter: letter::name(&file).ok_or(RowFault::Letter)?.to_owned(),
            file,
        })
    }
}

/// A letter that is still being read.
#[derive(Default)]
struct LetterDraft {
    file: String,
    rows: usize,
    categories: BTreeMap<Category, usize>,
    brands: BTreeMap<String, usize>,
    latest: Option<Timestamp>,
    numbers: BTreeMap<E164, Option<Timestamp>>,
}

impl LetterDraft {
    fn add(&mut self, row: LetterRow, meaning: Option<(Category, &str)>) {
        self.file = row.file;
        self.rows += 1;
        if let Some((category, brand)) = meaning {
            *self.categories.entry(category).or_default() += 1;
            *self.brands.entry(brand.to_owned()).or_default() += 1;
        }
        self.latest = later(self.latest, row.date);
        let from = self.numbers.entry(row.number).or_insert(row.date);
        *from = earlier(*from, row.date);
    }

    fn finish(self, name: &str) -> Letter {
        let named = self.brands.into_iter().filter(|(brand, _)| !brand.is_empty());
        let brand = named
            .max_by_key(|(_, count)| *count)
            .filter(|(_, count)| count * 2 > self.rows);
        Letter {
            case_id: letter::case_id(name),
            title: letter::title(name),
            file: self.file,
            // Of equally frequent categories, take the one with the lowest code, so that the order of rows does not
            // matter.
            category: self
                .categories
                .into_iter()
                .rev()
                .max_by_key(|(_, count)| *count)
                .map_or(Category::Unspecified, |(category, _)| category),
            brand: brand.map(|(brand, _)| brand).unwrap_or_default(),
            latest: self.latest,
            links: self
                .numbers
                .into_iter()
                .map(|(number, from)| LetterNumber { number, from })
                .collect(),
        }
    }
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).trim().to_owned()
}

fn later(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).max_by_key(|time| time.seconds)
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min_by_key(|time| time.seconds)
}
