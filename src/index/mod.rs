//! The index: everything known, in memory, on every instance.
//!
//! Lookups read only the index. It is as large as the content of the store, is split into the store's 256 shards, and
//! is locked one shard at a time, for as long as one number takes. Only `follow` writes to it.

mod acceptance;
mod block;
mod case_steps;
mod cases;
mod changes;
mod erased;
mod freshness;
mod lists;
mod notes;
mod number_entry;
mod principals;
mod scored_call;
mod shard;
mod sharing;
mod stored;
mod tenants;
mod view;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use parking_lot::RwLock;

use crate::domain::call::Signing;
use crate::domain::case::{Case, CaseLink};
use crate::domain::ground_truth::GroundTruth;
use crate::domain::ids::{CaseId, ListId};
use crate::domain::kinds::{CaseStatus, OwnerCalls, StatusKind};
use crate::domain::list::{List, ListHits, ListedCaller, Owner};
use crate::domain::model::ScoreModel;
use crate::domain::range::Neighbourhood;
use crate::domain::score::{CategoryPrior, Detail, Score, Subject, Weighed};
use crate::domain::state::NumberState;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::traffic::Signs;
use crate::number::E164;
use crate::shard::{SHARDS, Shard, Version};
use acceptance::AcceptanceTable;
use cases::CaseTable;
pub use changes::Changed;
use changes::Changes;
use erased::ErasedTable;
pub use freshness::{Freshness, FreshnessKeeper, Moment, STALE_AFTER, StoreState};
pub use lists::ListSnapshot;
use lists::ListTable;
use notes::NoteTable;
pub use principals::Holder;
use principals::PrincipalTable;
pub use scored_call::ScoredCall;
use shard::ShardIndex;
use sharing::SharingTable;
pub use stored::{IndexedRecord, LoadedKind, Show, is_same_record};
pub use tenants::Indexes;
pub use view::{AcceptedPart, View};

/// The longest chain from a merged case to its successor. A longer chain is a loop.
const MAX_SUCCESSORS: usize = 16;

/// Cases that are copied under one lock.
const CASES_AT_ONCE: usize = 512;

/// Everything known of all numbers, cases, lists and notes, and the principals.
#[derive(Debug)]
pub struct Index {
    model: Arc<ScoreModel>,
    /// One lock for each shard. A lookup reads one of them and a follower writes one of them, for microseconds.
    shards: Box<[RwLock<ShardIndex>]>,
    /// Cases are few, and numbers of every shard read them, so they have one lock. It is taken after the lock of a
    /// shard.
    cases: RwLock<CaseTable>,
    /// Lists have their own lock. They are read by number.
    lists: ListTable,
    /// Notes have their own lock. Lookups do not read them.
    notes: RwLock<NoteTable>,
    /// Principals have their own lock. Every request reads it, before it reads anything else.
    principals: RwLock<PrincipalTable>,
    /// How often the principals have changed, from 1. It is written under their lock.
    principals_generation: AtomicU64,
    /// What the tenant shares with others. It has its own lock, which is never held while another is taken.
    sharing: RwLock<SharingTable>,
    /// What the tenant accepts from others. It has its own lock, which is never held while another is taken.
    acceptance: RwLock<AcceptanceTable>,
    /// What is remembered of erased numbers. It has its own lock, which is never held while another is taken.
    erased: RwLock<ErasedTable>,
    /// The numbers that changed since a directory last asked.
    changes: Changes,
}

/// The record, cases and score of one number. Its shard stays locked while this exists.
#[derive(Debug)]
pub struct NumberView<'a> {
    /// The record. Blank if there is none.
    pub state: &'a NumberState,
    /// The version of the record. 0 if there is none.
    pub version: Version,
    /// The cases of the number. For a merged case, the case it was merged into.
    pub cases: &'a [(&'a CaseLink, Arc<Case>)],
    /// The verdict, and the features behind it.
    pub weighed: Weighed,
    /// Whether data that another tenant shares are a part of it.
    pub is_shared: bool,
    number: E164,
    subject: Subject<'a>,
    shard: &'a ShardIndex,
    model: &'a ScoreModel,
}

