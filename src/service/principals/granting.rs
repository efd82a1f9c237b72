//! Who may grant what. A source or a feed speaks for others, and its reports weigh more than those of a person, also in the
//! other tenants that they are shared with. A certificate or a subject of an OpenID provider may be that of a person of another
//! tenant, whose requests would then belong to this one. So the operator of the server grants and binds them: an administrator
//! of the default tenant. Other administrators may keep and remove them.
//!
//! A name has one holder on the whole server. So that nobody learns which names other tenants use, an administrator of a named
//! tenant chooses among names that no other tenant can have: those that end with `@` and the name of the tenant.

use super::{NewPrincipal, PrincipalChange};
use crate::domain::identity::{CertificateHash, Grants, Principal, Subject};
use crate::domain::tenant::TenantId;
use crate::service::ServiceError;

impl NewPrincipal {
    /// Checks that an administrator of the tenant `manager` may grant and bind what the principal gets.
    ///
    /// # Errors
    /// If there is a grant, a certificate or a subject, and it is not the default tenant.
    pub fn check_grants(&self, manager: TenantId) -> Result<(), ServiceError> {
        let added = self.grants.field_beyond(&Grants::default());
        check(manager, added)?;
        check(manager, bound_beyond((&self.certificates, &self.subjects), (&[], &[])))
    }

    /// Checks that an administrator of the tenant `manager` may choose the name. Whether somebody has it does not count.
    ///
    /// # Errors
    /// If it ends with `@` and the name of a tenant, and the principal belongs to another one; or if it does not, and the
    /// manager is not of the default tenant.
    pub fn check_name(&self, manager: TenantId) -> Result<(), ServiceError> {
        let ending = self.id.as_str().rsplit_once('@');
        let of_tenant = ending.and_then(|(_, tenant)| TenantId::parse(tenant).ok());
        let tenant = self.tenant;
        if of_tenant.is_none() && manager == TenantId::DEFAULT || of_tenant == Some(tenant) {
            return Ok(());
        }
        let problem = match of_tenant {
            Some(other) if manager == TenantId::DEFAULT => {
                format!("ends with `@{other}`, so it is a name of the tenant `{other}`")
            }
            Some(_) | None => {
                format!("must end with `@{tenant}`: an administrator of this tenant chooses among these names")
            }
        };
        Err(ServiceError::field("principal_id", problem))
    }
}

impl PrincipalChange {
    /// Checks that the administrator may change a principal from `before` to this.
    pub(super) fn check_grants(&self, before: &Principal) -> Result<(), ServiceError> {
        let grants = self.grants.as_ref();
        check(
            self.manager,
            grants.and_then(|wanted| wanted.field_beyond(&before.grants)),
        )?;
        let wanted = (
            self.certificates.as_deref().unwrap_or_default(),
            self.subjects.as_deref().unwrap_or_default(),
        );
        check(
            self.manager,
            bound_beyond(wanted, (&before.certificates, &before.subjects)),
        )
    }
}

/// What is bound to a principal.
type Bound<'a> = (&'a [CertificateHash], &'a [Subject]);

/// The field in which something is bound that was not bound before.
fn bound_beyond(wanted: Bound<'_>, before: Bound<'_>) -> Option<&'static str> {
    if wanted.0.iter().any(|hash| !before.0.contains(hash)) {
        return Some("certificate_sha256");
    }
    let is_new = |subject: &Subject| !before.1.contains(subject);
    wanted.1.iter().any(is_new).then_some("subjects")
}

fn check(manager: TenantId, added: Option<&'static str>) -> Result<(), ServiceError> {
    match added {
        Some(field) if manager != TenantId::DEFAULT => Err(ServiceError::MayNotGrant { field }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::{PrincipalId, Role, Roles};

    #[test]
    fn the_names_of_a_tenant_are_apart_from_those_of_others() {
        let tenant = |name: &str| TenantId::parse(name).unwrap();
        for (manager, of, name, is_allowed) in [
            ("north", "north", "ana@north", true),
            ("north", "north", "ana@example.org@north", true),
            ("north", "north", "ana", false),
            ("north", "north", "ana@south", false),
            ("north", "north", "ana@north.example", false),
            ("default", "default", "ana", true),
            ("default", "default", "ana@example.org", true),
            ("default", "north", "ana", true),
            ("default", "north", "ana@north", true),
            ("default", "default", "ana@north", false),
            ("default", "south", "ana@north", false),
        ] {
            let new = NewPrincipal {
                id: PrincipalId::parse(name).unwrap(),
                tenant: tenant(of),
                roles: Roles::of(&[Role::App]),
                grants: Grants::default(),
                certificates: Vec::new(),
                subjects: Vec::new(),
                key: None,
            };
            let checked = new.check_name(tenant(manager));
            assert_eq!(checked.is_ok(), is_allowed, "{manager}: {name} of {of}: {checked:?}");
        }
    }
}
