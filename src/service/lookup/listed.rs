//! The list entries of a number, in the form that the policy takes.

use crate::domain::kinds::OwnerCalls;
use crate::domain::list::{Hit, ListHits};
use crate::domain::policy::{Bar, Protection, TenantRule};
use crate::domain::time::Timestamp;

/// The list entries that decide over a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ListFindings {
    pub(super) protection: Option<Protection>,
    pub(super) bar: Option<Bar>,
    pub(super) tenant: Option<TenantRule>,
    /// Whether the known owner calls.
    pub(super) owner: Option<OwnerCalls>,
    /// The first moment at which one of the entries expires.
    pub(super) until: Option<Timestamp>,
    /// Whether one of the entries is of another tenant.
    pub(super) is_shared: bool,
}

impl ListFindings {
    /// The strongest entry of each kind. Do-not-originate comes before unassigned. The tenant's allow list comes before
    /// their block list, and both come before a rule for the prefix.
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
        let ends = all.into_iter().flatten().filter_map(|hit: Hit| hit.expires_at);
        let owner_ends = hits.known_owner.and_then(|hit| hit.expires_at);
        Self {
            protection: hits.protected.map(|_| Protection::Caller),
            bar: never_calls.or(unassigned),
            tenant: allowed.or(blocked).or(by_prefix),
            owner: hits.known_owner.map(|hit| hit.calls),
            until: ends.chain(owner_ends).min(),
            is_shared: hits.is_shared,
        }
    }
}
