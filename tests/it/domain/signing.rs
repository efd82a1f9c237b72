//! Signed and unsigned calls: which ledgers are read for a call, and how its signature changes the score.

use crate::support::evidence::{at, id, plain_row, reporter, rows};
use proptest::prelude::*;
use ringwarden::domain::actor::Actor;
use ringwarden::domain::call::{Ledger, Signing};
use ringwarden::domain::feature::Feature;
use ringwarden::domain::kinds::{Action, Basis, RiskLevel, StatusKind};
use ringwarden::domain::language::Language;
use ringwarden::domain::model::ScoreModel;
use ringwarden::domain::policy::{Facts, Policy};
use ringwarden::domain::range::{Counts, Neighbourhood};
use ringwarden::domain::report::ReportRow;
use ringwarden::domain::rows::LoadedRows;
use ringwarden::domain::score::{Detail, Score, Subject, Verdict, Weighed};
use ringwarden::domain::state::NumberState;
use ringwarden::domain::status::StatusEntry;
use ringwarden::domain::traffic::Signs;
use ringwarden::number::E164;

const ALL: [Signing; 6] = [
    Signing::NotGiven,
    Signing::A,
    Signing::B,
    Signing::C,
    Signing::Unsigned,
    Signing::Failed,
];

fn number() -> E164 {
    E164::from_digits(13_152_328_257).unwrap()
}

fn reported(rows: impl IntoIterator<Item = ReportRow>) -> NumberState {
    let (mut state, mut kept) = (NumberState::default(), LoadedRows::unloaded(0));
    for row in rows {
        state.submit(&mut kept, row, &ScoreModel::default().fold).unwrap();
    }
    state
}

/// Reports of a trusted feed, of calls of day 200 that were signed so.
fn complaints(ledger: Ledger, count: u32) -> Vec<ReportRow> {
    let signed = |n| {
        let mut row = plain_row(1_000 * ledger as u32 + n, at(200));
        row.body.ledger = ledger;
        row
    };
    (0..count).map(signed).collect()
}

fn wanted(rows: Vec<ReportRow>) -> Vec<ReportRow> {
    let not_spam = |mut row: ReportRow| {
        row.body.not_spam = true;
        row
    };
    rows.into_iter().map(not_spam).collect()
}

fn with_status(mut state: NumberState, kind: StatusKind) -> NumberState {
    state.statuses.set(StatusEntry {
        kind,
        reason: "because".into(),
        author: Actor::parse("ana").unwrap(),
        set_at: at(0),
        expires_at: None,
    });
    state
}

fn subject(state: &NumberState, neighbourhood: Neighbourhood, call: Signing) -> Subject<'_> {
    Subject {
        state,
        cases: &[],
        neighbourhood,
        number: number(),
        call,
        signs: Signs::default(),
        owner: None,
        now: at(201),
    }
}

fn weighed(state: &NumberState, call: Signing) -> Weighed {
    ScoreModel::default().weigh(&subject(state, Neighbourhood::default(), call))
}

fn verdict(state: &NumberState, call: Signing) -> Verdict {
    weighed(state, call).verdict
}

fn value(state: &NumberState, call: Signing) -> f64 {
    verdict(state, call).value.unwrap()
}

fn explained(state: &NumberState, call: Signing) -> Score {
    let (model, subject) = (ScoreModel::default(), subject(state, Neighbourhood::default(), call));
    model.explain(
        &subject,
        &model.weigh(&subject),
        &Vec::new(),
        Detail::Sentences(Language::English),
    )
}

/// A block in which this many numbers are reported, most of them close by.
fn block(reported: f64) -> Neighbourhood {
    let counts = |count: f64| Counts {
        recent: count,
        short: count,
        long: count,
        once: count,
        local: 0.0,
        reports: count,
    };
    Neighbourhood {
        hundred: counts(reported / 10.0),
        thousand: counts(reported / 3.0),
        ten_thousand: counts(reported),
        tens: (reported / 4.0).min(100.0),
        hundreds: (reported / 4.0).min(100.0),
        case_in_100: 0.0,
    }
}

