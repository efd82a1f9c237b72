//! Numbers, cases and neighbourhoods for the tests of the score.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use ringwarden::domain::actor::Actor;
use ringwarden::domain::call::Signing;
use ringwarden::domain::case::{Case, CaseLink};
use ringwarden::domain::case_history::CaseHistory;
use ringwarden::domain::ids::{CaseId, ReportId};
use ringwarden::domain::kinds::{CaseRole, CaseStatus, Category, Source, StatusKind};
use ringwarden::domain::language::Language;
use ringwarden::domain::model::ScoreModel;
use ringwarden::domain::range::{Counts, Neighbourhood};
use ringwarden::domain::report::{ReportBody, ReportRow};
use ringwarden::domain::requests::Requests;
use ringwarden::domain::rows::LoadedRows;
use ringwarden::domain::score::{Detail, Score, Subject};
use ringwarden::domain::state::NumberState;
use ringwarden::domain::status::StatusEntry;
use ringwarden::domain::time::{DAY_MS, Timestamp};
use ringwarden::domain::traffic::Signs;
use ringwarden::domain::unknown_fields::UnknownFields;
use ringwarden::number::E164;

/// Straight lines over ln(1 + count), as the first model had them.
static LINES: LazyLock<ScoreModel> =
    LazyLock::new(|| ScoreModel::from_json(include_str!("../../../data/model-start-1.json")).unwrap());
static BUILT_IN: LazyLock<ScoreModel> = LazyLock::new(ScoreModel::default);

/// The model whose sums can be done by hand.
pub(crate) fn lines() -> &'static ScoreModel {
    &LINES
}

/// Every model that the tests have.
pub(crate) fn models() -> [&'static ScoreModel; 2] {
    [&LINES, &BUILT_IN]
}

pub(crate) fn day(n: i64) -> Timestamp {
    Timestamp::from_millis(Timestamp::EARLIEST.millis() + n * DAY_MS)
}

pub(crate) fn body(at: Timestamp) -> ReportBody {
    let mut body = ReportRow::tombstone(ReportId::parse("x").unwrap(), at).body;
    body.source = Source::RegulatorFeed;
    body
}

/// A number with a report of weight 1 for every body.
pub(crate) fn reported(bodies: impl IntoIterator<Item = ReportBody>) -> NumberState {
    let (mut state, mut rows) = (NumberState::default(), LoadedRows::unloaded(0));
    for (n, body) in bodies.into_iter().enumerate() {
        let at = body.occurred_at;
        let row = ReportRow::accepted(ReportId::parse(&format!("r{n}")).unwrap(), body, 1.0, at, None);
        state.submit(&mut rows, row, &lines().fold).unwrap();
    }
    state
}

/// A number reported this often on the first day.
pub(crate) fn reported_times(times: usize) -> NumberState {
    reported(vec![body(day(0)); times])
}

pub(crate) fn case(status: CaseStatus) -> Arc<Case> {
    Arc::new(Case {
        id: CaseId::parse("c-1").unwrap(),
        title: "Apple".into(),
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
        requests: Requests::default(),
        unknown_fields: UnknownFields::default(),
    })
}

pub(crate) fn link(role: CaseRole, confidence: f64) -> CaseLink {
    CaseLink {
        case: CaseId::parse("c-1").unwrap(),
        role,
        confidence,
        source: Source::Analyst,
        from: None,
        to: None,
        linked_at: day(0),
        actor: Actor::parse("ana").unwrap(),
    }
}

pub(crate) fn with_status(mut state: NumberState, kind: StatusKind) -> NumberState {
    let author = Actor::parse("ana").unwrap();
    state.statuses.set(StatusEntry {
        kind,
        reason: "".into(),
        author,
        set_at: day(0),
        expires_at: None,
    });
    state
}

/// So many reported numbers in each range, each reported once, today.
pub(crate) fn around(hundred: f64, thousand: f64, ten_thousand: f64) -> Neighbourhood {
    let counts = |count| Counts {
        recent: count,
        short: count,
        long: count,
        once: count,
        local: 0.0,
        reports: count,
    };
    Neighbourhood {
        hundred: counts(hundred),
        thousand: counts(thousand),
        ten_thousand: counts(ten_thousand),
        tens: thousand.min(100.0),
        hundreds: ten_thousand.min(100.0),
        case_in_100: 0.0,
    }
}

pub(crate) fn scored_by(
    model: &ScoreModel,
    state: &NumberState,
    cases: &[(&CaseLink, Arc<Case>)],
    neighbourhood: Neighbourhood,
    now: Timestamp,
) -> Score {
    let subject = Subject {
        state,
        cases,
        neighbourhood,
        number: E164::from_digits(14_155_550_199).unwrap(),
        call: Signing::NotGiven,
        signs: Signs::default(),
        owner: None,
        now,
    };
    model.explain(
        &subject,
        &model.weigh(&subject),
        &Vec::new(),
        Detail::Sentences(Language::English),
    )
}

/// Scored by the straight lines.
pub(crate) fn scored(
    state: &NumberState,
    cases: &[(&CaseLink, Arc<Case>)],
    neighbourhood: Neighbourhood,
    now: Timestamp,
) -> Score {
    scored_by(lines(), state, cases, neighbourhood, now)
}

/// Scored by the number's own evidence only.
pub(crate) fn plain(state: &NumberState, now: Timestamp) -> Score {
    scored(state, &[], Neighbourhood::default(), now)
}

pub(crate) fn value(score: &Score) -> f64 {
    score.verdict.value.unwrap()
}

pub(crate) fn percent(log_odds: f64) -> f64 {
    100.0 / (1.0 + (-log_odds).exp())
}

/// Any surroundings that can be: what is in a hundred is in its thousand.
pub(crate) fn any_around() -> impl Strategy<Value = Neighbourhood> {
    (0.0..60.0, 0.0..200.0, 0.0..700.0, 0.0..=1.0).prop_map(|(hundred, beside, beyond, case_in_100)| {
        let thousand = hundred + beside;
        Neighbourhood {
            case_in_100,
            ..around(hundred, thousand, thousand + beyond)
        }
    })
}
