//! The moderation of comments.

use super::Reports;
use crate::domain::audit::{AuditMethod, AuditSubject};
use crate::domain::ids::ReportId;
use crate::domain::kinds::CommentModeration;
use crate::domain::report::RowState;
use crate::number::{E164, Region};
use crate::service::ServiceError;
use crate::service::content::{Method, RequestContent};
use crate::service::identity::read_number;
use crate::service::writer::{Mutation, NumberRecord, Stop};
use crate::store::Version;

/// The result of a moderation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moderated {
    /// The number of the report.
    pub number: E164,
    /// The version of the number's record.
    pub version: Version,
}

/// The content of a request to moderate a comment.
pub(in crate::service) fn moderation(
    number: E164,
    report: &ReportId,
    moderation: CommentModeration,
    reason: &str,
) -> RequestContent {
    let mut content = RequestContent::of(Method::ModerateComment);
    content
        .number(number)
        .text(report.as_str())
        .code(moderation.code())
        .text(reason);
    content
}

impl Reports {
    /// Decides whether others may read the comment of a report. The evidence of the number does not change.
    ///
    /// # Errors
    /// If there is no such report, it has no comment, the request is wrong or stale, or the store cannot be written.
    pub async fn moderate(
        &self,
        (text, region): (&str, Option<Region>),
        report: &ReportId,
        decided: CommentModeration,
        reason: &str,
        mutation: &Mutation,
    ) -> Result<Moderated, ServiceError> {
        let number = read_number("number", text, region)?;
        let content = moderation(number, report, decided, reason);
        let request = self
            .writer
            .recall(&mutation.scoped_request(), &content, self.writer.deadline(1))
            .await?;
        let moderate = |record: &mut NumberRecord| {
            let row = record.rows.find(report)?.filter(|row| row.state != RowState::Tombstone);
            let row = row.ok_or(Stop::Refused(ServiceError::NotFound { resource: "report" }))?;
            if row.body.comment.is_none() {
                let text = "the report has no comment: it had none, was withdrawn, or its number has 1,000 newer ones";
                return Err(Stop::Refused(ServiceError::Precondition(text.to_owned())));
            }
            record.rows.need_all()?; // to find the oldest comment that waits
            let mut before = CommentModeration::Pending;
            if let Some(row) = record.rows.find_mut(report)? {
                before = std::mem::replace(&mut row.comment.moderation, decided);
            }
            record.state.count_texts(&record.rows)?;
            record.told.related = Some(AuditSubject::Report(report.clone()));
            record.told.tell("moderation", before.name(), decided.name());
            Ok(())
        };
        let changed = self
            .writer
            .mutate_number(
                number,
                &request,
                (mutation, AuditMethod::ModerateComment, reason),
                moderate,
                |()| Vec::new(),
            )
            .await?;
        Ok(Moderated {
            number,
            version: changed.version,
        })
    }
}
