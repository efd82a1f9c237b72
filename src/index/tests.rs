//! The index returns the records it stores, the latest version of a record counts, and links lead to cases and back.

mod ranges;

use proptest::prelude::*;

use super::*;
use crate::codec::RecordKind;
use crate::domain::actor::Actor;
use crate::domain::case_history::CaseHistory;
use crate::domain::ids::{Area, ReportId};
use crate::domain::kinds::{CaseRole, Category, Source, StatusKind};
use crate::domain::report::{ReportBody, ReportRow};
use crate::domain::rows::LoadedRows;
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
    let mut rows = LoadedRows::unloaded(0);
    for (n, at) in days.iter().enumerate() {
        let id = ReportId::parse(&format!("r{n}")).unwrap();
        let row = ReportRow::accepted(id, body(day(*at)), 1.0, day(*at), None);
        state.submit(&mut rows, row, &model.fold).unwrap();
    }
    state
}

proptest! {
    /// A record comes back unchanged, from the short form and from the full form.
    #[test]
    fn records_round_trip(days in prop::collection::vec(0i64..400, 0..4), category in prop::option::of(0usize..10)) {
        let model = Arc::new(ScoreModel::default());
        let index = Index::new(Arc::clone(&model));
        let mut state = reported(&days, &model);
        if let Some(category) = category {
            let mut rows = LoadedRows::unloaded(0);
            state = NumberState::default();
            let body = ReportBody { category: Category::ALL[category], ..body(day(3)) };
            let row = ReportRow::accepted(ReportId::parse("c").unwrap(), body, 1.0, day(3), None);
            state.submit(&mut rows, row, &model.fold).unwrap();
        }
        index.apply(number(7), 3, Some(state.clone()));
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
    index.apply(number(1), 10, Some(reported(&[1, 2], &model)));
    index.apply(number(1), 9, Some(reported(&[1], &model)));
    index.look_up(number(1), day(2), |known| assert_eq!(known.state.evidence.reports, 2));
}

/// A shard with a record of a newer release can still be loaded.
#[test]
fn a_record_with_an_unknown_id_is_left_out_of_a_shard() {
    let model = Arc::new(ScoreModel::default());
    let index = Index::new(Arc::clone(&model));
    let bytes = crate::codec::number::encode(&reported(&[1], &model));
    let mut loaded = LoadedKind::new(RecordKind::Number);
    assert!(!loaded.add(b"no number", 1, &bytes, &model).unwrap());
    assert!(!loaded.add(b"no number", 1, b"nor a state", &model).unwrap());
    let id = number(1).digits().to_be_bytes();
    assert!(loaded.add(&id, 2, &bytes, &model).unwrap());
    assert!(loaded.add(&id, 3, b"no state", &model).is_err());
    index.replace(Shard::of_number(number(1)), vec![loaded]);
    assert_eq!((index.number_count(), index.record(number(1)).unwrap().0), (1, 2));
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
    index.apply(number(1), 1, Some(state.clone()));
    let neighbours = |now| index.neighbourhood(number(2), now).hundred.short;
    assert!(neighbours(day(19)).abs() < 1e-12);
    assert!(neighbours(day(21)) > 0.5);
    state.statuses.set(status(None));
    index.apply(number(1), 2, Some(state));
    assert!(neighbours(day(21)).abs() < 1e-12);
}

#[test]
fn members_follow_links_and_merged_cases_lead_on() {
    let model = Arc::new(ScoreModel::default());
    let index = Index::new(Arc::clone(&model));
    let (first, second) = (CaseId::parse("c-1").unwrap(), CaseId::parse("c-2").unwrap());
    let mut state = NumberState::default();
    state.set_link(link(&first));
    index.apply(number(1), 1, Some(state.clone()));
    assert_eq!(index.members(&first), [number(1)]);

    let mut case = case(&first, CaseStatus::Corroborated);
    index.apply(first.clone(), 1, Some(case.clone()));
    let score = index.look_up(number(1), day(1), |known| known.weighed.verdict.value);
    assert!(score.unwrap() >= 60.0);
    assert!((index.neighbourhood(number(2), day(1)).case_in_100 - 0.9).abs() < 1e-12);

    case.status = CaseStatus::Merged;
    case.merged_into = Some(second.clone());
    index.apply(first.clone(), 2, Some(case));
    index.apply(second.clone(), 1, Some(self::case(&second, CaseStatus::Open)));
    assert_eq!(index.case(&first).unwrap().1.id, second);
    assert!(index.neighbourhood(number(2), day(1)).case_in_100.abs() < 1e-12);

    state.remove_link(&first, None);
    index.apply(number(1), 2, Some(state));
    assert!(index.members(&first).is_empty());
}

/// Half the confidence, or one half-life, halves the strength. The strongest link counts, and the end of a link dates it.
#[test]
fn a_case_nearby_counts_by_confidence_and_age() {
    let model = Arc::new(ScoreModel::default());
    let index = Index::new(Arc::clone(&model));
    let half_life = 180;
    let nearby = |now: i64| index.neighbourhood(number(2), day(now)).case_in_100;
    let close = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-9, "{found} is not {wanted}");
    let id = CaseId::parse("c-1").unwrap();
    let mut case = case(&id, CaseStatus::Corroborated);
    index.apply(id.clone(), 1, Some(case.clone()));
    let linked = |place: u64, version: Version, link: CaseLink| {
        let mut state = NumberState::default();
        state.set_link(link);
        index.apply(number(place), version, Some(state));
    };
    linked(1, 1, link(&id));
    close(nearby(1), 0.9);
    close(nearby(1 + half_life), 0.45);
    close(nearby(1 + 2 * half_life), 0.225);

    let unsure = CaseLink {
        confidence: 0.3,
        ..link(&id)
    };
    linked(3, 1, unsure.clone());
    close(nearby(1), 0.9);
    linked(1, 2, unsure.clone());
    close(nearby(1), 0.3);

    let ended = CaseLink {
        from: Some(day(-2 * half_life)),
        to: Some(day(1 - half_life)),
        ..link(&id)
    };
    linked(1, 3, ended);
    close(nearby(1), 0.45);
    case.last_evidence_at = Some(day(1));
    index.apply(id.clone(), 2, Some(case));
    close(nearby(1), 0.9);

    let of_victim = CaseLink {
        role: CaseRole::SpoofedVictim,
        ..link(&id)
    };
    linked(1, 4, of_victim);
    linked(3, 2, unsure);
    close(nearby(1), 0.3);
}

fn link(case: &CaseId) -> CaseLink {
    CaseLink {
        case: case.clone(),
        role: CaseRole::CallerId,
        confidence: 0.9,
        source: Source::Analyst,
        from: None,
        to: None,
        linked_at: day(1),
        actor: Actor::parse("ana").unwrap(),
    }
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
        history: CaseHistory::default(),
        merged_into: None,
        requests: crate::domain::requests::Requests::default(),
        unknown_fields: crate::domain::unknown_fields::UnknownFields::default(),
    }
}
