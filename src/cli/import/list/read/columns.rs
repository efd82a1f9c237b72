//! The columns of a list: those that the header or the user names, and one value for all rows where there is none.

use clap::Args;
use csv::ByteRecord;

use super::owner::OwnerColumns;
use super::{fault, text};
use crate::cli::import::form::{column_name, columns_of};
use crate::cli::import::mapping::{Header, MapArgs};
use crate::cli::import::mapping_error::MappingError;
use crate::cli::import::numbers;
use crate::cli::import::row_fault;
use crate::cli::import::{ImportError, RowFault};
use crate::cli::shared::InRegion;
use crate::cli::time;
use crate::domain::ids::{ListSource, NameError};
use crate::domain::list::Pattern;
use crate::wire::Timestamp;
use crate::wire::v1::ListKind;

/// All columns of lists.
const COLUMNS: [&str; 9] = [
    "number",
    "source",
    "date",
    "requester",
    "expires",
    "action",
    "organisation",
    "brand",
    "calls",
];

/// What the columns of a list mean, and what holds for rows without them.
#[derive(Args, Clone, Debug, Default)]
pub struct EntryArgs {
    #[command(flatten)]
    pub(in crate::cli) map: MapArgs,
    #[command(flatten)]
    pub(in crate::cli) region: InRegion,
    /// Source of entries whose row has none
    #[arg(long, value_name = "NAME", value_parser = source)]
    pub(in crate::cli) source: Option<ListSource>,
    /// Date of entries whose row has none, such as 2026-01-31
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    pub(in crate::cli) date: Option<Timestamp>,
}

fn source(text: &str) -> Result<ListSource, NameError> {
    ListSource::parse(text)
}

/// Positions of the columns.
pub(super) struct Columns {
    pub(super) number: usize,
    pub(super) source: Option<usize>,
    pub(super) date: Option<usize>,
    pub(super) requester: Option<usize>,
    pub(super) expires: Option<usize>,
    pub(super) action: Option<usize>,
    pub(super) owner: OwnerColumns,
    pub(super) count: usize,
}

impl Columns {
    /// The positions of the columns in a file with this first row.
    ///
    /// # Errors
    /// If a column is unknown, missing, or there twice. Columns are unknown only if the user maps none.
    pub(super) fn of(first: &ByteRecord, kind: ListKind, args: &EntryArgs) -> Result<Self, ImportError> {
        let map = &args.map;
        let places = if map.is_given() {
            let known = |name: &str| COLUMNS.iter().position(|column| *column == name);
            let places = Header::of(first, map.no_header).places(map, known, &COLUMNS)?;
            places
                .into_iter()
                .filter_map(|(column, place)| Some((*COLUMNS.get(column)?, place)))
                .collect()
        } else if map.no_header && first.len() == 1 {
            vec![("number", 0)]
        } else if map.no_header {
            Vec::new()
        } else {
            named(first)?
        };
        let met = || {
            if map.no_header {
                Header::of(first, true).shown().to_owned()
            } else {
                columns_of(first)
            }
        };
        let columns = Self::checked(&places, first.len(), kind, args, &met)?;
        if !map.no_header && columns.begins_with_an_entry(first, args) {
            return Err(MappingError::HeaderIsNumber { met: met() }.into());
        }
        Ok(columns)
    }

    /// Whether the first line has a caller where a header has a name.
    fn begins_with_an_entry(&self, first: &ByteRecord, args: &EntryArgs) -> bool {
        let number = first.get(self.number).unwrap_or_default();
        numbers::is_number(number, args.region.region) || self.pattern(first, args).is_ok()
    }

    fn checked(
        places: &[(&'static str, usize)],
        count: usize,
        kind: ListKind,
        args: &EntryArgs,
        met: &dyn Fn() -> String,
    ) -> Result<Self, ImportError> {
        let find = |name: &str| {
            places
                .iter()
                .find(|(column, _)| *column == name)
                .map(|(_, place)| *place)
        };
        let missing = |column: &'static str, option: Option<&'static str>| -> ImportError {
            if args.map.is_given() || args.map.no_header {
                let (field, met) = (column, met());
                return MappingError::Missing { field, met, option }.into();
            }
            let problem = match option {
                Some(option) => format!("no column {column:?}, and {option} is not given"),
                None => format!("no column {column:?}"),
            };
            ImportError::Columns { problem, met: met() }
        };
        let columns = Self {
            number: find("number").ok_or_else(|| missing("number", None))?,
            source: find("source"),
            date: find("date"),
            requester: find("requester"),
            expires: find("expires"),
            action: find("action"),
            owner: OwnerColumns::of(find),
            count,
        };
        if columns.source.is_none() && args.source.is_none() {
            return Err(missing("source", Some("--source")));
        }
        if columns.date.is_none() && args.date.is_none() {
            return Err(missing("date", Some("--date")));
        }
        let is_of_prefixes = kind == ListKind::TenantPrefix;
        let problem = match columns.action {
            None if is_of_prefixes => "no column \"action\", which a list of this kind needs",
            Some(_) if !is_of_prefixes => "a column \"action\", which only a list of kind tenant-prefix has",
            _ if columns.owner.are_for(kind) => return Ok(columns),
            _ if kind == ListKind::KnownOwner => {
                "no columns \"organisation\" and \"calls\", which a list of this kind needs"
            }
            _ => "a column of owners, which only a list of kind known-owner has",
        };
        let problem = problem.to_owned();
        Err(ImportError::Columns { problem, met: met() })
    }

    /// The caller in a row. With a region, a number may be written without `+`.
    pub(super) fn pattern(&self, record: &ByteRecord, args: &EntryArgs) -> Result<Pattern, RowFault> {
        let text = text(record.get(self.number).unwrap_or_default());
        let is_national = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || " -.()".contains(c));
        match args.region.region {
            Some(region) if is_national => {
                let number = row_fault::number_in(text.as_bytes(), Some(region));
                number.map(Pattern::number).map_err(|problem| fault("number", problem))
            }
            None if is_national => Pattern::parse(&text).map_err(|problem| {
                fault(
                    "number",
                    format_args!("{problem}; --region XX reads numbers without + as those of a region, such as US"),
                )
            }),
            _ => Pattern::parse(&text).map_err(|problem| fault("number", problem)),
        }
    }
}

/// The columns that a header names, in any order and case.
fn named(header: &ByteRecord) -> Result<Vec<(&'static str, usize)>, ImportError> {
    let mut places: Vec<(&'static str, usize)> = Vec::new();
    for (place, name) in header.iter().enumerate() {
        let lower = text(name).to_ascii_lowercase();
        let error = |problem: String| ImportError::Columns {
            problem,
            met: columns_of(header),
        };
        let Some(column) = COLUMNS.iter().find(|column| **column == lower) else {
            return Err(error(format!("an unknown column {:?}", column_name(name))));
        };
        if places.iter().any(|(earlier, _)| earlier == column) {
            return Err(error(format!("the column {column:?} twice")));
        }
        places.push((column, place));
    }
    Ok(places)
}
