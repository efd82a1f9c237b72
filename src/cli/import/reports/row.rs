//! Turns one mapped row into a report.

use csv::ByteRecord;

use super::dates::Dates;
use super::field::Field;
use super::values::Values;
use super::zone::Zone;
use crate::cli::import::row_fault::{self, RowFault};
use crate::cli::names::NamedValue;
use crate::domain::day::Day;
use crate::domain::report::ReportBody;
use crate::domain::time::Timestamp as Moment;
use crate::number::Region;
use crate::wire::Timestamp;
use crate::wire::v1::{Attestation, Category, Channel, Report, ReportRole, Source, Verstat};

/// Longest area that the server accepts, in bytes.
const AREA_BYTES_MAX: usize = 16;

/// Words for true and for false, in the languages of the names of columns.
const TRUE: &[&str] = &["y", "yes", "true", "1", "ja", "si", "sí", "oui", "sim", "s", "x"];
const FALSE: &[&str] = &["n", "no", "false", "0", "nein", "non", "não", "nao", "nee"];

/// What is the same for all rows of a file.
#[derive(Clone, Debug)]
pub(super) struct RowMapper {
    /// The field of each mapped column, and the place of the column.
    pub(super) columns: Vec<(Field, usize)>,
    /// Number of columns in a row.
    pub(super) count: usize,
    pub(super) values: Values,
    pub(super) dates: Dates,
    pub(super) zone: Zone,
    /// The day of calls whose row has no time.
    pub(super) day: Option<Day>,
    /// Region of numbers without a country code.
    pub(super) region: Option<Region>,
    pub(super) source: Source,
    pub(super) feed: String,
}

impl RowMapper {
    /// The text of a field in a row; empty if the field is not mapped.
    pub(super) fn text<'a>(&self, record: &'a ByteRecord, field: Field) -> &'a str {
        let place = self.columns.iter().find(|(mapped, _)| *mapped == field);
        let bytes = place.and_then(|(_, place)| record.get(*place)).unwrap_or_default();
        str::from_utf8(bytes).unwrap_or_default().trim()
    }

    /// The place of the column of a field.
    pub(super) fn place(&self, field: Field) -> Option<usize> {
        let found = self.columns.iter().find(|(mapped, _)| *mapped == field);
        found.map(|(_, place)| *place)
    }

    /// The report in a row, without report id and import id unless the row has an id.
    ///
    /// # Errors
    /// If the row has another number of columns, no valid number, no date in the column of dates, or a field that cannot be
    /// read.
    pub(super) fn report(&self, record: &ByteRecord) -> Result<Report, RowFault> {
        if record.len() != self.count {
            return Err(RowFault::Columns);
        }
        let text = |field| self.text(record, field);
        let region = self.region(text(Field::Region))?;
        let number = |text: &str| row_fault::number_in(text.as_bytes(), region).map(|number| number.to_string());
        let moment = |field| self.moment(text(field));
        let (occurred_at, received_at) = (moment(Field::OccurredAt)?, moment(Field::ReceivedAt)?);
        let has_time = self.place(Field::OccurredAt).is_some();
        let source = named::<Source>(Field::Source, text(Field::Source))?.unwrap_or(self.source);
        let callbacks = text(Field::Callback).split([';', '|', '\n']).map(str::trim);
        Ok(Report {
            report_id: text(Field::ReportId).to_owned(),
            number: number(text(Field::Number))?,
            category: self.category(text(Field::Category))?.into(),
            not_spam: boolean(Field::NotSpam, text(Field::NotSpam))?.unwrap_or(false),
            source: source.into(),
            feed: self.feed.clone(),
            reporter_id: text(Field::Reporter).to_owned(),
            reporter_area: short(text(Field::Area)),
            reporter_country: text(Field::Country).to_ascii_uppercase(),
            occurred_at: match occurred_at.or(received_at.filter(|_| has_time)) {
                None if has_time && self.day.is_none() => return Err(RowFault::NoDate),
                None => self.time_of_file().filter(|_| received_at.is_none()),
                given => given,
            },
            received_at,
            channel: named::<Channel>(Field::Channel, text(Field::Channel))?
                .unwrap_or_default()
                .into(),
            impersonated_brand: text(Field::Brand).to_owned(),
            role: named::<ReportRole>(Field::Role, text(Field::Role))?
                .unwrap_or_default()
                .into(),
            recorded: boolean(Field::Recorded, text(Field::Recorded))?,
            attestation: named::<Attestation>(Field::Attestation, text(Field::Attestation))?
                .unwrap_or_default()
                .into(),
            verstat: named::<Verstat>(Field::Verstat, text(Field::Verstat))?
                .unwrap_or_default()
                .into(),
            comment: text(Field::Comment)
                .chars()
                .take(ReportBody::MAX_COMMENT_CHARS)
                .collect(),
            callback_numbers: callbacks
                .filter(|text| !text.is_empty())
                .map(number)
                .collect::<Result<_, _>>()?,
            ..Default::default()
        })
    }

    /// The region of the row, or else that of the file.
    fn region(&self, text: &str) -> Result<Option<Region>, RowFault> {
        if text.is_empty() {
            return Ok(self.region);
        }
        text.parse()
            .map(Some)
            .map_err(|_unknown| fault(Field::Region, "is not a region such as US".to_owned()))
    }

    fn category(&self, text: &str) -> Result<Category, RowFault> {
        self.values
            .category(text)
            .ok_or_else(|| fault(Field::Category, "the value is no category".to_owned()))
    }

    /// The time of calls whose row has none: the midnight of the day of the file, or the hour after it if the clocks skip
    /// midnight.
    fn time_of_file(&self) -> Option<Timestamp> {
        let midnight = self.day?.start().millis() / 1_000;
        let seconds = [midnight, midnight + 3_600]
            .into_iter()
            .find_map(|local| self.zone.to_utc(local))?;
        Some(Timestamp { seconds, nanos: 0 })
    }

    fn moment(&self, text: &str) -> Result<Option<Timestamp>, RowFault> {
        if text.is_empty() {
            return Ok(None);
        }
        let seconds = self.dates.seconds(text, self.zone)?;
        if Moment::from_secs(seconds) < Moment::EARLIEST {
            return Err(RowFault::TooEarly);
        }
        Ok(Some(Timestamp { seconds, nanos: 0 }))
    }
}

/// The value of a closed list; none if the text is empty.
fn named<T: NamedValue>(field: Field, text: &str) -> Result<Option<T>, RowFault> {
    if text.is_empty() {
        return Ok(None);
    }
    let value = T::from_name(&text.replace(' ', "_"));
    value.map(Some).ok_or_else(|| {
        let known: Vec<&str> = T::names().collect();
        fault(field, format!("must be one of {}", known.join(", ")))
    })
}

fn boolean(field: Field, text: &str) -> Result<Option<bool>, RowFault> {
    let word = text.to_lowercase();
    match word.as_str() {
        "" => Ok(None),
        word if TRUE.contains(&word) => Ok(Some(true)),
        word if FALSE.contains(&word) => Ok(Some(false)),
        _ => Err(fault(field, "must be yes or no".to_owned())),
    }
}

/// An area; empty if the server would refuse it, as in the import of complaints.
fn short(text: &str) -> String {
    let is_fit = text.len() <= AREA_BYTES_MAX && !text.chars().any(char::is_control);
    if is_fit { text.to_owned() } else { String::new() }
}

fn fault(field: Field, problem: String) -> RowFault {
    let column = field.name();
    RowFault::Entry { column, problem }
}
