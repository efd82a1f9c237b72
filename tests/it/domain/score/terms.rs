//! The terms of the sum: reports, areas, neighbours, "not spam", and how all of them fade.

use proptest::prelude::*;
use ringwarden::domain::ids::Area;
use ringwarden::domain::kinds::{CaseRole, CaseStatus, Category, RiskLevel};
use ringwarden::domain::range::Neighbourhood;
use ringwarden::domain::report::ReportBody;
use ringwarden::domain::state::NumberState;

use super::scene::{
    any_around, around, body, case, day, link, models, percent, plain, reported, reported_times, scored, scored_by,
    value,
};

#[test]
fn the_terms_are_those_of_the_model() {
    let mut first = body(day(10));
    first.area = Some(Area::parse("212").unwrap());
    let state = reported([first, body(day(10))]);
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
    let found = scored(&state, &[], around(1.0, 2.0, 3.0), day(13));
    assert!((value(&found) - percent(wanted)).abs() < 1e-9);
    let confidence = 1.0 - 2.0 / (2.0 + long + 1.5);
    assert!((found.verdict.confidence - confidence).abs() < 1e-9);
    let codes: Vec<_> = found.reasons.iter().map(|reason| reason.code.name()).collect();
    assert_eq!(
        codes,
        [
            "HISTORIC_REPORTS",
            "RECENT_REPORTS",
            "HOT_RANGE_1000",
            "HOT_RANGE_100",
            "HOT_RANGE_10000",
            "MANY_REPORTERS",
            "SINGLE_REPORT",
        ]
    );
}

/// A number that half the country reported once is forgotten all the same.
#[test]
fn old_reports_fade_in_any_number() {
    let state = reported((0..300).map(|n| ReportBody {
        area: Some(Area::parse(&format!("{n}")).unwrap()),
        ..body(day(0))
    }));
    assert!(value(&plain(&state, day(1))) > 99.0);
    assert!(value(&plain(&state, day(365))) < 60.0);
    assert!(value(&plain(&state, day(5 * 365))) < 5.0);
}

#[test]
fn nothing_known_is_unknown_and_never_safe() {
    let blank = NumberState::default();
    for model in models() {
        let level = |around| scored_by(model, &blank, &[], around, day(1)).verdict.level;
        assert_eq!(level(Neighbourhood::default()), RiskLevel::Unknown);
        assert_eq!(level(around(0.0, 0.0, 0.049)), RiskLevel::Unknown);
        assert_ne!(level(around(0.0, 0.0, 0.05)), RiskLevel::Unknown);
        let score = scored_by(model, &blank, &[], Neighbourhood::default(), day(1));
        assert_eq!((score.verdict.value, score.reasons.len()), (None, 0));
    }
}

#[test]
fn not_spam_subtracts_points_unless_a_case_links_the_number() {
    let wanted = ReportBody {
        not_spam: true,
        ..body(day(0))
    };
    let alone = value(&plain(&reported_times(1), day(1)));
    let mut bodies = vec![wanted; 1_000];
    bodies.push(body(day(0)));
    let state = reported(bodies);
    let score = plain(&state, day(1));
    let reason = score
        .reasons
        .iter()
        .find(|reason| reason.code.name() == "NOT_SPAM_REPORTS")
        .unwrap();
    assert!((reason.points + 2.0).abs() < 1e-9, "at most 2 is taken off");
    assert!(value(&score) < alone);
    let link = link(CaseRole::CallerId, 0.9);
    let cases = [(&link, case(CaseStatus::Corroborated))];
    let held = scored(&state, &cases, Neighbourhood::default(), day(1));
    assert!(
        held.reasons
            .iter()
            .all(|reason| reason.code.name() != "NOT_SPAM_REPORTS")
    );
    assert!(value(&held) >= 60.0);
}

/// A sure link of today gives the whole half point, and an unsure or old one the same share of it.
#[test]
fn a_case_nearby_adds_its_share_of_half_a_point() {
    let state = reported_times(1);
    let points = |case_in_100: f64| {
        let around = Neighbourhood {
            case_in_100,
            ..Neighbourhood::default()
        };
        let score = scored(&state, &[], around, day(1));
        let of_case = score.reasons.iter().find(|reason| reason.code.name() == "CASE_LINK");
        of_case.map_or(0.0, |reason| reason.points)
    };
    for (strength, wanted) in [(0.0, 0.0), (0.25, 0.125), (0.9, 0.45), (1.0, 0.5)] {
        let found = points(strength);
        assert!(
            (found - wanted).abs() < 1e-9,
            "{found} points for a strength of {strength}"
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
        plain(&reported_times(9), day(0)).category,
        None,
        "UNSPECIFIED names nothing"
    );
}

proptest! {
    /// For any evidence and any model, a score lies between 0 and 100.
    #[test]
    fn scores_are_bounded(
        days in prop::collection::vec(0i64..500, 0..40),
        around in any_around(),
        now in 0i64..1_000,
    ) {
        let state = reported(days.into_iter().map(|n| body(day(n))));
        for model in models() {
            let verdict = scored_by(model, &state, &[], around, day(now)).verdict;
            prop_assert!(verdict.value.is_none_or(|value| (0.0..=100.0).contains(&value)));
            prop_assert!((0.0..1.0).contains(&verdict.confidence));
        }
    }

    /// More neighbours never lower a score whose terms all rise.
    #[test]
    fn scores_rise_with_the_neighbourhood(
        days in prop::collection::vec(0i64..500, 0..40),
        count in 0f64..2_000.0,
        more in 0f64..100.0,
        now in 0i64..1_000,
    ) {
        let state = reported(days.into_iter().map(|n| body(day(n))));
        let at = |count: f64| scored(&state, &[], around(count / 10.0, count / 3.0, count), day(now)).verdict.value;
        prop_assert!(at(count + more).unwrap_or(0.0) >= at(count).unwrap_or(0.0) - 1e-9);
    }
}
