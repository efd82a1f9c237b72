//! Principals: created, changed and listed, their keys made and revoked.
//!
//! The secret of a key is made where the key is wanted, and never reaches the server: the client sends its hash. So no
//! answer, log or memory of requests can hold a secret, and a client may repeat a request at any time.

mod bootstrap;
mod claims;
mod edit;
mod granting;
mod identify;
mod keys;
mod of_tenant;
mod uses;

use std::sync::Arc;

use super::content::{Method, RequestContent};
use super::page::{PageKey, foreign_token};
use super::writer::Writer;
use super::{PageRequest, ServiceError};
use crate::domain::identity::{
    CertificateHash, Grants, KeyId, Principal, PrincipalId, Roles, SecretHash, Subject, WorkingCredentials,
};
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::store::Version;

pub use bootstrap::Bootstrapped;
pub use identify::{Identities, Proof, Refused};
pub use uses::LastUses;

/// The most principals of a store.
pub const MAX_PRINCIPALS: usize = 10_000;
/// The most of a named tenant: its administrators must not take the places of all others.
const MAX_OF_NAMED_TENANT: usize = MAX_PRINCIPALS / 10;

/// A new principal.
#[derive(Clone, Debug)]
pub struct NewPrincipal {
    /// Its id.
    pub id: PrincipalId,
    /// The tenant to which everything belongs that it makes.
    pub tenant: TenantId,
    /// Its roles; at least one.
    pub roles: Roles,
    /// What it may claim in its reports. [`NewPrincipal::check_grants`] says who may grant it.
    pub grants: Grants,
    /// Its client certificates, sorted.
    pub certificates: Vec<CertificateHash>,
    /// Its subjects of OpenID providers, sorted.
    pub subjects: Vec<Subject>,
    /// Its first key, if it gets one.
    pub key: Option<NewKey>,
}

/// A new key.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its id.
    pub id: KeyId,
    /// The hash of its secret.
    pub hash: SecretHash,
    /// From when on it is valid; none: at once.
    pub not_before: Option<Timestamp>,
    /// When its validity ends; none: never.
    pub expires_at: Option<Timestamp>,
}

/// A change of a principal. A field that is none stays as it is.
#[derive(Clone, Debug, Default)]
pub struct PrincipalChange {
    /// The new roles; at least one.
    pub roles: Option<Roles>,
    /// What it may claim from now on.
    pub grants: Option<Grants>,
    /// The tenant of the administrator who makes the change. Only that of the default tenant adds grants.
    pub manager: TenantId,
    /// All its client certificates from now on, sorted.
    pub certificates: Option<Vec<CertificateHash>>,
    /// All its subjects of OpenID providers from now on, sorted.
    pub subjects: Option<Vec<Subject>>,
    /// Whether it is locked out.
    pub disabled: Option<bool>,
}

/// A principal, with the version of its record.
#[derive(Clone, Debug)]
pub struct VersionedPrincipal {
    /// The principal.
    pub principal: Arc<Principal>,
    /// The version of its record.
    pub version: Version,
}

/// A page of principals, in the order of their ids.
#[derive(Clone, Debug)]
pub struct PrincipalList {
    /// The principals.
    pub principals: Vec<VersionedPrincipal>,
    /// Leads to the next page; empty at the end.
    pub next_page_token: String,
    /// The principals on all pages.
    pub total: usize,
}

/// Principals and their keys.
pub struct Principals {
    writer: Arc<Writer>,
    page_key: PageKey,
    working: WorkingCredentials,
}

impl Principals {
    /// `writer` is that of the default tenant, which has the principals of all tenants.
    pub(super) const fn new(writer: Arc<Writer>, page_key: PageKey, working: WorkingCredentials) -> Self {
        Self {
            writer,
            page_key,
            working,
        }
    }

    /// Whether a principal can manage all principals now: an administrator of the default tenant with a credential that works.
    fn works_as_admin(&self, principal: &Principal, now: Timestamp) -> bool {
        principal.tenant == TenantId::DEFAULT && principal.is_working_admin(self.working, now)
    }

