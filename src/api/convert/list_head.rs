//! The head of an uploaded list.

use super::FieldReader;
use crate::api::RequestContext;
use crate::domain::actor::Actor;
use crate::domain::ids::RequestId;
use crate::domain::kinds::ListKind;
use crate::domain::list::MAX_ACTOR_BYTES;
use crate::service::{ListHead, Mutation, ServiceError};
use crate::wire::v1;

/// Reads the head of a list.
pub(super) fn head(head: &v1::ListHead, context: &RequestContext) -> Result<ListHead, ServiceError> {
    let mut fields = FieldReader::default();
    let id = fields.list_id("head.list_id", &head.list_id);
    let kind = fields.required_code("head.kind", head.kind, ListKind::from_code);
    let request = fields.keep("head.request_id", RequestId::parse(&head.request_id));
    let actor = match context.caller.principal() {
        Some(principal) => Some(Actor::of(&principal.id)),
        None => {
            if head.actor.len() > MAX_ACTOR_BYTES {
                fields.refuse("head.actor", format!("must have at most {MAX_ACTOR_BYTES} bytes"));
            }
            fields.refuse_hidden("head.actor", &head.actor);
            fields.keep("head.actor", Actor::parse(&head.actor))
        }
    };
    let read = || {
        let mutation = Mutation {
            request: request?,
            actor: actor?,
            via: context.via(),
            expected_version: head.expected_version,
        };
        Some(ListHead {
            id: id?,
            kind: kind?,
            may_be_empty: head.may_be_empty,
            mutation,
        })
    };
    let read = read();
    fields.finish(read)
}
