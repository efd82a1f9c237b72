//! The principals of one tenant.

use super::Principals;
use crate::domain::identity::PrincipalId;
use crate::domain::tenant::TenantId;

impl Principals {
    /// The ids of the principals of a tenant.
    #[must_use]
    pub fn of_tenant(&self, tenant: TenantId) -> Vec<PrincipalId> {
        let all = self.writer.index().principals(None, usize::MAX);
        let own = all.into_iter().filter(|(_, principal)| principal.tenant == tenant);
        own.map(|(_, principal)| principal.id.clone()).collect()
    }
}
