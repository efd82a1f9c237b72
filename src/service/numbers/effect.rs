//! Whether a status that was set decides on calls, or a stronger rule decides first.

use super::Numbers;
use crate::domain::kinds::{Action, ListKind, StatusKind};
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
        let stronger = statuses.at(now).map(|entry| entry.kind).find(|other| *other < kind);
        let by_status = stronger.and_then(by_status);
        by_status.or_else(|| by_list(kind, &self.writer.index().listed(ListedCaller::Number(number), now)))
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

/// The list that the policy asks before statuses of this kind, in its order.
fn by_list(kind: StatusKind, hits: &ListHits) -> Option<Overruled> {
    if kind == StatusKind::Protected {
        return None;
    }
    let is_dno = kind == StatusKind::DoNotOriginate;
    let is_analysts = matches!(kind, StatusKind::Blocked | StatusKind::Allowed);
    let is_dialled_only = |action: Action| action == Action::WarnBeforeDial;
    let prefix = hits.tenant_prefix.filter(|(action, _)| !is_dialled_only(*action));
    let lists = [
        (hits.protected.is_some(), ListKind::Protected),
        (hits.do_not_originate.is_some() && !is_dno, ListKind::DoNotOriginate),
        (hits.tenant_allow.is_some() && !is_dno, ListKind::TenantAllow),
        (hits.tenant_block.is_some() && !is_dno, ListKind::TenantBlock),
        (prefix.is_some() && !is_dno, ListKind::TenantPrefix),
        (
            hits.unassigned.is_some() && !is_dno && !is_analysts,
            ListKind::Unassigned,
        ),
    ];
    let decides = lists.into_iter().find(|(decides, _)| *decides);
    decides.map(|(_, kind)| Overruled::ByList(kind))
}
