//! Lines that have several numbers, and the one that is their key.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::digits::Digits;
use super::country_code;
use super::pattern::{Match, Program};

/// `country code;pattern;digits of the key;when;source` a line, after comment lines.
const TABLE: &str = include_str!("../data/same_lines.csv");

static ROWS: LazyLock<HashMap<u16, Vec<Row>, foldhash::fast::RandomState>> = LazyLock::new(|| {
    let mut rows: HashMap<u16, Vec<Row>, _> = HashMap::default();
    for (code, row) in lines().filter_map(Row::read) {
        rows.entry(code).or_default().push(row);
    }
    rows
});

/// Numbers of a country code that are other numbers of lines.
struct Row {
    pattern: Program,
    /// The digits of the key, with `$1` and so on for the groups of the pattern.
    key: &'static str,
    /// Whether it also counts for numbers that are valid themselves.
    always: bool,
}

/// A number that may be the key of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::number) struct LineKey {
    pub(in crate::number) country_code: u16,
    pub(in crate::number) national: Digits,
    /// Whether it counts if the other number is valid.
    pub(in crate::number) always: bool,
}

/// The keys that a number may have instead of its own, first the one to prefer. One of them counts only if it is valid.
pub(in crate::number) fn keys(code: u16, national: &str) -> impl Iterator<Item = LineKey> {
    let rows = ROWS.get(&code).map(Vec::as_slice).unwrap_or_default();
    rows.iter().filter_map(move |row| row.key_of(national.as_bytes()))
}

/// Reads the table that is otherwise read on the first number.
pub(in crate::number) fn warm_up() {
    LazyLock::force(&ROWS);
}

fn lines() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#'))
}

impl Row {
    fn read(line: &'static str) -> Option<(u16, Self)> {
        let mut columns = line.split(';');
        let code = columns.next()?.parse().ok()?;
        let row = Self {
            pattern: Program::new(columns.next()?).ok()?,
            key: columns.next()?,
            always: columns.next()? == "always",
        };
        Some((code, row))
    }

    fn key_of(&self, national: &[u8]) -> Option<LineKey> {
        let found = self.pattern.match_all(national)?;
        let key = fill(self.key, &found, national)?;
        let (country_code, national) = country_code::split(&key)?;
        Some(LineKey {
            country_code,
            national: Digits::new(national)?,
            always: self.always,
        })
    }
}

/// The digits of a key; without memory of its own, because every number of such a country takes this way.
fn fill(key: &str, found: &Match, national: &[u8]) -> Option<Digits> {
    let mut digits = Digits::default();
    let mut chars = key.bytes();
    while let Some(char) = chars.next() {
        if char == b'$' {
            let number = char::from(chars.next()?).to_digit(10)?;
            digits.extend(found.group(usize::try_from(number).ok()?, national)?)?;
        } else {
            digits.extend(&[char])?;
        }
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: u16, national: &str) -> Vec<String> {
        keys(code, national)
            .map(|key| format!("{} {}", key.country_code, key.national.as_str()))
            .collect()
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(ROWS.values().map(Vec::len).sum::<usize>(), lines().count());
        for line in lines() {
            let columns: Vec<&str> = line.split(';').collect();
            assert_eq!(columns.len(), 5, "{line}");
            assert!(matches!(columns[3], "always" | "invalid"), "{line}");
        }
    }

    #[test]
    fn a_key_has_the_digits_of_its_line() {
        assert_eq!(shown(353, "4890246609"), ["44 2890246609"]);
        assert_eq!(shown(39, "0549886377"), ["378 0549886377"]);
        assert_eq!(shown(55, "1187654321"), ["55 11987654321"]);
        assert_eq!(shown(40, "01234567"), ["86 4001234567"]);
        assert_eq!(shown(33, "262204060"), ["262 262204060"]);
        for (code, national) in [(44, "2890246609"), (378, "0549886377"), (55, "11987654321"), (33, "")] {
            assert!(shown(code, national).is_empty(), "{code} {national}");
        }
    }
}
