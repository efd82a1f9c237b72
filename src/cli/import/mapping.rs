//! Which column of a file holds which field: named by the user (`--map`), or guessed from the header.

use std::str::FromStr;

use clap::Args;
use csv::ByteRecord;

use super::form::{column_name, columns_of};
use super::mapping_error::MappingError;

/// Arguments of imports that map columns.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct MapArgs {
    /// Columns of the file, as FIELD=COLUMN,...: COLUMN is a name of the header, or #1 for the first column
    #[arg(long, value_name = "FIELD=COLUMN,...")]
    pub(in crate::cli) map: Vec<ColumnMap>,
    /// The file has no header: its first line is a row
    #[arg(long)]
    pub(in crate::cli) no_header: bool,
}

impl MapArgs {
    /// All pairs of field and column.
    pub(super) fn pairs(&self) -> impl Iterator<Item = &(String, String)> {
        self.map.iter().flat_map(|map| &map.0)
    }

    /// Whether a column is mapped.
    pub(super) fn is_given(&self) -> bool {
        self.pairs().next().is_some()
    }
}

/// Pairs of a field and the column that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct ColumnMap(Vec<(String, String)>);

/// Reads `number=phone,comment=Text, as told`: a comma begins a pair only before a field and `=`.
impl FromStr for ColumnMap {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for part in text.split(',') {
            let pair = part.split_once('=').filter(|(field, _)| is_field(field.trim()));
            match (pair, pairs.last_mut()) {
                (Some((field, column)), _) => pairs.push((plain_field(field), column.trim().to_owned())),
                (None, Some((_, column))) => {
                    column.push(',');
                    column.push_str(part);
                }
                (None, None) => return Err("expected FIELD=COLUMN, such as number=phone"),
            }
        }
        let is_whole = pairs.iter().all(|(_, column)| !column.is_empty());
        is_whole.then_some(Self(pairs)).ok_or("a field has no column")
    }
}

/// The columns of a file.
#[derive(Clone, Debug)]
pub(super) struct Header {
    /// The names; without a header `#1`, `#2` and so on.
    pub(super) names: Vec<String>,
    /// The names for messages: a field that is no name is shown by its form.
    shown: String,
}

impl Header {
    /// The columns of a file whose first row is this one.
    pub(super) fn of(first: &ByteRecord, no_header: bool) -> Self {
        if no_header {
            let names: Vec<String> = (1..=first.len()).map(|place| format!("#{place}")).collect();
            let shown = names.join(", ");
            return Self { names, shown };
        }
        Self {
            names: first
                .iter()
                .map(|name| String::from_utf8_lossy(name).trim().to_owned())
                .collect(),
            shown: columns_of(first),
        }
    }

    /// The names for messages.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// The name of a column for messages.
    pub(super) fn name(&self, place: usize) -> String {
        self.names
            .get(place)
            .map(|name| {
                if name.starts_with('#') {
                    name.clone()
                } else {
                    column_name(name.as_bytes())
                }
            })
            .unwrap_or_default()
    }

    /// The place of a column: its name in any case and spacing, or `#1` for the first.
    ///
    /// # Errors
    /// If there is no such column, or if several have this name.
    pub(super) fn place(&self, column: &str) -> Result<usize, MappingError> {
        let by_number = column.strip_prefix('#').and_then(|number| number.parse::<usize>().ok());
        if let Some(number) = by_number.filter(|number| (1..=self.names.len()).contains(number)) {
            return Ok(number - 1);
        }
        let wanted = plain(column);
        let mut places = self.names.iter().enumerate().filter(|(_, name)| plain(name) == wanted);
        match (places.next(), places.next()) {
            (Some((place, _)), None) => Ok(place),
            (None, _) => Err(MappingError::NoColumn {
                column: column.to_owned(),
                met: self.shown.clone(),
            }),
            (Some(_), Some(_)) => Err(MappingError::TwiceInHeader {
                column: column.to_owned(),
            }),
        }
    }

    /// The places of the columns that the user names, with their fields. `field` finds a field by its name.
    ///
    /// # Errors
    /// If a field or a column is unknown, or if a field is named twice.
    pub(super) fn places<F: Copy + PartialEq>(
        &self,
        args: &MapArgs,
        field: impl Fn(&str) -> Option<F>,
        known: &[&'static str],
    ) -> Result<Vec<(F, usize)>, MappingError> {
        let mut places: Vec<(F, usize)> = Vec::new();
        for (name, column) in args.pairs() {
            let Some(found) = field(name) else {
                return Err(MappingError::UnknownField {
                    field: name.clone(),
                    known: known.join(", "),
                });
            };
            if places.iter().any(|(earlier, _)| *earlier == found) {
                return Err(MappingError::FieldTwice { field: name.clone() });
            }
            places.push((found, self.place(column)?));
        }
        Ok(places)
    }
}

/// A name in the form in which names are compared: lower case, without accents, and only letters, digits and `#`.
pub(super) fn plain(name: &str) -> String {
    let letters = name.chars().flat_map(char::to_lowercase).map(without_accent);
    letters.filter(|c| c.is_alphanumeric() || *c == '#').collect()
}

/// The name of a field as the tables have it: `occurred-at` and `occurredAt` are `occurred_at`.
fn plain_field(field: &str) -> String {
    let mut name = String::new();
    for c in field.trim().chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(if c == '-' { '_' } else { c.to_ascii_lowercase() });
    }
    name
}

fn is_field(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-'))
}

/// A Latin letter without its accent: many files are written without accents.
const fn without_accent(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' | 'ą' => 'a',
        'é' | 'è' | 'ê' | 'ë' | 'ę' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ç' | 'ć' => 'c',
        'ñ' | 'ń' => 'n',
        'ł' => 'l',
        'ś' => 's',
        'ź' | 'ż' => 'z',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        text.parse::<ColumnMap>().unwrap().0
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn maps_may_hold_commas_in_names() {
        assert_eq!(
            pairs("number=phone, occurredAt = date,comment=Text, as told"),
            owned(&[
                ("number", "phone"),
                ("occurred_at", "date"),
                ("comment", "Text, as told")
            ])
        );
        for text in ["", "number", "number=", "=phone"] {
            assert!(text.parse::<ColumnMap>().is_err(), "{text}");
        }
    }

    #[test]
    fn columns_are_found_by_name_or_place() {
        let header = Header::of(&ByteRecord::from(vec!["Teléfono móvil", "Date", "date"]), false);
        assert_eq!(header.place("telefono_movil").unwrap(), 0);
        assert_eq!(header.place("#3").unwrap(), 2);
        for (column, part) in [("Date", "several"), ("#4", "no column"), ("phone", "no column")] {
            let error = header.place(column).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let none = Header::of(&ByteRecord::from(vec!["4155550123", "x"]), true);
        assert_eq!((none.place("#1").unwrap(), none.shown()), (0, "#1, #2"));
    }
}
