//! Shows how a file will be read, on standard error.

use super::field::Field;
use super::row::RowMapper;
use super::scan::Scan;
use crate::cli::error::CliError;
use crate::cli::import::mapping::Header;
use crate::cli::names::name_of;
use crate::cli::{output, time};
use crate::wire::v1::{Category, Report};

/// Most characters of a text in the preview.
const TEXT_CHARS_MAX: usize = 24;

/// Shows the columns, the form of the dates and, if wanted, the first rows. The rows are personal data: they are shown
/// only to a person at a terminal, or if the user asks for them.
///
/// # Errors
/// If standard error cannot be written.
pub(super) fn show(
    header: &Header,
    mapper: &RowMapper,
    scan: &Scan,
    decided_by: Option<u64>,
    with_rows: bool,
) -> Result<(), CliError> {
    let mut table = output::new_table(["field", "column"]);
    let mut columns = mapper.columns.clone();
    columns.sort();
    for (field, place) in &columns {
        table.add_row([output::text(field.name()), output::text(header.name(*place))]);
    }
    output::note_table(&table)?;
    let is_left_out = |place: &usize| !mapper.columns.iter().any(|(_, mapped)| mapped == place);
    let left_out: Vec<String> = (0..header.names.len())
        .filter(is_left_out)
        .map(|place| header.name(place))
        .collect();
    if !left_out.is_empty() {
        output::note(format!("not imported: {}", output::clean(&left_out.join(", "))))?;
    }
    output::note(format!("rows: {}", output::grouped(scan.rows)))?;
    if mapper.place(Field::OccurredAt).is_some() {
        let line = decided_by.map_or_else(String::new, |line| format!(", as line {line} shows"));
        let (dates, zone) = (mapper.dates.shown(), mapper.zone);
        output::note(format!("dates: {dates}{line}; times without an offset are in {zone}"))?;
    }
    note_undated(mapper, scan)?;
    if with_rows {
        show_rows(mapper, scan)?;
    }
    Ok(())
}

/// Says as of when calls without a time count.
fn note_undated(mapper: &RowMapper, scan: &Scan) -> Result<(), CliError> {
    let rows = match (mapper.place(Field::OccurredAt), scan.undated) {
        _ if scan.rows == 0 => return Ok(()),
        (Some(_), 0) => return Ok(()),
        (Some(_), 1) => "1 row has no time of the call".to_owned(),
        (Some(_), undated) => format!("{} rows have no time of the call", output::grouped(undated)),
        (None, 0) => "no column has the time of the call, so calls count as of the complaint".to_owned(),
        (None, _) => "no column has the time of the call".to_owned(),
    };
    match mapper.day {
        _ if scan.undated == 0 => output::note(format!("dates: {rows}")),
        None if mapper.place(Field::OccurredAt).is_some() => output::note(format!(
            "dates: {rows}: rejected, unless --date gives the day of such calls"
        )),
        Some(day) => output::note(format!("dates: {rows}, so calls count as of {day} in {}", mapper.zone)),
        None => output::note(format!(
            "dates: {rows}, so calls count as of the import, and count again in another file; --date gives the day"
        )),
    }
}

fn show_rows(mapper: &RowMapper, scan: &Scan) -> Result<(), CliError> {
    let mut table = output::new_table(["number", "time", "category", "brand", "comment"]);
    for record in &scan.first {
        match mapper.report(record) {
            Ok(report) => table.add_row(cells(&report)),
            // The reason is with the rejected rows.
            Err(_) => table.add_row([output::failure("rejected")]),
        };
    }
    output::note("\nthe first rows:")?;
    output::note_table(&table)
}

fn cells(report: &Report) -> [comfy_table::Cell; 5] {
    let short = |text: &str| {
        let mut shown: String = text.chars().take(TEXT_CHARS_MAX).collect();
        if text.chars().nth(TEXT_CHARS_MAX).is_some() {
            shown.push_str("...");
        }
        shown
    };
    [
        output::text(&report.number),
        output::text(time::shown(report.occurred_at)),
        output::text(name_of::<Category>(report.category)),
        output::text(short(&report.impersonated_brand)),
        output::text(short(&report.comment)),
    ]
}
