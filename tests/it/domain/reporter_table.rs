//! A number with a reporter table has the evidence of a full refold after every change, and each report reads and
//! writes a bounded part of what is stored of the number.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use ringwarden::codec;
use ringwarden::domain::brand::Brand;
use ringwarden::domain::call::Ledger;
use ringwarden::domain::evidence::{Evidence, FoldModel};
use ringwarden::domain::ids::{Area, ImportId, ReporterHash};
use ringwarden::domain::kinds::Category;
use ringwarden::domain::report::{ReportBody, ReportRow};
use ringwarden::domain::reporter_table::{ReporterTable, TABLE_FROM_ROWS, is_part, is_subtotal};
use ringwarden::domain::rows::{LoadedRows, Missing};
use ringwarden::domain::state::{MAX_TEXTS, NumberState, Submitted, TEXTS_SLACK_SHARE, Withdrawal};
use ringwarden::domain::time::Timestamp;

use crate::support::evidence::{assert_close, at, id, plain_row, sums_of};

const MODEL: FoldModel = FoldModel::DEFAULT;

/// A number as a store has it: the bytes of the record, the buckets and the parts of the table.
#[derive(Clone, Default)]
struct StoredNumber {
    record: Option<Vec<u8>>,
    buckets: BTreeMap<u32, Vec<u8>>,
    /// What the last change read and wrote.
    read: usize,
    written: usize,
}

impl StoredNumber {
    /// A number that these reporters have reported, once each, and then one of them once more.
    fn reported_by(reporters: u32) -> Self {
        let mut number = Self::default();
        let mut rows = LoadedRows::unloaded(0);
        let mut state = NumberState::default();
        for n in 0..reporters {
            state.submit(&mut rows, said(n, n, i64::from(n % 150)), &MODEL).unwrap();
        }
        number.write(&state, &rows);
        number
    }

    fn state(&self) -> NumberState {
        let read = |bytes: &Vec<u8>| codec::number::decode(bytes).unwrap();
        self.record.as_ref().map(read).unwrap_or_default()
    }

    /// Makes a change with as much loaded as it asks for.
    fn change<T>(&mut self, change: impl Fn(&mut NumberState, &mut LoadedRows) -> Result<T, Missing>) -> T {
        let mut state = self.state();
        let before = state.clone();
        let mut rows = LoadedRows::unloaded(state.buckets);
        self.read = 0;
        for _ in 0..12 {
            match change(&mut state, &mut rows) {
                Ok(answer) => {
                    self.write(&state, &rows);
                    return answer;
                }
                Err(missing) => {
                    assert_eq!(state, before, "{missing} changed the record");
                    let parts: Vec<u32> = rows.missing(missing).collect();
                    assert!(!parts.is_empty(), "{missing}");
                    self.read += parts.len();
                    parts.into_iter().for_each(|part| self.load(&mut rows, part));
                }
            }
        }
        panic!("a change asks for rows again and again");
    }

    fn load(&self, rows: &mut LoadedRows, part: u32) {
        let bytes = self.buckets.get(&part);
        if is_subtotal(part) {
            let subtotal = bytes.map(|bytes| codec::subtotal::decode(bytes).unwrap());
            rows.load_subtotal(part, subtotal.unwrap_or_default());
        } else {
            let found = bytes.map(|bytes| codec::rows::decode(bytes).unwrap());
            rows.load(part, found.unwrap_or_default());
        }
    }

    fn write(&mut self, state: &NumberState, rows: &LoadedRows) {
        self.record = Some(codec::number::encode(state).to_vec());
        let table = rows.table();
        let buckets = rows.changed().chain(table.changed_buckets());
        let buckets = buckets.map(|(part, rows)| (part, (!rows.is_empty()).then(|| codec::rows::encode(rows))));
        let subtotals = table.changed_subtotals();
        let subtotals = subtotals.map(|(part, subtotal)| (part, subtotal.map(codec::subtotal::encode)));
        self.written = 0;
        for (part, bytes) in buckets.chain(subtotals) {
            self.written += 1;
            match bytes {
                Some(bytes) => self.buckets.insert(part, bytes.to_vec()),
                None => self.buckets.remove(&part),
            };
        }
    }

    fn submit(&mut self, row: &ReportRow) -> Submitted {
        self.change(|state, rows| state.submit(rows, row.clone(), &MODEL))
    }

    /// Adds the reports of a job, and folds them once.
    fn job(&mut self, reports: &[ReportRow]) -> Vec<Submitted> {
        let mut state = self.state();
        let mut rows = LoadedRows::unloaded(state.buckets);
        let mut answers = Vec::new();
        while let Some(report) = reports.get(answers.len()) {
            match state.add(&mut rows, report.clone(), true, &MODEL) {
                Ok(answer) => answers.push(answer),
                Err(missing) => {
                    let parts: Vec<u32> = rows.missing(missing).collect();
                    assert!(!parts.is_empty(), "{missing}");
                    parts.into_iter().for_each(|part| self.load(&mut rows, part));
                }
            }
        }
        state.fold_added(&mut rows, &MODEL).unwrap();
        self.write(&state, &rows);
        answers
    }

