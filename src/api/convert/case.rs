//! Fraud cases and the numbers linked to them.

use super::{FieldReader, page, shown};
use crate::api::RequestContext;
use crate::domain::case::{CaseEvent, CaseLink, MAX_AGENCY_CHARS, MAX_TEXT_CHARS, MAX_TITLE_CHARS};
use crate::domain::ids::CaseId;
use crate::domain::kinds::{CaseRole, CaseStatus, Category, Source};
use crate::domain::status::MAX_REASON_CHARS;
use crate::number::E164;
use crate::service::{
    CaseChange, CaseDetails, CaseFilter, LinkInput, LinkOutcome, Mutation, NewCase, PageRequest, ServiceError,
    TransitionInput, UnlinkInput,
};
use crate::wire::v1;

/// Reads a new case.
pub(in crate::api) fn new_case(
    request: v1::CreateCaseRequest,
    context: &RequestContext,
) -> Result<(NewCase, Mutation), ServiceError> {
    let mut fields = FieldReader::default();
    let id = fields.optional("case_id", &request.case_id, CaseId::parse);
    if request.title.trim().is_empty() {
        fields.refuse("title", "must not be empty");
    }
    let title = fields.line("title", request.title, MAX_TITLE_CHARS);
    let category = fields.code("category", request.category, Category::from_code);
    let brand = fields.brand("impersonated_brand", &request.impersonated_brand);
    let summary = fields.prose("summary", request.summary, MAX_TEXT_CHARS);
    let status = fields.code("status", request.status, CaseStatus::from_code);
    let agency = fields.line("agency", request.agency, MAX_AGENCY_CHARS);
    let agency_reference = fields.line("agency_reference", request.agency_reference, MAX_AGENCY_CHARS);
    let source = fields.code("source", request.source, Source::from_code);
    let last_evidence_at = fields.recent_time("last_evidence_at", request.last_evidence_at);
    let mutation = fields.mutation(context, &request.actor, &request.request_id, None);
    let new = NewCase {
        id,
        title,
        category: category.unwrap_or(Category::Unspecified),
        brand,
        summary,
        status: status.unwrap_or(CaseStatus::Draft),
        agency,
        agency_reference,
        source: source.unwrap_or(Source::Analyst),
        last_evidence_at,
    };
    fields.finish(mutation.map(|mutation| (new, mutation)))
}

/// Reads the id of a case, and the page of its numbers if it is requested.
pub(in crate::api) fn wanted(request: v1::GetCaseRequest) -> Result<(CaseId, Option<PageRequest>), ServiceError> {
    let mut fields = FieldReader::default();
    let id = fields.case_id(&request.case_id);
    let members = page(request.page_size, request.page_token);
    fields.finish(id.map(|id| (id, request.include_members.then_some(members))))
}

/// Reads the filter and the page of a list of cases.
pub(in crate::api) fn filter(request: v1::ListCasesRequest) -> Result<(CaseFilter, PageRequest), ServiceError> {
    let mut fields = FieldReader::default();
    let status = fields.code("status", request.status, CaseStatus::from_code);
    let category = fields.code("category", request.category, Category::from_code);
    let brand = fields.brand("impersonated_brand", &request.impersonated_brand);
    let query = fields.line("query", request.query, MAX_TITLE_CHARS);
    let filter = CaseFilter {
        status,
        category,
        brand,
        query,
    };
    fields.finish(Some((filter, page(request.page_size, request.page_token))))
}

/// Reads a change of a case.
pub(in crate::api) fn change(
    request: v1::UpdateCaseRequest,
    context: &RequestContext,
) -> Result<(CaseId, CaseChange, Mutation), ServiceError> {
    let mut fields = FieldReader::default();
    let id = fields.case_id(&request.case_id);
    if request.title.as_ref().is_some_and(|title| title.trim().is_empty()) {
        fields.refuse("title", "must not be empty");
    }
    let change = CaseChange {
        title: request.title.map(|text| fields.line("title", text, MAX_TITLE_CHARS)),
        category: request.category.map(|code| {
            let category = fields.code("category", code, Category::from_code);
            category.unwrap_or(Category::Unspecified)
        }),
        brand: request
            .impersonated_brand
            .map(|text| fields.brand("impersonated_brand", &text)),
        summary: request
            .summary
            .map(|text| fields.prose("summary", text, MAX_TEXT_CHARS)),
        agency: request.agency.map(|text| fields.line("agency", text, MAX_AGENCY_CHARS)),
        agency_reference: request
            .agency_reference
            .map(|text| fields.line("agency_reference", text, MAX_AGENCY_CHARS)),
        source: request
            .source
            .and_then(|code| fields.required_code("source", code, Source::from_code)),
        last_evidence_at: fields.recent_time("last_evidence_at", request.last_evidence_at),
    };
    let mutation = fields.mutation(context, &request.actor, &request.request_id, request.expected_version);
    fields.finish(id.zip(mutation).map(|(id, mutation)| (id, change, mutation)))
}

/// Reads a change of the status of a case.
pub(in crate::api) fn transition(
    request: v1::TransitionCaseRequest,
    context: &RequestContext,
) -> Result<(CaseId, TransitionInput, Mutation), ServiceError> {
    let mut fields = FieldReader::default();
    let id = fields.case_id(&request.case_id);
    let to = fields.required_code("to", request.to, CaseStatus::from_code);
    let note = fields.prose("note", request.note, MAX_TEXT_CHARS);
    let agency = fields.line("agency", request.agency, MAX_AGENCY_CHARS);
    let mutation = fields.mutation(context, &request.actor, &request.request_id, request.expected_version);
    let input = to.map(|to| TransitionInput { to, note, agency });
    fields.finish(
        id.zip(input)
            .zip(mutation)
            .map(|((id, input), mutation)| (id, input, mutation)),
    )
}

