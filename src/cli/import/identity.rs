//! The id of a report whose file has none. Such files are those of the FTC and most tables; equal rows are separate
//! reports.
//!
//! A `report_id` is the 128-bit XXH3 (seed 0) of these bytes, as 32 lower-case hex digits, most significant first:
//!
//! ```text
//! feed  1E  field 1  1F  field 2  1F  ...  1F  last field  1E  n
//! ```
//!
//! - `feed` is the name of the feed, such as `ftc-8col`; `1E` and `1F` are single bytes (ASCII record and unit separator);
//! - the fields are those of the row, in the order of the file, as bytes, without CSV quotation marks. White space
//!   (bytes
//!   09 to 0D and 20) around a field is removed, and every run of it inside a field becomes one byte 20;
//! - `n` is the number of earlier rows in the file with the same feed and fields, in decimal digits.
//!
//! So the same complaint has the same id in every file, and line ends, quotation marks and spacing do not matter. Files
//! that overlap count once. This layout is frozen: tests compare it with values that another program made.

use hashbrown::hash_table::Entry;
use hashbrown::{HashMap, HashTable};
use xxhash_rust::xxh3::xxh3_128;

use crate::cli::import::ImportError;

/// Maximum number of different rows: 18 to 37 bytes of memory each, at most 1.2 GB. The FTC receives about five million
/// complaints a year.
const DISTINCT_ROWS_MAX: usize = 1 << 25;

const RECORD_SEPARATOR: u8 = 0x1e;
const UNIT_SEPARATOR: u8 = 0x1f;

/// The 128-bit hash of a row in two halves, which need less alignment in a table.
type RowHash = (u64, u64);

/// Makes the ids of the rows of one file, in order.
pub struct Identities {
    feed: String,
    /// Every row so far. Five of six rows occur only once, so the counts are kept in another table.
    seen: HashTable<RowHash>,
    /// Number of occurrences of each row that occurred more than once.
    repeated: HashMap<RowHash, u32, foldhash::fast::RandomState>,
    /// Buffer for the bytes to hash.
    bytes: Vec<u8>,
}

impl Identities {
    /// Starts a file of this feed.
    #[must_use]
    pub fn new(feed: &str) -> Self {
        Self {
            feed: feed.to_owned(),
            seen: HashTable::new(),
            repeated: HashMap::default(),
            bytes: Vec::new(),
        }
    }

    /// The `report_id` of the next row.
    ///
    /// # Errors
    /// If the file has too many different rows.
    pub fn next<'a>(&mut self, fields: impl IntoIterator<Item = &'a [u8]>) -> Result<String, ImportError> {
        self.bytes.clear();
        self.bytes.extend_from_slice(self.feed.as_bytes());
        let mut separator = RECORD_SEPARATOR;
        for field in fields {
            self.bytes.push(separator);
            push_collapsed(&mut self.bytes, field);
            separator = UNIT_SEPARATOR;
        }
        let before = self.count(halves(xxh3_128(&self.bytes)))?;
        self.bytes.push(RECORD_SEPARATOR);
        self.bytes.extend_from_slice(before.to_string().as_bytes());
        Ok(format!("{:032x}", xxh3_128(&self.bytes)))
    }

    /// Returns how often the row occurred before, and counts this occurrence.
    fn count(&mut self, row: RowHash) -> Result<u32, ImportError> {
        let is_full = self.seen.len() >= DISTINCT_ROWS_MAX;
        match self.seen.entry(row.1, |seen| *seen == row, |seen| seen.1) {
            Entry::Occupied(_) => {
                let before = self.repeated.entry(row).or_insert(0);
                *before += 1;
                Ok(*before)
            }
            Entry::Vacant(_) if is_full => Err(ImportError::TooManyRows { max: DISTINCT_ROWS_MAX }),
            Entry::Vacant(free) => {
                free.insert(row);
                Ok(0)
            }
        }
    }
}

/// Removes the white space around a field.
pub(super) fn trimmed(field: &[u8]) -> &[u8] {
    let mut field = field;
    while let [first, rest @ ..] = field
        && is_space(*first)
    {
        field = rest;
    }
    while let [rest @ .., last] = field
        && is_space(*last)
    {
        field = rest;
    }
    field
}

/// Appends a field, trimmed, with single spaces inside it.
pub(super) fn push_collapsed(bytes: &mut Vec<u8>, field: &[u8]) {
    let mut after_space = false;
    for &byte in trimmed(field) {
        if !is_space(byte) {
            bytes.push(byte);
        } else if !after_space {
            bytes.push(b' ');
        }
        after_space = is_space(byte);
    }
}

fn is_space(byte: u8) -> bool {
    byte == b' ' || (b'\t'..=b'\r').contains(&byte)
}

fn halves(hash: u128) -> RowHash {
    #[expect(clippy::cast_possible_truncation, reason = "the hash is split into its two halves")]
    let halves = ((hash >> 64) as u64, hash as u64);
    halves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_trimmed_and_collapsed() {
        let mut bytes = Vec::new();
        push_collapsed(&mut bytes, b" \tComputer  &\x0b technical support\r\n");
        assert_eq!(bytes, b"Computer & technical support");
        assert_eq!(trimmed(b" \t "), b"");
    }

    #[test]
    fn equal_rows_are_different_reports() {
        let mut identities = Identities::new("ftc-3col");
        let ids: Vec<String> = (0..3)
            .map(|_| identities.next([b"a".as_slice(), b"b"]).unwrap())
            .collect();
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
        assert_eq!(
            Identities::new("ftc-3col").next([b"a".as_slice(), b" b "]).unwrap(),
            ids[0]
        );
        assert_ne!(
            Identities::new("ftc-8col").next([b"a".as_slice(), b"b"]).unwrap(),
            ids[0]
        );
        assert_ne!(
            Identities::new("ftc-3col").next([b"ab".as_slice(), b""]).unwrap(),
            ids[0]
        );
    }
}
