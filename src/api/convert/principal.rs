//! Principals, their grants and their keys.

use super::{FieldReader, page, shown};
use crate::api::RequestContext;
use crate::domain::brand::Brand;
use crate::domain::identity::{
    CertificateHash, Grants, Identified, KeyId, MAX_BRAND_GRANTS, MAX_CERTIFICATES, MAX_FEED_GRANTS, MAX_SUBJECTS,
    PrincipalId, PrincipalKey, Role, Roles, SecretHash, Subject, SubjectName,
};
use crate::domain::ids::{Feed, NameError};
use crate::domain::kinds::Source;
use crate::domain::status::MAX_REASON_CHARS;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::service::{Mutation, NewKey, NewPrincipal, PageRequest, PrincipalChange, ServiceError, VersionedPrincipal};
use crate::wire::v1;

/// Reads a new principal.
pub(in crate::api) fn new_principal(
    request: v1::CreatePrincipalRequest,
    context: &RequestContext,
) -> Result<(NewPrincipal, Mutation), ServiceError> {
    let mut fields = FieldReader::default();
    let id = fields.principal_id(&request.principal_id);
    let own = context.caller.tenant();
    let tenant = match request.tenant.as_str() {
        "" => Some(own),
        name => fields.keep("tenant", TenantId::parse(name)),
    };
    if own != TenantId::DEFAULT && tenant.is_some_and(|tenant| tenant != own) {
        fields.refuse("tenant", "must be your own tenant, or empty");
    }
    let roles = fields.roles(&request.roles);
    let grants = fields.grants(&request.grants.unwrap_or_default());
    let (certificates, subjects) = fields.bound(&request.bound.unwrap_or_default());
    let key = request.key.map(|key| fields.new_key(&key));
    let mutation = fields.mutation(context, &request.actor, &request.request_id, None);
    let key_is_right = key.as_ref().is_none_or(Option::is_some);
    let new = id
        .zip(tenant)
        .filter(|_| key_is_right)
        .map(|(id, tenant)| NewPrincipal {
            id,
            tenant,
            roles,
            grants,
            certificates,
            subjects,
            key: key.flatten(),
        });
    fields.finish(new.zip(mutation))
}

/// Reads the id of a principal.
pub(in crate::api) fn wanted(request: &v1::GetPrincipalRequest) -> Result<PrincipalId, ServiceError> {
    let mut fields = FieldReader::default();
    let id = fields.principal_id(&request.principal_id);
    fields.finish(id)
}

/// Reads the page of a list of principals.
pub(in crate::api) fn listed(request: v1::ListPrincipalsRequest) -> PageRequest {
    page(request.page_size, request.page_token)
}

/// Reads the change of a principal.
pub(in crate::api) fn change(
    request: v1::UpdatePrincipalRequest,
    context: &RequestContext,
) -> Result<(PrincipalId, PrincipalChange, Mutation), ServiceError> {
    let mut fields = FieldReader::default();
    let id = fields.principal_id(&request.principal_id);
    let roles = (!request.roles.is_empty()).then(|| fields.roles(&request.roles));
    let grants = request.grants.map(|grants| fields.grants(&grants));
    let (certificates, subjects) = request.bound.map(|bound| fields.bound(&bound)).unzip();
    let mutation = fields.mutation(context, &request.actor, &request.request_id, request.expected_version);
    let change = PrincipalChange {
        roles,
        grants,
        manager: context.caller.tenant(),
        certificates,
        subjects,
        disabled: request.disabled,
    };
    fields.finish(id.zip(mutation).map(|(id, mutation)| (id, change, mutation)))
}

/// A key for a principal.
#[derive(Debug)]
pub(in crate::api) struct AddedKey {
    pub(in crate::api) principal: PrincipalId,
    pub(in crate::api) key: NewKey,
    pub(in crate::api) others_expire_at: Option<Timestamp>,
    pub(in crate::api) mutation: Mutation,
}

/// Reads a key for a principal.
pub(in crate::api) fn new_key_of(
    request: &v1::AddKeyRequest,
    context: &RequestContext,
) -> Result<AddedKey, ServiceError> {
    let mut fields = FieldReader::default();
    let id = fields.principal_id(&request.principal_id);
    let key = match &request.key {
        Some(key) => fields.new_key(key),
        None => {
            fields.refuse("key", "must be set");
            None
        }
    };
    let others_expire_at = fields.time("others_expire_at", request.others_expire_at);
    let mutation = fields.mutation(context, &request.actor, &request.request_id, None);
    let added = id.zip(key).zip(mutation).map(|((principal, key), mutation)| AddedKey {
        principal,
        key,
        others_expire_at,
        mutation,
    });
    fields.finish(added)
}

/// Reads the revocation of a key.
pub(in crate::api) fn revocation(
    request: v1::RevokeKeyRequest,
    context: &RequestContext,
) -> Result<(KeyId, String, Mutation), ServiceError> {
    let mut fields = FieldReader::default();
    let key = fields.key_id("key_id", &request.key_id);
    let reason = fields.prose("reason", request.reason, MAX_REASON_CHARS);
    let mutation = fields.mutation(context, &request.actor, &request.request_id, None);
    fields.finish(key.zip(mutation).map(|(key, mutation)| (key, reason, mutation)))
}

