//! The columns of an export: those of FTC complaints, and those that only an export has.

use crate::cli::import::ftc;
use crate::cli::names::name_of;
use crate::wire::Timestamp;
use crate::wire::v1::{Category, Channel, ExportedReport, Ledger, ReportRole, ReportState, Source, StoredReport};

/// The columns of comments, which are there only if they were asked for.
const COMMENTS: [&str; 2] = ["comment", "comment_language"];

/// The header.
pub(super) fn header(comments: bool) -> Vec<&'static str> {
    let columns = ftc::EIGHT_COLUMNS.iter().chain(ftc::EXPORTED_COLUMNS.iter());
    let of_comments = COMMENTS.iter().filter(|_| comments);
    columns.chain(of_comments).copied().collect()
}

/// The row of a report, in the order of the header.
pub(super) fn fields(exported: &ExportedReport, stored: &StoredReport, comments: bool) -> Vec<String> {
    let category = Category::try_from(stored.category).unwrap_or_default();
    let yes_or_no = |value: bool| if value { "Y" } else { "N" };
    let mut fields = vec![
        stored.e164.clone(),
        moment(stored.received_at),
        moment(stored.occurred_at),
        String::new(),
        String::new(),
        stored.reporter_area.clone(),
        ftc::subject_of(category).to_owned(),
        stored.recorded.map(yes_or_no).unwrap_or_default().to_owned(),
        stored.report_id.clone(),
        stored.feed.clone(),
        name_of::<Source>(stored.source),
        name_of::<Channel>(stored.channel),
        name_of::<ReportRole>(stored.role),
        name_of::<Category>(stored.category),
        stored.impersonated_brand.clone(),
        exported.reporter_country.clone(),
        name_of::<Ledger>(stored.ledger),
        yes_or_no(stored.not_spam).to_owned(),
        name_of::<ReportState>(stored.state),
        format!("{:.4}", stored.weight),
        stored.import_id.clone(),
        exported.reporter.clone(),
        exported.callback_numbers.join(" "),
        stored.revision.to_string(),
    ];
    if comments {
        fields.extend([stored.comment.clone(), stored.comment_language.clone()]);
    }
    fields
}

/// A moment in UTC, to the millisecond: `2026-03-01 12:00:00`, and the milliseconds if there are any.
fn moment(at: Option<Timestamp>) -> String {
    let millis = at.and_then(|at| at.millis());
    let time = millis.and_then(chrono::DateTime::from_timestamp_millis);
    time.map(|time| time.format("%Y-%m-%d %H:%M:%S%.f").to_string())
        .unwrap_or_default()
}
