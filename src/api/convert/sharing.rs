//! What a tenant shares.

use std::collections::BTreeSet;

use super::{FieldReader, page, shown};
use crate::api::RequestContext;
use crate::domain::acceptance::{AcceptedKinds, SharedKind};
use crate::domain::ids::{CaseId, ListId};
use crate::domain::note::NoteId;
use crate::domain::status::MAX_REASON_CHARS;
use crate::domain::tenant::TenantId;
use crate::domain::visibility::{MAX_NAMED_TENANTS, SharedThing, Visibility};
use crate::service::{Mutation, NoteSubjectInput, PageRequest, ServiceError, ThingInput, VersionedSharing};
use crate::wire::v1;

/// A change of who may see a thing.
pub(in crate::api) struct NewVisibility {
    pub(in crate::api) thing: NamedThing,
    pub(in crate::api) visibility: Visibility,
    pub(in crate::api) reason: String,
    pub(in crate::api) mutation: Mutation,
}

/// Reads a change of who may see a thing.
pub(in crate::api) fn new_visibility(
    request: v1::SetVisibilityRequest,
    context: &RequestContext,
) -> Result<NewVisibility, ServiceError> {
    let mut fields = FieldReader::default();
    let scope = v1::VisibilityScope::try_from(request.scope);
    let mut tenants = BTreeSet::new();
    for (place, name) in request.tenants.iter().take(MAX_NAMED_TENANTS + 1).enumerate() {
        tenants.extend(fields.keep(&format!("tenants[{place}]"), TenantId::parse(name)));
    }
    if scope != Ok(v1::VisibilityScope::Named) && !request.tenants.is_empty() {
        fields.refuse("tenants", "may be set for the scope NAMED only");
    }
    let visibility = match scope {
        Ok(v1::VisibilityScope::Private) => Some(Visibility::Private),
        Ok(v1::VisibilityScope::Named) => Some(Visibility::Named(tenants)),
        Ok(v1::VisibilityScope::All) => Some(Visibility::All),
        Ok(v1::VisibilityScope::Unspecified) | Err(_) => {
            fields.refuse("scope", "must be PRIVATE, NAMED or ALL");
            None
        }
    };
    let region = fields.region("default_region", &request.default_region);
    let on = match (request.note_case_id.as_str(), request.note_number) {
        ("", number) if number.is_empty() => None,
        ("", text) => Some(NoteSubjectInput::Number {
            text,
            default_region: region,
        }),
        (id, _) => fields
            .keep("note_case_id", CaseId::parse(id))
            .map(NoteSubjectInput::Case),
    };
    let thing = fields.thing(request.thing, on);
    let reason = fields.prose("reason", request.reason, MAX_REASON_CHARS);
    let mutation = fields.mutation(context, &request.actor, &request.request_id, request.expected_version);
    let ((thing, visibility), mutation) = fields.finish(thing.zip(visibility).zip(mutation))?;
    Ok(NewVisibility {
        thing,
        visibility,
        reason,
        mutation,
    })
}

/// A change of what is accepted from a tenant.
pub(in crate::api) struct NewAcceptance {
    pub(in crate::api) from: TenantId,
    pub(in crate::api) kinds: AcceptedKinds,
    pub(in crate::api) reason: String,
    pub(in crate::api) mutation: Mutation,
}

/// Reads a change of what is accepted from a tenant.
pub(in crate::api) fn new_acceptance(
    request: v1::SetAcceptanceRequest,
    context: &RequestContext,
) -> Result<NewAcceptance, ServiceError> {
    let mut fields = FieldReader::default();
    let from = fields.keep("tenant", TenantId::parse(&request.tenant));
    let kinds = request.kinds.iter();
    let kinds = kinds
        .filter_map(|code| fields.required_code("kinds", *code, SharedKind::from_code))
        .collect();
    let reason = fields.prose("reason", request.reason, MAX_REASON_CHARS);
    let mutation = fields.mutation(context, &request.actor, &request.request_id, request.expected_version);
    let (from, mutation) = fields.finish(from.zip(mutation))?;
    Ok(NewAcceptance {
        from,
        kinds,
        reason,
        mutation,
    })
}

