//! The fold of reports gives the same evidence for every order of the reports, for repeated reports, and for
//! withdrawals between them.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::evidence::{Step, assert_close, at, id, kept, links, plain_row, reporter, rows, steps, sums_of};
use proptest::prelude::*;
use ringwarden::domain::call::{Ledger, LedgerView};
use ringwarden::domain::evidence::{Evidence, FoldModel, UnprovenStep};
use ringwarden::domain::ids::{ImportId, ReportId};
use ringwarden::domain::kinds::CaseRole;
use ringwarden::domain::report::{ReportRow, RowState};
use ringwarden::domain::rows::{LoadedRows, Missing};
use ringwarden::domain::state::{MAX_TEXTS, NumberState, Submitted, TEXTS_SLACK, Withdrawal, Withdrawn};
use ringwarden::domain::time::Timestamp;

const MODEL: FoldModel = FoldModel::DEFAULT;

/// A number with all its rows loaded.
#[derive(Clone, Default)]
struct Number {
    state: NumberState,
    rows: Option<LoadedRows>,
}

impl Number {
    fn after<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Self {
        let mut number = Self::default();
        steps.into_iter().for_each(|step| number.take(step));
        number
    }

    fn take(&mut self, step: &Step) {
        let rows = self.rows.get_or_insert_with(|| LoadedRows::unloaded(0));
        step.apply(&mut self.state, rows).expect("all rows are loaded");
    }

    fn rows(&mut self) -> &mut LoadedRows {
        self.rows.get_or_insert_with(|| LoadedRows::unloaded(0))
    }

    fn submit(&mut self, row: &ReportRow) -> Submitted {
        let rows = self.rows.get_or_insert_with(|| LoadedRows::unloaded(0));
        self.state.submit(rows, row.clone(), &MODEL).unwrap()
    }

    fn withdraw_all(&mut self, what: &Withdrawal) -> u32 {
        let rows = self.rows.get_or_insert_with(|| LoadedRows::unloaded(0));
        self.state.withdraw_all(rows, (what, at(1_000_000)), &MODEL).unwrap()
    }

    fn reset(&mut self, moment: Timestamp) -> u32 {
        let rows = self.rows.get_or_insert_with(|| LoadedRows::unloaded(0));
        self.state.reset(rows, moment, &MODEL).unwrap()
    }

    fn sorted_rows(&mut self) -> Vec<ReportRow> {
        let mut rows: Vec<_> = self.rows().all().unwrap().cloned().collect();
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        rows
    }
}