impl NumberView<'_> {
    /// Its score with reasons, category and brand. Finding these costs more than the score.
    #[must_use]
    pub fn score(&self, detail: Detail) -> Score {
        let prior = category_prior(self.shard, self.number, self.model.rules.category_prior_strength);
        self.model.explain(&self.subject, &self.weighed, &prior, detail)
    }

    /// Whether the known owner of the number calls from it, by a list or by an analyst who verified the owner. None if
    /// the owner is not known.
    #[must_use]
    pub fn owner_calls(&self) -> Option<OwnerCalls> {
        self.subject.owner_calls()
    }

    /// The score of the number apart from the call. None if the number has no score.
    #[must_use]
    pub fn number_value(&self) -> Option<f64> {
        let number = Subject {
            call: Signing::NotGiven,
            signs: Signs::default(),
            ..self.subject
        };
        self.model.weigh(&number).verdict.value
    }
}

impl Index {
    /// An empty index with this model.
    #[must_use]
    pub fn new(model: Arc<ScoreModel>) -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::new(ShardIndex::default())).collect();
        Self {
            model,
            shards,
            cases: RwLock::default(),
            lists: ListTable::default(),
            notes: RwLock::default(),
            principals: RwLock::default(),
            principals_generation: AtomicU64::new(1),
            sharing: RwLock::default(),
            acceptance: RwLock::default(),
            erased: RwLock::default(),
            changes: Changes::default(),
        }
    }

    /// The model of the index.
    #[must_use]
    pub fn model(&self) -> &Arc<ScoreModel> {
        &self.model
    }

    /// Scores a number at `now` and passes the result to `read`. `read` must be quick, because the shard is locked.
    pub fn look_up<R>(&self, number: E164, now: Timestamp, read: impl FnOnce(&NumberView<'_>) -> R) -> R {
        self.look_up_with(&self.model, number, now, read)
    }

    /// Scores a call and passes the result to `read`. Returns `None` if the shard of the number is still locked for a
    /// write at `deadline`: a lookup does not wait for it.
    pub fn look_up_call<R>(
        &self,
        call: &ScoredCall,
        now: Timestamp,
        deadline: Instant,
        read: impl FnOnce(&NumberView<'_>) -> R,
    ) -> Option<R> {
        let shard = self.shard(Shard::of_number(call.number)).try_read_until(deadline)?;
        let cases = self.cases.try_read_until(deadline)?;
        Some(Self::read(&self.model, (&shard, &cases), call, now, read))
    }

    /// Like [`Self::look_up`], with another model. The model must compute evidence and ranges as the model of the index
    /// does ([`ScoreModel::shares_evidence_with`]).
    pub fn look_up_with<R>(
        &self,
        model: &ScoreModel,
        number: E164,
        now: Timestamp,
        read: impl FnOnce(&NumberView<'_>) -> R,
    ) -> R {
        let shard = self.shard(Shard::of_number(number)).read();
        let cases = self.cases.read();
        Self::read(model, (&shard, &cases), &ScoredCall::of(number), now, read)
    }

    fn read<R>(
        model: &ScoreModel,
        (shard, cases): (&ShardIndex, &CaseTable),
        call: &ScoredCall,
        now: Timestamp,
        read: impl FnOnce(&NumberView<'_>) -> R,
    ) -> R {
        let number = call.number;
        let found = shard.find(number, model);
        let blank = NumberState::default();
        let (state, version) = found
            .as_ref()
            .map_or((&blank, 0), |found| (found.state(), found.version()));
        let linked = linked_cases(&state.links, cases);
        let subject = Subject {
            state,
            cases: &linked,
            neighbourhood: neighbourhood(model, shard, cases, number, now),
            number,
            call: call.signing,
            signs: call.signs,
            owner: call.owner,
            now,
        };
        read(&NumberView {
            state,
            version,
            cases: &linked,
            weighed: model.weigh(&subject),
            is_shared: false,
            number,
            subject,
            shard,
            model,
        })
    }

    /// Whether analysts protect a number. False if its shard is still locked for a write at `deadline`.
    #[must_use]
    pub fn is_protected(&self, number: E164, now: Timestamp, deadline: Instant) -> bool {
        let shard = self.shard(Shard::of_number(number)).try_read_until(deadline);
        shard.is_some_and(|shard| {
            let state = shard.block(number).and_then(|block| block.full(number));
            state.is_some_and(|state| state.statuses.holding(StatusKind::Protected, now).is_some())
        })
    }

    /// The ground truth of a number: statuses and confirmed cases that applied at `moment` and still apply.
    #[must_use]
    pub fn ground_truth(&self, number: E164, moment: Timestamp) -> Option<GroundTruth> {
        let shard = self.shard(Shard::of_number(number)).read();
        let state = shard.block(number)?.full(number)?;
        if state.statuses.is_empty() && state.links.is_empty() {
            return None; // most numbers: the table of cases need not be locked
        }
        let linked = linked_cases(&state.links, &self.cases.read());
        GroundTruth::of(state, &linked, moment, self.model.rules.cases.floor_confidence)
    }

    /// A number's record with its version, if there is one.
    #[must_use]
    pub fn record(&self, number: E164) -> Option<(Version, NumberState)> {
        let shard = self.shard(Shard::of_number(number)).read();
        let found = shard.find(number, &self.model)?;
        Some((found.version(), found.state().clone()))
    }

    /// The neighbourhood of a number at `now`.
    #[must_use]
    pub fn neighbourhood(&self, number: E164, now: Timestamp) -> Neighbourhood {
        let shard = self.shard(Shard::of_number(number)).read();
        let cases = self.cases.read();
        neighbourhood(&self.model, &shard, &cases, number, now)
    }

    /// A case with its version. For a merged case, the case it was merged into.
    #[must_use]
    pub fn case(&self, id: &CaseId) -> Option<(Version, Arc<Case>)> {
        let cases = self.cases.read();
        let id = &successor(&cases, id)?.id;
        cases.versioned(id).cloned()
    }

    /// The first case on the way from a case to its successor that is not known; the case itself, if it is not. None if the
    /// successor is known, or the cases are merged into each other in a circle.
    #[must_use]
    pub fn missing_case(&self, id: &CaseId) -> Option<CaseId> {
        let cases = self.cases.read();
        let mut id = id;
        for _ in 0..=MAX_SUCCESSORS {
            let Some(case) = cases.get(id) else {
                return Some(id.clone());
            };
            match (&case.merged_into, case.status) {
                (Some(next), CaseStatus::Merged) => id = next,
                _ => return None,
            }
        }
        None
    }

    /// All cases in the order of their ids, with their versions. The lock, which lookups take too, is held for some of them
    /// only, so a case that is deleted meanwhile may be among them.
    #[must_use]
    pub fn cases(&self) -> Vec<(Version, Arc<Case>)> {
        self.pages_of_cases().flatten().collect()
    }

    /// The first case, in the order of their ids, that is wanted.
    #[must_use]
    pub fn find_case(&self, is_wanted: impl Fn(&Case) -> bool) -> Option<Arc<Case>> {
        let mut cases = self.pages_of_cases().flatten();
        cases.find_map(|(_, case)| is_wanted(&case).then_some(case))
    }

    /// All cases, as many at a time as one lock is held for.
    fn pages_of_cases(&self) -> impl Iterator<Item = Vec<(Version, Arc<Case>)>> {
        let first = Some(self.cases_after(None, CASES_AT_ONCE));
        std::iter::successors(first, |page| {
            let (_, last) = page.last()?;
            Some(self.cases_after(Some(&last.id), CASES_AT_ONCE))
        })
    }

    /// Up to `limit` cases that come after `after` in the order of their ids, with their versions.
    #[must_use]
    pub fn cases_after(&self, after: Option<&CaseId>, limit: usize) -> Vec<(Version, Arc<Case>)> {
        self.cases.read().after(after, limit)
    }

    /// The list entries that apply to a number at `now`.
    #[must_use]
    pub fn listed(&self, caller: ListedCaller, now: Timestamp) -> ListHits {
        self.lists.listed(caller, now)
    }

    /// The owner of a number by the lists of known owners at `now`: that of the entry whose
    /// [`OwnerHit`](crate::domain::list::OwnerHit) [`Index::listed`] gives.
    #[must_use]
    pub fn owner_of(&self, caller: ListedCaller, now: Timestamp) -> Option<Arc<Owner>> {
        self.lists.owner_of(caller, now)
    }

    /// The entries of lists shared with another tenant that apply to a number at `now`.
    #[must_use]
    pub fn listed_for(&self, viewer: TenantId, caller: ListedCaller, now: Timestamp) -> ListHits {
        let lists = self.lists.snapshot();
        let sharing = self.sharing.read();
        lists.shared_hits(caller, now, |id| sharing.shares_list(id, viewer))
    }

    /// The owner of a number by the lists of known owners that are shared with another tenant.
    #[must_use]
    pub fn owner_for(&self, viewer: TenantId, caller: ListedCaller, now: Timestamp) -> Option<Arc<Owner>> {
        let lists = self.lists.snapshot();
        let sharing = self.sharing.read();
        lists.shared_owner(caller, now, |id| sharing.shares_list(id, viewer))
    }

    /// A list with its version.
    #[must_use]
    pub fn list(&self, id: &ListId) -> Option<(Version, Arc<List>)> {
        self.lists.snapshot().list(id)
    }

    /// A snapshot of all lists. Later changes do not affect it.
    #[must_use]
    pub fn lists(&self) -> Arc<ListSnapshot> {
        self.lists.snapshot()
    }

    /// The numbers linked to a case, in ascending order.
    #[must_use]
    pub fn members(&self, id: &CaseId) -> Vec<E164> {
        let mut members: Vec<E164> = self.shards.iter().flat_map(|shard| shard.read().members(id)).collect();
        members.sort_unstable();
        members
    }

    /// How many numbers are linked to a case.
    #[must_use]
    pub fn member_count(&self, id: &CaseId) -> usize {
        self.shards.iter().map(|shard| shard.read().member_count(id)).sum()
    }

    /// Up to `limit` numbers of a shard, in ascending order, that come after `after`.
    #[must_use]
    pub fn numbers_of(&self, shard: Shard, after: Option<E164>, limit: usize) -> Vec<E164> {
        self.shard(shard).read().numbers_after(after, limit)
    }

    /// The other numbers of a number's block, in ascending order.
    #[must_use]
    pub fn numbers_near(&self, number: E164) -> Vec<E164> {
        let shard = self.shard(Shard::of_number(number)).read();
        let block = shard.block(number).into_iter();
        let numbers = block.flat_map(|block| block.numbers(number.without_last(4)));
        numbers.filter(|other| *other != number).collect()
    }

    /// The numbers of a shard whose record, or whose case, changed since this was last called. A change of the numbers
    /// around a number is none of it. Only one reader may ask.
    #[must_use]
    pub fn take_changes(&self, shard: Shard) -> Changed {
        self.changes.take(shard)
    }

    /// The number of numbers.
    #[must_use]
    pub fn number_count(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().len()).sum()
    }

    /// The number of cases.
    #[must_use]
    pub fn case_count(&self) -> usize {
        self.cases.read().len()
    }

    /// A number that changes whenever a case does.
    #[must_use]
    pub fn cases_generation(&self) -> u64 {
        self.cases.read().generation()
    }

    fn shard(&self, shard: Shard) -> &RwLock<ShardIndex> {
        #[expect(
            clippy::indexing_slicing,
            reason = "there are SHARDS of them, and a shard's index is below SHARDS"
        )]
        &self.shards[shard.index()]
    }
}

