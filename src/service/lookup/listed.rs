//! What lists say of a number, as the rules take it.

use crate::domain::list::{Hit, ListHits};
use crate::domain::policy::{Bar, Protection, TenantRule};
use crate::domain::time::Timestamp;

/// What lists say of the number of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ListFindings {
    pub(super) protection: Option<Protection>,
    pub(super) bar: Option<Bar>,
    pub(super) tenant: Option<TenantRule>,
    /// When the first of it ceases to hold.
    pub(super) until: Option<Timestamp>,
}

impl ListFindings {
    /// The strongest of each kind: that a number never calls is surer than that it is unassigned, and what the tenant
    /// allows comes before what they block, and both before a rule for its prefix.
    pub(super) fn of(hits: &ListHits) -> Self {
        let never_calls = hits.do_not_originate.map(|_| Bar::DoNotOriginate);
        let unassigned = hits.unassigned.map(|_| Bar::Unassigned);
        let allowed = hits.tenant_allow.map(|_| TenantRule::Allow);
        let blocked = hits.tenant_block.map(|_| TenantRule::Block);
        let by_prefix = hits.tenant_prefix.map(|(action, _)| TenantRule::Prefix(action));
        let all = [
            hits.do_not_originate,
            hits.protected,
            hits.unassigned,
            hits.tenant_allow,
            hits.tenant_block,
            hits.tenant_prefix.map(|(_, hit)| hit),
        ];
        Self {
            protection: hits.protected.map(|_| Protection::Caller),
            bar: never_calls.or(unassigned),
            tenant: allowed.or(blocked).or(by_prefix),
            until: all.into_iter().flatten().filter_map(|hit: Hit| hit.expires_at).min(),
        }
    }
}
