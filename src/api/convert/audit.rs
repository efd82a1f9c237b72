//! Audit events, from and to the messages of the contract.

use super::{FieldReader, page};
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditChange, AuditMethod, AuditSubject};
use crate::domain::identity::PrincipalId;
use crate::domain::ids::{CaseId, ImportId, ListId, RequestId};
use crate::domain::tenant::TenantId;
use crate::service::{AuditFilter, AuditPage, ListedEvent, PageRequest, ServiceError, subject_of_number};
use crate::wire::{Timestamp, v1};

/// Reads the tenant whose events are listed: the own one, or for the default tenant any.
pub(in crate::api) fn audited_tenant(name: &str, own: TenantId) -> Result<TenantId, ServiceError> {
    if name.is_empty() {
        return Ok(own);
    }
    let mut fields = FieldReader::default();
    let tenant = fields.keep("tenant", TenantId::parse(name));
    if own != TenantId::DEFAULT && tenant.is_some_and(|tenant| tenant != own) {
        fields.refuse("tenant", "must be your own tenant, or empty");
    }
    fields.finish(tenant)
}

pub(in crate::api) fn filter(request: v1::ListAuditEventsRequest) -> Result<(AuditFilter, PageRequest), ServiceError> {
    use v1::list_audit_events_request::Subject;
    let mut fields = FieldReader::default();
    let from = fields.time("from", request.from);
    let to = fields.time("to", request.to);
    let actor = fields.name("actor", request.actor, Actor::MAX_BYTES);
    let request_id = fields.name("of_request", request.of_request, RequestId::MAX_BYTES);
    let method = fields.code("method", request.method, AuditMethod::from_code);
    let region = fields.region("default_region", &request.default_region);
    let subject = match request.subject {
        None => Some(None),
        // Without its region, a number would be called wrong that is not.
        Some(Subject::Number(_)) if !fields.violations.is_empty() => None,
        Some(Subject::Number(text)) => Some(Some(subject_of_number(&text, region)?)),
        Some(Subject::CaseId(id)) => fields
            .keep("case_id", CaseId::parse(&id))
            .map(|id| Some(AuditSubject::Case(id))),
        Some(Subject::ListId(id)) => fields
            .keep("list_id", ListId::parse(&id))
            .map(|id| Some(AuditSubject::List(id))),
        Some(Subject::PrincipalId(id)) => fields
            .keep("principal_id", PrincipalId::parse(&id))
            .map(|id| Some(AuditSubject::Principal(id.as_str().into()))),
        Some(Subject::ImportId(id)) => fields
            .keep("import_id", ImportId::parse(&id))
            .map(|id| Some(AuditSubject::Import(id))),
    };
    let filter = subject.map(|subject| AuditFilter {
        from,
        to,
        actor: actor.trim().to_owned(),
        method,
        subject,
        request: request_id.trim().to_owned(),
    });
    let filter = fields.finish(filter)?;
    Ok((filter, page(request.page_size, request.page_token)))
}

pub(in crate::api) fn list(list: &AuditPage) -> v1::ListAuditEventsResponse {
    v1::ListAuditEventsResponse {
        events: list.events.iter().map(event).collect(),
        next_page_token: list.next_page_token.clone(),
    }
}

fn event(listed: &ListedEvent) -> v1::AuditEvent {
    let event = &listed.event;
    v1::AuditEvent {
        event_id: listed.id.to_string(),
        at: Some(Timestamp::from_millis(event.at.millis())),
        actor: event.actor.as_str().to_owned(),
        credential: event.via.credential.to_string(),
        edge: event.via.edge.code().into(),
        request_id: event.request.to_string(),
        method: event.method.code().into(),
        subject: event.subject.as_ref().map(subject),
        related: event.related.as_ref().map(subject),
        changes: event.changes.iter().map(change).collect(),
        reason: event.reason.to_string(),
    }
}

fn subject(subject: &AuditSubject) -> v1::AuditSubject {
    use v1::audit_subject::Subject;
    let subject = match subject {
        AuditSubject::Number(number) => Subject::E164(number.to_string()),
        AuditSubject::Case(id) => Subject::CaseId(id.as_str().to_owned()),
        AuditSubject::List(id) => Subject::ListId(id.as_str().to_owned()),
        AuditSubject::Note(id) => Subject::NoteId(id.to_string()),
        AuditSubject::Report(id) => Subject::ReportId(id.as_str().to_owned()),
        AuditSubject::Principal(id) => Subject::PrincipalId(id.to_string()),
        AuditSubject::Import(id) => Subject::ImportId(id.as_str().to_owned()),
        AuditSubject::Erased(hash) => Subject::ErasedNumberHash(hash.to_string()),
        AuditSubject::Reporter(hash) => Subject::ReporterHash(hash.to_string()),
    };
    v1::AuditSubject { subject: Some(subject) }
}

fn change(change: &AuditChange) -> v1::AuditChange {
    v1::AuditChange {
        field: change.field.to_string(),
        old: change.old.to_string(),
        new: change.new.to_string(),
    }
}
