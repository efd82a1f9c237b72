//! Reports: new ones, withdrawals, and stored ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::reporter_name::reporter_name;
use super::{FieldReader, kinds, page};
use crate::api::RequestContext;
use crate::domain::brand::Brand;
use crate::domain::comment::{CommentLanguage, shown_comment};
use crate::domain::identity::{Caller, PrincipalId, Role};
use crate::domain::ids::{Area, Feed, ImportId, ReportId, RequestId, SenderHash};
use crate::domain::kinds::{Attestation, Category, Channel, CommentModeration, ReportRole, Source, Verstat};
use crate::domain::report::{ReportBody, RowState};
use crate::domain::state::Submitted;
use crate::domain::status::MAX_REASON_CHARS;
use crate::domain::tenant::TenantId;
use crate::number::{E164, Region, UnknownRegion};
use crate::service::{
    Foreseen, Mutation, NewReport, PageRequest, PendingList, ReportList, ReportOutcome, ReporterReports, Sender,
    ServiceError, StoredReport,
};
use crate::wire::v1;

use super::shown;

/// The tenant that reads answers. A request does not say yet who asks, and there is one tenant.
const VIEWER: TenantId = TenantId::DEFAULT;

/// Reads a report of the sender, who is the caller. Field names are relative to the report. A principal may claim only what it
/// was granted.
pub(in crate::api) fn new_report(
    report: v1::Report,
    caller: &Caller,
    sender: &Arc<Sender>,
) -> Result<NewReport, ServiceError> {
    let mut fields = FieldReader::default();
    let report_id = fields.optional("report_id", &report.report_id, ReportId::parse);
    let number = fields.number("number", report.number);
    let default_region = fields.region("default_region", &report.default_region);
    let category = fields.code("category", report.category, Category::from_code);
    let source = fields.code("source", report.source, Source::from_code);
    let feed = fields.optional("feed", &report.feed, Feed::parse);
    let import = fields.optional("import_id", &report.import_id, ImportId::parse);
    if report_id.as_ref().is_some_and(ReportId::is_of_callback) && !(sender.decides && import.is_some()) {
        // Otherwise a sender could take the place of the row that another report adds to a call-back number. A file that was
        // exported has such rows.
        fields.refuse("report_id", "must not begin with `callback-`");
    }
    let reporter = fields.optional("reporter_id", &report.reporter_id, reporter_name);
    let area = fields.optional("reporter_area", &report.reporter_area, Area::parse);
    let country = fields.optional("reporter_country", &report.reporter_country, country);
    let occurred_at = fields.recent_time("occurred_at", report.occurred_at);
    let received_at = fields.recent_time("received_at", report.received_at);
    let channel = fields.code("channel", report.channel, Channel::from_code);
    let brand = fields.brand("impersonated_brand", &report.impersonated_brand);
    let role = fields.code("role", report.role, ReportRole::from_code);
    let attestation = fields.code("attestation", report.attestation, Attestation::from_code);
    let verstat = fields.code("verstat", report.verstat, Verstat::from_code);
    let comment = fields.prose("comment", report.comment, ReportBody::MAX_COMMENT_CHARS);
    let comment_language = fields.optional("comment_language", &report.comment_language, CommentLanguage::parse);
    let callbacks = callbacks(&mut fields, report.callback_numbers);
    // Rows of a file are taken as they are: an earlier release exported such reports.
    let is_unwanted = category.is_some_and(|category| category != Category::Unspecified && !category.is_wanted());
    if report.not_spam && is_unwanted && report.import_id.is_empty() {
        fields.refuse(
            "category",
            "must be one of wanted calls, or not set, if `not_spam` is set",
        );
    }
    let source = source.unwrap_or(Source::Consumer);
    let of_brand = speaks_for_brand(caller, source, brand.as_ref());
    let report = fields.finish(Some(NewReport {
        report_id,
        revision: report.revision,
        number,
        default_region,
        category: category.unwrap_or(Category::Unspecified),
        not_spam: report.not_spam,
        source,
        sender: Arc::clone(sender),
        of_brand,
        feed,
        import,
        reporter: reporter.map(|name| own_reporter(caller, &name)),
        area,
        country,
        occurred_at,
        received_at,
        channel: channel.or(Some(Channel::Call)),
        brand,
        role: role.or(Some(ReportRole::CalledMe)),
        recorded: report.recorded,
        attestation,
        verstat,
        comment: Some(comment).filter(|comment| !comment.is_empty()),
        comment_language,
        callbacks,
    }))?;
    check_grants(&report, caller, sender.decides)?;
    Ok(report)
}

