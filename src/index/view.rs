//! What counts for one tenant: its own index, and the parts of the others that are shared with it and that it accepts.
//!
//! The parts are put together when they are read, so that the end of sharing holds at once. The locks of two indexes are
//! never held together: two readers that wait for each other's writers would stop both.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::{RwLock, RwLockReadGuard};

use super::{Index, NumberView, ScoredCall, linked_cases, neighbourhood};
use crate::domain::acceptance::{AcceptedKinds, SharedKind};
use crate::domain::case::{Case, CaseLink};
use crate::domain::ids::{CaseId, ListId};
use crate::domain::kinds::{ListKind, StatusKind};
use crate::domain::list::{List, ListEntry, ListHits, ListedCaller, Owner};
use crate::domain::range::Neighbourhood;
use crate::domain::score::Subject;
use crate::domain::state::NumberState;
use crate::domain::status::StatusEntry;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::visibility::SharedThing;
use crate::number::E164;
use crate::shard::Shard;

/// What counts for one tenant.
#[derive(Debug)]
pub struct View {
    viewer: TenantId,
    own: Arc<Index>,
    /// The indexes of the tenants that share something with the viewer, from which it accepts something.
    others: Vec<AcceptedIndex>,
}

/// The index of another tenant, with what the viewer accepts from it.
#[derive(Debug)]
pub(super) struct AcceptedIndex {
    pub(super) tenant: TenantId,
    pub(super) index: Arc<Index>,
    pub(super) kinds: AcceptedKinds,
}

/// What of another tenant counts for the viewer of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedPart {
    /// The tenant that shares it.
    pub tenant: TenantId,
    /// Its reports on the number, without those that say "not spam".
    pub report_count: u32,
    /// The kinds of its statuses that count, strongest first.
    pub statuses: Vec<StatusKind>,
    /// Its cases to which the number is linked.
    pub cases: Vec<CaseId>,
    /// Whether one of its lists names the number or a prefix of it.
    pub is_listed: bool,
    /// Whether its reports on neighbouring numbers count, since it has more of them than the viewer.
    pub has_range: bool,
}

/// What another tenant shows of a number.
#[derive(Default)]
struct SharedNumber {
    /// The record, with the evidence only if it is shared.
    state: NumberState,
    statuses: Vec<StatusEntry>,
    cases: Vec<(CaseLink, Arc<Case>)>,
    neighbourhood: Neighbourhood,
    /// Whether it shows anything of the number itself.
    is_known: bool,
}

impl View {
    pub(super) const fn new(viewer: TenantId, own: Arc<Index>, others: Vec<AcceptedIndex>) -> Self {
        Self { viewer, own, others }
    }

    /// The index of the viewer.
    #[must_use]
    pub const fn own(&self) -> &Arc<Index> {
        &self.own
    }

    /// The list entries that apply to a caller at `now`. Of another tenant's lists, those of the tenant's own wishes
    /// (allow, block, prefix) never apply.
    #[must_use]
    pub fn listed(&self, caller: ListedCaller, now: Timestamp) -> ListHits {
        let mut hits = self.own.listed(caller, now);
        for index in self.accepting(SharedKind::Lists) {
            hits.add_shared(index.listed_for(self.viewer, caller, now));
        }
        hits
    }

    /// The owner of a number by the lists of known owners at `now`, own lists first.
    #[must_use]
    pub fn owner_of(&self, caller: ListedCaller, now: Timestamp) -> Option<Arc<Owner>> {
        let mut others = self.accepting(SharedKind::Lists);
        self.own
            .owner_of(caller, now)
            .or_else(|| others.find_map(|index| index.owner_for(self.viewer, caller, now)))
    }

    /// The entry of a list of this kind that names a caller at `now`, with its list; own lists first.
    #[must_use]
    pub fn entry_of(&self, kind: ListKind, caller: ListedCaller, now: Timestamp) -> Option<(Arc<List>, ListEntry)> {
        let mut others = self.accepting(SharedKind::Lists);
        self.own.lists().entry_of(kind, caller, now).or_else(|| {
            others.find_map(|index| {
                let sees = |id: &ListId| self.may_see_list(index, id);
                index.lists().shared_entry_of(kind, caller, now, sees)
            })
        })
    }

    fn may_see_list(&self, index: &Index, id: &ListId) -> bool {
        index.shares(&SharedThing::List(id.clone()), self.viewer)
    }

