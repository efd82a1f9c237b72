//! The principals of one tenant.

use super::Principals;
use crate::domain::identity::PrincipalId;
use crate::domain::tenant::TenantId;

impl Principals {
    /// The ids of the principals of a tenant.
    #[must_use]
    pub fn of_tenant(&self, tenant: TenantId) -> Vec<PrincipalId> {
        let index = self.writer.index();
        index.principals_that(|principal| principal.tenant == tenant)
    }
}
