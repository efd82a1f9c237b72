//! The fields of a report that a column may hold, and the columns that a header names.

use std::collections::BTreeSet;

use csv::ByteRecord;

use super::super::mapping::{Header, plain};
use super::super::mapping_error::MappingError;

/// The names of columns of other files, each with the field that it holds and the source of the name.
const NAMES: &str = include_str!("../../data/column-names.csv");

/// A field of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Number,
    OccurredAt,
    ReceivedAt,
    Category,
    Brand,
    Comment,
    ReportId,
    Reporter,
    Area,
    Country,
    Region,
    Channel,
    Role,
    Recorded,
    NotSpam,
    Source,
    Attestation,
    Verstat,
    Callback,
}

/// All fields and their names, in the order of the preview.
const FIELDS: [(Field, &str); 19] = [
    (Field::Number, "number"),
    (Field::OccurredAt, "occurred_at"),
    (Field::ReceivedAt, "received_at"),
    (Field::Category, "category"),
    (Field::Brand, "brand"),
    (Field::Comment, "comment"),
    (Field::ReportId, "report_id"),
    (Field::Reporter, "reporter"),
    (Field::Area, "area"),
    (Field::Country, "country"),
    (Field::Region, "region"),
    (Field::Channel, "channel"),
    (Field::Role, "role"),
    (Field::Recorded, "recorded"),
    (Field::NotSpam, "not_spam"),
    (Field::Source, "source"),
    (Field::Attestation, "attestation"),
    (Field::Verstat, "verstat"),
    (Field::Callback, "callback"),
];

impl Field {
    /// Its name in `--map` and in messages.
    pub(super) fn name(self) -> &'static str {
        let found = FIELDS.iter().find(|(field, _)| *field == self);
        found.map_or("", |(_, name)| name)
    }

    /// The field with this name; the names of the contract hold too.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let name = match name {
            "impersonated_brand" => "brand",
            "reporter_id" => "reporter",
            "reporter_area" => "area",
            "reporter_country" => "country",
            "default_region" => "region",
            "callback_numbers" => "callback",
            other => other,
        };
        FIELDS.iter().find(|(_, known)| *known == name).map(|(field, _)| *field)
    }

    /// The names of all fields.
    pub(super) fn names() -> Vec<&'static str> {
        FIELDS.iter().map(|(_, name)| *name).collect()
    }
}

/// The columns of a header whose names are known.
///
/// # Errors
/// If several columns may be one field.
pub(super) fn guess(header: &Header) -> Result<Vec<(Field, usize)>, MappingError> {
    let known = known_names();
    let field_of = |name: &str| {
        let name = plain(name);
        known.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
    };
    let found: Vec<(Field, usize)> = header
        .names
        .iter()
        .enumerate()
        .filter_map(|(place, name)| Some((field_of(name)?, place)))
        .collect();
    for (field, name) in FIELDS {
        let columns: Vec<String> = found
            .iter()
            .filter(|(found, _)| *found == field)
            .map(|(_, place)| header.name(*place))
            .collect();
        if columns.len() > 1 {
            let columns = columns.join(", ");
            return Err(MappingError::SeveralColumns { field: name, columns });
        }
    }
    Ok(found)
}

/// Whether a first line is a header, by the names of columns that are known: the one of the numbers is, or two others are.
/// `number` is its field in the column of the numbers.
pub(in crate::cli::import) fn is_header(first: &ByteRecord, number: &[u8]) -> bool {
    let known = known_names();
    let field_of = |name: &[u8]| {
        let name = plain(&String::from_utf8_lossy(name));
        known.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
    };
    let fields: BTreeSet<Field> = first.iter().filter_map(field_of).collect();
    field_of(number) == Some(Field::Number) || fields.len() >= 2
}

fn known_names() -> Vec<(String, Field)> {
    let rows = csv::Reader::from_reader(NAMES.as_bytes()).into_records();
    let known = rows.filter_map(|row| {
        let row = row.ok()?;
        Some((plain(row.get(1)?), Field::from_name(row.get(0)?)?))
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(names: &[&str]) -> Result<Vec<(Field, usize)>, MappingError> {
        guess(&Header::of(&ByteRecord::from(names.to_vec()), false))
    }

    #[test]
    fn every_line_of_the_list_is_read_and_each_name_means_one_field() {
        let known = known_names();
        assert_eq!(known.len(), NAMES.lines().count() - 1);
        for (name, field) in &known {
            let fields = known.iter().filter(|(other, _)| other == name);
            assert!(fields.clone().all(|(_, other)| other == field), "{name}");
        }
    }

    #[test]
    fn a_header_in_place_of_a_row_is_known() {
        let is_header = |row: &[&str]| is_header(&ByteRecord::from(row.to_vec()), row[0].as_bytes());
        for row in [&["Telefon", "x"][..], &["Anschluss", "Datum", "Kategorie"], &["phone"]] {
            assert!(is_header(row), "{row:?}");
        }
        for row in [
            &["4155550123", "2026-07-06"][..],
            &["anonymous", "phishing"],
            &["Anschluss", "Datum"],
        ] {
            assert!(!is_header(row), "{row:?}");
        }
    }

    #[test]
    fn columns_are_guessed_in_several_languages() {
        for names in [
            ["Phone", "Date", "Type", "Comment"],
            ["Telefonnummer", "Datum", "Kategorie", "Kommentar"],
            ["telefono", "Fecha", "Categoría", "Comentario"],
            ["Numéro de téléphone", "date", "catégorie", "Commentaire"],
            [
                "Caller ID Number",
                "Date of Issue",
                "Type of Call or Messge",
                "description",
            ],
        ] {
            let expected = vec![
                (Field::Number, 0),
                (Field::OccurredAt, 1),
                (Field::Category, 2),
                (Field::Comment, 3),
            ];
            assert_eq!(guessed(&names), Ok(expected), "{names:?}");
        }
        assert_eq!(guessed(&["a", "b"]), Ok(Vec::new()));
        assert_eq!(
            guessed(&["phone", "telefon"]),
            Err(MappingError::SeveralColumns {
                field: "number",
                columns: "phone, telefon".to_owned()
            })
        );
    }
}