/// Reads the case and the mutation of a request that links numbers. [`link`] reads each link.
pub(in crate::api) fn linking(
    case_id: &str,
    actor: &str,
    request_id: &str,
    context: &RequestContext,
) -> Result<(CaseId, Mutation), ServiceError> {
    let mut fields = FieldReader::default();
    let id = fields.case_id(case_id);
    let mutation = fields.mutation(context, actor, request_id, None);
    fields.finish(id.zip(mutation))
}

/// Reads the case and the mutation of a request that unlinks numbers. [`unlink`] reads each number.
pub(in crate::api) fn unlinking(
    case_id: &str,
    actor: &str,
    request_id: &str,
    reason: String,
    context: &RequestContext,
) -> Result<(CaseId, String, Mutation), ServiceError> {
    let mut fields = FieldReader::default();
    let id = fields.case_id(case_id);
    let reason = fields.prose("reason", reason, MAX_REASON_CHARS);
    let mutation = fields.mutation(context, actor, request_id, None);
    fields.finish(id.zip(mutation).map(|(id, mutation)| (id, reason, mutation)))
}

/// Reads a link. Field names are relative to the link.
pub(in crate::api) fn link(link: v1::NumberLink) -> Result<LinkInput, ServiceError> {
    let mut fields = FieldReader::default();
    let number = fields.number("number", link.number);
    let default_region = fields.region("default_region", &link.default_region);
    let role = fields.required_code("role", link.role, CaseRole::from_code);
    let confidence = fields.within("confidence", link.confidence.unwrap_or(1.0), 0.0, 1.0);
    let source = fields.code("source", link.source, Source::from_code);
    let from = fields.recent_time("from", link.from);
    let to = fields.recent_time("to", link.to);
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        fields.refuse("to", "must not be before from");
    }
    fields.finish(role.map(|role| LinkInput {
        number,
        default_region,
        role,
        confidence,
        source: source.unwrap_or(Source::Analyst),
        from,
        to,
        expected_version: link.expected_version,
    }))
}

/// Reads a number to unlink. Field names are relative to it.
pub(in crate::api) fn unlink(unlink: v1::NumberUnlink) -> Result<UnlinkInput, ServiceError> {
    let mut fields = FieldReader::default();
    let number = fields.number("number", unlink.number);
    let default_region = fields.region("default_region", &unlink.default_region);
    let role = fields.code("role", unlink.role, CaseRole::from_code);
    fields.finish(Some(UnlinkInput {
        number,
        default_region,
        role,
        expected_version: unlink.expected_version,
    }))
}

/// Shows a case with its history.
pub(in crate::api) fn case(details: &CaseDetails) -> v1::Case {
    v1::Case {
        history: details.case.history.iter().map(event).collect(),
        ..line(details)
    }
}

/// Shows a case in a list, without its history.
pub(in crate::api) fn line(details: &CaseDetails) -> v1::Case {
    let case = &details.case;
    let merged_into = case.merged_into.as_ref().map(|id| id.as_str().to_owned());
    v1::Case {
        case_id: case.id.as_str().to_owned(),
        title: case.title.to_string(),
        category: case.category.code().into(),
        impersonated_brand: shown::case_brand(case),
        summary: case.summary.to_string(),
        status: case.status.code().into(),
        agency: case.agency.to_string(),
        agency_reference: case.agency_reference.to_string(),
        source: case.source.code().into(),
        created_at: shown::time(case.created_at),
        updated_at: shown::time(case.updated_at),
        last_evidence_at: case.last_evidence_at.and_then(shown::time),
        history: Vec::new(),
        merged_into: merged_into.unwrap_or_default(),
        member_count: u32::try_from(details.member_count).unwrap_or(u32::MAX),
        version: details.version,
    }
}

/// Shows a member of a case.
pub(in crate::api) fn member((number, link): &(E164, CaseLink)) -> v1::CaseMember {
    v1::CaseMember {
        e164: number.to_string(),
        role: link.role.code().into(),
        confidence: link.confidence,
        source: link.source.code().into(),
        from: link.from.and_then(shown::time),
        to: link.to.and_then(shown::time),
        linked_at: shown::time(link.linked_at),
        actor: link.actor.as_str().to_owned(),
    }
}

/// Shows the result of a link.
pub(in crate::api) fn linked(outcome: LinkOutcome) -> v1::LinkedNumber {
    v1::LinkedNumber {
        e164: outcome.number.to_string(),
        created: outcome.changed,
        version: outcome.version,
    }
}

/// Shows the result of an unlink.
pub(in crate::api) fn unlinked(outcome: LinkOutcome) -> v1::UnlinkedNumber {
    v1::UnlinkedNumber {
        e164: outcome.number.to_string(),
        was_linked: outcome.changed,
        version: outcome.version,
    }
}

impl FieldReader {
    fn case_id(&mut self, text: &str) -> Option<CaseId> {
        self.keep("case_id", CaseId::parse(text))
    }
}

fn event(event: &CaseEvent) -> v1::CaseEvent {
    v1::CaseEvent {
        at: shown::time(event.at),
        actor: event.actor.as_str().to_owned(),
        from: event.from.map_or(0, CaseStatus::code).into(),
        to: event.to.code().into(),
        note: event.note.to_string(),
        agency: event.agency.to_string(),
    }
}