    /// Corrects a report: its reporter says something else.
    fn revise(&mut self, of: u32, said: &ReportRow, revision: u32) {
        let Some(known) = self.all_rows().into_iter().find(|row| row.id == id(of)) else {
            return;
        };
        let body = ReportBody {
            reporter: known.body.reporter,
            occurred_at: known.body.occurred_at,
            source: known.body.source,
            feed: known.body.feed,
            callbacks: known.body.callbacks,
            ..said.body.clone()
        };
        self.submit(&ReportRow {
            revision,
            ..ReportRow::accepted(known.id, body, said.weight, said.received_at, None)
        });
    }

    fn all_rows(&self) -> Vec<ReportRow> {
        let rows = self.buckets.iter().filter(|(bucket, _)| !is_part(**bucket));
        rows.flat_map(|(_, bytes)| codec::rows::decode(bytes).unwrap())
            .collect()
    }

    /// The evidence is that of a fold of all rows from scratch, and of plain sums over them.
    fn assert_folded(&self) {
        let (state, rows) = (self.state(), self.all_rows());
        assert_close(&state.evidence, &Evidence::of_rows(rows.iter(), &MODEL));
        assert_eq!(state.rows as usize, rows.len());
        assert_eq!(
            state.texts as usize,
            rows.iter().filter(|row| row.body.comment.is_some()).count()
        );
    }

    /// The table that is stored is that of the stored rows: its subtotals, built from scratch, are the same.
    fn assert_table(&self) {
        let mut rebuilt = self.clone();
        rebuilt.change(|state, rows| state.refold(rows, &MODEL));
        let (table, wanted) = (self.table().unwrap(), rebuilt.table().unwrap());
        assert_eq!((table.reporters, table.stamp), (wanted.reporters, wanted.stamp));
        let parts = |number: &Self| -> Vec<u32> {
            let subtotals = number.buckets.keys().copied().filter(|part| is_subtotal(*part));
            subtotals.collect()
        };
        assert_eq!(parts(self), parts(&rebuilt));
        for part in parts(self) {
            let subtotal = |number: &Self| codec::subtotal::decode(&number.buckets[&part]).unwrap();
            assert_close(&subtotal(self), &subtotal(&rebuilt));
        }
    }

    fn table(&self) -> Option<ReporterTable> {
        self.state().reporter_table(&MODEL).copied()
    }
}

fn reporter(n: u32) -> ReporterHash {
    ReporterHash::from_raw(xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes()))
}

fn said(n: u32, by: u32, day: i64) -> ReportRow {
    let mut body = plain_row(n, at(day)).body;
    body.reporter = Some(reporter(by));
    ReportRow::accepted(id(n), body, 0.2, at(day), None)
}

#[derive(Clone, Debug)]
enum Change {
    Submit(Box<ReportRow>),
    Withdraw(u32),
    WithdrawUnknown(u32),
    Revise(u32, Box<ReportRow>),
    WithdrawImport,
    WithdrawReporter(u32),
    Reset(i64),
    /// An older release, which does not know tables, adds a row.
    ByOlderRelease(Box<ReportRow>),
}

fn row() -> impl Strategy<Value = ReportRow> {
    let who = prop_oneof![
        1 => Just(None),
        4 => (0..300u32).prop_map(Some),
        2 => (0..8u32).prop_map(Some),
        3 => (300..5_000u32).prop_map(Some)
    ];
    let brand = proptest::option::of("Amazon|brand [a-m]".prop_map(|name| Brand::parse(&name).unwrap()));
    let area = proptest::option::of((200..999u32).prop_map(|area| Area::parse(&area.to_string()).unwrap()));
    let category = select(&[Category::Unspecified, Category::Survey, Category::TaxScam][..]);
    let kind = (
        category,
        prop::bool::weighted(0.2),
        select(&Ledger::ALL[..]),
        brand,
        area,
    );
    // The trust in a reporter changes from report to report.
    let weight = select(&[1.0f32, 0.84, 0.5, 0.49, 0.2, 0.04][..]);
    let times = (0..200i64, 0..1_000i64);
    let more = (any::<bool>(), any::<bool>());
    (who, kind, weight, times, more).prop_map(|(who, kind, weight, (day, ms), (text, imported))| {
        let (category, not_spam, ledger, brand, area) = kind;
        let day = Timestamp::from_millis(at(day).millis() + ms);
        let mut body = plain_row(0, day).body;
        body.reporter = who.map(reporter);
        (body.category, body.not_spam, body.ledger) = (category, not_spam, ledger);
        (body.brand, body.area) = (brand, area);
        body.comment = text.then(|| "text".into());
        let import = imported.then(|| ImportId::parse("import").unwrap());
        ReportRow::accepted(id(0), body, weight, day, import)
    })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        60 => row().prop_map(|row| Change::Submit(Box::new(row))),
        8 => (0..500u32).prop_map(Change::Withdraw),
        4 => (0..500u32, row()).prop_map(|(of, row)| Change::Revise(of, Box::new(row))),
        2 => (90_000..90_010u32).prop_map(Change::WithdrawUnknown),
        1 => Just(Change::WithdrawImport),
        1 => (0..300u32).prop_map(Change::WithdrawReporter),
        1 => (0..40i64).prop_map(Change::Reset),
        1 => row().prop_map(|row| Change::ByOlderRelease(Box::new(row))),
    ]
}

