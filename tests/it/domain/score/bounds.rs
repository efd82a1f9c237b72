//! Caps and floors: the most that neighbours alone can do, the floor that a case gives, and the effect of an analyst's
//! status.

use std::time::Duration;

use proptest::prelude::*;
use ringwarden::domain::case::{CaseLink, contributes};
use ringwarden::domain::kinds::{Action, CaseRole, CaseStatus, RiskLevel, StatusKind};
use ringwarden::domain::policy::{Facts, Policy};
use ringwarden::domain::range::Neighbourhood;
use ringwarden::domain::state::NumberState;

use super::scene::{
    any_around, around, case, day, link, models, plain, reported_times, scored, scored_by, value, with_status,
};

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn the_neighbourhood_alone_labels_and_does_not_block() {
    let blank = NumberState::default();
    let in_places = |hundred: f64| scored(&blank, &[], around(hundred, 5.0 * hundred, 15.0 * hundred), day(1));
    let scores: Vec<_> = [2.0, 4.0, 8.0, 60.0].map(in_places).into();
    for score in &scores {
        assert!((78.0..=79.0).contains(&value(score)), "{score:?}");
        assert_eq!(Policy::DEFAULT.decide(&Facts::of(score.verdict)).action, Action::Label);
        assert!(
            score
                .reasons
                .iter()
                .any(|reason| reason.code.name() == "RANGE_ONLY" && reason.points < 0.0)
        );
    }
    let in_order = scores.windows(2).all(|pair| value(&pair[0]) < value(&pair[1]));
    assert!(in_order, "the worse of two such numbers still scores higher");
}

#[test]
fn a_report_of_the_number_itself_lifts_the_cap() {
    let hot = around(60.0, 300.0, 900.0);
    let own = reported_times(1);
    assert!(value(&scored(&own, &[], hot, day(1))) > 79.0);
    assert!(
        value(&scored(&own, &[], hot, day(31))) <= 79.0,
        "half of it is gone by then"
    );
    let link = link(CaseRole::TestLine, 0.1);
    let cases = [(&link, case(CaseStatus::Open))];
    assert!(
        value(&scored(&own, &cases, hot, day(31))) <= 79.0,
        "an open case says nothing"
    );
    let cases = [(&link, case(CaseStatus::Corroborated))];
    assert!(value(&scored(&own, &cases, hot, day(31))) > 79.0);
}

#[test]
fn a_contributing_case_sets_a_floor_and_others_do_not() {
    let old = day(2_000);
    let state = reported_times(1);
    for &status in CaseStatus::ALL {
        let link = link(CaseRole::CallerId, 0.9);
        let score = scored(&state, &[(&link, case(status))], Neighbourhood::default(), old);
        let floor = value(&score) >= 60.0;
        assert_eq!(floor, contributes(status), "{status}");
        assert_eq!(score.verdict.case_floor, floor);
    }
    let below = |link: CaseLink| {
        let cases = [(&link, case(CaseStatus::Referred))];
        value(&scored(&state, &cases, Neighbourhood::default(), old)) < 60.0
    };
    assert!(below(link(CaseRole::CallerId, 0.79)));
    assert!(below(link(CaseRole::TestLine, 1.0)));
    assert!(below(link(CaseRole::SpoofedVictim, 1.0)));
    assert!(below(CaseLink {
        to: Some(day(1)),
        ..link(CaseRole::CallerId, 1.0)
    }));
    assert!(!below(link(CaseRole::Callback, 0.8)));
}

#[test]
fn a_spoofing_victim_is_not_raised_by_the_case() {
    let state = reported_times(1);
    let without = value(&plain(&state, day(1)));
    let link = link(CaseRole::SpoofedVictim, 1.0);
    let cases = [(&link, case(CaseStatus::Prosecution))];
    let with = value(&scored(&state, &cases, Neighbourhood::default(), day(1)));
    assert!((with - without).abs() < 1e-9);
}

#[test]
fn statuses_bound_the_score() {
    let (quiet, loud) = (reported_times(1), reported_times(50));
    let now = day(0).plus(DAY);
    let blocked = plain(&with_status(quiet.clone(), StatusKind::Blocked), now);
    assert!((value(&blocked) - 95.0).abs() < 1e-9);
    assert_eq!(blocked.reasons[0].code.name(), "ANALYST_BLOCKED");
    let allowed = plain(&with_status(loud.clone(), StatusKind::Allowed), now);
    assert!((value(&allowed) - 5.0).abs() < 1e-9);
    assert_eq!(allowed.verdict.level, RiskLevel::Trusted);
    let verified = plain(&with_status(quiet.clone(), StatusKind::VerifiedBusiness), now);
    let without = plain(&quiet, now);
    assert_eq!(
        value(&verified).to_bits(),
        value(&without).to_bits(),
        "the number keeps its score"
    );
    assert_eq!(
        (verified.verdict.level, &verified.reasons),
        (without.verdict.level, &without.reasons)
    );
    let both = with_status(with_status(loud, StatusKind::Allowed), StatusKind::Blocked);
    assert!(value(&plain(&both, now)) >= 95.0, "the stronger status wins");
    for kind in [StatusKind::Protected, StatusKind::DoNotOriginate] {
        let unscored = plain(&with_status(quiet.clone(), kind), now).verdict;
        assert_eq!((unscored.level, unscored.value), (RiskLevel::NotScored, None));
    }
}

proptest! {
    /// Without evidence on the number itself, no neighbourhood blocks it, with any model.
    #[test]
    fn neighbours_never_block(around in any_around()) {
        for model in models() {
            let score = scored_by(model, &NumberState::default(), &[], around, day(1));
            prop_assert!(score.verdict.value.is_none_or(|value| value <= model.rules.range_only_most));
        }
    }
}
