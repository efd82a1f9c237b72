//! Creating principals, and changing what they may do.

use std::sync::Arc;

use super::claims::Planned;
use super::{
    MAX_OF_NAMED_TENANT, MAX_PRINCIPALS, NewKey, NewPrincipal, PrincipalChange, Principals, VersionedPrincipal,
    no_principal,
};
use crate::domain::actor::Actor;
use crate::domain::audit::AuditMethod;
use crate::domain::identity::{CertificateHash, Grants, Principal, PrincipalId, Subject};
use crate::domain::requests::Requests;
use crate::domain::tenant::{MAX_TENANTS, TenantId};
use crate::domain::time::Timestamp;
use crate::domain::unknown_fields::UnknownFields;
use crate::service::ServiceError;
use crate::service::content::{Method, RequestContent};
use crate::service::writer::{Author, Changed, Done, Mutation, Outcome, Request, overtaken, pause};
use crate::store::Version;

/// How often a change starts again because another writer was faster.
const ATTEMPTS: u32 = 8;

impl Principals {
    /// Creates a principal, with its first key if it gets one.
    ///
    /// # Errors
    /// If the request is not valid, the id or a credential is taken, there are too many principals or tenants, or the store
    /// cannot be written.
    pub async fn create(&self, new: &NewPrincipal, mutation: &Mutation) -> Result<VersionedPrincipal, ServiceError> {
        let now = self.writer.now();
        let deadline = self.writer.deadline(1);
        let id = mutation.scoped_request();
        let request = self.writer.recall(&id, &new.content(), deadline).await?;
        if request.is_new() {
            self.writer.refresh().await;
            self.check_new(new, now)?;
        }
        let fingerprint = request.fingerprint();
        let author = mutation.author(AuditMethod::CreatePrincipal, "");
        let work = self.write(&new.id, &request, author, now, |found, version| match found {
            Some(principal)
                if request.is_done() || !mutation.check(principal.requests.seen(fingerprint), version)? =>
            {
                Ok((principal, false))
            }
            Some(_) => Err(ServiceError::ContentMismatch { field: "principal_id" }),
            None if request.is_done() => Err(no_principal()),
            None => {
                let mut principal = created(new, now);
                principal.requests.remember(fingerprint);
                Ok((principal, true))
            }
        });
        let changed = self
            .writer
            .carry_out(&request, Box::pin(work), |_| Outcome::Done(Vec::new()))
            .await?;
        Ok(self.versioned(changed))
    }

    /// Changes what a principal may do, or locks it out.
    ///
    /// # Errors
    /// If there is no such principal, the manager may not add a grant, a credential is taken, no administrator would be left,
    /// the expected version is old, or the store cannot be written.
    pub async fn update(
        &self,
        id: &PrincipalId,
        change: &PrincipalChange,
        mutation: &Mutation,
    ) -> Result<VersionedPrincipal, ServiceError> {
        let deadline = self.writer.deadline(1);
        let request_id = mutation.scoped_request();
        let request = self.writer.recall(&request_id, &change.content(id), deadline).await?;
        if request.is_new() {
            self.writer.refresh().await;
            if change.roles.is_some_and(crate::domain::identity::Roles::is_empty) {
                return Err(ServiceError::field("roles", "must name at least one role"));
            }
            // Before it is looked up who else has the credential: else the answer would tell.
            if let Some((_, before)) = self.writer.index().principal(id) {
                change.check_grants(&before)?;
            }
            let certificates = change.certificates.as_deref().unwrap_or_default();
            self.check_bound(id, certificates, change.subjects.as_deref().unwrap_or_default())?;
        }
        let work = self.change(
            id,
            &request,
            (mutation, AuditMethod::UpdatePrincipal, ""),
            |principal| {
                change.check_grants(principal)?;
                change.apply(principal);
                Ok(())
            },
        );
        let changed = self
            .writer
            .carry_out(&request, Box::pin(work), |_| Outcome::Done(Vec::new()))
            .await?;
        Ok(self.versioned(changed))
    }

    /// Changes a principal once for a request. The last administrator is not changed to something else.
    pub(super) async fn change(
        &self,
        id: &PrincipalId,
        request: &Request<'_>,
        (mutation, method, reason): (&Mutation, AuditMethod, &str),
        change: impl Fn(&mut Principal) -> Result<(), ServiceError>,
    ) -> Result<Changed<Principal, bool>, ServiceError> {
        let fingerprint = request.fingerprint();
        let author = mutation.author(method, reason);
        self.write(id, request, author, self.writer.now(), |found, version| {
            let mut principal = found.ok_or_else(no_principal)?;
            if request.is_done() || !mutation.check(principal.requests.seen(fingerprint), version)? {
                return Ok((principal, false));
            }
            change(&mut principal)?;
            principal.requests.remember(fingerprint);
            Ok((principal, true))
        })
        .await
    }

