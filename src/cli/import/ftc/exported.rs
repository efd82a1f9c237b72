//! The columns that only an export of reports has. With them, a report keeps its id, its source and its exact times, so that
//! a server knows a report that it has already.

use chrono::NaiveDateTime;
use csv::ByteRecord;

use super::layout::{place, plain};
use crate::cli::import::row_fault::RowFault;
use crate::cli::names::NamedValue;
use crate::wire::Timestamp;
use crate::wire::v1::{Attestation, Category, Channel, Report, ReportRole, Source};

/// The columns of an export behind those of the FTC. `state`, `weight` and `import_id` say what the exporting server made
/// of the report; an import does not read them.
pub const COLUMNS: [&str; 16] = [
    "report_id",
    "feed",
    "source",
    "channel",
    "role",
    "category",
    "impersonated_brand",
    "reporter_country",
    "ledger",
    "not_spam",
    "state",
    "weight",
    "import_id",
    "reporter",
    "callback_numbers",
    "revision",
];

/// The columns of comments and of their languages, which an export may leave out.
const COMMENT: &str = "comment";
const LANGUAGE: &str = "comment_language";

/// The places of the FTC's dates in their layout: filed, and called.
const CREATED: usize = 1;
const VIOLATED: usize = 2;

/// The places of these columns in a file.
#[derive(Clone, Debug)]
pub(super) struct ExportedColumns {
    /// In the order of [`COLUMNS`].
    places: Vec<usize>,
    comment: Option<usize>,
    language: Option<usize>,
}

impl ExportedColumns {
    /// The columns, if a header has all of them. `header` has plain names.
    pub(super) fn of_header(header: &[String]) -> Option<Self> {
        let places = COLUMNS.iter().map(|name| place(header, &plain(name)));
        Some(Self {
            places: places.collect::<Option<Vec<usize>>>()?,
            comment: place(header, COMMENT),
            language: place(header, &plain(LANGUAGE)),
        })
    }

    /// Sets what the columns of the FTC do not say. `fields` are those of the FTC.
    ///
    /// # Errors
    /// If a field has no value of its column.
    pub(super) fn apply(&self, row: &ByteRecord, fields: &[&[u8]], report: &mut Report) -> Result<(), RowFault> {
        let text = |name: &'static str| self.text(row, name);
        report.report_id = text("report_id");
        report.feed = text("feed");
        report.source = named::<Source>("source", &text("source"))?.into();
        report.channel = named::<Channel>("channel", &text("channel"))?.into();
        report.role = named::<ReportRole>("role", &text("role"))?.into();
        report.category = named::<Category>("category", &text("category"))?.into();
        report.impersonated_brand = text("impersonated_brand");
        report.reporter_country = text("reporter_country");
        report.attestation = attestation(&text("ledger"))?.into();
        report.not_spam = text("not_spam") == "Y";
        report.reporter_id = text("reporter");
        report.callback_numbers = text("callback_numbers").split_whitespace().map(str::to_owned).collect();
        report.comment = field(row, self.comment);
        report.comment_language = field(row, self.language);
        report.revision = revision(&text("revision"))?;
        report.received_at = Some(moment(fields.get(CREATED).copied().unwrap_or_default())?);
        report.occurred_at = Some(moment(fields.get(VIOLATED).copied().unwrap_or_default())?);
        Ok(())
    }

    fn text(&self, row: &ByteRecord, name: &'static str) -> String {
        let column = COLUMNS.iter().position(|column| *column == name);
        field(row, column.and_then(|column| self.places.get(column)).copied())
    }
}

fn field(row: &ByteRecord, place: Option<usize>) -> String {
    let field = place.and_then(|place| row.get(place)).unwrap_or_default();
    String::from_utf8_lossy(field).trim().to_owned()
}

/// A value by its name; the unset value if the field is empty.
fn named<T: NamedValue + Default>(column: &'static str, name: &str) -> Result<T, RowFault> {
    if name.is_empty() {
        return Ok(T::default());
    }
    T::from_name(name).ok_or_else(|| RowFault::Entry {
        column,
        problem: "not a value that this release knows".to_owned(),
    })
}

/// The attestation that puts a report into its ledger.
fn attestation(ledger: &str) -> Result<Attestation, RowFault> {
    match ledger {
        "AUTHENTICATED" => Ok(Attestation::A),
        "UNAUTHENTICATED" => Ok(Attestation::C),
        "UNKNOWN" | "" => Ok(Attestation::Unspecified),
        _ => Err(RowFault::Entry {
            column: "ledger",
            problem: "not a value that this release knows".to_owned(),
        }),
    }
}

fn revision(text: &str) -> Result<u32, RowFault> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| RowFault::Entry {
        column: "revision",
        problem: "not a whole number".to_owned(),
    })
}

/// The exact moment of a date with a time.
fn moment(field: &[u8]) -> Result<Timestamp, RowFault> {
    let text = str::from_utf8(field).unwrap_or_default().trim();
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").map_err(|_| RowFault::Date)?;
    Ok(Timestamp::from_millis(time.and_utc().timestamp_millis()))
}