fn neighbourhood(
    model: &ScoreModel,
    shard: &ShardIndex,
    cases: &CaseTable,
    number: E164,
    now: Timestamp,
) -> Neighbourhood {
    if number.national_len() < model.ranges.min_national_digits {
        return Neighbourhood::default();
    }
    let Some(block) = shard.block(number) else {
        return Neighbourhood::default();
    };
    let strength = |link: &CaseLink| {
        let case = successor(cases, &link.case);
        case.map_or(0.0, |case| model.link_strength(link, case, now))
    };
    block.neighbourhood(number, now, model, strength)
}

/// The prior of the categories: shares in the number's block and, with the strength of the prior, overall. The overall
/// shares come from the shard alone, which is a sample of 1 in 256. The number itself is left out of both.
fn category_prior(shard: &ShardIndex, number: E164, strength: f64) -> CategoryPrior {
    let overall = shard.category_shares(number);
    let block = shard
        .block(number)
        .map(|block| block.category_counts(number))
        .unwrap_or_default();
    let total: f64 = block.iter().map(|(_, count)| count).sum();
    let mut prior: CategoryPrior = overall
        .into_iter()
        .map(|(category, share)| (category, strength * share))
        .collect();
    for (category, count) in block {
        match prior.iter_mut().find(|(known, _)| *known == category) {
            Some((_, sum)) => *sum += count,
            None => prior.push((category, count)),
        }
    }
    prior.iter_mut().for_each(|(_, mass)| *mass /= total + strength);
    prior
}

fn linked_cases<'a>(links: &'a [CaseLink], cases: &CaseTable) -> Vec<(&'a CaseLink, Arc<Case>)> {
    links
        .iter()
        .filter_map(|link| Some((link, Arc::clone(successor(cases, &link.case)?))))
        .collect()
}

/// The case, or the case it was merged into.
fn successor<'a>(cases: &'a CaseTable, id: &CaseId) -> Option<&'a Arc<Case>> {
    let mut case = cases.get(id)?;
    for _ in 0..MAX_SUCCESSORS {
        match (&case.merged_into, case.status) {
            (Some(next), CaseStatus::Merged) => case = cases.get(next)?,
            _ => return Some(case),
        }
    }
    None
}

#[cfg(test)]
mod tests;