/// The same rows, of calls that were signed so, by reporters and under names of their own.
fn moved(rows: &[ReportRow], ledger: Ledger) -> Vec<ReportRow> {
    let moved = |(n, row): (u32, &ReportRow)| {
        let mut body = row.body.clone();
        body.ledger = ledger;
        body.reporter = body.reporter.map(|hash| reporter(hash.raw() >> 1 | 1 << 40));
        ReportRow::accepted(id(10_000 + n), body, row.weight, row.received_at, None)
    };
    (0..).zip(rows).map(moved).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Reports of unauthenticated calls never change the score of authenticated calls; nor, apart from the suspicion of
    /// spoofing, the other way round. No feature changes, so no model can see the difference.
    #[test]
    fn reports_of_one_ledger_do_not_affect_the_other(own in rows(40), more in rows(60)) {
        for (call, other) in [
            (Signing::A, Ledger::Unauthenticated),
            (Signing::B, Ledger::Authenticated),
        ] {
            let before = reported(own.clone());
            let after = reported(own.iter().cloned().chain(moved(&more, other)));
            let (before, after) = (weighed(&before, call), weighed(&after, call));
            for feature in Feature::ALL {
                let (old, new) = (before.features.get(feature), after.features.get(feature));
                prop_assert!((old - new).abs() < 1e-9, "{feature:?} {old} {new}");
            }
            prop_assert_eq!(before.verdict.level, after.verdict.level);
            let values = [before.verdict.value, after.verdict.value].map(|value| value.unwrap_or(-1.0));
            prop_assert!((values[0] - values[1]).abs() < 1e-9, "{:?}", values);
            prop_assert!((before.verdict.confidence - after.verdict.confidence).abs() < 1e-9);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// One more report lowers no mass, except that of unknown signing for a call that the owner signed, which is never
    /// below the floor.
    #[test]
    fn a_report_lowers_no_mass_but_the_owners(
        days in prop::collection::vec((0..180i64, prop::sample::select(&Ledger::ALL[..])), 1..30),
        more in (0..180i64, prop::sample::select(&Ledger::ALL[..])),
    ) {
        let model = ScoreModel::default();
        let row = |(n, (day, ledger)): (u32, (i64, Ledger))| {
            let mut row = plain_row(n, at(day));
            row.body.ledger = ledger;
            row
        };
        let before = reported((0..).zip(days.clone()).map(row));
        let after = reported((0..).zip(days.into_iter().chain([more])).map(row));
        let mass = |state: &NumberState, call| {
            let weighed = model.weigh(&subject(state, Neighbourhood::default(), call));
            weighed.features.get(Feature::Reports).exp_m1()
        };
        for call in [Signing::NotGiven, Signing::B, Signing::C, Signing::Unsigned] {
            prop_assert!(mass(&after, call) >= mass(&before, call) - 1e-9);
        }
        let floor = model.fold.unknown_when_established.floor;
        prop_assert!(mass(&after, Signing::A) >= floor * mass(&before, Signing::A) - 1e-9);
    }
}

/// Twenty strangers over days count in full, but only for the ledger that they reported in.
#[test]
fn unproven_reporters_count_only_in_their_own_ledger() {
    let stranger = |ledger| {
        move |n: u32| {
            let mut row = plain_row(n, at(190 + i64::from(n) % 10));
            row.body.ledger = ledger;
            row.body.reporter = Some(reporter(u64::from(n) + 1));
            row.weight = 0.2;
            row
        }
    };
    let many = (0..30).map(stranger(Ledger::Unauthenticated));
    let few = (30..40).map(stranger(Ledger::Authenticated));
    let state = reported(many.chain(few.clone()));
    assert!((value(&state, Signing::A) - value(&reported(few), Signing::A)).abs() < 1e-9);
    assert!(value(&state, Signing::Unsigned) > value(&state, Signing::A));
}

/// Complaints of a trusted feed in each of so many weeks, the last of them on day 200.
fn weekly(ledger: Ledger, weeks: u32) -> Vec<ReportRow> {
    let in_week = |n: u32| {
        let mut row = plain_row(5_000 + 100 * ledger as u32 + n, at(200 - 7 * i64::from(n)));
        row.body.ledger = ledger;
        row
    };
    (0..weeks).map(in_week).collect()
}

#[test]
fn complaints_of_unknown_signing_count_less_for_the_owner_of_an_established_number() {
    let model = ScoreModel::default();
    let mass = |state: &NumberState, call| {
        let weighed = model.weigh(&subject(state, Neighbourhood::default(), call));
        weighed.features.get(Feature::Reports).exp_m1()
    };
    for (weeks, factor) in [(1, 1.0), (2, 1.0), (5, 0.625), (8, 0.25), (20, 0.25)] {
        let state = reported(weekly(Ledger::Unknown, weeks));
        let whole = mass(&state, Signing::NotGiven);
        for call in [Signing::B, Signing::C, Signing::Unsigned] {
            assert!((mass(&state, call) - whole).abs() < 1e-9, "{weeks} weeks");
        }
        assert!(
            (mass(&state, Signing::A) - whole * factor).abs() < 1e-9,
            "{weeks} weeks"
        );
    }
    // Complaints about signed calls count in full, for however long.
    let signed = reported(weekly(Ledger::Authenticated, 20));
    let whole = mass(&signed, Signing::NotGiven);
    assert!((mass(&signed, Signing::A) - whole).abs() < 1e-9);
}

#[test]
fn a_weaker_signature_raises_the_score() {
    let state = reported(complaints(Ledger::Unknown, 1));
    let order = [Signing::A, Signing::Unsigned, Signing::NotGiven, Signing::B, Signing::C];
    let values = order.map(|call| value(&state, call));
    assert!(values.is_sorted_by(|a, b| a < b), "{values:?}");
    for call in order {
        let odds = ScoreModel::default().rules.attestation.of(call);
        let score = explained(&state, call);
        let said = score.reasons.iter().find(|reason| reason.code.name() == "ATTESTATION");
        assert_eq!(said.is_some(), call != Signing::NotGiven, "{call:?}");
        assert!(said.is_none_or(|reason| (reason.points - odds).abs() < 1e-9));
    }
}

#[test]
fn the_points_of_the_reasons_are_the_score() {
    let model = ScoreModel::default();
    let strangers = (0..5).map(|n| {
        let mut row = plain_row(n, at(200));
        row.body.reporter = Some(reporter(u64::from(n) + 1));
        row.weight = 0.2;
        row
    });
    let states = [
        reported(complaints(Ledger::Unknown, 1)),
        reported(strangers),
        NumberState::default(),
    ];
    for state in &states {
        for call in [Signing::NotGiven, Signing::A, Signing::C] {
            for around in [block(5.0), block(900.0)] {
                let subject = subject(state, around, call);
                let score = model.explain(
                    &subject,
                    &model.weigh(&subject),
                    &Vec::new(),
                    Detail::Sentences(Language::English),
                );
                let points: f64 = score.reasons.iter().map(|reason| reason.points).sum();
                let log_odds = model.intercept + model.prior_log_odds() + points;
                let value = 100.0 / (1.0 + (-log_odds).exp());
                let told = score.verdict.value.unwrap();
                assert!((value - told).abs() < 0.5, "{value} {told} {call:?}");
            }
        }
    }
}

/// A failed signature is no evidence for or against anybody: no evidence of the number applies.
#[test]
fn a_failed_signature_leaves_no_evidence() {
    let bad = reported(complaints(Ledger::Unauthenticated, 50));
    let allowed = with_status(bad.clone(), StatusKind::Allowed);
    let verified = with_status(bad.clone(), StatusKind::VerifiedBusiness);
    for state in [&bad, &allowed, &verified] {
        let score = explained(state, Signing::Failed);
        let found = score.verdict;
        assert_eq!(
            (found.level, found.value, found.status),
            (RiskLevel::Unknown, None, None)
        );
        assert_eq!(found.confidence, 0.0);
        assert_eq!((score.category, score.brand), (None, None));
        let codes: Vec<_> = score
            .reasons
            .iter()
            .map(|reason| (reason.code.name(), reason.points))
            .collect();
        assert_eq!(codes, [("ATTESTATION", 0.0)]);
        let decision = Policy::DEFAULT.decide(&Facts::of(found));
        assert_eq!((decision.action, decision.basis), (Action::Allow, Basis::NoEvidence));
    }
}

/// Or a blocked caller would need no more than a broken signature.
#[test]
fn analysts_rules_against_a_number_hold_whoever_signed() {
    for call in ALL {
        let blocked = verdict(&with_status(NumberState::default(), StatusKind::Blocked), call);
        assert_eq!(blocked.level, RiskLevel::Critical, "{call:?}");
        assert_eq!(Policy::DEFAULT.decide(&Facts::of(blocked)).basis, Basis::Analyst);
        let dno = verdict(&with_status(NumberState::default(), StatusKind::DoNotOriginate), call);
        assert_eq!(Policy::DEFAULT.decide(&Facts::of(dno)).basis, Basis::Dno, "{call:?}");
        let protected = verdict(&with_status(NumberState::default(), StatusKind::Protected), call);
        assert_eq!(Policy::DEFAULT.decide(&Facts::of(protected)).action, Action::Allow);
    }
}

#[test]
fn how_a_call_was_signed_never_blocks_alone() {
    for call in ALL {
        let blank = verdict(&NumberState::default(), call);
        assert_eq!((blank.level, blank.value), (RiskLevel::Unknown, None), "{call:?}");
    }
    let mut model = ScoreModel::default();
    for range_only_most in [79.0, 100.0] {
        model.rules.range_only_most = range_only_most;
        for reported in [0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0] {
            let blank = NumberState::default();
            let score = |call| {
                model
                    .weigh(&subject(&blank, block(reported), call))
                    .verdict
                    .value
                    .unwrap()
            };
            let without = score(Signing::NotGiven);
            for call in [Signing::B, Signing::C] {
                let with = score(call);
                assert!(with >= without, "{call:?} {reported}");
                assert!(with < 80.0 || with == without, "{call:?} {reported}: {with} {without}");
            }
        }
    }
}

#[test]
fn an_allowed_number_is_not_trusted_on_every_call() {
    let allowed = with_status(reported(complaints(Ledger::Unknown, 20)), StatusKind::Allowed);
    for call in [Signing::NotGiven, Signing::A, Signing::B, Signing::Unsigned] {
        let found = verdict(&allowed, call);
        assert_eq!(
            (found.level, found.status),
            (RiskLevel::Trusted, Some(StatusKind::Allowed))
        );
        assert!(found.value.unwrap() <= 5.0);
    }
    let through_a_gateway = verdict(&allowed, Signing::C);
    assert_eq!(through_a_gateway.level, RiskLevel::Critical);
    assert_eq!(
        Policy::DEFAULT.decide(&Facts::of(through_a_gateway)).basis,
        Basis::Analytics
    );
}

#[test]
fn an_owner_who_signs_is_protected_from_unsigned_calls() {
    let signs = wanted(complaints(Ledger::Authenticated, 8));
    let spoofed = complaints(Ledger::Unauthenticated, 2);
    let state = with_status(
        reported(signs.iter().chain(&spoofed).cloned()),
        StatusKind::VerifiedBusiness,
    );
    for call in ALL {
        let found = verdict(&state, call);
        let suspected = matches!(call, Signing::C | Signing::Unsigned);
        assert_eq!(found.spoof_suspected, suspected, "{call:?}");
        let trusted = call == Signing::A; // the verified business signed it
        assert_eq!(found.level == RiskLevel::Trusted, trusted, "{call:?}");
    }
    let points = |call| {
        let score = explained(&state, call);
        let reason = score
            .reasons
            .into_iter()
            .find(|reason| reason.code.name() == "SPOOF_SUSPECTED");
        reason.map(|reason| reason.points)
    };
    assert_eq!(
        points(Signing::Unsigned),
        Some(ScoreModel::default().rules.spoof_suspected)
    );
    assert_eq!(points(Signing::A), None);
    assert!(value(&state, Signing::A) < value(&state, Signing::Unsigned));

    // One report tells nothing, nor do strangers, nor a number that calls both ways.
    let one = reported(wanted(complaints(Ledger::Authenticated, 1)));
    let both = reported(signs.iter().cloned().chain(complaints(Ledger::Unauthenticated, 8)));
    let strangers = reported(signs.into_iter().map(|mut row| {
        row.weight = 0.2;
        row
    }));
    for state in [one, both, strangers] {
        assert!(!verdict(&state, Signing::C).spoof_suspected);
    }
}