    /// Claims what a change of a principal needs, and commits it to the version for which it was claimed. `next` gets the
    /// version as the tenant of the principal sees it, makes the principal of the next version, and says whether it
    /// is another one.
    async fn write(
        &self,
        id: &PrincipalId,
        request: &Request<'_>,
        author: Author<'_>,
        now: Timestamp,
        next: impl Fn(Option<Principal>, Version) -> Result<(Principal, bool), ServiceError>,
    ) -> Result<Changed<Principal, bool>, ServiceError> {
        let deadline = request.deadline();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(pause(attempt)).await;
            }
            let ids = std::slice::from_ref(id);
            let found = self
                .writer
                .read_records::<Principal>(ids, deadline)
                .await?
                .pop()
                .flatten();
            let (version, before) = found.map_or((0, None), |(version, principal)| (version, Some(principal)));
            let (after, writes) = next(before.clone(), self.shown_version(before.as_ref(), version))?;
            if writes {
                let planned = Planned {
                    before: before.as_ref(),
                    version,
                    after: &after,
                    request: request.fingerprint().id_hash(),
                    now,
                };
                self.claim(planned, deadline).await?;
            }
            let changed = self
                .writer
                .change_record(id, author, deadline, |found: Option<Principal>, at| {
                    if at != version {
                        // Another writer was faster; what was claimed is for the version before.
                        return Ok((found.ok_or(ServiceError::Internal)?, Done::unchanged(false)));
                    }
                    let shown = self.shown_version(found.as_ref(), at);
                    let (principal, writes) = next(found, shown)?;
                    Ok((
                        principal,
                        if writes {
                            Done::written(true)
                        } else {
                            Done::unchanged(true)
                        },
                    ))
                })
                .await?;
            if changed.answer {
                return Ok(changed);
            }
        }
        Err(overtaken())
    }

    /// The version of a principal, as its tenant sees it: all principals are kept with the default tenant.
    fn shown_version(&self, principal: Option<&Principal>, version: Version) -> Version {
        principal.map_or(version, |one| {
            self.writer.version_for::<Principal>(one.tenant, &one.id, version)
        })
    }

    pub(super) fn versioned(&self, changed: Changed<Principal, bool>) -> VersionedPrincipal {
        self.as_shown((changed.version, Arc::new(changed.record)))
    }

    /// A principal of the index, with its version as its tenant sees it.
    pub(super) fn as_shown(&self, (version, principal): (Version, Arc<Principal>)) -> VersionedPrincipal {
        VersionedPrincipal {
            version: self.shown_version(Some(&principal), version),
            principal,
        }
    }

    fn check_new(&self, new: &NewPrincipal, now: Timestamp) -> Result<(), ServiceError> {
        if new.roles.is_empty() {
            return Err(ServiceError::field("roles", "must name at least one role"));
        }
        if Actor::is_of_program(new.id.as_str()) {
            let problem = "is a name that the program uses itself";
            return Err(ServiceError::field("principal_id", problem));
        }
        let index = self.writer.index();
        if index.has_name_like(&new.id) {
            return Err(ServiceError::ContentMismatch { field: "principal_id" });
        }
        if index.principal_count() >= MAX_PRINCIPALS {
            let text = format!("there are {MAX_PRINCIPALS} principals already, which is the limit");
            return Err(ServiceError::Precondition(text));
        }
        if new.tenant != TenantId::DEFAULT && index.principals_of_tenant(new.tenant) >= MAX_OF_NAMED_TENANT {
            let text = format!("this tenant has {MAX_OF_NAMED_TENANT} principals already, which is the limit");
            return Err(ServiceError::Precondition(text));
        }
        let mut tenants = index.tenants_of_principals();
        tenants.extend([TenantId::DEFAULT, new.tenant]);
        if tenants.len() > MAX_TENANTS {
            let text = format!("there are {MAX_TENANTS} tenants already, which is the limit");
            return Err(ServiceError::Precondition(text));
        }
        if let Some(key) = &new.key {
            self.check_key(key, now)?;
        }
        self.check_bound(&new.id, &new.certificates, &new.subjects)
    }

    /// Refuses a key whose id is taken, or whose times make no sense.
    pub(super) fn check_key(&self, key: &NewKey, now: Timestamp) -> Result<(), ServiceError> {
        if key
            .expires_at
            .is_some_and(|end| end <= key.not_before.unwrap_or(now).max(now))
        {
            let problem = "must be later than now and than `not_before`";
            return Err(ServiceError::field("expires_at", problem));
        }
        if !self.writer.index().principals_of_key(key.id).is_empty() {
            return Err(ServiceError::ContentMismatch { field: "key_id" });
        }
        Ok(())
    }

    /// Refuses certificates and subjects that are bound to another principal: one credential must not be two parties.
    fn check_bound(
        &self,
        id: &PrincipalId,
        certificates: &[CertificateHash],
        subjects: &[Subject],
    ) -> Result<(), ServiceError> {
        let index = self.writer.index();
        if certificates
            .iter()
            .any(|hash| index.principal_of_certificate(hash).is_other_than(id))
        {
            return Err(ServiceError::ContentMismatch {
                field: "certificate_sha256",
            });
        }
        if subjects
            .iter()
            .any(|subject| index.principal_of_subject(subject).is_other_than(id))
        {
            return Err(ServiceError::ContentMismatch { field: "subjects" });
        }
        Ok(())
    }
}

