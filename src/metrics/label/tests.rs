//! The closed lists of label values, and how values find their label.

use super::*;

fn check<L: Label>() {
    for (position, label) in L::ALL.iter().enumerate() {
        assert_eq!(label.position(), position, "{}={}", L::NAME, label.value());
    }
    let values: std::collections::HashSet<_> = L::ALL.iter().map(|label| label.value()).collect();
    assert_eq!(values.len(), L::ALL.len(), "{} has a value twice", L::NAME);
}

#[test]
fn a_store_of_another_format_is_foreign() {
    let kind = StoreErrorKind::from(&StoreError::OtherFormat { found: 9 });
    assert_eq!(kind, StoreErrorKind::Foreign);
}

#[test]
fn a_score_is_in_the_band_that_begins_at_or_below_it() {
    for (score, band) in [
        (0.0, "0-10"),
        (9.999, "0-10"),
        (10.0, "10-20"),
        (59.9, "50-60"),
        (60.0, "60-70"),
        (79.999_999, "70-80"),
        (80.0, "80-90"),
        (90.0, "90-100"),
        (100.0, "90-100"),
    ] {
        assert_eq!(ScoreBand::of(Some(score)).value(), band, "{score}");
    }
    assert_eq!(ScoreBand::of(None).value(), "none");
}

#[test]
fn positions_and_values_are_distinct() {
    check::<EdgeLabel>();
    check::<LookupOutcomeLabel>();
    check::<ReportOutcomeLabel>();
    check::<ScoreBand>();
    check::<MutationLabel>();
    check::<MutationOutcomeLabel>();
    check::<StoreErrorKind>();
    check::<ReloadReason>();
    check::<ConfigReloadLabel>();
    check::<DecisionLogLabel>();
    check::<SkipReason>();
    check::<Action>();
    check::<Basis>();
    check::<Enforcement>();
    check::<CallOutcomeLabel>();
    check::<ListKind>();
}
