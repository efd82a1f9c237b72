//! Reasons: their points add up to the score, the one with the most points comes first, and their codes never change.

use proptest::prelude::*;
use proptest::sample::select;
use ringwarden::domain::feature::Feature;
use ringwarden::domain::ids::Area;
use ringwarden::domain::kinds::{CaseRole, CaseStatus, StatusKind};
use ringwarden::domain::model::ScoreModel;
use ringwarden::domain::range::Neighbourhood;
use ringwarden::domain::reason_code::ReasonCode;
use ringwarden::domain::report::ReportBody;
use ringwarden::domain::score::Score;
use ringwarden::domain::state::NumberState;

use super::scene::{
    any_around, body, case, day, link, models, percent, plain, reported, reported_times, scored_by, value, with_status,
};

/// Reasons of fewer points are not shown.
const HIDDEN_BELOW: f64 = 0.005;

/// Every code that carries points, as the API has it.
const CODES: [(ReasonCode, &str); 14] = [
    (ReasonCode::RecentReports, "RECENT_REPORTS"),
    (ReasonCode::HistoricReports, "HISTORIC_REPORTS"),
    (ReasonCode::ManyReporters, "MANY_REPORTERS"),
    (ReasonCode::HotRange100, "HOT_RANGE_100"),
    (ReasonCode::HotRange1000, "HOT_RANGE_1000"),
    (ReasonCode::HotRange10000, "HOT_RANGE_10000"),
    (ReasonCode::RangePattern, "RANGE_PATTERN"),
    (ReasonCode::TollFree, "TOLL_FREE"),
    (ReasonCode::RangeOnly, "RANGE_ONLY"),
    (ReasonCode::CaseLink, "CASE_LINK"),
    (ReasonCode::NotSpamReports, "NOT_SPAM_REPORTS"),
    (ReasonCode::VerifiedBusiness, "VERIFIED_BUSINESS"),
    (ReasonCode::AnalystAllowed, "ANALYST_ALLOWED"),
    (ReasonCode::AnalystBlocked, "ANALYST_BLOCKED"),
];

/// The difference between the score and the sum of its reasons, intercept and prior, in log-odds; 0 if the score is so
/// close to 0 or 100 that its log-odds are not exact.
fn miss(model: &ScoreModel, score: &Score) -> f64 {
    let points: f64 = score.reasons.iter().map(|reason| reason.points).sum();
    let log_odds = points + model.intercept + model.prior_log_odds();
    let share = value(score) / 100.0;
    if (1e-6..=1.0 - 1e-6).contains(&share) {
        log_odds - (share / (1.0 - share)).ln()
    } else {
        percent(log_odds) / 100.0 - share
    }
}

/// The most points of all hidden reasons together.
fn hidden(score: &Score) -> f64 {
    let hidden = f64::from(u32::try_from(CODES.len() - score.reasons.len()).unwrap());
    hidden * HIDDEN_BELOW + 1e-6
}

/// A number with a history: reports and "not spam" from a few areas.
fn any_state() -> impl Strategy<Value = NumberState> {
    let said = (0i64..400, 0u32..8, prop::bool::weighted(0.2));
    prop::collection::vec(said, 0..30).prop_map(|said| {
        reported(said.into_iter().map(|(at, area, not_spam)| ReportBody {
            not_spam,
            area: Some(Area::parse(&area.to_string()).unwrap()),
            ..body(day(at))
        }))
    })
}

