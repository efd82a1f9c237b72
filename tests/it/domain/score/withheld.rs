//! When the evidence must not block: numbers that are established, and single reports.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use ringwarden::domain::call::{Ledger, Signing};
use ringwarden::domain::case::{Case, CaseLink};
use ringwarden::domain::ids::{Area, ReportId, ReporterHash};
use ringwarden::domain::kinds::{CaseRole, CaseStatus, Source, StatusKind};
use ringwarden::domain::language::Language;
use ringwarden::domain::report::{ReportBody, ReportRow};
use ringwarden::domain::rows::LoadedRows;
use ringwarden::domain::score::{Detail, Score, Subject, Withheld};
use ringwarden::domain::state::NumberState;
use ringwarden::domain::traffic::Signs;
use ringwarden::number::E164;

use super::scene::{around, body, case, day, lines, link, models, plain, reported, with_status};

/// The day on which everything is scored.
const TODAY: i64 = 210;

fn explained(state: &NumberState, cases: &[(&CaseLink, Arc<Case>)], call: Signing) -> Score {
    let subject = Subject {
        state,
        cases,
        neighbourhood: around(30.0, 60.0, 200.0),
        number: E164::from_digits(14_155_550_199).unwrap(),
        call,
        signs: Signs::default(),
        owner: None,
        now: day(TODAY),
    };
    lines().explain(
        &subject,
        &lines().weigh(&subject),
        &Vec::new(),
        Detail::Sentences(Language::English),
    )
}

fn withheld(state: &NumberState) -> Option<Withheld> {
    explained(state, &[], Signing::NotGiven).verdict.withheld
}

/// Two reports of different areas in each of the last weeks.
fn weekly(weeks: i64, ledger: Ledger) -> Vec<ReportBody> {
    (0..weeks)
        .flat_map(|n| {
            ["212", "315"].map(|area| ReportBody {
                area: Some(Area::parse(area).unwrap()),
                ledger,
                ..body(day(TODAY - 7 * n))
            })
        })
        .collect()
}

fn codes(score: &Score) -> Vec<(&'static str, f64)> {
    let stated = score.reasons.iter().map(|reason| (reason.code.name(), reason.points));
    stated
        .filter(|(name, _)| ["ESTABLISHED_NUMBER", "SINGLE_REPORT"].contains(name))
        .collect()
}

#[test]
fn eight_weeks_of_reports_make_a_number_established() {
    assert_eq!(withheld(&reported(weekly(7, Ledger::Unknown))), None);
    let established = reported(weekly(8, Ledger::Unknown));
    let score = explained(&established, &[], Signing::NotGiven);
    assert!(score.verdict.value.unwrap() >= 80.0, "the score stays as it is");
    assert_eq!(score.verdict.withheld, Some(Withheld::Established));
    assert_eq!(codes(&score), [("ESTABLISHED_NUMBER", 0.0)]);
    // Weeks that are too long ago do not count.
    let earlier = |n: i64| body(day(TODAY - 7 * (24 + n)));
    assert_eq!(withheld(&reported((0..12).map(earlier))), None);
}

/// A reporter can name any call, and calls of many weeks at once. A feed sends its history late.
#[test]
fn calls_of_many_weeks_that_a_reporter_names_in_one_do_not_make_a_number_established() {
    let late = |days: u64, is_named: bool| {
        let (mut state, mut rows) = (NumberState::default(), LoadedRows::unloaded(0));
        for (n, mut body) in (0..).zip(weekly(12, Ledger::Unknown)) {
            body.reporter = is_named.then(|| ReporterHash::from_raw(n));
            let received_at = day(TODAY).min(body.occurred_at.plus(Duration::from_secs(86_400 * days)));
            let row = ReportRow::accepted(ReportId::parse(&format!("r{n}")).unwrap(), body, 1.0, received_at, None);
            state.submit(&mut rows, row, &lines().fold).unwrap();
        }
        withheld(&state)
    };
    assert_eq!(late(365, true), None);
    assert_eq!(late(6, true), Some(Withheld::Established), "a week late is usual");
    assert_eq!(late(365, false), Some(Withheld::Established));
}

