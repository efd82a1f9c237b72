//! Who may grant what. A source or a feed speaks for others, and its reports weigh more than those of a person, also in the
//! other tenants that they are shared with. A certificate or a subject of an OpenID provider may be that of a person of another
//! tenant, whose requests would then belong to this one. So the operator of the server grants and binds them: an administrator of
//! the default tenant. Other administrators may keep and remove them.

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
