//! The actor and the request of a change, and the recognition of retries.

use crate::domain::actor::Actor;
use crate::domain::audit::{AuditMethod, Via};
use crate::domain::ids::{CaseId, RequestId};
use crate::domain::kinds::CaseRole;
use crate::domain::requests::{Fingerprint, Seen};
use crate::service::ServiceError;
use crate::service::content::{Method, RequestContent};
use crate::store::Version;

/// The actor of a change, its request, and the version it expects.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// The id of the request: the same id again is a retry of the same mutation.
    pub request: RequestId,
    /// The actor.
    pub actor: Actor,
    /// By which credential and over which edge the request came.
    pub via: Via,
    /// The version the client read; 0 for "no record yet". Any if unset.
    pub expected_version: Option<Version>,
}

/// The actor, request and reason of a change: kept in the change-log entry, and in the audit event.
#[derive(Clone, Copy, Debug)]
pub(in crate::service) struct Author<'a> {
    pub(in crate::service) actor: &'a Actor,
    /// The id of the request, or of the report.
    pub(in crate::service) request: &'a str,
    /// The reason given; may be empty.
    pub(in crate::service) reason: &'a str,
    /// By which credential and over which edge the request came.
    pub(in crate::service) via: &'a Via,
    /// The method that its audit events name; none if its changes make no events.
    pub(in crate::service) method: Option<AuditMethod>,
}

impl Mutation {
    /// The id of the request among those of all principals: principals choose ids without knowing those of others. On a server
    /// without principals, it is the id that the client gave.
    pub(in crate::service) fn scoped_request(&self) -> RequestId {
        scoped(&self.request, &self.actor, &self.via)
    }

    /// The author of its changes, with the reason given for them.
    pub(in crate::service) fn author<'a>(&'a self, method: AuditMethod, reason: &'a str) -> Author<'a> {
        Author {
            actor: &self.actor,
            request: self.request.as_str(),
            reason,
            via: &self.via,
            method: Some(method),
        }
    }

    /// Whether to change a record at `version`, where `seen` says whether it remembers this request. False for a retry.
    /// A record that has changed since the client read it is an error.
    pub(in crate::service) fn check(&self, seen: Seen, version: Version) -> Result<bool, ServiceError> {
        self.check_version(self.expected_version, seen, version)
    }

    /// The same for one item of a batch, which has an expected version of its own.
    pub(in crate::service) fn check_version(
        &self,
        expected: Option<Version>,
        seen: Seen,
        version: Version,
    ) -> Result<bool, ServiceError> {
        match seen {
            Seen::Done => Ok(false),
            Seen::OtherContent => Err(ServiceError::ContentMismatch { field: "request_id" }),
            Seen::New => match expected {
                Some(expected) if expected != version => Err(ServiceError::VersionMismatch {
                    expected,
                    found: version,
                }),
                Some(_) | None => Ok(true),
            },
        }
    }

    /// The part of the request that changes one link, where a request may change several links of a record, under the key of
    /// the contents of requests. No role stands for all roles.
    pub(in crate::service) fn link_fingerprint(
        &self,
        method: Method,
        case: &CaseId,
        role: Option<CaseRole>,
        (key, content): (&[u8; 32], &RequestContent),
    ) -> Fingerprint {
        let mut part = RequestContent::of(method);
        part.text(case.as_str()).code(role.map_or(0, CaseRole::code));
        Fingerprint::of_part(key, &self.scoped_request(), part.bytes(), content.bytes())
    }
}

/// The id of a request among those of all principals. Only a principal has a credential.
pub(in crate::service) fn scoped(request: &RequestId, actor: &Actor, via: &Via) -> RequestId {
    if via.credential.is_empty() {
        request.clone()
    } else {
        request.of_principal(actor.as_str())
    }
}
