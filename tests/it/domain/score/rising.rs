//! A further report never lowers a score, whoever sends it.

use proptest::prelude::*;
use ringwarden::domain::call::LedgerView;
use ringwarden::domain::call::Signing;
use ringwarden::domain::evidence::{FoldModel, UnprovenReporters, UnprovenStep};
use ringwarden::domain::model::ScoreModel;
use ringwarden::domain::range::Neighbourhood;
use ringwarden::domain::report::ReportRow;
use ringwarden::domain::rows::LoadedRows;
use ringwarden::domain::score::Subject;
use ringwarden::domain::state::NumberState;
use ringwarden::domain::time::Timestamp;
use ringwarden::domain::traffic::Signs;
use ringwarden::number::E164;

use super::scene::{any_around, around, models};
use crate::support::evidence::{at, id, reporter, rows};

fn reported<'a>(rows: impl Iterator<Item = &'a ReportRow>) -> NumberState {
    let (mut state, mut loaded) = (NumberState::default(), LoadedRows::unloaded(0));
    for row in rows {
        state.submit(&mut loaded, row.clone(), &FoldModel::DEFAULT).unwrap();
    }
    state
}

fn value(model: &ScoreModel, state: &NumberState, neighbourhood: Neighbourhood, now: Timestamp) -> f64 {
    let subject = Subject {
        state,
        cases: &[],
        neighbourhood,
        number: E164::from_digits(14_155_550_199).unwrap(),
        call: Signing::NotGiven,
        signs: Signs::default(),
        owner: None,
        now,
    };
    model.weigh(&subject).verdict.value.unwrap_or(-1.0)
}

/// The rows as they arrive: each at once, and each named reporter another person. Half of them are moved into one day.
fn arriving(mut rows: Vec<ReportRow>, crowded: bool) -> Vec<ReportRow> {
    for (n, row) in (0..).zip(&mut rows) {
        row.id = id(n);
        row.body.reporter = row.body.reporter.map(|_| reporter(u64::from(n) + 1));
        if crowded && n % 2 == 0 {
            let millis = row.body.occurred_at.millis() - at(0).millis();
            row.body.occurred_at = Timestamp::from_millis(at(199).millis() + millis / 200);
            row.weight = row.weight.min(0.2);
        }
        row.received_at = row.body.occurred_at;
        row.arrived_at = row.body.occurred_at;
    }
    rows.sort_by_key(|row| row.body.occurred_at);
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_further_report_lowers_no_score(rows in rows(60), crowded: bool, around in prop_oneof![
        Just(Neighbourhood::default()),
        Just(around(1.0, 2.0, 2.0)),
        any_around(),
    ]) {
        let rows = arriving(rows, crowded);
        let bad: Vec<usize> = (0..rows.len()).filter(|n| !rows[*n].body.not_spam).collect();
        for n in bad.into_iter().rev().take(5) {
            let (before, after) = (reported(rows[..n].iter()), reported(rows[..=n].iter()));
            for model in models() {
                let [low, high] = [&before, &after].map(|state| value(model, state, around, at(201)));
                prop_assert!(high >= low - 1e-9, "{low} became {high} by {:?}", rows[n]);
            }
        }
    }

    /// Evidence of trusted feeds and proven reporters knows nothing of the steps of unproven ones.
    #[test]
    fn proven_evidence_is_the_same_with_and_without_the_steps(rows in rows(40)) {
        let mut rows = arriving(rows, false);
        rows.retain(|row| row.weight >= 0.5);
        let state = reported(rows.iter());
        let model = ScoreModel::default();
        for view in [LedgerView::All, LedgerView::Authenticated, LedgerView::Unauthenticated] {
            let found = state.evidence.at(at(201), &model.fold, view);
            let mut counted = found;
            counted.unproven = UnprovenReporters::default();
            counted.from_feed = state.evidence.proven_at(at(201), &model.fold, view).from_feed;
            prop_assert_eq!(counted, state.evidence.proven_at(at(201), &model.fold, view));
            prop_assert_eq!(found.step, UnprovenStep::Few);
            prop_assert!(found.without_unproven().is_none());
        }
    }
}