/// Shows what is accepted.
pub(in crate::api) fn kinds(accepted: AcceptedKinds) -> Vec<i32> {
    accepted.iter().map(|kind| i32::from(kind.code())).collect()
}

/// A thing as the request names it.
pub(in crate::api) enum NamedThing {
    /// A note; what it is on is not read yet.
    Note(NoteSubjectInput, NoteId),
    /// Anything else.
    Other(ThingInput),
}

impl FieldReader {
    fn thing(&mut self, thing: Option<v1::SharedThing>, on: Option<NoteSubjectInput>) -> Option<NamedThing> {
        use v1::shared_thing::Thing;
        let other = match thing.and_then(|thing| thing.thing) {
            Some(Thing::NoteId(id)) => {
                let id = NoteId::parse(&id);
                if id.is_none() {
                    self.refuse("thing.note_id", "is not the id of a note");
                }
                if on.is_none() {
                    self.refuse(
                        "note_number",
                        "must name the number that the note is on, or note_case_id its case",
                    );
                }
                return id.zip(on).map(|(id, on)| NamedThing::Note(on, id));
            }
            Some(Thing::Reports(true)) => Some(ThingInput::Reports),
            Some(Thing::Statuses(true)) => Some(ThingInput::Statuses),
            Some(Thing::CaseId(id)) => self.keep("thing.case_id", CaseId::parse(&id)).map(ThingInput::Case),
            Some(Thing::ListId(id)) => self.keep("thing.list_id", ListId::parse(&id)).map(ThingInput::List),
            Some(Thing::Reports(false) | Thing::Statuses(false)) | None => {
                self.refuse("thing", "must name what is shared");
                None
            }
        };
        other.map(NamedThing::Other)
    }
}

/// Reads a tenant that shares something; none for the own one.
pub(in crate::api) fn sharer(name: &str) -> Result<Option<TenantId>, ServiceError> {
    let mut fields = FieldReader::default();
    let tenant = (!name.is_empty()).then(|| fields.keep("tenant", TenantId::parse(name)));
    fields.finish(Some(tenant.flatten()))
}

/// Reads the page of what a tenant shares.
pub(in crate::api) fn listed(request: v1::ListSharingsRequest) -> PageRequest {
    page(request.page_size, request.page_token)
}

/// Reads the tenant and the page of what it shares with the caller.
pub(in crate::api) fn shared_with_me(
    request: v1::ListSharedWithMeRequest,
) -> Result<(TenantId, PageRequest), ServiceError> {
    let mut fields = FieldReader::default();
    let tenant = fields.keep("tenant", TenantId::parse(&request.tenant));
    let page = page(request.page_size, request.page_token);
    fields.finish(tenant.map(|tenant| (tenant, page)))
}

/// Shows a thing.
pub(in crate::api) fn thing(thing: &SharedThing) -> v1::SharedThing {
    use v1::shared_thing::Thing;
    v1::SharedThing {
        thing: Some(match thing {
            SharedThing::Reports => Thing::Reports(true),
            SharedThing::Statuses => Thing::Statuses(true),
            SharedThing::Case(id) => Thing::CaseId(id.as_str().to_owned()),
            SharedThing::List(id) => Thing::ListId(id.as_str().to_owned()),
            SharedThing::Note(id) => Thing::NoteId(id.to_string()),
        }),
    }
}

/// Shows who may see a thing.
pub(in crate::api) fn sharing(versioned: &VersionedSharing) -> v1::Sharing {
    let sharing = &versioned.sharing;
    let (scope, tenants) = match &sharing.visibility {
        Visibility::Private => (v1::VisibilityScope::Private, Vec::new()),
        Visibility::Named(tenants) => (
            v1::VisibilityScope::Named,
            tenants.iter().map(ToString::to_string).collect(),
        ),
        Visibility::All => (v1::VisibilityScope::All, Vec::new()),
    };
    v1::Sharing {
        thing: Some(thing(&sharing.thing)),
        scope: scope.into(),
        tenants,
        changed_at: shown::time(sharing.changed_at),
        version: versioned.version,
    }
}