fn with_id(row: &ReportRow, n: u32) -> ReportRow {
    let row = row.clone();
    ReportRow::accepted(id(n), row.body, row.weight, row.received_at, row.import)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_change_gives_the_evidence_of_a_refold(
        size in select(&[255u32, 300, 700, 1_500][..]),
        changes in prop::collection::vec(change(), 1..60),
    ) {
        let mut number = StoredNumber::reported_by(size);
        for (n, change) in (10_000..).zip(&changes) {
            match change {
                Change::Submit(row) => {
                    number.submit(&with_id(row, n));
                }
                Change::Withdraw(of) | Change::WithdrawUnknown(of) => {
                    number.change(|state, rows| state.withdraw(rows, &id(*of), at(300), &MODEL));
                }
                Change::Revise(of, row) => number.revise(*of, row, n),
                Change::WithdrawImport => {
                    let what = Withdrawal::Import(ImportId::parse("import").unwrap());
                    number.change(|state, rows| state.withdraw_all(rows, (&what, at(1_000_000)), &MODEL));
                }
                Change::WithdrawReporter(of) => {
                    let what = Withdrawal::Reporter(reporter(*of));
                    number.change(|state, rows| state.withdraw_all(rows, (&what, at(1_000_000)), &MODEL));
                }
                Change::Reset(day) => {
                    number.change(|state, rows| state.reset(rows, at(*day), &MODEL));
                }
                Change::ByOlderRelease(row) => add_as_an_older_release(&mut number, &with_id(row, n)),
            }
            number.assert_folded();
        }
        sums_of(&number.all_rows(), &MODEL).assert_match(&number.state().evidence, &MODEL);
        if number.table().is_some() {
            number.assert_table();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// The reports of a job are folded once, and give the answers, the rows and the evidence of the same reports one by one.
    #[test]
    fn a_job_gives_what_its_reports_give_one_by_one(
        size in select(&[0u32, 20, 250, 300, 700][..]),
        job in prop::collection::vec((row(), 0..14u8, 0..600u32), 1..60),
    ) {
        let mut one_by_one = StoredNumber::reported_by(size);
        for withdrawn in 0..size.min(12) {
            one_by_one.change(|state, rows| state.withdraw(rows, &id(withdrawn), at(300), &MODEL));
        }
        let mut at_once = one_by_one.clone();
        let reports: Vec<ReportRow> = (0..).zip(&job).map(|(n, (row, kind, of))| {
            let (of, revision) = match kind {
                0 => (10_000 + of % (n + 1), n), // of this job
                1 => (*of, n),
                2 => (of % 14, n), // withdrawn
                3 => (10_000 + of % (n + 1), 0),
                _ => (10_000 + n, 0),
            };
            let row = with_id(row, of);
            let body = ReportBody { reporter: Some(reporter(of)), occurred_at: at(i64::from(of % 150)), ..row.body.clone() };
            match revision {
                0 => row,
                _ => ReportRow { revision, ..ReportRow::accepted(row.id, body, row.weight, row.received_at, None) },
            }
        }).collect();
        let answers: Vec<Submitted> = reports.iter().map(|report| one_by_one.submit(report)).collect();
        prop_assert_eq!(at_once.job(&reports), answers);
        let rows = |number: &StoredNumber| -> Vec<(u32, Vec<u8>)> {
            let of_rows = number.buckets.iter().filter(|(bucket, _)| !is_part(**bucket));
            of_rows.map(|(bucket, bytes)| (*bucket, bytes.clone())).collect()
        };
        prop_assert_eq!(rows(&at_once), rows(&one_by_one));
        let (state, wanted) = (at_once.state(), one_by_one.state());
        assert_close(&state.evidence, &wanted.evidence);
        prop_assert_eq!((state.rows, state.buckets, state.texts), (wanted.rows, wanted.buckets, wanted.texts));
        prop_assert_eq!(state.pending, wanted.pending);
        at_once.assert_folded();
        if at_once.table().is_some() {
            at_once.assert_table();
        }
    }
}

/// To fold the rows after each report would take a thousand times as long for a thousand reports.
#[test]
fn a_job_does_not_fold_the_rows_for_each_report() {
    let (mut state, mut rows) = (NumberState::default(), LoadedRows::unloaded(0));
    for n in 0..1_000 {
        state.add(&mut rows, said(n, n, 10), true, &MODEL).unwrap();
    }
    // The first are certainly of new reporters and are added. From the first that may not be on, the rows wait.
    assert!(state.evidence.reports < 200, "{}", state.evidence.reports);
    state.fold_added(&mut rows, &MODEL).unwrap();
    assert_eq!(state.evidence.reports, 1_000);
    assert_eq!(state.reporter_table(&MODEL).unwrap().reporters, 1_000);
}

/// Adds a row to its bucket and to the evidence, and leaves the table as it was.
fn add_as_an_older_release(number: &mut StoredNumber, row: &ReportRow) {
    let dropped = |state: &NumberState| state.reset_before.is_some_and(|moment| row.body.occurred_at < moment);
    number.change(|state, rows| {
        rows.need_all()?;
        if !dropped(state) {
            state.rows += 1;
            state.texts += u32::from(row.body.comment.is_some());
            rows.insert(row.clone(), state.rows)?;
            state.buckets = rows.buckets();
            state.evidence = Evidence::of_rows(rows.all()?, &MODEL);
        }
        Ok(())
    });
}

/// The first report of a reporter reads its two buckets and two subtotals, and one bucket of each kind to split. A later
/// one also reads its group and the subtotals around it.
#[test]
fn a_report_reads_a_bounded_part() {
    for size in [300, 3_000, 12_000] {
        let mut number = StoredNumber::reported_by(size);
        let table = number.table().expect("there are many reporters");
        assert_eq!(table.reporters, size);
        for n in 0..100 {
            number.submit(&said(100_000 + n, 100_000 + n, 160));
            assert!(number.read <= 6 && number.written <= 8, "{} read", number.read);
        }
        for n in 0..100 {
            number.submit(&said(200_000 + n, n * 3, 161));
            assert!(number.read <= 70, "{} read of {size}", number.read);
            assert!(number.written <= 6, "{} written", number.written);
        }
        for n in 0..100 {
            number.submit(&said(300_000 + n, n * 3, 10)); // of an earlier call
            assert!(number.read <= 3 && number.written <= 3, "{} read", number.read);
        }
        number.assert_folded();
        number.assert_table();
        let largest = number.buckets.values().map(Vec::len).max().unwrap();
        assert!(largest < 8_000, "a part of {largest} bytes");
        assert!(number.record.as_ref().unwrap().len() < 600);
    }
}

/// Below the threshold nothing is added to the record; a record of an older release gets its table with the first report
/// that reads all rows.
#[test]
fn an_old_record_gets_its_table_once() {
    let number = StoredNumber::reported_by(TABLE_FROM_ROWS - 1);
    assert_eq!(number.table(), None);
    assert!(!number.buckets.keys().any(|part| is_part(*part)));

    let mut number = StoredNumber::reported_by(2_000);
    let mut state = number.state();
    state.reporter_table = None;
    number.record = Some(codec::number::encode(&state).to_vec());
    number.buckets.retain(|bucket, _| !is_part(*bucket));
    number.submit(&said(50_000, 50_000, 170));
    assert!(number.read > 50);
    number.submit(&said(50_001, 50_001, 170));
    assert!(number.read <= 6);
    number.assert_folded();
    number.assert_table();
}

/// Rows without a reporter need no table, however many there are.
#[test]
fn a_feed_makes_no_table() {
    let mut number = StoredNumber::default();
    for n in 0..2_000 {
        number.submit(&plain_row(n, at(i64::from(n % 100))));
        assert!(number.read <= 2);
    }
    assert_eq!(number.table(), None);
}

/// The oldest texts are dropped so seldom that the cost for each report stays the same.
#[test]
fn texts_are_dropped_in_proportion_to_the_rows() {
    let mut number = StoredNumber::default();
    let mut read = 0;
    let most = 6_000;
    for n in 0..most {
        let mut row = said(n, n, i64::from(n) / 40);
        row.body.comment = Some("text".into());
        number.submit(&row);
        read += number.read;
        assert!(number.state().texts <= MAX_TEXTS + (number.state().rows / TEXTS_SLACK_SHARE).max(64));
    }
    number.assert_folded();
    assert!(read / (most as usize) < 12, "{read} parts read");
}
