//! The index against a plain map and a brute-force count.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::actor::Actor;
use crate::domain::ids::{Area, ReportId};
use crate::domain::kinds::{CaseRole, Category, Source, StatusKind};
use crate::domain::report::{ReportBody, ReportRow};
use crate::domain::rows::Rows;
use crate::domain::status::StatusEntry;
use crate::domain::time::DAY_MS;

fn number(suffix: u64) -> E164 {
    E164::from_digits(14_155_550_000 + suffix).unwrap()
}

fn day(day: i64) -> Timestamp {
    Timestamp::from_millis(Timestamp::EARLIEST.millis() + day * DAY_MS)
}

fn body(at: Timestamp) -> ReportBody {
    let mut body = ReportRow::tombstone(ReportId::parse("x").unwrap(), at).body;
    body.source = Source::RegulatorFeed;
    body.area = Some(Area::parse("415").unwrap());
    body
}

fn reported(days: &[i64], model: &ScoreModel) -> NumberState {
    let mut state = NumberState::default();
    let mut rows = Rows::unloaded(0);
    for (n, at) in days.iter().enumerate() {
        let id = ReportId::parse(&format!("r{n}")).unwrap();
        let row = ReportRow::accepted(id, body(day(*at)), 1.0, day(*at), None);
        state.submit(&mut rows, row, &model.fold).unwrap();
    }
    state
}

fn brute(all: &BTreeMap<u64, Option<i64>>, own: u64, width: u64, now: i64, model: &ScoreModel) -> f64 {
    all.iter()
        .filter(|(other, _)| **other != own && **other / width == own / width)
        .filter_map(|(_, last)| *last)
        .map(|last| (-((now - last).max(0) as f64) / model.range_half_life_days).exp2())
        .sum()
}

proptest! {
    /// Puts, overwrites, withdrawals and deletions in any order leave counts that equal a brute-force count.
    #[test]
    fn range_counts_are_exact(
        writes in prop::collection::vec((0u64..400, prop::option::weighted(0.8, prop::collection::vec(0i64..60, 0..3))), 1..300),
        own in 0u64..400,
        dense: bool,
    ) {
        let model = Arc::new(ScoreModel::default());
        let index = Index::new(Arc::clone(&model));
        let mut plain: BTreeMap<u64, Option<i64>> = BTreeMap::new();
        let spread = if dense { 1 } else { 25 };
        for (version, (suffix, days)) in (1u64..).zip(writes) {
            let suffix = suffix * spread;
            let state = days.as_ref().map(|days| reported(days, &model));
            index.apply_number(number(suffix), version, state);
            match days {
                Some(days) => { plain.insert(suffix, days.iter().max().copied()); }
                None => { plain.remove(&suffix); }
            }
        }
        let own = own * spread;
        let around = index.around(number(own), day(60));
        for (found, width) in [(around.q100, 100), (around.q1000, 1_000), (around.q10000, 10_000)] {
            let wanted = brute(&plain, own, width, 60, &model);
            prop_assert!((found - wanted).abs() < 1e-9, "{found} for {wanted} of {width}");
        }
        prop_assert_eq!(index.number_count(), plain.len());
    }

    /// What goes in comes out, in its short form or in full.
    #[test]
    fn records_round_trip(days in prop::collection::vec(0i64..400, 0..4), category in prop::option::of(0usize..10)) {
        let model = Arc::new(ScoreModel::default());
        let index = Index::new(Arc::clone(&model));
        let mut state = reported(&days, &model);
        if let Some(category) = category {
            let mut rows = Rows::unloaded(0);
            state = NumberState::default();
            let body = ReportBody { category: Category::ALL[category], ..body(day(3)) };
            let row = ReportRow::accepted(ReportId::parse("c").unwrap(), body, 1.0, day(3), None);
            state.submit(&mut rows, row, &model.fold).unwrap();
        }
        index.apply_number(number(7), 3, Some(state.clone()));
        index.look_up(number(7), day(400), |known| {
            assert_eq!(known.state, &state);
            assert_eq!(known.version, 3);
        });
    }
}

#[test]
fn an_older_record_never_replaces_a_newer_one() {
    let model = Arc::new(ScoreModel::default());
    let index = Index::new(Arc::clone(&model));
    index.apply_number(number(1), 10, Some(reported(&[1, 2], &model)));
    index.apply_number(number(1), 9, Some(reported(&[1], &model)));
    index.look_up(number(1), day(2), |known| assert_eq!(known.state.evidence.reports, 2));
}

#[test]
fn a_spoofing_victim_counts_for_no_range_while_the_status_holds() {
    let model = Arc::new(ScoreModel::default());
    let index = Index::new(Arc::clone(&model));
    let status = |expires_at| StatusEntry {
        kind: StatusKind::SpoofedVictim,
        reason: "".into(),
        author: Actor::parse("ana").unwrap(),
        set_at: day(0),
        expires_at,
    };
    let mut state = reported(&[10], &model);
    state.statuses.set(status(Some(day(20))));
    index.apply_number(number(1), 1, Some(state.clone()));
    assert!(index.around(number(2), day(19)).q100.abs() < 1e-12);
    assert!(index.around(number(2), day(21)).q100 > 0.5);
    state.statuses.set(status(None));
    index.apply_number(number(1), 2, Some(state));
    assert!(index.around(number(2), day(21)).q100.abs() < 1e-12);
}

#[test]
fn members_follow_links_and_merged_cases_lead_on() {
    let model = Arc::new(ScoreModel::default());
    let index = Index::new(Arc::clone(&model));
    let (first, second) = (CaseId::parse("c-1").unwrap(), CaseId::parse("c-2").unwrap());
    let link = |case: &CaseId| Link {
        case: case.clone(),
        role: CaseRole::CallerId,
        confidence: 0.9,
        source: Source::Analyst,
        from: None,
        to: None,
        linked_at: day(1),
        actor: Actor::parse("ana").unwrap(),
    };
    let mut state = NumberState::default();
    state.set_link(link(&first));
    index.apply_number(number(1), 1, Some(state.clone()));
    assert_eq!(index.members(&first), [number(1)]);

    let mut case = case(&first, CaseStatus::Corroborated);
    index.apply_case(first.clone(), 1, Some(case.clone()));
    let score = index.look_up(number(1), day(1), |known| known.weighed.verdict.value);
    assert!(score.unwrap() >= 60.0);
    assert!(index.around(number(2), day(1)).case_in_100);

    case.status = CaseStatus::Merged;
    case.merged_into = Some(second.clone());
    index.apply_case(first.clone(), 2, Some(case));
    index.apply_case(second.clone(), 1, Some(self::case(&second, CaseStatus::Open)));
    assert_eq!(index.case(&first).unwrap().1.id, second);
    assert!(!index.around(number(2), day(1)).case_in_100);

    state.remove_link(&first, None);
    index.apply_number(number(1), 2, Some(state));
    assert!(index.members(&first).is_empty());
}

fn case(id: &CaseId, status: CaseStatus) -> Case {
    Case {
        id: id.clone(),
        title: "a case".into(),
        category: Category::TechSupportScam,
        brand: None,
        summary: "".into(),
        status,
        agency: "".into(),
        agency_reference: "".into(),
        source: Source::Analyst,
        created_at: day(0),
        updated_at: day(0),
        last_evidence_at: None,
        history: Vec::new(),
        merged_into: None,
        requests: crate::domain::requests::Requests::default(),
        tail: crate::domain::tail::Tail::default(),
    }
}
