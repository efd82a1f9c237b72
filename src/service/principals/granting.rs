//! Who may grant what. A source or a feed speaks for others, and its reports weigh more than those of a person, also in the
//! other tenants that they are shared with. So the operator of the server grants them: an administrator of the default tenant.

use super::{NewPrincipal, PrincipalChange};
use crate::domain::identity::Grants;
use crate::domain::tenant::TenantId;
use crate::service::ServiceError;

impl NewPrincipal {
    /// Checks that an administrator of the tenant `manager` may grant what the principal gets.
    ///
    /// # Errors
    /// If there is a grant and it is not the default tenant.
    pub fn check_grants(&self, manager: TenantId) -> Result<(), ServiceError> {
        check(manager, &self.grants, &Grants::default())
    }
}

impl PrincipalChange {
    /// Checks that the administrator may change the grants from `before` to these.
    pub(super) fn check_grants(&self, before: &Grants) -> Result<(), ServiceError> {
        self.grants
            .as_ref()
            .map_or(Ok(()), |wanted| check(self.manager, wanted, before))
    }
}

fn check(manager: TenantId, wanted: &Grants, before: &Grants) -> Result<(), ServiceError> {
    match wanted.field_beyond(before) {
        Some(field) if manager != TenantId::DEFAULT => Err(ServiceError::MayNotGrant { field }),
        Some(_) | None => Ok(()),
    }
}
