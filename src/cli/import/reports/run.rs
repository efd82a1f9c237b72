//! Runs an import of a mapped file.

use csv::ByteRecord;

use super::dates::{Dates, DatesFound};
use super::field::{self, Field};
use super::preview;
use super::reader::MappedReader;
use super::row::RowMapper;
use super::scan;
use super::values::Values;
use super::zone::Zone;
use super::{MeaningArgs, ReportsArgs};
use crate::cli::confirm::{AtTerminal, Person as _};
use crate::cli::error::CliError;
use crate::cli::import::form::columns_of;
use crate::cli::import::mapping::Header;
use crate::cli::import::mapping_error::MappingError;
use crate::cli::import::numbers;
use crate::cli::import::rejects::Rejects;
use crate::cli::import::rows::CsvRows;
use crate::cli::import::transfer::{self, ReportReader as _, Transfer};
use crate::cli::import::{ImportError, Reject, RowFault, SourceFile};
use crate::cli::output;
use crate::clock::Clock;
use crate::domain::report::MAX_AHEAD;
use crate::domain::time::Timestamp;
use crate::wire::v1::Report;

/// Imports a file. Returns the latest time at which a report was filed, in seconds since 1970, if the file says so.
///
/// # Errors
/// If the file cannot be read or mapped, if nobody confirms the columns, if the server refuses a batch, or if the user
/// presses Ctrl-C.
pub(in crate::cli) async fn run(args: ReportsArgs) -> Result<Option<i64>, CliError> {
    let mut source = args.common.open()?;
    let import_id = match &args.transfer.import_id {
        Some(given) => given.clone(),
        None => source.hash().map_err(|source| args.common.file_error(source))?,
    };
    let (mapper, content) = read_mapping(&args, &source)?;
    let mut rejects = Rejects::new(args.common.rejects.as_deref(), &source)?;
    let file_bytes = source.len();
    let feed = mapper.feed.clone();
    let again = source.again().map_err(|source| args.common.file_error(source))?;
    let (text, position) = again.read();
    let form = (args.meaning.map.no_header, rejects.keeps_rows());
    let reader = MappedReader::new(CsvRows::new(text), mapper, (&import_id, content), form)?;
    if args.confirm.dry_run {
        return try_all(reader, &mut rejects, &args).map(|()| None);
    }
    args.confirm
        .check("the columns above need a confirmation", &mut AtTerminal)?;
    let transfer = Transfer {
        common: &args.common,
        args: &args.transfer,
        import_id,
        feed,
        reader,
        position,
        file_bytes,
    };
    transfer::run(transfer, &mut rejects).await
}

/// Finds out how the file is read, and shows it. Returns the hash of all rows too.
fn read_mapping(args: &ReportsArgs, source: &SourceFile) -> Result<(RowMapper, u128), CliError> {
    let meaning = &args.meaning;
    let no_header = meaning.map.no_header;
    let rows = || {
        let again = source.again().map_err(|source| args.common.file_error(source))?;
        Ok::<_, CliError>(CsvRows::new(again.read().0))
    };
    let (header, first) = scan::header(rows()?, no_header)?;
    let columns = columns(args, &header)?;
    check_first(&first, &columns, meaning)?;
    let place = |field| {
        columns
            .iter()
            .find(|(mapped, _)| *mapped == field)
            .map(|(_, place)| *place)
    };
    let values = Values::load(
        meaning.values.as_deref(),
        &header,
        place(Field::Category),
        meaning.category,
    )?;
    let scan = scan::scan(rows()?, &columns, &values, no_header)?;
    let category = place(Field::Category)
        .map(|place| header.name(place))
        .unwrap_or_default();
    scan.unknown.check(category)?;
    let (dates, decided_by) = match meaning.dates {
        Some(given) => (given, None),
        None => form_of_dates(scan.dates)?,
    };
    let mapper = RowMapper {
        columns,
        count: header.names.len(),
        values,
        dates,
        zone: meaning.time_zone.unwrap_or(Zone::UTC),
        day: meaning.date,
        region: meaning.region.region,
        source: meaning.source.unwrap_or_default(),
        feed: meaning.feed.clone(),
    };
    let with_rows = args.confirm.dry_run || (!args.confirm.yes && AtTerminal.is_there());
    preview::show(&header, &mapper, &scan, decided_by, with_rows)?;
    if no_header && first_has_no_number(&first, &mapper) {
        output::note("line 1 has no number: if it is a header, leave out --no-header")?;
    }
    Ok((mapper, scan.content))
}

