//! Exports of reports.

use super::report::Senders;
use super::{FieldReader, report};
use crate::domain::ids::ImportId;
use crate::domain::kinds::Source;
use crate::number::E164;
use crate::service::{ExportQuery, ServiceError, StoredReport};
use crate::wire::v1;

/// Reads which reports are to be exported.
pub(in crate::api) fn query(request: v1::ExportReportsRequest) -> Result<ExportQuery, ServiceError> {
    let mut fields = FieldReader::default();
    let region = fields.region("default_region", &request.default_region);
    let from = fields.time("from", request.from);
    let before = fields.time("before", request.before);
    let source = fields.code("source", request.source, Source::from_code);
    let import = fields.optional("import_id", &request.import_id, ImportId::parse);
    fields.finish(Some(ExportQuery {
        number: Some(request.number)
            .filter(|text| !text.is_empty())
            .map(|text| (text, region)),
        from,
        before,
        source,
        import,
    }))
}

/// Shows an exported report.
pub(in crate::api) fn exported(
    number: E164,
    stored: &StoredReport,
    senders: &Senders,
    with_comment: bool,
) -> v1::ExportedReport {
    let body = &stored.row.body;
    let mut shown = report::stored(number, stored, senders);
    if !with_comment {
        shown.comment.clear();
        shown.comment_language.clear();
    }
    let reporter = body.reporter.map(|reporter| reporter.to_string());
    let country = body
        .country
        .map(|letters| letters.iter().copied().map(char::from).collect());
    v1::ExportedReport {
        report: Some(shown),
        reporter: reporter.unwrap_or_default(),
        reporter_country: country.unwrap_or_default(),
        callback_numbers: body.callbacks.iter().map(E164::to_string).collect(),
    }
}
