//! The steps of cases, which are kept in the table of cases.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::stored::VISITED_AT_ONCE;
use super::{Index, IndexedRecord, Show};
use crate::codec::StoredRecord as _;
use crate::codec::case_step::CaseStepKey;
use crate::domain::case_history::CaseStep;
use crate::domain::ids::CaseId;
use crate::domain::model::ScoreModel;
use crate::shard::{Shard, Version};

impl IndexedRecord for CaseStep {
    type Loaded = Vec<(CaseStepKey, Version, Self)>;

    fn load(loaded: &mut Self::Loaded, key: CaseStepKey, version: Version, record: Self, _: &ScoreModel) {
        loaded.push((key, version, record));
    }

    fn replace(index: &Index, shard: Shard, loaded: Self::Loaded) {
        index.cases.write().replace_steps(shard, loaded);
    }

    fn apply(index: &Index, key: CaseStepKey, version: Version, record: Option<Self>) {
        index.cases.write().apply_step(key, version, record);
    }

    fn visit(index: &Index, shard: Shard, show: Show<'_>) -> ControlFlow<()> {
        let mut after = None;
        loop {
            let page = index.cases.read().steps_after(shard, after, VISITED_AT_ONCE);
            for (key, version, step) in &page {
                show(&Self::id_bytes(key), *version, &step.encode())?;
            }
            match page.last() {
                Some((last, ..)) => after = Some(*last),
                None => return ControlFlow::Continue(()),
            }
        }
    }
}

impl Index {
    /// The steps of a case that are known, in their order.
    #[must_use]
    pub fn steps_of(&self, case: &CaseId) -> Vec<Arc<CaseStep>> {
        self.cases.read().steps(case).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Actor;
    use crate::domain::brand::Brand;
    use crate::domain::case::{Case, CaseEvent};
    use crate::domain::case_history::CaseHistory;
    use crate::domain::kinds::{CaseStatus, Category, Source};
    use crate::domain::requests::Requests;
    use crate::domain::time::Timestamp;
    use crate::domain::unknown_fields::UnknownFields;

    fn id() -> CaseId {
        CaseId::parse("c-1").unwrap()
    }

    fn case(stored: u32) -> Case {
        Case {
            id: id(),
            title: "".into(),
            category: Category::TechSupportScam,
            brand: None::<Brand>,
            summary: "".into(),
            status: CaseStatus::Open,
            agency: "".into(),
            agency_reference: "".into(),
            source: Source::Analyst,
            created_at: Timestamp::from_secs(0),
            updated_at: Timestamp::from_secs(0),
            last_evidence_at: None,
            history: CaseHistory::new(stored, Vec::new()),
            merged_into: None,
            requests: Requests::default(),
            unknown_fields: UnknownFields::default(),
        }
    }

    fn step(number: u32) -> CaseStep {
        CaseStep {
            case: id(),
            number,
            event: CaseEvent {
                at: Timestamp::from_secs(number.into()),
                actor: Actor::parse("ana").unwrap(),
                from: None,
                to: CaseStatus::Open,
                note: "".into(),
                agency: "".into(),
            },
            unknown_fields: UnknownFields::default(),
        }
    }

    fn apply(index: &Index, version: Version, number: u32, record: Option<CaseStep>) {
        index.apply(CaseStepKey::of(&id(), number), version, record);
    }

    fn shown(index: &Index) -> Vec<i64> {
        let (_, case) = index.case(&id()).unwrap();
        case.history.iter().map(|event| event.at.millis() / 1_000).collect()
    }

    #[test]
    fn a_step_is_shown_when_its_case_counts_it() {
        let index = Index::new(Arc::default());
        apply(&index, 1, 0, Some(step(0)));
        index.apply(id(), 2, Some(case(1)));
        assert_eq!(shown(&index), [0]);
        apply(&index, 3, 1, Some(step(1)));
        assert_eq!(shown(&index), [0]);
        let before = index.case(&id()).unwrap().1;
        index.apply(id(), 4, Some(case(2)));
        assert_eq!((shown(&index), before.history.len()), (vec![0, 1], 1));
        // Whichever of the two comes first.
        index.apply(id(), 6, Some(case(3)));
        apply(&index, 5, 2, Some(step(2)));
        assert_eq!(shown(&index), [0, 1, 2]);
        apply(&index, 4, 2, None); // older than the step
        apply(&index, 7, 1, None);
        assert_eq!(shown(&index), [0, 2]);
    }

    #[test]
    fn a_reload_replaces_the_steps_of_its_shard_only() {
        let index = Index::new(Arc::default());
        index.apply(id(), 2, Some(case(2)));
        apply(&index, 1, 0, Some(step(0)));
        let shard = Shard::of_case(&id());
        let other = Shard::new(shard.byte().wrapping_add(1));
        CaseStep::replace(&index, other, Vec::new());
        assert_eq!(shown(&index), [0]);
        let mut loaded = Vec::new();
        let key = CaseStepKey::of(&id(), 1);
        CaseStep::load(&mut loaded, key, 5, step(1), index.model());
        CaseStep::replace(&index, shard, loaded);
        assert_eq!(shown(&index), [1]);
        let mut visited = Vec::new();
        let _all = index.visit(crate::codec::RecordKind::CaseStep, shard, &mut |id, version, bytes| {
            visited.push((CaseStep::id_from_bytes(id), version, CaseStep::decode(bytes).unwrap()));
            ControlFlow::Continue(())
        });
        assert_eq!(visited, [(Some(key), 5, step(1))]);
    }
}