/// The columns that the user names, or those that the header names.
fn columns(args: &ReportsArgs, header: &Header) -> Result<Vec<(Field, usize)>, MappingError> {
    let map = &args.meaning.map;
    let columns = if map.is_given() {
        header.places(map, Field::from_name, &Field::names())?
    } else {
        field::guess(header)?
    };
    if columns.iter().any(|(field, _)| *field == Field::Number) {
        return Ok(columns);
    }
    Err(MappingError::Missing {
        field: Field::Number.name(),
        met: header.shown().to_owned(),
        option: None,
    })
}

/// Checks that the first line is what the user says it is: a header, or a row.
fn check_first(first: &ByteRecord, columns: &[(Field, usize)], meaning: &MeaningArgs) -> Result<(), MappingError> {
    let met = || columns_of(first);
    let number = columns.iter().find(|(field, _)| *field == Field::Number);
    let number = number.and_then(|(_, place)| first.get(*place)).unwrap_or_default();
    if !meaning.map.no_header && numbers::is_number(number, meaning.region.region) {
        return Err(MappingError::HeaderIsNumber { met: met() });
    }
    if meaning.map.no_header && field::is_header(first, number) {
        return Err(MappingError::RowIsHeader { met: met() });
    }
    Ok(())
}

/// Whether the number of the first line is a word.
fn first_has_no_number(first: &ByteRecord, mapper: &RowMapper) -> bool {
    let number = mapper.text(first, Field::Number);
    number.chars().any(char::is_alphabetic) && !number.chars().any(|c| c.is_ascii_digit())
}

/// The form that all dates show. If they do not show it, a person at the terminal is asked.
fn form_of_dates(found: DatesFound) -> Result<(Dates, Option<u64>), CliError> {
    match found.form() {
        Err(MappingError::DateOrder { .. }) if AtTerminal.is_there() => {
            let answer = AtTerminal.ask("do the dates begin with the day or the month? [d/m] ")?;
            match answer.trim().to_lowercase().as_str() {
                "d" | "day" => Ok((Dates::Dmy, None)),
                "m" | "month" => Ok((Dates::Mdy, None)),
                _ => Err(CliError::Declined),
            }
        }
        other => Ok(other?),
    }
}

/// Whether the server would say that the call is yet to come.
fn is_ahead(report: &Report, latest: Timestamp) -> bool {
    let times = [report.occurred_at, report.received_at];
    times
        .iter()
        .flatten()
        .any(|time| Timestamp::from_secs(time.seconds) > latest)
}

/// Reads all rows, and sends nothing. Rejects what the server would reject by its clock.
fn try_all(mut reader: MappedReader, rejects: &mut Rejects, args: &ReportsArgs) -> Result<(), CliError> {
    let latest = Clock::system().now().plus(MAX_AHEAD);
    let mut rows = 0;
    let end: Result<(), ImportError> = loop {
        match reader.next_row() {
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
            Ok(Some(Ok(filed))) if is_ahead(&filed.report, latest) => rejects.add(&Reject {
                line: filed.line,
                fault: RowFault::TooLate,
                row: filed.row,
            })?,
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(reject))) => rejects.add(&reject)?,
        }
        rows += 1;
    };
    rejects.finish()?;
    end?;
    let taken = rows - rejects.total();
    if args.common.remote.json {
        output::json(
            &serde_json::json!({ "dryRun": true, "rows": rows, "wouldSend": taken, "rejected": rejects.total() }),
        )?;
    } else {
        let (rows, taken, rejected) = (
            output::grouped(rows),
            output::grouped(taken),
            output::grouped(rejects.total()),
        );
        output::line(format!(
            "dry run: nothing was sent; of {rows} rows, {taken} would be sent, {rejected} rejected"
        ))?;
    }
    Ok(rejects.check_share(rows, args.transfer.min_accepted)?)
}