/// Shows a principal. `last_used` says when a key was last accepted.
pub(in crate::api) fn principal(
    versioned: &VersionedPrincipal,
    last_used: impl Fn(KeyId) -> Option<Timestamp>,
) -> v1::Principal {
    let principal = &versioned.principal;
    v1::Principal {
        principal_id: principal.id.as_str().to_owned(),
        tenant: principal.tenant.as_str().to_owned(),
        roles: codes(principal.roles),
        sources: principal
            .grants
            .sources()
            .map(|source| i32::from(source.code()))
            .collect(),
        feeds: principal
            .grants
            .feeds
            .iter()
            .map(|feed| feed.as_str().to_owned())
            .collect(),
        brands: principal
            .grants
            .brands
            .iter()
            .map(|brand| brand.as_str().to_owned())
            .collect(),
        disabled: principal.disabled,
        created_at: shown::time(principal.created_at),
        keys: principal
            .keys
            .iter()
            .map(|key| shown_key(key, last_used(key.id)))
            .collect(),
        certificate_sha256: principal
            .certificates
            .iter()
            .map(|hash| SecretHash::from_bytes(hash.0).text())
            .collect(),
        subjects: principal.subjects.iter().map(shown_subject).collect(),
        version: versioned.version,
    }
}

/// Shows who the caller is.
pub(in crate::api) fn caller(known: &Identified) -> v1::GetCallerResponse {
    v1::GetCallerResponse {
        open: false,
        principal_id: known.principal.id.as_str().to_owned(),
        tenant: known.principal.tenant.as_str().to_owned(),
        roles: codes(known.principal.roles),
        credential: known.credential.to_string(),
    }
}

fn codes(roles: Roles) -> Vec<i32> {
    roles.iter().map(|role| i32::from(role.code())).collect()
}

fn shown_key(key: &PrincipalKey, last_used: Option<Timestamp>) -> v1::ApiKey {
    v1::ApiKey {
        key_id: key.id.to_string(),
        created_at: shown::time(key.created_at),
        not_before: key.not_before.and_then(shown::time),
        expires_at: key.expires_at.and_then(shown::time),
        revoked_at: key.revoked_at.and_then(shown::time),
        last_used_at: last_used.and_then(shown::time),
    }
}

fn shown_subject(subject: &Subject) -> v1::OidcSubject {
    v1::OidcSubject {
        issuer: subject.issuer.as_str().to_owned(),
        subject: subject.subject.as_str().to_owned(),
    }
}

impl FieldReader {
    fn principal_id(&mut self, id: &str) -> Option<PrincipalId> {
        self.keep("principal_id", PrincipalId::parse(id))
    }

    /// The roles. The service says that there must be one.
    fn roles(&mut self, codes: &[i32]) -> Roles {
        let roles = codes
            .iter()
            .filter_map(|code| self.required_code("roles", *code, Role::from_code));
        roles.collect()
    }

    fn grants(&mut self, grants: &v1::ReportGrants) -> Grants {
        let sources = grants.sources.iter();
        let sources: Vec<_> = sources
            .filter_map(|code| self.required_code("grants.sources", *code, Source::from_code))
            .collect();
        let feeds = self.each("grants.feeds", &grants.feeds, MAX_FEED_GRANTS, Feed::parse);
        let brands = self.each("grants.brands", &grants.brands, MAX_BRAND_GRANTS, Brand::parse);
        Grants::new(sources, feeds, brands)
    }

    fn bound(&mut self, bound: &v1::BoundCredentials) -> (Vec<CertificateHash>, Vec<Subject>) {
        let field = "bound.certificate_sha256";
        if bound.certificate_sha256.len() > MAX_CERTIFICATES {
            self.refuse(field, format!("must have at most {MAX_CERTIFICATES} items"));
        }
        let mut certificates: Vec<_> = bound
            .certificate_sha256
            .iter()
            .filter_map(|text| self.hash(field, text).map(|hash| CertificateHash(*hash.bytes())))
            .collect();
        certificates.sort_unstable();
        certificates.dedup();
        if bound.subjects.len() > MAX_SUBJECTS {
            self.refuse("bound.subjects", format!("must have at most {MAX_SUBJECTS} items"));
        }
        let mut subjects: Vec<_> = bound
            .subjects
            .iter()
            .filter_map(|subject| self.subject(subject))
            .collect();
        subjects.sort();
        subjects.dedup();
        (certificates, subjects)
    }

    fn subject(&mut self, subject: &v1::OidcSubject) -> Option<Subject> {
        let issuer = self.keep("bound.subjects.issuer", SubjectName::parse(&subject.issuer));
        let person = self.keep("bound.subjects.subject", SubjectName::parse(&subject.subject));
        Some(Subject {
            issuer: issuer?,
            subject: person?,
        })
    }

    fn new_key(&mut self, key: &v1::NewApiKey) -> Option<NewKey> {
        let id = self.key_id("key.key_id", &key.key_id);
        let hash = self.hash("key.secret_sha256", &key.secret_sha256);
        let not_before = self.time("key.not_before", key.not_before);
        let expires_at = self.time("key.expires_at", key.expires_at);
        Some(NewKey {
            id: id?,
            hash: hash?,
            not_before,
            expires_at,
        })
    }

    fn key_id(&mut self, field: &str, text: &str) -> Option<KeyId> {
        self.keep(
            field,
            KeyId::parse(text).map_err(|_| "must have 16 lower-case hexadecimal digits"),
        )
    }

    fn hash(&mut self, field: &str, text: &str) -> Option<SecretHash> {
        self.keep(
            field,
            SecretHash::parse(text).map_err(|_| "must have 64 lower-case hexadecimal digits"),
        )
    }

    fn each<T>(
        &mut self,
        field: &str,
        texts: &[String],
        most: usize,
        parse: impl Fn(&str) -> Result<T, NameError>,
    ) -> Vec<T> {
        if texts.len() > most {
            self.refuse(field, format!("must have at most {most} items"));
        }
        texts.iter().filter_map(|text| self.keep(field, parse(text))).collect()
    }
}