    /// Whether analysts protect a number. False if its shard is still locked for a write at `deadline`.
    #[must_use]
    pub fn is_protected(&self, number: E164, now: Timestamp, deadline: Instant) -> bool {
        let mut others = self.accepting(SharedKind::Statuses);
        self.own.is_protected(number, now, deadline)
            || others.any(|index| {
                index.shares(&SharedThing::Statuses, self.viewer) && index.is_protected(number, now, deadline)
            })
    }

    /// The first case that counts for the viewer and that is wanted.
    #[must_use]
    pub fn find_case(&self, is_wanted: impl Fn(&Case) -> bool) -> Option<Arc<Case>> {
        let mut others = self.accepting(SharedKind::Cases);
        self.own.find_case(&is_wanted).or_else(|| {
            others.find_map(|index| index.find_case(|case| is_wanted(case) && self.may_see_case(index, &case.id)))
        })
    }

    /// The indexes of the tenants from which the viewer accepts this kind.
    fn accepting(&self, kind: SharedKind) -> impl Iterator<Item = &Index> {
        let others = self.others.iter().filter(move |other| other.kinds.accept(kind));
        others.map(|other| &*other.index)
    }

    fn may_see_case(&self, index: &Index, id: &CaseId) -> bool {
        index.shares(&SharedThing::Case(id.clone()), self.viewer)
    }