#[test]
fn a_case_an_analyst_or_signed_calls_block_an_established_number() {
    let established = reported(weekly(10, Ledger::Unknown));
    for (role, status, is_withheld) in [
        (CaseRole::CallerId, CaseStatus::Corroborated, false),
        (CaseRole::CallerId, CaseStatus::Draft, true),
        (CaseRole::Callback, CaseStatus::Corroborated, true),
        (CaseRole::SpoofedVictim, CaseStatus::Corroborated, true),
    ] {
        let link = link(role, 0.9);
        let found = explained(&established, &[(&link, case(status))], Signing::NotGiven);
        assert_eq!(found.verdict.withheld.is_some(), is_withheld, "{role} {status}");
    }
    assert_eq!(withheld(&with_status(established.clone(), StatusKind::Blocked)), None);
    assert!(withheld(&with_status(established.clone(), StatusKind::UnderDispute)).is_some());

    // Enough reports of signed calls are the owner's own doing. They say nothing of calls that nobody signed.
    let signed = reported([weekly(10, Ledger::Unknown), weekly(10, Ledger::Authenticated)].concat());
    for (call, expected) in [
        (Signing::NotGiven, None),
        (Signing::A, None),
        (Signing::C, Some(Withheld::Established)),
        (Signing::Unsigned, Some(Withheld::Established)),
    ] {
        assert_eq!(explained(&signed, &[], call).verdict.withheld, expected, "{call:?}");
    }
    // One report of a signed call is not enough.
    let one_signed = ReportBody {
        ledger: Ledger::Authenticated,
        ..body(day(TODAY))
    };
    let once = reported(weekly(10, Ledger::Unknown).into_iter().chain([one_signed]));
    assert_eq!(withheld(&once), Some(Withheld::Established));
    let two_signed = weekly(1, Ledger::Authenticated);
    let twice = reported(weekly(10, Ledger::Unknown).into_iter().chain(two_signed));
    assert_eq!(withheld(&twice), None);
}

#[test]
fn one_report_blocks_nobody_and_two_do_if_they_are_of_two_people_or_days() {
    let now = day(TODAY);
    let one = || body(now);
    let of = |area: &str| ReportBody {
        area: Some(Area::parse(area).unwrap()),
        ..body(now)
    };
    let by = |reporter: u64| ReportBody {
        reporter: Some(ReporterHash::from_raw(reporter)),
        ..body(now)
    };
    let honeypot = || ReportBody {
        source: Source::Honeypot,
        ..body(now)
    };
    let single = Some(Withheld::SingleReport);
    for (name, bodies, expected) in [
        ("one", vec![one()], single),
        ("the same twice", vec![one(), one()], single),
        ("the same area twice", vec![of("212"), of("212")], single),
        ("an area and none", vec![of("212"), one()], single),
        ("two areas", vec![of("212"), of("315")], None),
        ("two days", vec![one(), body(day(TODAY - 1))], None),
        ("two sources", vec![one(), honeypot()], None),
        ("a reporter", vec![by(1)], single),
        ("a reporter and a feed", vec![by(1), one()], single),
        (
            "a reporter twice",
            vec![
                by(1),
                ReportBody {
                    reporter: by(1).reporter,
                    ..body(day(TODAY - 1))
                },
            ],
            single,
        ),
        ("two reporters", vec![by(1), by(2)], None),
    ] {
        assert_eq!(withheld(&reported(bodies)), expected, "{name}");
    }
}

#[test]
fn a_single_report_is_named_where_it_would_block_and_a_case_lifts_the_cap() {
    let state = reported([body(day(TODAY))]);
    let score = explained(&state, &[], Signing::NotGiven);
    assert!(score.verdict.value.unwrap() >= 80.0);
    assert_eq!(codes(&score), [("SINGLE_REPORT", 0.0)]);
    let low = plain(&reported([body(day(TODAY - 200))]), day(TODAY));
    assert_eq!(low.verdict.withheld, Some(Withheld::SingleReport));
    assert!(codes(&low).is_empty(), "there is no block to withhold");
    let link = link(CaseRole::Callback, 0.9);
    let linked = explained(&state, &[(&link, case(CaseStatus::Corroborated))], Signing::NotGiven);
    assert_eq!(linked.verdict.withheld, None);
}

/// Reports of calls that others made do not help a caller, and do not count as a second one.
#[test]
fn only_reports_that_count_for_the_call_make_two() {
    let signed = |ledger, at| ReportBody { ledger, ..body(at) };
    let state = reported([
        signed(Ledger::Authenticated, day(TODAY)),
        signed(Ledger::Authenticated, day(TODAY - 3)),
        signed(Ledger::Unauthenticated, day(TODAY)),
    ]);
    for (call, expected) in [
        (Signing::A, None),
        (Signing::Unsigned, Some(Withheld::SingleReport)),
        (Signing::NotGiven, None),
    ] {
        assert_eq!(explained(&state, &[], call).verdict.withheld, expected, "{call:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The caps change no score: the same number has the same score with rules that withhold and with rules that do not.
    #[test]
    fn no_score_depends_on_the_caps(days in prop::collection::vec(0..TODAY, 0..40)) {
        let state = reported(days.into_iter().map(|n| body(day(n))));
        for model in models() {
            let mut never = model.clone();
            never.rules.established_weeks = 100;
            let values = [model, &never].map(|model| {
                let subject = Subject {
                    state: &state,
                    cases: &[],
                    neighbourhood: around(3.0, 6.0, 20.0),
                    number: E164::from_digits(14_155_550_199).unwrap(),
                    call: Signing::NotGiven,
                    signs: Signs::default(),
                    owner: None,
                    now: day(TODAY),
                };
                model.weigh(&subject).verdict.value
            });
            prop_assert_eq!(values[0], values[1]);
        }
    }
}