/// Refuses a source or a feed that the caller was not granted, and an import of a caller that neither decides on reports nor
/// has a feed: imports are withdrawn as a whole, and rows of a file need not keep all rules.
fn check_grants(report: &NewReport, caller: &Caller, decides: bool) -> Result<(), ServiceError> {
    let Some(principal) = caller.principal() else {
        return Ok(());
    };
    if !principal.grants.allow_source(report.source) {
        return Err(ServiceError::NotGranted { field: "source" });
    }
    if report
        .feed
        .as_ref()
        .is_some_and(|feed| !principal.grants.allow_feed(feed))
    {
        return Err(ServiceError::NotGranted { field: "feed" });
    }
    if report.import.is_some() && !decides && principal.grants.feeds.is_empty() {
        return Err(ServiceError::NotGranted { field: "import_id" });
    }
    Ok(())
}

/// Whether the caller is a brand's own team, and reports about its brand.
fn speaks_for_brand(caller: &Caller, source: Source, brand: Option<&Brand>) -> bool {
    let grants = caller.principal().map(|principal| &principal.grants);
    let granted = grants.zip(brand).is_some_and(|(grants, brand)| grants.speak_for(brand));
    source == Source::EnterpriseBrand && granted
}

/// The name of a reporter of the caller: nobody can report, withdraw or list as a reporter of somebody else.
fn own_reporter(caller: &Caller, name: &str) -> String {
    match caller.principal() {
        Some(principal) => reporter_of(&principal.id, name),
        None => name.to_owned(),
    }
}

/// The name of a reporter of a principal. An id of a principal has no line break, so no two pairs have one name.
fn reporter_of(principal: &PrincipalId, name: &str) -> String {
    format!("{principal}\n{name}")
}

impl FieldReader {
    /// The name of a reporter of this principal, or of the caller if none is named.
    fn reporter(&mut self, caller: &Caller, principal: &str, name: &str) -> Option<String> {
        if principal.is_empty() {
            return Some(own_reporter(caller, name));
        }
        let principal = self.keep("reporter_principal_id", PrincipalId::parse(principal))?;
        let is_own = caller.principal().is_some_and(|own| own.id == principal);
        if !is_own && !caller.may_act_as(Role::Analyst) && !caller.may_act_as(Role::Admin) {
            self.refuse("reporter_principal_id", "must be the caller, or empty");
            return None;
        }
        Some(reporter_of(&principal, name))
    }
}

/// The withdrawal of one report.
#[derive(Debug)]
pub(in crate::api) struct OneWithdrawal {
    pub(in crate::api) number: String,
    pub(in crate::api) default_region: Option<Region>,
    pub(in crate::api) report_id: ReportId,
    pub(in crate::api) reason: String,
    pub(in crate::api) withdraw_unknown: bool,
}

/// Reads the withdrawal of one report.
pub(in crate::api) fn one_withdrawal(request: v1::WithdrawReportRequest) -> Result<OneWithdrawal, ServiceError> {
    let mut fields = FieldReader::default();
    let number = fields.number("number", request.number);
    let default_region = fields.region("default_region", &request.default_region);
    let report_id = fields.keep("report_id", ReportId::parse(&request.report_id));
    let reason = fields.prose("reason", request.reason, MAX_REASON_CHARS);
    fields.finish(report_id.map(|report_id| OneWithdrawal {
        number,
        default_region,
        report_id,
        reason,
        withdraw_unknown: request.withdraw_unknown,
    }))
}

/// The reports that a bulk withdrawal takes, as a client names them.
#[derive(Debug)]
pub(in crate::api) enum ReportsToWithdraw {
    /// Those of an import.
    Import(ImportId),
    /// Those of the reporter with this name.
    Reporter(String),
}

/// Reads a bulk withdrawal.
pub(in crate::api) fn bulk_withdrawal(
    request: v1::WithdrawReportsRequest,
    caller: &Caller,
) -> Result<(ReportsToWithdraw, RequestId, String), ServiceError> {
    use v1::withdraw_reports_request::Selector;
    let mut fields = FieldReader::default();
    let selected = match request.selector {
        Some(Selector::ImportId(id)) => fields
            .keep("import_id", ImportId::parse(&id))
            .map(ReportsToWithdraw::Import),
        Some(Selector::ReporterId(name)) => fields
            .keep("reporter_id", reporter_name(&name))
            .and_then(|name| fields.reporter(caller, &request.reporter_principal_id, &name))
            .map(ReportsToWithdraw::Reporter),
        None => {
            fields.refuse("selector", "must name an `import_id` or a `reporter_id`");
            None
        }
    };
    let request_id = fields.request_id(&request.request_id);
    let reason = fields.prose("reason", request.reason, MAX_REASON_CHARS);
    fields.finish(
        selected
            .zip(request_id)
            .map(|(selected, request_id)| (selected, request_id, reason)),
    )
}