/// Both are the same number: counts, rows, links exactly, sums to rounding.
fn assert_same(one: &mut Number, other: &mut Number) {
    assert_eq!(one.sorted_rows(), other.sorted_rows());
    assert_close(&one.state.evidence, &other.state.evidence);
    let without_evidence = |number: &Number| NumberState {
        evidence: Evidence::default(),
        ..number.state.clone()
    };
    assert_eq!(without_evidence(one), without_evidence(other));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn order_duplication_and_interleaving_do_not_matter((once, repeated) in steps(60)) {
        let (mut one, mut other) = (Number::after(&once), Number::after(&repeated));
        assert_same(&mut one, &mut other);
        // The state is also what a fold of the rows from scratch says, and what plain sums over them say.
        let rows = one.sorted_rows();
        assert_close(&one.state.evidence, &Evidence::of_rows(rows.iter(), &MODEL));
        sums_of(&rows, &MODEL).assert_match(&one.state.evidence, &MODEL);
        prop_assert_eq!(one.state.rows as usize, rows.len());
        let texts = rows.iter().filter(|row| row.body.comment.is_some()).count();
        prop_assert_eq!(one.state.texts as usize, texts);
        prop_assert!(one.state.links.is_sorted_by(|a, b| a.key() < b.key()));
    }

    #[test]
    fn folding_in_one_by_one_is_folding_all(rows in rows(60)) {
        let mut seen = BTreeSet::new();
        let mut rows = rows;
        rows.retain(|row| row.body.reporter.is_none_or(|reporter| seen.insert(reporter)));
        let mut evidence = Evidence::default();
        for row in &rows {
            evidence.fold_in(row, &MODEL);
            let held = row.body.reporter.is_none_or(|reporter| evidence.may_hold(reporter));
            prop_assert!(held);
        }
        assert_close(&evidence, &Evidence::of_rows(rows.iter(), &MODEL));
    }

    #[test]
    fn withdrawal_takes_back_exactly_what_was_added(rows in rows(40), taken: prop::sample::Index) {
        prop_assume!(!rows.is_empty());
        let taken = &rows[taken.index(rows.len())];
        let mut number = Number::default();
        for row in rows.iter().filter(|row| row.id != taken.id) {
            prop_assert_eq!(number.submit(row), Submitted::Accepted);
        }
        let before = number.state.clone();
        prop_assert_eq!(number.submit(taken), Submitted::Accepted);
        let withdraw = |number: &mut Number| {
            let rows = number.rows.as_mut().unwrap();
            number.state.withdraw(rows, &taken.id, at(500), &MODEL).unwrap()
        };
        prop_assert_eq!(withdraw(&mut number), Withdrawn::TakenBack);
        assert_close(&number.state.evidence, &before.evidence);
        prop_assert_eq!(number.state.texts, before.texts);
        let after = number.state.clone();
        prop_assert_eq!(withdraw(&mut number), Withdrawn::Already);
        prop_assert_eq!(number.submit(taken), Submitted::Withdrawn);
        prop_assert_eq!(&number.state, &after);
        let row = number.rows().find(&taken.id).unwrap().unwrap();
        prop_assert_eq!(row.state, RowState::Withdrawn);
        prop_assert!(row.body.comment.is_none());
    }

    #[test]
    fn bulk_withdrawal_takes_what_is_named_and_nothing_else(rows in rows(40), by_import: bool, which in 0..3u64) {
        let what = if by_import {
            Withdrawal::Import(ImportId::parse(&format!("import-{which}")).unwrap())
        } else {
            Withdrawal::Reporter(reporter(which))
        };
        let mut number = Number::default();
        rows.iter().for_each(|row| assert_eq!(number.submit(row), Submitted::Accepted));
        let taken = rows.iter().filter(|row| what.takes(row, at(1_000_000)));
        let named: Vec<&ReportId> = taken.map(|row| &row.id).collect();
        prop_assert_eq!(number.withdraw_all(&what) as usize, named.len());
        let rest = Evidence::of_rows(rows.iter().filter(|row| !what.takes(row, at(1_000_000))), &MODEL);
        assert_close(&number.state.evidence, &rest);
        prop_assert_eq!(number.withdraw_all(&what), 0);
        for row in number.sorted_rows() {
            prop_assert_eq!(row.is_live(), !named.contains(&&row.id));
        }
    }

    #[test]
    fn a_reset_removes_earlier_reports_for_good(rows in rows(40), cut in 0..220i64, late: prop::sample::Index) {
        let moment = at(cut);
        let mut number = Number::default();
        rows.iter().for_each(|row| assert_eq!(number.submit(row), Submitted::Accepted));
        let (old, new): (Vec<_>, Vec<_>) = rows.iter().cloned().partition(|row| row.body.occurred_at < moment);
        prop_assert_eq!(number.reset(moment) as usize, old.len());
        assert_close(&number.state.evidence, &Evidence::of_rows(new.iter(), &MODEL));
        prop_assert_eq!(number.state.rows as usize, new.len());
        let after = number.state.clone();
        for row in &old {
            prop_assert_eq!(number.submit(row), Submitted::BeforeReset);
        }
        for row in &new {
            prop_assert_eq!(number.submit(row), Submitted::AlreadyKnown);
        }
        number.reset(at(cut - 10));
        prop_assert_eq!(&number.state, &after);

        // The reset may as well come in the middle, as long as nothing is withdrawn.
        let mut other = Number::default();
        for (place, row) in rows.iter().enumerate() {
            if place == late.index(rows.len().max(1)) {
                other.reset(moment);
            }
            other.submit(row);
        }
        if rows.is_empty() {
            other.reset(moment);
        }
        prop_assert_eq!(number.sorted_rows(), other.sorted_rows());
        assert_close(&number.state.evidence, &other.state.evidence);
        prop_assert_eq!(number.state.reset_before, other.state.reset_before);
    }

}

proptest! {
    // Long histories, so that rows lie in several buckets; fewer of them, for they are slow.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn loading_rows_on_demand_gives_the_same((once, _) in steps(150)) {
        let mut whole = Number::after(&once);
        let mut state = NumberState::default();
        let mut stored: BTreeMap<u32, Vec<ReportRow>> = BTreeMap::new();
        for step in &once {
            let mut rows = LoadedRows::unloaded(state.buckets);
            let before = state.clone();
            while let Err(missing) = step.apply(&mut state, &mut rows) {
                prop_assert_eq!(&state, &before, "{} changed the record", missing);
                prop_assert_eq!(rows.changed().count(), 0);
                let buckets: Vec<u32> = rows.missing(missing).collect();
                prop_assert!(!buckets.is_empty());
                prop_assert!(matches!(missing, Missing::All) || buckets.len() == 1);
                for bucket in buckets {
                    rows.load(bucket, stored.get(&bucket).cloned().unwrap_or_default());
                }
            }
            stored.extend(rows.changed().map(|(bucket, rows)| (bucket, rows.to_vec())));
        }
        let mut loaded = LoadedRows::unloaded(state.buckets);
        stored.into_iter().for_each(|(bucket, rows)| loaded.load(bucket, rows));
        sums_of(&whole.sorted_rows(), &MODEL).assert_match(&state.evidence, &MODEL);
        let mut on_demand = Number { state, rows: Some(loaded) };
        assert_same(&mut whole, &mut on_demand);
    }
}

