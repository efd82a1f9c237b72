//! Whether a status that was set decides on calls, or a stronger rule decides first.

use super::Numbers;
use crate::domain::kinds::{Action, ListKind, OwnerCalls, StatusKind};
use crate::domain::list::{ListHits, ListedCaller};
use crate::domain::status::Statuses;
use crate::number::E164;

/// The rule that decides on calls before a status does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overruled {
    /// Another status of the number, for every call.
    ByStatus(StatusKind),
    /// Another status of the number, for the calls that it holds for.
    BySomeOf(StatusKind),
    /// An entry in a list of this kind.
    ByList(ListKind),
}

impl Numbers {
    /// The rule that decides on calls of the number before a status of this kind does; none if the status decides.
    /// `statuses` are those of the number.
    #[must_use]
    pub fn overruled(&self, kind: StatusKind, number: E164, statuses: &Statuses) -> Option<Overruled> {
        let now = self.writer.now();
        let hits = self.writer.index().listed(ListedCaller::Number(number), now);
        let stronger = statuses.at(now).map(|entry| entry.kind).find(|other| *other < kind);
        let status = stronger.and_then(|stronger| Some((Rule::of(stronger), by_status(stronger)?)));
        let list = by_list(kind, &hits);
        match (list, status) {
            (Some((list, by)), Some((status, _))) if list <= status => Some(by),
            (_, Some((_, by))) | (Some((_, by)), None) => Some(by),
            (None, None) => None,
        }
    }
}

/// The rules of the policy that statuses and lists take part in, in the order of the policy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    Protected,
    NeverCalls,
    OfTenant,
    OfAnalysts,
    CannotExist,
    OfListedOwners,
    OfOwners,
    ByScore,
}

impl Rule {
    /// The rule that a status of this kind takes part in.
    const fn of(kind: StatusKind) -> Self {
        match kind {
            StatusKind::Protected => Self::Protected,
            StatusKind::DoNotOriginate => Self::NeverCalls,
            StatusKind::Blocked | StatusKind::Allowed => Self::OfAnalysts,
            StatusKind::VerifiedBusiness => Self::OfOwners,
            StatusKind::SpoofedVictim | StatusKind::Reassigned | StatusKind::UnderDispute => Self::ByScore,
        }
    }
}

fn by_status(stronger: StatusKind) -> Option<Overruled> {
    match stronger {
        StatusKind::Protected | StatusKind::DoNotOriginate | StatusKind::Blocked => Some(Overruled::ByStatus(stronger)),
        StatusKind::Allowed | StatusKind::VerifiedBusiness | StatusKind::SpoofedVictim => {
            Some(Overruled::BySomeOf(stronger))
        }
        // They do not decide on calls.
        StatusKind::Reassigned | StatusKind::UnderDispute => None,
    }
}

/// The first list whose rule comes before that of a status. A list that names the owner comes before an analyst who
/// verified the owner.
fn by_list(kind: StatusKind, hits: &ListHits) -> Option<(Rule, Overruled)> {
    let before = Rule::of(kind);
    let is_dialled_only = |action: Action| action == Action::WarnBeforeDial;
    let prefix = hits.tenant_prefix.filter(|(action, _)| !is_dialled_only(*action));
    let never_calls = hits.known_owner.is_some_and(|hit| hit.calls == OwnerCalls::Never);
    let names_owner = kind == StatusKind::VerifiedBusiness && hits.known_owner.is_some();
    let lists = [
        (hits.protected.is_some(), Rule::Protected, ListKind::Protected),
        (
            hits.do_not_originate.is_some(),
            Rule::NeverCalls,
            ListKind::DoNotOriginate,
        ),
        (never_calls, Rule::NeverCalls, ListKind::KnownOwner),
        (hits.tenant_allow.is_some(), Rule::OfTenant, ListKind::TenantAllow),
        (hits.tenant_block.is_some(), Rule::OfTenant, ListKind::TenantBlock),
        (prefix.is_some(), Rule::OfTenant, ListKind::TenantPrefix),
        (hits.unassigned.is_some(), Rule::CannotExist, ListKind::Unassigned),
        (names_owner, Rule::OfListedOwners, ListKind::KnownOwner),
    ];
    let (_, rule, kind) = lists.into_iter().find(|(names, rule, _)| *names && *rule < before)?;
    Some((rule, Overruled::ByList(kind)))
}