/// Shows the result of a bulk withdrawal.
pub(in crate::api) fn bulk_withdrawn(answer: Foreseen) -> v1::WithdrawReportsResponse {
    v1::WithdrawReportsResponse {
        numbers: answer.withdrawn.numbers,
        reports: answer.withdrawn.reports,
        was_known: answer.was_known,
        similar_import_ids: answer.similar_imports,
    }
}

/// A page of the reports of a number.
#[derive(Debug)]
pub(in crate::api) struct ReportsOf {
    pub(in crate::api) number: String,
    pub(in crate::api) default_region: Option<Region>,
    pub(in crate::api) include_withdrawn: bool,
    pub(in crate::api) page: PageRequest,
}

/// Reads the request for a page of reports.
pub(in crate::api) fn reports_of(request: v1::ListReportsRequest) -> Result<ReportsOf, ServiceError> {
    let mut fields = FieldReader::default();
    let number = fields.number("number", request.number);
    let default_region = fields.region("default_region", &request.default_region);
    fields.finish(Some(ReportsOf {
        number,
        default_region,
        include_withdrawn: request.include_withdrawn,
        page: page(request.page_size, request.page_token),
    }))
}

/// A page of the reports of a reporter.
#[derive(Debug)]
pub(in crate::api) struct OfReporter {
    pub(in crate::api) name: String,
    pub(in crate::api) include_withdrawn: bool,
    pub(in crate::api) page: PageRequest,
}

/// Reads the request for a page of a reporter's reports.
pub(in crate::api) fn of_reporter(
    request: v1::ListReporterReportsRequest,
    caller: &Caller,
) -> Result<OfReporter, ServiceError> {
    let mut fields = FieldReader::default();
    let name = fields
        .keep("reporter_id", reporter_name(&request.reporter_id))
        .and_then(|name| fields.reporter(caller, &request.reporter_principal_id, &name));
    fields.finish(name.map(|name| OfReporter {
        name,
        include_withdrawn: request.include_withdrawn,
        page: page(request.page_size, request.page_token),
    }))
}

/// A decision about a comment.
#[derive(Debug)]
pub(in crate::api) struct Moderation {
    pub(in crate::api) number: String,
    pub(in crate::api) default_region: Option<Region>,
    pub(in crate::api) report_id: ReportId,
    pub(in crate::api) decided: CommentModeration,
    pub(in crate::api) reason: String,
    pub(in crate::api) mutation: Mutation,
}

/// Reads a decision about a comment.
pub(in crate::api) fn moderation(
    request: v1::ModerateCommentRequest,
    context: &RequestContext,
) -> Result<Moderation, ServiceError> {
    let mut fields = FieldReader::default();
    let number = fields.number("number", request.number);
    let default_region = fields.region("default_region", &request.default_region);
    let report_id = fields.keep("report_id", ReportId::parse(&request.report_id));
    let decided = fields.required_code("moderation", request.moderation, CommentModeration::from_code);
    let reason = fields.prose("reason", request.reason, MAX_REASON_CHARS);
    let mutation = fields.mutation(context, &request.actor, &request.request_id, request.expected_version);
    let read = || {
        Some(Moderation {
            number,
            default_region,
            report_id: report_id?,
            decided: decided?,
            reason,
            mutation: mutation?,
        })
    };
    let read = read();
    fields.finish(read)
}

/// Shows the outcome of a submission.
pub(in crate::api) fn outcome(outcome: &ReportOutcome) -> v1::SubmitReportResponse {
    v1::SubmitReportResponse {
        e164: outcome.number.to_string(),
        report_id: outcome.report_id.as_str().to_owned(),
        outcome: submitted(outcome.submitted).into(),
    }
}

/// Shows a page of reports.
pub(in crate::api) fn list(list: &ReportList, senders: &Senders) -> v1::ListReportsResponse {
    let shown = list.reports.iter().map(|report| stored(list.number, report, senders));
    v1::ListReportsResponse {
        reports: shown.collect(),
        next_page_token: list.next_page_token.clone(),
        total_size: super::total(list.total),
    }
}

/// Shows a page of a reporter's reports.
pub(in crate::api) fn list_of_reporter(list: &ReporterReports, senders: &Senders) -> v1::ListReporterReportsResponse {
    let shown = list
        .reports
        .iter()
        .map(|(number, report)| stored(*number, report, senders));
    v1::ListReporterReportsResponse {
        reports: shown.collect(),
        next_page_token: list.next_page_token.clone(),
        total_size: super::total(list.at_most),
        total_is_estimate: true,
    }
}

