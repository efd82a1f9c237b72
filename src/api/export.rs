//! Exports of reports, as streams of parts.

use std::collections::VecDeque;

use futures_util::stream::{self, Stream, StreamExt as _};

use super::convert::export as convert;
use super::{Admitted, Api, ApiError, RequestContext};
use crate::domain::audit::{AuditChange, AuditMethod, AuditSubject};
use crate::domain::ids::ImportId;
use crate::domain::kinds::Source;
use crate::domain::time::Timestamp;
use crate::number::E164;
use crate::service::{Export, ExportQuery, ServiceError, StoredReport, subject_of_number};
use crate::wire::v1;

/// Exports at the same time. Each holds the reports of some numbers in memory, and keeps the store busy. A principal has
/// one, and a named tenant two, however slowly they take them.
pub(super) const MAX_EXPORTS: usize = 4;
/// The most reports of one message.
const REPORTS_OF_MESSAGE: usize = 1_000;
/// How long a client should wait if other exports are in progress.
const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(30);

/// An export on its way to a client.
struct Exporting {
    api: Api,
    context: RequestContext,
    export: Export,
    with_comments: bool,
    /// What its audit events are about.
    subject: Option<AuditSubject>,
    /// Reports that were read and not sent.
    waiting: VecDeque<(E164, StoredReport)>,
    sent: u64,
    /// Whether the message with the total was sent.
    is_over: bool,
    /// Lets another export begin when it is dropped.
    _admitted: Admitted,
}

impl Api {
    /// Exports reports. A part is read when the client takes it, so nothing is queued. The stream ends with an error if
    /// the store cannot be read, if the credential of the client ends, or if the server shuts down.
    ///
    /// # Errors
    /// If the request is not valid, the index is being loaded, or too many exports are in progress.
    pub async fn export_reports<E>(
        &self,
        request: v1::ExportReportsRequest,
        context: &RequestContext,
    ) -> Result<impl Stream<Item = Result<v1::ExportReportsResponse, E>> + Send + use<E>, ApiError>
    where
        E: From<ApiError> + Send,
    {
        let reports = self.reports(context)?;
        let with_comments = request.include_comments;
        let query = convert::query(request)?;
        let (subject, asked) = asked(&query, with_comments)?;
        let busy = ServiceError::Exhausted {
            retry_after: RETRY_AFTER,
        };
        let admitted = self.0.exports.admit(context).ok_or(busy)?;
        let recorded = self.record(context, AuditMethod::ExportReports, subject.clone(), asked);
        recorded.await.map_err(ApiError::of_a_read)?;
        self.refresh().await;
        let exporting = Exporting {
            api: self.clone(),
            context: context.clone(),
            export: reports.export(query)?,
            with_comments,
            subject,
            waiting: VecDeque::new(),
            sent: 0,
            is_over: false,
            _admitted: admitted,
        };
        let parts = stream::try_unfold(exporting, |mut exporting| async move {
            let part = exporting.next().await?;
            Ok(part.map(|part| (part, exporting)))
        });
        let draining = self.0.draining.clone();
        let end = async move { draining.is_cancelled().then(|| Err(ApiError::draining().into())) };
        Ok(parts
            .map(|part: Result<_, ApiError>| part.map_err(E::from))
            .take_until(self.0.draining.clone().cancelled_owned())
            .chain(stream::once(end).filter_map(std::future::ready)))
    }
}

/// What an export asks for, as its audit event tells it.
fn asked(query: &ExportQuery, with_comments: bool) -> Result<(Option<AuditSubject>, Vec<AuditChange>), ServiceError> {
    let of_number = query.number.as_ref();
    let number = of_number
        .map(|(text, region)| subject_of_number(text, *region))
        .transpose()?;
    let subject = number.or_else(|| query.import.clone().map(AuditSubject::Import));
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let comments = if with_comments {
        "with comments"
    } else {
        "without comments"
    };
    let filters = [
        ("export", Some(comments.to_owned())),
        ("from", moment(query.from)),
        ("before", moment(query.before)),
        ("source", query.source.map(|source| Source::name(source).to_owned())),
        (
            "import_id",
            query.import.as_ref().map(|import| ImportId::as_str(import).to_owned()),
        ),
    ];
    let told = filters.into_iter().filter_map(|(field, text)| Some((field, text?)));
    Ok((
        subject,
        told.map(|(field, text)| AuditChange::new(field, "", &text)).collect(),
    ))
}

impl Exporting {
    /// The next message; none after the one with the total.
    async fn next(&mut self) -> Result<Option<v1::ExportReportsResponse>, ApiError> {
        if self.is_over {
            return Ok(None);
        }
        self.api.readmit(&mut self.context)?;
        if self.waiting.is_empty() && !self.export.is_done() {
            let more = self.api.reports(&self.context)?.export_more(&mut self.export).await;
            self.waiting.extend(more.map_err(ApiError::of_a_read)?);
        }
        let count = self.waiting.len().min(REPORTS_OF_MESSAGE);
        let shown = self.waiting.iter().take(count).map(|(_, report)| report);
        let senders = self.api.senders(&self.context, shown)?;
        let reports: Vec<v1::ExportedReport> = self
            .waiting
            .drain(..count)
            .map(|(number, report)| convert::exported(number, &report, &senders, self.with_comments))
            .collect();
        self.sent += reports.len() as u64;
        self.is_over = self.waiting.is_empty() && self.export.is_done();
        if self.is_over {
            self.api
                .record_end_of_export(&self.context, self.subject.clone(), self.sent)
                .await;
        }
        Ok(Some(v1::ExportReportsResponse {
            reports,
            numbers_read: self.export.numbers_read,
            numbers: self.export.numbers,
            total: self.is_over.then_some(self.sent),
        }))
    }
}