    /// Whether an administrator of the tenant `manager` manages this principal: that of the default tenant manages all, that of
    /// another tenant only those of its own.
    fn is_managed(manager: TenantId, principal: &Principal) -> bool {
        manager == TenantId::DEFAULT || manager == principal.tenant
    }

    /// Checks that an administrator of the tenant `manager` manages this principal. The tenant of a principal never changes.
    ///
    /// # Errors
    /// If it does not, there is no such principal, or the store cannot say whether there is.
    pub async fn check_managed(&self, manager: TenantId, id: &PrincipalId) -> Result<(), ServiceError> {
        if manager == TenantId::DEFAULT {
            return Ok(());
        }
        let principal = self.get(id).await?.principal;
        let is_managed = Self::is_managed(manager, &principal);
        is_managed.then_some(()).ok_or_else(no_principal)
    }

    /// Checks that an administrator of the tenant `manager` manages a holder of this key.
    ///
    /// # Errors
    /// If it does not, there is no such key, or the store cannot say whether there is.
    pub async fn check_managed_key(&self, manager: TenantId, key: KeyId) -> Result<(), ServiceError> {
        if manager == TenantId::DEFAULT {
            return Ok(());
        }
        let holders = self.holders_of(key).await?;
        let is_managed = holders.iter().any(|holder| Self::is_managed(manager, holder));
        is_managed
            .then_some(())
            .ok_or(ServiceError::NotFound { resource: "key" })
    }

    /// The principals that have a key. There is one, unless the store is of a release that let two principals have the same
    /// key. The store has no place where a key is found, so the index must be up to date.
    ///
    /// # Errors
    /// If the index knows none, and it cannot be brought up to date.
    async fn holders_of(&self, key: KeyId) -> Result<Vec<Arc<Principal>>, ServiceError> {
        let is_current = self.writer.refresh().await;
        let holders = self.writer.index().principals_of_key(key);
        if holders.is_empty() && !is_current {
            return Err(ServiceError::StoreUnavailable);
        }
        Ok(holders)
    }

    /// One principal.
    ///
    /// # Errors
    /// If there is none with this id, or the store cannot say whether there is.
    pub async fn get(&self, id: &PrincipalId) -> Result<VersionedPrincipal, ServiceError> {
        let found = self
            .writer
            .find::<Principal, _>(id, |index| index.principal(id))
            .await?;
        Ok(self.as_shown(found.ok_or_else(no_principal)?))
    }

    /// A page of the principals that an administrator of the tenant `manager` manages.
    ///
    /// # Errors
    /// If the page is wrong.
    pub fn list(&self, manager: TenantId, page: &PageRequest) -> Result<PrincipalList, ServiceError> {
        let limit = page.limit()?;
        let mut scope = RequestContent::of(Method::ListPrincipals);
        let tenant = (manager != TenantId::DEFAULT).then_some(manager);
        if let Some(tenant) = tenant {
            scope.text(tenant.as_str());
        }
        let after = page
            .cursor(&self.page_key, &scope)?
            .map(|cursor| id_of(&cursor).ok_or_else(foreign_token))
            .transpose()?;
        let index = self.writer.index();
        let (mut found, total) = index.principals(tenant, after.as_ref(), limit.saturating_add(1));
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more);
        let cursor = last.map(|(_, principal)| principal.id.as_str().as_bytes().to_vec());
        Ok(PrincipalList {
            next_page_token: self.page_key.next(&scope, cursor),
            principals: found.into_iter().map(|found| self.as_shown(found)).collect(),
            total,
        })
    }
}

fn id_of(cursor: &[u8]) -> Option<PrincipalId> {
    PrincipalId::parse(std::str::from_utf8(cursor).ok()?).ok()
}

fn no_principal() -> ServiceError {
    ServiceError::NotFound { resource: "principal" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_an_id() {
        assert_eq!(id_of(b"ana@example.org").unwrap().as_str(), "ana@example.org");
        assert!(id_of(b"").is_none() && id_of(&[0xff]).is_none());
    }
}
