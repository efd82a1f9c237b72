//! All cases, by id, each with its history.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, ControlFlow, RangeInclusive};
use std::sync::Arc;

use super::stored::VISITED_AT_ONCE;
use super::{Index, IndexedRecord, Show};
use crate::codec::StoredRecord as _;
use crate::codec::case_step::CaseStepKey;
use crate::domain::case::Case;
use crate::domain::case_history::CaseStep;
use crate::domain::ids::CaseId;
use crate::domain::model::ScoreModel;
use crate::shard::{Shard, Version};

/// The table of cases. A case is shared, so that a reader does not hold the lock.
#[derive(Debug, Default)]
pub(super) struct CaseTable {
    cases: BTreeMap<CaseId, (Version, Arc<Case>)>,
    /// The steps of all cases. They are in the histories of the cases too, as far as the records of the cases count them.
    steps: BTreeMap<CaseStepKey, (Version, Arc<CaseStep>)>,
    /// How often a case or several have changed.
    generation: u64,
}

impl IndexedRecord for Case {
    type Loaded = Vec<(Version, Self)>;

    fn load(loaded: &mut Self::Loaded, _: CaseId, version: Version, record: Self, _: &ScoreModel) {
        loaded.push((version, record));
    }

    fn replace(index: &Index, shard: Shard, loaded: Self::Loaded) {
        index.cases.write().replace(shard, loaded);
        Shard::all().for_each(|shard| index.changes.all(shard)); // its members may be in any shard
    }

    fn apply(index: &Index, id: CaseId, version: Version, record: Option<Self>) {
        index.cases.write().apply(&id, version, record);
        for member in index.members(&id) {
            index.changes.number(member);
        }
    }

    fn visit(index: &Index, shard: Shard, show: Show<'_>) -> ControlFlow<()> {
        let mut after = None;
        loop {
            let page = index.cases.read().after(after.as_ref(), VISITED_AT_ONCE);
            let of_shard = page.iter().filter(|(_, case)| Shard::of_case(&case.id) == shard);
            for (version, case) in of_shard {
                show(&Self::id_bytes(&case.id), *version, &case.encode())?;
            }
            match page.last() {
                Some((_, last)) => after = Some(last.id.clone()),
                None => return ControlFlow::Continue(()),
            }
        }
    }
}

impl CaseTable {
    pub(super) fn get(&self, id: &CaseId) -> Option<&Arc<Case>> {
        self.cases.get(id).map(|(_, case)| case)
    }

    pub(super) fn len(&self) -> usize {
        self.cases.len()
    }

    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn versioned(&self, id: &CaseId) -> Option<&(Version, Arc<Case>)> {
        self.cases.get(id)
    }

    /// Up to `limit` cases that come after `after`, in the order of their ids.
    pub(super) fn after(&self, after: Option<&CaseId>, limit: usize) -> Vec<(Version, Arc<Case>)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let later = self.cases.range::<CaseId, _>((from, Bound::Unbounded));
        later.take(limit).map(|(_, case)| case.clone()).collect()
    }

    pub(super) fn apply(&mut self, id: &CaseId, version: Version, case: Option<Case>) {
        if self.cases.get(id).is_some_and(|(known, _)| *known >= version) {
            return;
        }
        self.generation = self.generation.wrapping_add(1);
        match case {
            Some(case) => self.put(version, case),
            None => _ = self.cases.remove(id),
        }
    }

    pub(super) fn replace(&mut self, shard: Shard, cases: Vec<(Version, Case)>) {
        self.generation = self.generation.wrapping_add(1);
        self.cases.retain(|id, _| Shard::of_case(id) != shard);
        for (version, case) in cases {
            self.put(version, case);
        }
    }

    /// Puts a case there with the steps that are known.
    fn put(&mut self, version: Version, mut case: Case) {
        case.history.fill(self.steps(&case.id));
        self.cases.insert(case.id.clone(), (version, Arc::new(case)));
    }

    /// The known steps of a case, in their order.
    pub(super) fn steps(&self, id: &CaseId) -> impl Iterator<Item = Arc<CaseStep>> {
        let all = CaseStepKey::of(id, 0)..=CaseStepKey::of(id, u32::MAX);
        self.steps.range(all).map(|(_, (_, step))| Arc::clone(step))
    }

    /// Applies a step, unless a later version is there.
    pub(super) fn apply_step(&mut self, key: CaseStepKey, version: Version, step: Option<CaseStep>) {
        if self.steps.get(&key).is_some_and(|(known, _)| *known >= version) {
            return;
        }
        let case = match step {
            Some(step) => {
                let case = step.case.clone();
                self.steps.insert(key, (version, Arc::new(step)));
                Some(case)
            }
            None => self.steps.remove(&key).map(|(_, step)| step.case.clone()),
        };
        if let Some(case) = case {
            self.fill_history(&case);
        }
    }

    /// Replaces the steps of a shard.
    pub(super) fn replace_steps(&mut self, shard: Shard, loaded: Vec<(CaseStepKey, Version, CaseStep)>) {
        let mut changed = BTreeSet::new();
        let old: Vec<CaseStepKey> = self.steps.range(steps_of(shard)).map(|(key, _)| *key).collect();
        for key in old {
            let removed = self.steps.remove(&key);
            changed.extend(removed.map(|(_, step)| step.case.clone()));
        }
        for (key, version, step) in loaded {
            changed.insert(step.case.clone());
            self.steps.insert(key, (version, Arc::new(step)));
        }
        for case in changed {
            self.fill_history(&case);
        }
    }

    /// Up to `limit` steps of a shard that come after `after`, in the order of their keys.
    pub(super) fn steps_after(
        &self,
        shard: Shard,
        after: Option<CaseStepKey>,
        limit: usize,
    ) -> Vec<(CaseStepKey, Version, Arc<CaseStep>)> {
        let (first, last) = steps_of(shard).into_inner();
        let from = after.map_or(Bound::Included(first), Bound::Excluded);
        let later = self.steps.range((from, Bound::Included(last))).take(limit);
        later
            .map(|(key, (version, step))| (*key, *version, Arc::clone(step)))
            .collect()
    }

    fn fill_history(&mut self, id: &CaseId) {
        let steps: Vec<Arc<CaseStep>> = self.steps(id).collect();
        if let Some((_, case)) = self.cases.get_mut(id) {
            Arc::make_mut(case).history.fill(steps);
        }
    }
}

/// The keys of the steps of all cases in a shard.
fn steps_of(shard: Shard) -> RangeInclusive<CaseStepKey> {
    let key = |case, number| CaseStepKey { shard, case, number };
    key(0, 0)..=key(u128::MAX, u32::MAX)
}