fn created(new: &NewPrincipal, now: Timestamp) -> Principal {
    let mut principal = Principal {
        id: new.id.clone(),
        tenant: new.tenant,
        roles: new.roles,
        grants: new.grants.clone(),
        disabled: false,
        created_at: now,
        keys: Vec::new(),
        certificates: new.certificates.clone(),
        subjects: new.subjects.clone(),
        requests: Requests::default(),
        unknown_fields: UnknownFields::default(),
    };
    if let Some(key) = &new.key {
        principal.add_key(key.made(now), now);
    }
    principal
}

impl NewPrincipal {
    fn content(&self) -> RequestContent {
        let mut content = RequestContent::of(Method::CreatePrincipal);
        content.text(self.id.as_str()).text(self.tenant.as_str());
        content.code(self.roles.bits());
        write_grants(&mut content, &self.grants);
        write_bound(&mut content, &self.certificates, &self.subjects);
        content.flag(self.key.is_some());
        if let Some(key) = &self.key {
            key.write(&mut content);
        }
        content
    }
}

impl PrincipalChange {
    fn content(&self, id: &PrincipalId) -> RequestContent {
        let mut content = RequestContent::of(Method::UpdatePrincipal);
        content.text(id.as_str());
        content.optional_code(self.roles.map(|roles| roles.bits()));
        content.flag(self.grants.is_some());
        if let Some(grants) = &self.grants {
            write_grants(&mut content, grants);
        }
        content.flag(self.certificates.is_some()).flag(self.subjects.is_some());
        let certificates = self.certificates.as_deref().unwrap_or_default();
        write_bound(&mut content, certificates, self.subjects.as_deref().unwrap_or_default());
        content.optional_code(self.disabled.map(u8::from));
        content
    }

    fn apply(&self, principal: &mut Principal) {
        if let Some(roles) = self.roles {
            principal.roles = roles;
        }
        if let Some(grants) = &self.grants {
            principal.grants.clone_from(grants);
        }
        if let Some(certificates) = &self.certificates {
            principal.certificates.clone_from(certificates);
        }
        if let Some(subjects) = &self.subjects {
            principal.subjects.clone_from(subjects);
        }
        if let Some(disabled) = self.disabled {
            principal.disabled = disabled;
        }
    }
}

fn write_grants(content: &mut RequestContent, grants: &Grants) {
    for source in grants.sources() {
        content.code(source.code());
    }
    content.code(0);
    for feed in &grants.feeds {
        content.text(feed.as_str());
    }
    content.code(0);
    for brand in &grants.brands {
        content.text(brand.as_str());
    }
    content.code(0);
}

fn write_bound(content: &mut RequestContent, certificates: &[CertificateHash], subjects: &[Subject]) {
    for CertificateHash(hash) in certificates {
        let (high, low) = hash.split_at(16);
        for half in [high, low] {
            content.hash(half.try_into().map_or(0, u128::from_be_bytes));
        }
    }
    content.code(0);
    for subject in subjects {
        content.text(subject.issuer.as_str()).text(subject.subject.as_str());
    }
    content.code(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::{KeyId, Role, Roles, SecretHash, SubjectName};
    use crate::domain::kinds::Source;

    fn hex(content: &RequestContent) -> String {
        content.bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A retry is recognised across releases.
    #[test]
    fn the_content_of_requests_is_frozen() {
        let name = |text| SubjectName::parse(text).unwrap();
        let grants = Grants::new([Source::Honeypot], Vec::new(), Vec::new());
        let new = NewPrincipal {
            id: PrincipalId::parse("ana").unwrap(),
            tenant: TenantId::DEFAULT,
            roles: Roles::of(&[Role::Analyst]),
            grants: grants.clone(),
            certificates: vec![CertificateHash([7; 32])],
            subjects: vec![Subject {
                issuer: name("i"),
                subject: name("s"),
            }],
            key: Some(NewKey {
                id: KeyId::from_raw(1),
                hash: SecretHash::from_bytes([2; 32]),
                not_before: None,
                expires_at: Some(Timestamp::from_secs(1)),
            }),
        };
        assert_eq!(hex(&new.content()), NEW);
        let change = PrincipalChange {
            grants: Some(grants),
            disabled: Some(true),
            ..PrincipalChange::default()
        };
        assert_eq!(hex(&change.content(&new.id)), CHANGE);
    }

    const NEW: &str = "0f0764656661756c7403616e610764656661756c741007000000070707070707070707070707070707070707070707070707070707070707070700016901730001103030303030303030303030303030303140303230323032303230323032303230323032303230323032303230323032303230323032303230323032303230323032303230323032303230323032303230320001d00f";
    const CHANGE: &str = "100764656661756c7403616e61000107000000000000000101";
}