    /// Scores a call and passes the result to `read`. Returns `None` if a shard of the number is still locked for a
    /// write at `deadline`: a lookup does not wait for it.
    pub fn look_up_call<R>(
        &self,
        call: &ScoredCall,
        now: Timestamp,
        deadline: Instant,
        read: impl FnOnce(&NumberView<'_>) -> R,
    ) -> Option<R> {
        if self.others.is_empty() {
            return self.own.look_up_call(call, now, deadline, read);
        }
        self.look_up_in_all(call, now, Some(deadline), read)
    }

    /// Scores a number, apart from any call, and passes the result to `read`. None never happens without a deadline.
    pub fn look_up<R>(&self, number: E164, now: Timestamp, read: impl FnOnce(&NumberView<'_>) -> R) -> Option<R> {
        if self.others.is_empty() {
            return Some(self.own.look_up(number, now, read));
        }
        self.look_up_in_all(&ScoredCall::of(number), now, None, read)
    }

    fn look_up_in_all<R>(
        &self,
        call: &ScoredCall,
        now: Timestamp,
        deadline: Option<Instant>,
        read: impl FnOnce(&NumberView<'_>) -> R,
    ) -> Option<R> {
        let mut shared = Vec::with_capacity(self.others.len());
        for other in &self.others {
            shared.push(self.shared_number(other, call.number, now, deadline)?);
        }
        let shard = locked(self.own.shard(Shard::of_number(call.number)), deadline)?;
        let cases = locked(&self.own.cases, deadline)?;
        let model = &self.own.model;
        let found = shard.find(call.number, model);
        let version = found.as_ref().map_or(0, |found| found.version());
        let mut state = found.as_ref().map(|found| found.state().clone()).unwrap_or_default();
        let links = state.links.clone();
        let mut around = neighbourhood(model, &shard, &cases, call.number, now);
        let mut linked: Vec<(&CaseLink, Arc<Case>)> = linked_cases(&links, &cases);
        let own_analysts_decide = state.statuses.at(now).next().is_some();
        let own_around = around;
        for other in &shared {
            state.evidence.add_all(&other.state.evidence, &model.fold);
            for entry in &other.statuses {
                if counts_beside(own_analysts_decide, entry.kind) && state.statuses.holding(entry.kind, now).is_none() {
                    state.statuses.set(entry.clone());
                }
            }
            linked.extend(other.cases.iter().map(|(link, case)| (link, Arc::clone(case))));
            state.links.extend(other.cases.iter().map(|(link, _)| link.clone()));
            around = around.or_more(&other.neighbourhood);
        }
        let subject = Subject {
            state: &state,
            cases: &linked,
            neighbourhood: around,
            number: call.number,
            call: call.signing,
            signs: call.signs,
            owner: call.owner,
            now,
        };
        Some(read(&NumberView {
            state: &state,
            version,
            cases: &linked,
            weighed: model.weigh(&subject),
            is_shared: around != own_around || shared.iter().any(|other| other.is_known),
            number: call.number,
            subject,
            shard: &shard,
            model,
        }))
    }

    /// What counts of each other tenant for a number, in the order of their names: an analyst is told why calls get another
    /// answer than the own data give. Waits for locks, so it is not for lookups.
    #[must_use]
    pub fn accepted_parts(&self, number: E164, now: Timestamp) -> Vec<AcceptedPart> {
        if self.others.is_empty() {
            return Vec::new();
        }
        let own_decide = |known: &NumberView<'_>| known.state.statuses.at(now).next().is_some();
        let own_analysts_decide = self.own.look_up(number, now, own_decide);
        let own_around = self.own.neighbourhood(number, now);
        let part_of = |other: &AcceptedIndex| {
            let shown = self.shared_number(other, number, now, None)?;
            let kinds = shown.statuses.iter().map(|entry| entry.kind);
            let mut lists = ListHits::default();
            if other.kinds.accept(SharedKind::Lists) {
                lists.add_shared(other.index.listed_for(self.viewer, ListedCaller::Number(number), now));
            }
            Some(AcceptedPart {
                tenant: other.tenant,
                report_count: shown.state.evidence.reports,
                statuses: kinds.filter(|kind| counts_beside(own_analysts_decide, *kind)).collect(),
                cases: shown.cases.iter().map(|(_, case)| case.id.clone()).collect(),
                is_listed: lists.is_shared,
                has_range: own_around.or_more(&shown.neighbourhood) != own_around,
            })
        };
        let parts = self.others.iter().filter_map(part_of);
        parts.filter(AcceptedPart::is_something).collect()
    }

    /// What counts for the viewer of a number in the index of another tenant. None if a lock is not free at `deadline`.
    fn shared_number(
        &self,
        AcceptedIndex { index, kinds, .. }: &AcceptedIndex,
        number: E164,
        now: Timestamp,
        deadline: Option<Instant>,
    ) -> Option<SharedNumber> {
        let counts = |thing: &SharedThing| {
            let is_accepted = thing.kind().is_some_and(|kind| kinds.accept(kind));
            is_accepted && index.shares(thing, self.viewer)
        };
        let (with_reports, with_statuses) = (counts(&SharedThing::Reports), counts(&SharedThing::Statuses));
        let shard = locked(index.shard(Shard::of_number(number)), deadline)?;
        let cases = locked(&index.cases, deadline)?;
        let mut shown = SharedNumber::default();
        if with_reports {
            shown.neighbourhood = neighbourhood(&index.model, &shard, &cases, number, now);
            shown.neighbourhood.case_in_100 = 0.0; // its cases may be private
        }
        let Some(found) = shard.find(number, &index.model) else {
            return Some(shown);
        };
        let known = found.state();
        shown.is_known = with_reports;
        if with_reports {
            shown.state.evidence.clone_from(&known.evidence);
        }
        if with_statuses {
            shown.statuses = known.statuses.at(now).cloned().collect();
            shown.is_known |= !shown.statuses.is_empty();
        }
        if !kinds.accept(SharedKind::Cases) {
            return Some(shown);
        }
        let linked = linked_cases(&known.links, &cases);
        let linked: Vec<_> = linked.into_iter().map(|(link, case)| (link.clone(), case)).collect();
        drop(cases);
        drop(shard);
        shown.cases = linked;
        shown.cases.retain(|(_, case)| self.may_see_case(index, &case.id));
        shown.is_known |= !shown.cases.is_empty();
        Some(shown)
    }
}

impl AcceptedPart {
    fn is_something(&self) -> bool {
        let is_named = !self.statuses.is_empty() || !self.cases.is_empty() || self.is_listed;
        self.report_count > 0 || is_named || self.has_range
    }
}

/// Whether a status of another tenant counts. The decision of the own analysts stands. Protection counts always: it harms
/// nobody.
fn counts_beside(own_analysts_decide: bool, kind: StatusKind) -> bool {
    !own_analysts_decide || kind == StatusKind::Protected
}

/// The lock, if it is free by the deadline; without a deadline, as soon as it is free.
fn locked<T>(lock: &RwLock<T>, deadline: Option<Instant>) -> Option<RwLockReadGuard<'_, T>> {
    match deadline {
        Some(deadline) => lock.try_read_until(deadline),
        None => Some(lock.read()),
    }
}
