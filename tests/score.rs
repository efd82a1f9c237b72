//! The starting model, term by term: what it adds up, and where floors and caps hold.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use ringwarden::domain::actor::Actor;
use ringwarden::domain::case::{Case, Link};
use ringwarden::domain::ids::{Area, CaseId, ReportId};
use ringwarden::domain::kinds::{Action, Basis, CaseRole, CaseStatus, Category, RiskLevel, Source, StatusKind};
use ringwarden::domain::model::ScoreModel;
use ringwarden::domain::policy::Policy;
use ringwarden::domain::report::{ReportBody, ReportRow};
use ringwarden::domain::requests::Requests;
use ringwarden::domain::rows::Rows;
use ringwarden::domain::score::{Neighbourhood, Score, Subject};
use ringwarden::domain::state::NumberState;
use ringwarden::domain::status::StatusEntry;
use ringwarden::domain::tail::Tail;
use ringwarden::domain::time::{DAY_MS, Timestamp};

const DAY: Duration = Duration::from_secs(86_400);

fn day(n: i64) -> Timestamp {
    Timestamp::from_millis(Timestamp::EARLIEST.millis() + n * DAY_MS)
}

fn body(at: Timestamp) -> ReportBody {
    let mut body = ReportRow::tombstone(ReportId::parse("x").unwrap(), at).body;
    body.source = Source::RegulatorFeed;
    body
}

/// A number with a report of weight 1 for every body.
fn reported(bodies: Vec<ReportBody>) -> NumberState {
    let model = ScoreModel::starting();
    let (mut state, mut rows) = (NumberState::default(), Rows::unloaded(0));
    for (n, body) in bodies.into_iter().enumerate() {
        let at = body.occurred_at;
        let row = ReportRow::accepted(ReportId::parse(&format!("r{n}")).unwrap(), body, 1.0, at, None);
        state.submit(&mut rows, row, &model.fold).unwrap();
    }
    state
}

fn case(status: CaseStatus) -> Arc<Case> {
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
        history: Vec::new(),
        merged_into: None,
        requests: Requests::default(),
        tail: Tail::default(),
    })
}