#[test]
fn only_the_latest_report_of_a_reporter_counts() {
    let said = |n: u32, day, weight| {
        let mut row = plain_row(n, at(day));
        row.body.reporter = Some(reporter(1));
        row.weight = weight;
        row
    };
    let (first, second, mut third) = (said(1, 10, 0.9), said(2, 20, 0.2), said(3, 30, 0.9));
    third.body.not_spam = true;
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders {
        let mut number = Number::default();
        for n in order {
            number.submit([&first, &second, &third][n]);
        }
        let evidence = &number.state.evidence;
        assert_eq!((evidence.reports, evidence.not_spam_reports), (2, 1), "all are counted");
        assert!((evidence.proven.all().not_spam - f64::from(0.9f32)).abs() < 1e-12);
        assert_eq!(evidence.proven.all().long, 0.0);
        assert_eq!(evidence.unproven, Default::default());

        // The reporter withdraws the last report: the one before it counts again.
        let rows = number.rows.as_mut().unwrap();
        number.state.withdraw(rows, &third.id, at(40), &MODEL).unwrap();
        let evidence = &number.state.evidence;
        assert_eq!(evidence.proven, Default::default());
        let unknown = evidence.unproven.totals(Ledger::Unknown);
        assert!((unknown.long - f64::from(0.2f32)).abs() < 1e-12);
    }
}

#[test]
fn unproven_reporters_count_in_full_once_they_are_many() {
    let row = |n: u32| {
        let mut row = plain_row(n, Timestamp::from_millis(at(100).millis() + i64::from(n) * 7_200_000));
        row.body.reporter = Some(reporter(u64::from(n) * 0x9e37_79b9));
        row.weight = 0.2;
        row
    };
    let now = at(102);
    let step = |number: &Number| {
        let people = number.state.evidence.unproven_reporters(now, &MODEL, LedgerView::All);
        people.step(&MODEL.weights)
    };
    let mut number = Number::default();
    for n in (1..=19).rev() {
        number.submit(&row(n));
        number.submit(&row(n));
    }
    assert_eq!(step(&number), UnprovenStep::Several);
    let capped = number.state.evidence.at(now, &MODEL, LedgerView::All);
    assert!((capped.long - MODEL.weights.unproven_cap).abs() < 1e-12);
    number.submit(&row(20));
    assert_eq!(step(&number), UnprovenStep::Many);
    assert!(number.state.evidence.at(now, &MODEL, LedgerView::All).long > 3.0);
    assert_eq!(
        number.state.evidence.range_at(),
        None,
        "they never count for neighbours"
    );
    let rows = number.rows.as_mut().unwrap();
    number.state.withdraw(rows, &id(20), now, &MODEL).unwrap();
    assert_eq!(number.state.evidence.at(now, &MODEL, LedgerView::All).long, capped.long);

    // Beyond that the sample holds the first and the last, and grows no more.
    for n in (21..=60).rev() {
        number.submit(&row(n));
    }
    assert_eq!(number.state.evidence.first_reporters.len(), 21);
    let rows = number.sorted_rows();
    sums_of(&rows, &MODEL).assert_match(&number.state.evidence, &MODEL);
}

#[test]
fn the_newest_thousand_keep_their_text() {
    let many = MAX_TEXTS + 4 * TEXTS_SLACK;
    let commented = |n: u32| {
        let occurred_at = Timestamp::from_millis(at(0).millis() + i64::from(n / 3));
        kept(&plain_row(n, occurred_at), "they hung up")
    };
    let rising: Vec<u32> = (0..many).collect();
    let falling: Vec<u32> = rising.iter().rev().copied().collect();
    let mixed: Vec<u32> = rising.iter().map(|n| n * 701 % many).collect();
    for order in [rising, falling, mixed] {
        let mut number = Number::default();
        for n in order {
            assert_eq!(number.submit(&commented(n)), Submitted::Accepted);
            assert!(number.state.texts <= MAX_TEXTS + TEXTS_SLACK);
            let all = number.rows().all().unwrap();
            let texts = all.filter(|row| row.body.comment.is_some()).count();
            assert_eq!(number.state.texts as usize, texts);
        }
        let mut rows = number.sorted_rows();
        assert_eq!(rows.len(), many as usize);
        rows.sort_by(|a, b| b.order_key().cmp(&a.order_key()));
        assert!(rows[..MAX_TEXTS as usize].iter().all(|row| row.body.comment.is_some()));
        // A report that lost its text is still recognised as the same report.
        let oldest = rows.last().unwrap();
        assert_eq!(oldest.content, kept(oldest, "they hung up").content);
        assert_eq!(number.submit(&kept(oldest, "they hung up")), Submitted::AlreadyKnown);
        assert_eq!(number.submit(&kept(oldest, "other")), Submitted::OtherContent);
    }
}

#[test]
fn a_link_replaces_the_one_of_its_case_and_role() {
    let mut state = NumberState::default();
    let [first, second, ..] = &links()[..] else {
        panic!("links")
    };
    state.set_link(second.clone());
    state.set_link(first.clone());
    state.set_link(first.clone());
    let mut surer = first.clone();
    surer.confidence = 1.0;
    state.set_link(surer.clone());
    assert_eq!(state.links, [surer, second.clone()]);
    assert!(!state.remove_link(&first.case, Some(CaseRole::MuleContact)));
    assert!(state.remove_link(&first.case, None));
    assert_eq!(state.links, std::slice::from_ref(second));
}
