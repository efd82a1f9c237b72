//! All cases, by id.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use super::stored::VISITED_AT_ONCE;
use super::{Index, IndexedRecord, Show};
use crate::codec::StoredRecord as _;
use crate::domain::case::Case;
use crate::domain::ids::CaseId;
use crate::domain::model::ScoreModel;
use crate::shard::{Shard, Version};

/// The table of cases. A case is shared, so that a reader does not hold the lock.
#[derive(Debug, Default)]
pub(super) struct CaseTable(BTreeMap<CaseId, (Version, Arc<Case>)>);

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
        index.cases.write().apply(id.clone(), version, record);
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
        self.0.get(id).map(|(_, case)| case)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn versioned(&self, id: &CaseId) -> Option<&(Version, Arc<Case>)> {
        self.0.get(id)
    }

    /// Up to `limit` cases that come after `after`, in the order of their ids.
    pub(super) fn after(&self, after: Option<&CaseId>, limit: usize) -> Vec<(Version, Arc<Case>)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let later = self.0.range::<CaseId, _>((from, Bound::Unbounded));
        later.take(limit).map(|(_, case)| case.clone()).collect()
    }

    pub(super) fn apply(&mut self, id: CaseId, version: Version, case: Option<Case>) {
        if self.0.get(&id).is_some_and(|(known, _)| *known >= version) {
            return;
        }
        match case {
            Some(case) => self.0.insert(id, (version, Arc::new(case))),
            None => self.0.remove(&id),
        };
    }

    pub(super) fn replace(&mut self, shard: Shard, cases: Vec<(Version, Case)>) {
        self.0.retain(|id, _| Shard::of_case(id) != shard);
        self.0.extend(
            cases
                .into_iter()
                .map(|(version, case)| (case.id.clone(), (version, Arc::new(case)))),
        );
    }
}