fn link(role: CaseRole, confidence: f64) -> Link {
    Link {
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

fn scored(state: &NumberState, cases: &[(&Link, Arc<Case>)], around: Neighbourhood, now: Timestamp) -> Score {
    let subject = Subject {
        state,
        cases,
        around,
        category_prior: &Vec::new(),
        toll_free: false,
        now,
    };
    ScoreModel::starting().score(&subject)
}

fn plain(state: &NumberState, now: Timestamp) -> Score {
    scored(state, &[], Neighbourhood::default(), now)
}

fn with_status(mut state: NumberState, kind: StatusKind) -> NumberState {
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

fn percent(log_odds: f64) -> f64 {
    100.0 / (1.0 + (-log_odds).exp())
}

#[test]
fn the_terms_are_those_of_the_model() {
    let mut first = body(day(10));
    first.area = Some(Area::parse("212").unwrap());
    let state = reported(vec![first, body(day(10))]);
    let around = Neighbourhood {
        q100: 1.0,
        q1000: 2.0,
        q10000: 3.0,
        case_in_100: false,
    };
    // Two reports three days ago: a half each of the short mass; one area by linear counting.
    let short = 2.0 * 0.5;
    let long = 2.0 * (-3.0f64 / 30.0).exp2();
    let areas = -128.0 * (127.0f64 / 128.0).ln() * (-3.0f64 / 30.0).exp2();
    let prior = (0.1f64 / 0.9).ln();
    let wanted = -1.01
        + 2.68 * f64::ln_1p(short)
        + 2.30 * f64::ln_1p(long)
        + 1.45 * f64::ln_1p(areas)
        + 1.91 * 2f64.ln()
        + 1.34 * 3f64.ln()
        + 0.90 * 4f64.ln()
        + prior;
    let found = scored(&state, &[], around, day(13));
    assert!((found.value.unwrap() - percent(wanted)).abs() < 1e-9);
    let confidence = 1.0 - 2.0 / (2.0 + long + 1.5);
    assert!((found.confidence - confidence).abs() < 1e-9);
    let codes: Vec<_> = found.reasons.iter().map(|reason| reason.code).collect();
    assert_eq!(codes.len(), 6);
    assert!(
        found
            .reasons
            .windows(2)
            .all(|pair| pair[0].points.abs() >= pair[1].points.abs())
    );
}

/// A number that half the country reported once is forgotten all the same.
#[test]
fn old_reports_fade_whatever_their_number() {
    let bodies = (0..300).map(|n| ReportBody {
        area: Some(Area::parse(&format!("{n}")).unwrap()),
        ..body(day(0))
    });
    let state = reported(bodies.collect());
    assert!(plain(&state, day(1)).value.unwrap() > 99.0);
    assert!(plain(&state, day(365)).value.unwrap() < 60.0);
    assert!(plain(&state, day(5 * 365)).value.unwrap() < 5.0);
}

#[test]
fn nothing_known_is_unknown_and_never_safe() {
    let blank = NumberState::default();
    let score = plain(&blank, day(1));
    assert_eq!((score.verdict.level, score.verdict.value), (RiskLevel::Unknown, None));
    let little = Neighbourhood {
        q10000: 0.049,
        ..Neighbourhood::default()
    };
    assert_eq!(scored(&blank, &[], little, day(1)).level, RiskLevel::Unknown);
    let enough = Neighbourhood {
        q10000: 0.05,
        ..Neighbourhood::default()
    };
    assert_eq!(scored(&blank, &[], enough, day(1)).level, RiskLevel::Low);
}

#[test]
fn the_neighbourhood_alone_labels_and_does_not_block() {
    let hot = Neighbourhood {
        q100: 60.0,
        q1000: 300.0,
        q10000: 900.0,
        case_in_100: true,
    };
    let score = scored(&NumberState::default(), &[], hot, day(1));
    assert!((score.verdict.value.unwrap() - 79.0).abs() < 1e-9);
    assert_eq!(Policy::DEFAULT.decide(&score, false).action, Action::Label);
}

#[test]
fn a_contributing_case_sets_a_floor_and_others_do_not() {
    let old = day(2_000);
    let state = reported(vec![body(day(0))]);
    for &status in CaseStatus::ALL {
        let link = link(CaseRole::CallerId, 0.9);
        let score = scored(&state, &[(&link, case(status))], Neighbourhood::default(), old);
        let floor = score.verdict.value.unwrap() >= 60.0;
        assert_eq!(floor, ringwarden::domain::case::contributes(status), "{status}");
        assert_eq!(score.verdict.case_floor, floor);
    }
    let below = |link: Link| {
        scored(
            &state,
            &[(&link, case(CaseStatus::Referred))],
            Neighbourhood::default(),
            old,
        )
        .value
        .unwrap()
            < 60.0
    };
    assert!(below(link(CaseRole::CallerId, 0.79)));
    assert!(below(link(CaseRole::TestLine, 1.0)));
    assert!(below(link(CaseRole::SpoofedVictim, 1.0)));
    assert!(below(Link {
        to: Some(day(1)),
        ..link(CaseRole::CallerId, 1.0)
    }));
    assert!(!below(link(CaseRole::Callback, 0.8)));
}

#[test]
fn a_spoofing_victim_is_not_raised_by_the_case() {
    let state = reported(vec![body(day(0))]);
    let without = plain(&state, day(1)).value.unwrap();
    let link = link(CaseRole::SpoofedVictim, 1.0);
    let with = scored(
        &state,
        &[(&link, case(CaseStatus::Prosecution))],
        Neighbourhood::default(),
        day(1),
    );
    assert!((with.value.unwrap() - without).abs() < 1e-9);
}

#[test]
fn not_spam_takes_off_a_little_and_nothing_while_a_case_holds_the_number() {
    let wanted = |n| ReportBody {
        not_spam: true,
        ..body(day(n))
    };
    let mut bodies = vec![body(day(0))];
    let alone = plain(&reported(bodies.clone()), day(1)).value.unwrap();
    bodies.extend((0..1_000).map(|_| wanted(0)));
    let state = reported(bodies);
    let score = plain(&state, day(1));
    let reason = score
        .reasons
        .iter()
        .find(|reason| reason.code == "NOT_SPAM_REPORTS")
        .unwrap();
    assert!((reason.points + 2.0).abs() < 1e-9, "at most 2 is taken off");
    assert!(score.verdict.value.unwrap() < alone);
    let link = link(CaseRole::CallerId, 0.9);
    let held = scored(
        &state,
        &[(&link, case(CaseStatus::Corroborated))],
        Neighbourhood::default(),
        day(1),
    );
    assert!(held.reasons.iter().all(|reason| reason.code != "NOT_SPAM_REPORTS"));
    assert!(held.value.unwrap() >= 60.0);
}

#[test]
fn statuses_bound_the_score() {
    let quiet = reported(vec![body(day(0))]);
    let loud = reported((0..50).map(|_| body(day(0))).collect());
    let now = day(0).plus(DAY);
    let blocked = plain(&with_status(quiet.clone(), StatusKind::Blocked), now);
    assert!((blocked.value.unwrap() - 95.0).abs() < 1e-9);
    assert_eq!(blocked.reasons[0].code, "ANALYST_BLOCKED");
    let allowed = plain(&with_status(loud.clone(), StatusKind::Allowed), now);
    assert!((allowed.value.unwrap() - 5.0).abs() < 1e-9);
    assert_eq!(allowed.level, RiskLevel::Trusted);
    let verified = plain(&with_status(quiet.clone(), StatusKind::VerifiedBusiness), now);
    let reason = verified
        .reasons
        .iter()
        .find(|reason| reason.code == "VERIFIED_BUSINESS")
        .unwrap();
    assert!((reason.points + 3.0).abs() < 1e-12);
    let both = with_status(with_status(loud, StatusKind::Allowed), StatusKind::Blocked);
    assert!(plain(&both, now).value.unwrap() >= 95.0, "the stronger status wins");
    for kind in [StatusKind::Protected, StatusKind::DoNotOriginate] {
        let unscored = plain(&with_status(quiet.clone(), kind), now);
        assert_eq!((unscored.level, unscored.value), (RiskLevel::NotScored, None));
    }
}

#[test]
fn the_reasons_with_intercept_and_prior_are_the_score() {
    let link = link(CaseRole::CallerId, 0.9);
    let cases = [(&link, case(CaseStatus::Referred))];
    let states = [
        reported(vec![body(day(0))]),
        with_status(reported(vec![body(day(0))]), StatusKind::Blocked),
        with_status(reported(vec![body(day(0)); 40]), StatusKind::Allowed),
    ];
    for state in &states {
        let score = scored(
            state,
            &cases,
            Neighbourhood {
                q100: 3.0,
                ..Neighbourhood::default()
            },
            day(900),
        );
        let sum: f64 = score.reasons.iter().map(|reason| reason.points).sum();
        let log_odds = sum - 1.01 + (0.1f64 / 0.9).ln();
        // Reasons of less than 0.005 points are not shown.
        assert!(
            (percent(log_odds) - score.verdict.value.unwrap()).abs() < 0.5,
            "{score:?}"
        );
    }
}

#[test]
fn a_category_is_named_when_it_stands_out() {
    let of = |category| ReportBody {
        category,
        ..body(day(0))
    };
    let mut bodies = vec![of(Category::TechSupportScam); 3];
    let (category, share) = plain(&reported(bodies.clone()), day(0)).category.unwrap();
    assert_eq!(category, Category::TechSupportScam);
    assert!((share - 3.0 / 5.0).abs() < 1e-9);
    bodies.push(of(Category::Medical));
    assert_eq!(plain(&reported(bodies), day(0)).category, None);
    assert_eq!(
        plain(&reported(vec![body(day(0)); 9]), day(0)).category,
        None,
        "UNSPECIFIED names nothing"
    );
}

#[test]
fn policy_follows_the_strongest_status_and_then_the_score() {
    let policy = Policy::DEFAULT;
    let decide = |state: &NumberState| policy.decide(&plain(state, day(0)), false);
    let loud = reported(vec![body(day(0)); 60]);
    assert_eq!(
        (decide(&loud).action, decide(&loud).basis),
        (Action::Block, Basis::Analytics)
    );
    let table = [
        (StatusKind::Protected, Action::Allow, Basis::Protected),
        (StatusKind::DoNotOriginate, Action::Block, Basis::Dno),
        (StatusKind::Blocked, Action::Block, Basis::Analyst),
        (StatusKind::Allowed, Action::Allow, Basis::Analyst),
        (StatusKind::UnderDispute, Action::Block, Basis::Analytics),
    ];
    for (kind, action, basis) in table {
        let decision = decide(&with_status(loud.clone(), kind));
        assert_eq!((decision.action, decision.basis), (action, basis), "{kind}");
    }
    let dialled = policy.decide(&plain(&loud, day(0)), true);
    assert_eq!(dialled.action, Action::WarnBeforeDial);
    let unknown = policy.decide(&plain(&NumberState::default(), day(0)), false);
    assert_eq!((unknown.action, unknown.basis), (Action::Allow, Basis::NoEvidence));
}

proptest! {
    /// Whatever is known, a score lies between 0 and 100, and more neighbours never lower it.
    #[test]
    fn scores_are_bounded_and_rise_with_the_neighbourhood(
        days in prop::collection::vec(0i64..500, 0..40),
        q in 0f64..2_000.0,
        more in 0f64..100.0,
        now in 0i64..1_000,
    ) {
        let state = reported(days.into_iter().map(|n| body(day(n))).collect());
        let around = |q| Neighbourhood { q100: q / 10.0, q1000: q / 3.0, q10000: q, case_in_100: false };
        let less = scored(&state, &[], around(q), day(now)).value.unwrap_or(0.0);
        let high = scored(&state, &[], around(q + more), day(now)).value.unwrap_or(0.0);
        prop_assert!((0.0..=100.0).contains(&less));
        prop_assert!(high >= less - 1e-9);
    }
}