proptest! {
    /// Intercept, prior and the points of all reasons make up the score, caps, floors and all.
    #[test]
    fn the_reasons_with_intercept_and_prior_are_the_score(
        state in any_state(),
        around in any_around(),
        status in prop::option::of(select(vec![
            StatusKind::Blocked,
            StatusKind::Allowed,
            StatusKind::VerifiedBusiness,
            StatusKind::UnderDispute,
        ])),
        case_status in prop::option::of(select(CaseStatus::ALL)),
        confidence in 0f64..1.0,
        now in 0i64..1_000,
    ) {
        let state = status.map_or(state.clone(), |status| with_status(state, status));
        let link = link(CaseRole::CallerId, confidence);
        let cases: Vec<_> = case_status.map(|status| (&link, case(status))).into_iter().collect();
        for model in models() {
            let score = scored_by(model, &state, &cases, around, day(now));
            if score.verdict.value.is_none() {
                prop_assert!(score.reasons.is_empty());
                continue;
            }
            prop_assert!(miss(model, &score).abs() <= hidden(&score), "{} in {:?}", miss(model, &score), score);
            let is_sorted = score.reasons.windows(2).all(|pair| pair[0].points.abs() >= pair[1].points.abs());
            prop_assert!(is_sorted, "{score:?}");
            let is_withheld = |code| matches!(code, ReasonCode::EstablishedNumber | ReasonCode::SingleReport);
            for reason in &score.reasons {
                prop_assert!(is_withheld(reason.code) != (reason.points.abs() >= HIDDEN_BELOW), "{reason:?}");
            }
        }
    }
}

#[test]
fn no_code_stands_twice_in_a_score() {
    let link = link(CaseRole::CallerId, 0.9);
    let cases = [(&link, case(CaseStatus::Corroborated))];
    for model in models() {
        let score = scored_by(
            model,
            &reported_times(3),
            &cases,
            super::scene::around(3.0, 9.0, 30.0),
            day(1),
        );
        let mut codes: Vec<_> = score.reasons.iter().map(|reason| reason.code).collect();
        codes.sort_unstable();
        let with_repeats = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), with_repeats);
        assert!(score.reasons.iter().all(|reason| !reason.detail.is_empty()));
    }
}

/// Even a number so loud that its score is 100 to all digits.
#[test]
fn the_reasons_add_up_under_a_status() {
    let loud = with_status(reported_times(5_000), StatusKind::Allowed);
    for model in models() {
        let score = scored_by(model, &loud, &[], Neighbourhood::default(), day(0));
        assert!((value(&score) - 5.0).abs() < 1e-9);
        assert!(miss(model, &score).abs() <= hidden(&score), "{score:?}");
    }
}

#[test]
fn codes_are_frozen() {
    for (code, text) in CODES {
        assert_eq!(code.name(), text);
    }
    let unscored = |kind| plain(&with_status(reported_times(1), kind), day(0)).reasons;
    assert_eq!(unscored(StatusKind::Protected)[0].code.name(), "PROTECTED_NUMBER");
    assert_eq!(unscored(StatusKind::DoNotOriginate)[0].code.name(), "DO_NOT_ORIGINATE");
}

#[test]
fn each_feature_belongs_to_its_reason() {
    let booked = |code: ReasonCode| -> Vec<&str> {
        let of_code = Feature::ALL
            .into_iter()
            .filter(|feature| ReasonCode::of(*feature) == code);
        of_code.map(Feature::name).collect()
    };
    let wanted: [(ReasonCode, &[&str]); 7] = [
        (ReasonCode::RecentReports, &["recent_reports"]),
        (
            ReasonCode::HistoricReports,
            &["reports", "quiet_days", "active_days", "all_reports", "weeks"],
        ),
        (ReasonCode::ManyReporters, &["areas"]),
        (ReasonCode::HotRange100, &["range_100", "range_100_long"]),
        (
            ReasonCode::HotRange1000,
            &["range_1000", "range_1000_recent", "local_1000", "distant_1000"],
        ),
        (ReasonCode::HotRange10000, &["range_10000", "range_10000_recent"]),
        (
            ReasonCode::RangePattern,
            &[
                "once_share_1000",
                "spread_1000",
                "spread_10000",
                "reports_per_number",
                "once_share_10000",
            ],
        ),
    ];
    let mut features = 0;
    for (code, names) in wanted {
        assert_eq!(booked(code), names, "{}", code.name());
        features += names.len();
    }
    assert_eq!(features, Feature::ALL.len());
}