/// Reads which page of the comments that wait for a moderator is wanted.
pub(in crate::api) fn pending(request: v1::ListPendingCommentsRequest) -> PageRequest {
    page(request.page_size, request.page_token)
}

/// Shows a page of the comments that wait for a moderator.
pub(in crate::api) fn pending_list(list: &PendingList, senders: &Senders) -> v1::ListPendingCommentsResponse {
    let shown = list
        .reports
        .iter()
        .map(|(number, report)| stored(*number, report, senders));
    v1::ListPendingCommentsResponse {
        reports: shown.collect(),
        next_page_token: list.next_page_token.clone(),
        total_size: u32::try_from(list.total).unwrap_or(u32::MAX),
    }
}

/// The principals that the caller may see, by the hashes in the rows of their reports.
pub(in crate::api) type Senders = BTreeMap<SenderHash, PrincipalId>;

/// Shows a stored report.
pub(super) fn stored(number: E164, report: &StoredReport, senders: &Senders) -> v1::StoredReport {
    let row = &report.row;
    let body = &row.body;
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    v1::StoredReport {
        report_id: row.id.as_str().to_owned(),
        e164: number.to_string(),
        category: body.category.code().into(),
        not_spam: body.not_spam,
        source: body.source.code().into(),
        feed: text(body.feed.as_ref().map(Feed::as_str)),
        import_id: text(row.import.as_ref().map(ImportId::as_str)),
        role: body.role.map_or(0, ReportRole::code).into(),
        channel: body.channel.map_or(0, Channel::code).into(),
        recorded: body.recorded,
        impersonated_brand: text(body.brand.as_ref().map(|brand| brand.as_str())),
        reporter_area: text(body.area.as_ref().map(Area::as_str)),
        occurred_at: shown::time(body.occurred_at),
        received_at: shown::time(row.received_at),
        ledger: kinds::ledger(body.ledger).into(),
        weight: f64::from(row.weight),
        state: state(report).into(),
        comment: text(shown_comment(row, TenantId::DEFAULT, VIEWER)),
        revision: row.revision,
        comment_language: text(row.comment.language.as_ref().map(CommentLanguage::as_str)),
        sender_principal_id: text(row.sender.and_then(|hash| senders.get(&hash)).map(PrincipalId::as_str)),
        comment_moderation: body
            .comment
            .as_ref()
            .map_or(0, |_| row.comment.moderation.code().into()),
    }
}

fn callbacks(fields: &mut FieldReader, numbers: Vec<String>) -> Vec<String> {
    if numbers.len() > ReportBody::MAX_CALLBACKS {
        let problem = format!("must have at most {} numbers", ReportBody::MAX_CALLBACKS);
        fields.refuse("callback_numbers", problem);
        return Vec::new();
    }
    let named = numbers.into_iter().enumerate();
    named
        .map(|(place, number)| fields.number(&format!("callback_numbers[{place}]"), number))
        .collect()
}

/// A country of ISO 3166-1, with or without telephone numbers of its own. The world is no country.
fn country(text: &str) -> Result<[u8; 2], String> {
    const EXPECTED: &str = "must be two letters of ISO 3166-1, such as GB or US";
    let upper = text.to_ascii_uppercase();
    let letters = <[u8; 2]>::try_from(upper.as_bytes()).map_err(|_| EXPECTED.to_owned());
    match upper.parse::<Region>() {
        Ok(_) | Err(UnknownRegion::WithoutNumbers(_)) => letters,
        Err(UnknownRegion::UsualName { name, region }) => Err(format!("{name}: write {region}; {EXPECTED}")),
        Err(UnknownRegion::Letters(_) | UnknownRegion::Other) => Err(EXPECTED.to_owned()),
    }
}

fn submitted(submitted: Submitted) -> v1::SubmitOutcome {
    match submitted {
        Submitted::Accepted => v1::SubmitOutcome::Accepted,
        Submitted::AlreadyKnown => v1::SubmitOutcome::AlreadyKnown,
        Submitted::Revised => v1::SubmitOutcome::Revised,
        Submitted::Outdated => v1::SubmitOutcome::Outdated,
        Submitted::Withdrawn => v1::SubmitOutcome::Withdrawn,
        Submitted::BeforeReset => v1::SubmitOutcome::BeforeReset,
        // The service returns this as an error, so it does not get here.
        Submitted::OtherContent => v1::SubmitOutcome::Unspecified,
    }
}

fn state(report: &StoredReport) -> v1::ReportState {
    match report.row.state {
        RowState::Live if report.superseded => v1::ReportState::Superseded,
        RowState::Live => v1::ReportState::Live,
        RowState::Withdrawn | RowState::Tombstone => v1::ReportState::Withdrawn,
    }
}
