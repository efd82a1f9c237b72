//! What a complaint is called: FTC files have no row ids, and equal rows are separate complaints.
//!
//! A `report_id` is the 128-bit XXH3 (seed 0) of these bytes, as 32 lower-case hex digits, most significant first:
//!
//! ```text
//! feed  1E  field 1  1F  field 2  1F  ...  1F  last field  1E  n
//! ```
//!
//! - `feed` is `ftc-3col` or `ftc-8col`; `1E` and `1F` are single bytes (ASCII record and unit separator);
//! - the fields are those of the row in the order of the file, as bytes, after CSV quotation marks are taken away;
//!   white space (bytes 09 to 0D and 20) around each is left out, and inside it every run is one byte 20;
//! - `n` is how many rows with the same feed and fields stand before this one in the file, in decimal digits.
//!
//! So the same complaint has the same id whatever its line ends, quotation marks and spacing, in every file that
//! holds it, and files that overlap count once. This layout is frozen: tests hold values made by another program.

use hashbrown::hash_table::Entry;
use hashbrown::{HashMap, HashTable};
use xxhash_rust::xxh3::xxh3_128;

use crate::cli::import::ImportError;

/// Different rows kept in mind: 18 to 37 bytes each, at most 1.2 GB. The FTC receives about five million complaints a
/// year.
const DISTINCT_ROWS_MAX: usize = 1 << 25;

const RECORD_SEPARATOR: u8 = 0x1e;
const UNIT_SEPARATOR: u8 = 0x1f;

/// A row's 128-bit hash in two halves, which need less alignment in a table.
type RowHash = (u64, u64);

/// Names the rows of one file, in their order.
pub struct Identities {
    feed: &'static str,
    /// Every row that came. Five of six never come again, so that the counts are kept apart.
    seen: HashTable<RowHash>,
    /// For rows that came again: how often they came.
    repeated: HashMap<RowHash, u32, foldhash::fast::RandomState>,
    /// The bytes to hash; kept to be used again.
    bytes: Vec<u8>,
}

impl Identities {
    /// For a file of one feed, before its first row.
    #[must_use]
    pub fn new(feed: &'static str) -> Self {
        Self {
            feed,
            seen: HashTable::new(),
            repeated: HashMap::default(),
            bytes: Vec::new(),
        }
    }

    /// The `report_id` of the next row.
    ///
    /// # Errors
    /// If there are more different rows than are kept in mind.
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

    /// How often the row came before; it counts as come from now on.
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

/// A field without the white space around it.
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

/// Appends a field, trimmed, with single spaces inside.
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
    #[expect(clippy::cast_possible_truncation, reason = "the two halves are wanted")]
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
