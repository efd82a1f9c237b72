//! Random histories of one number, and simple sums over its rows to compare the fold with.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use ringwarden::domain::actor::Actor;
use ringwarden::domain::brand::Brand;
use ringwarden::domain::call::Ledger;
use ringwarden::domain::case::CaseLink;
use ringwarden::domain::evidence::{Evidence, EvidenceSums, FoldModel, LedgerTotals};
use ringwarden::domain::ids::{Area, CaseId, ImportId, ReportId, ReporterHash};
use ringwarden::domain::kinds::{CaseRole, Category, Source};
use ringwarden::domain::report::{ReportBody, ReportRow};
use ringwarden::domain::rows::{LoadedRows, Missing};
use ringwarden::domain::state::NumberState;
use ringwarden::domain::time::{DAY_MS, Timestamp};

/// Sums may differ by this share, from rounding.
const TOLERANCE: f64 = 1e-9;
/// A sum below this counts as zero: it has decayed so far that it has lost digits.
const NOUGHT: f64 = 1e-290;

/// One change of a number.
#[derive(Clone, Debug)]
pub enum Step {
    Submit(ReportRow),
    Withdraw(ReportId),
    Link(CaseLink),
}

impl Step {
    pub fn apply(&self, state: &mut NumberState, rows: &mut LoadedRows) -> Result<(), Missing> {
        match self {
            Self::Submit(row) => state.submit(rows, row.clone(), &FoldModel::DEFAULT).map(drop),
            Self::Withdraw(id) => state.withdraw(rows, id, at(300), &FoldModel::DEFAULT).map(drop),
            Self::Link(link) => {
                state.set_link(link.clone());
                Ok(())
            }
        }
    }
}

/// Midnight of a day.
pub fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(1_600_000_000_000 + day * DAY_MS)
}

pub fn id(n: u32) -> ReportId {
    ReportId::parse(&format!("r{n}")).unwrap()
}

pub fn reporter(n: u64) -> ReporterHash {
    ReporterHash::from_raw(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// A report of a proven source without reporter or comment.
pub fn plain_row(n: u32, occurred_at: Timestamp) -> ReportRow {
    let body = ReportBody {
        category: Category::TechSupportScam,
        ..ReportRow::tombstone(id(n), occurred_at).body
    };
    ReportRow::accepted(id(n), body, 1.0, occurred_at, None)
}

/// The report of this row, with this comment.
pub fn kept(row: &ReportRow, comment: &str) -> ReportRow {
    let body = ReportBody {
        comment: Some(comment.into()),
        ..row.body.clone()
    };
    ReportRow::accepted(row.id.clone(), body, row.weight, row.received_at, None)
}

/// Links of distinct case and role, in their order.
pub fn links() -> Vec<CaseLink> {
    let link = |case: &str, role| CaseLink {
        case: CaseId::parse(case).unwrap(),
        role,
        confidence: 0.5,
        source: Source::Analyst,
        from: None,
        to: None,
        linked_at: at(1),
        actor: Actor::parse("ana").unwrap(),
    };
    vec![
        link("a", CaseRole::CallerId),
        link("b", CaseRole::CallerId),
        link("b", CaseRole::Callback),
        link("c", CaseRole::SpoofedVictim),
    ]
}

/// Rows of distinct ids, fewer than `most`: few reporters, so that they supersede themselves, and equal moments.
pub fn rows(most: usize) -> impl Strategy<Value = Vec<ReportRow>> {
    vec(row(), 0..most).prop_map(|rows| {
        let with_id = |(n, row): (u32, ReportRow)| {
            let content = row.body.content_hash();
            ReportRow {
                id: id(n),
                content,
                ..row
            }
        };
        (0..).zip(rows).map(with_id).collect()
    })
}

/// The same steps in two orders: each once, and each with repetitions.
pub fn steps(most: usize) -> impl Strategy<Value = (Vec<Step>, Vec<Step>)> {
    let links = proptest::sample::subsequence(links(), 0..=4);
    let withdrawn = vec(prop::bool::weighted(0.25), most);
    (rows(most), withdrawn, links, vec(any::<prop::sample::Index>(), 0..most)).prop_flat_map(
        |(rows, withdrawn, links, repeated)| {
            let withdrawals = rows.iter().zip(withdrawn).filter(|(_, withdrawn)| *withdrawn);
            let mut once: Vec<Step> = withdrawals.map(|(row, _)| Step::Withdraw(row.id.clone())).collect();
            once.push(Step::Withdraw(id(9_999))); // of a report that never comes
            once.extend(rows.into_iter().map(Step::Submit));
            once.extend(links.into_iter().map(Step::Link));
            let mut more = once.clone();
            more.extend(repeated.iter().map(|index| once[index.index(once.len())].clone()));
            (Just(once).prop_shuffle(), Just(more).prop_shuffle())
        },
    )
}

fn row() -> impl Strategy<Value = ReportRow> {
    let brand = "Amazon|Microsoft|brand [a-l]".prop_map(|name| Brand::parse(&name).unwrap());
    let area = "[2-9]0[0-9]".prop_map(|area| Area::parse(&area).unwrap());
    let category = select(
        &[
            Category::Unspecified,
            Category::TechSupportScam,
            Category::Survey,
            Category::TaxScam,
        ][..],
    );
    let day = prop_oneof![
        (0..200i64).prop_map(at),
        (0..200 * DAY_MS).prop_map(|ms| Timestamp::from_millis(at(0).millis() + ms))
    ];
    let who = prop_oneof![Just(None), (0..6u64).prop_map(Some), (0..60u64).prop_map(Some)];
    let said = (
        category,
        prop::bool::weighted(0.2),
        of(brand),
        select(&Ledger::ALL[..]),
        of(Just("text")),
    );
    let weight = select(&[1.0f32, 0.84, 0.5, 0.49, 0.2, 0.04][..]);
    (said, who, of(area), day, weight, of(0..3u64)).prop_map(|(said, who, area, day, weight, import)| {
        let (category, not_spam, brand, ledger, comment) = said;
        let body = ReportBody {
            category,
            not_spam,
            brand,
            ledger,
            reporter: who.map(reporter),
            area,
            comment: comment.map(Box::from),
            ..plain_row(0, day).body
        };
        let import = import.map(|n| ImportId::parse(&format!("import-{n}")).unwrap());
        ReportRow::accepted(id(0), body, weight, day, import)
    })
}

/// Both are the same: everything exactly but the sums, which may differ by rounding.
pub fn assert_close(one: &Evidence, other: &Evidence) {
    assert_eq!(without_sums(one), without_sums(other));
    for (a, b) in sums(one).into_iter().zip(sums(other)) {
        assert!(is_close(a, b), "{a} is not {b}");
    }
}

fn is_close(a: f64, b: f64) -> bool {
    (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()) + NOUGHT
}

fn sums(evidence: &Evidence) -> Vec<f64> {
    let of_one = |testimony: &EvidenceSums| {
        let ledgers = Ledger::ALL.map(|ledger| *testimony.totals(ledger));
        let masses = ledgers
            .iter()
            .flat_map(|totals| [totals.short, totals.long, totals.not_spam]);
        let categories = testimony.categories.iter().map(|(_, mass)| *mass);
        let brands = testimony.brands.iter().map(|named| named.mass);
        masses.chain(categories).chain(brands).collect::<Vec<f64>>()
    };
    [of_one(&evidence.proven), of_one(&evidence.unproven)].concat()
}

fn without_sums(evidence: &Evidence) -> Evidence {
    let mut evidence = evidence.clone();
    for testimony in [&mut evidence.proven, &mut evidence.unproven] {
        let ledgers = Ledger::ALL.map(|ledger| LedgerTotals {
            short: 0.0,
            long: 0.0,
            not_spam: 0.0,
            ..*testimony.totals(ledger)
        });
        let said = std::mem::replace(testimony, EvidenceSums::of_totals(ledgers));
        (testimony.categories, testimony.brands) = (said.categories, said.brands);
        testimony.reporters = said.reporters;
        testimony.categories.iter_mut().for_each(|(_, mass)| *mass = 0.0);
        testimony.brands.iter_mut().for_each(|named| named.mass = 0.0);
    }
    evidence
}

/// The sums over rows as defined, without regard to order or cost.
pub struct PlainSums {
    as_of: Timestamp,
    reports: u32,
    not_spam_reports: u32,
    /// By whether the reporter is proven, and ledger.
    ledgers: BTreeMap<(bool, Ledger), PlainLedger>,
    categories: BTreeMap<(bool, Category), f64>,
    /// Unproven reporters that call it unwanted, by ledger: the hour of arrival and a part of the hash.
    reporters: BTreeSet<(Ledger, u64)>,
}

#[derive(Default)]
struct PlainLedger {
    /// Weeks with a report, counted from 1970.
    weeks: BTreeSet<i64>,
    named: usize,
    short: f64,
    long: f64,
    not_spam: f64,
    reports: u32,
    last_at: Option<Timestamp>,
}

fn week_of(moment: Timestamp) -> i64 {
    moment.millis().div_euclid(7 * DAY_MS)
}

pub fn sums_of(rows: &[ReportRow], model: &FoldModel) -> PlainSums {
    let live: Vec<&ReportRow> = rows.iter().filter(|row| row.is_live()).collect();
    let is_last = |row: &ReportRow| {
        let same = |other: &&&ReportRow| other.body.reporter == row.body.reporter;
        row.body.reporter.is_none()
            || live
                .iter()
                .filter(same)
                .all(|other| other.order_key() <= row.order_key())
    };
    let as_of = live.iter().map(|row| row.body.occurred_at).max().unwrap_or_default();
    let mut sums = PlainSums {
        as_of,
        reports: 0,
        not_spam_reports: 0,
        ledgers: BTreeMap::new(),
        categories: BTreeMap::new(),
        reporters: BTreeSet::new(),
    };
    for row in &live {
        *(if row.body.not_spam {
            &mut sums.not_spam_reports
        } else {
            &mut sums.reports
        }) += 1;
    }
    for row in live.iter().filter(|row| is_last(row)) {
        let proven = row.weight >= 0.5;
        let age_days = as_of.days_since(row.body.occurred_at);
        let left = |half_life_days: f64| f64::from(row.weight) * 0.5f64.powf(age_days / half_life_days);
        let totals = sums.ledgers.entry((proven, row.body.ledger)).or_default();
        let is_someone = proven || row.body.reporter.is_some();
        if row.body.not_spam {
            if is_someone {
                totals.not_spam += left(model.not_spam_days);
            }
            continue;
        }
        let reporter = row.body.reporter.map(ReporterHash::raw);
        // The hour of arrival stands before the hash, so the first to arrive are the smallest.
        let hour = u64::try_from(row.received_at.millis() / 3_600_000).unwrap();
        let is_somebody = row.weight >= 0.2;
        sums.reporters.extend(
            reporter
                .filter(|_| is_somebody)
                .map(|hash| (row.body.ledger, (hour << 44) | ((hash >> 20) & !1) | u64::from(proven))),
        );
        totals.short += left(model.short_days);
        totals.long += left(model.long_days);
        totals.reports += 1;
        totals.named += usize::from(row.body.reporter.is_some());
        let week_before = Timestamp::from_millis(row.received_at.millis() - 7 * DAY_MS);
        let seen_at = if proven { row.body.occurred_at } else { row.received_at };
        let is_named = row.body.reporter.is_some();
        if is_somebody {
            totals
                .weeks
                .insert(week_of(if is_named { seen_at.max(week_before) } else { seen_at }));
            totals.last_at = totals.last_at.max(Some(row.body.occurred_at));
        }
        if is_someone && row.body.category != Category::Unspecified {
            *sums.categories.entry((proven, row.body.category)).or_default() += left(model.long_days);
        }
    }
    sums
}

impl PlainSums {
    pub fn assert_match(&self, evidence: &Evidence, model: &FoldModel) {
        assert_eq!(self.as_of, evidence.as_of);
        let counts = (evidence.reports, evidence.not_spam_reports);
        assert_eq!((self.reports, self.not_spam_reports), counts);
        let most = model.weights.unproven_release_count;
        let mut sample: BTreeSet<&(Ledger, u64)> = BTreeSet::new();
        for ledger in Ledger::ALL {
            for proven in [0, 1] {
                let all: Vec<_> = self
                    .reporters
                    .iter()
                    .filter(|(totals, sampled)| *totals == ledger && sampled & 1 == proven)
                    .collect();
                sample.extend(all.iter().copied().take(most));
                sample.extend(all.last().copied());
            }
        }
        assert!(
            sample.into_iter().eq(&evidence.first_reporters),
            "the sample is not the first to arrive and the last"
        );
        for (proven, testimony) in [(true, &evidence.proven), (false, &evidence.unproven)] {
            let close = |sum: f64, found: f64| assert!(is_close(sum, found), "{found} should be {sum}");
            for ledger in Ledger::ALL {
                let nothing = PlainLedger::default();
                let wanted = self.ledgers.get(&(proven, ledger)).unwrap_or(&nothing);
                let totals = testimony.totals(ledger);
                close(wanted.short, totals.short);
                close(wanted.long, totals.long);
                close(wanted.not_spam, totals.not_spam);
                assert_eq!((wanted.reports, wanted.last_at), (totals.reports, totals.last_at));
                assert_eq!(totals.sources.is_several(), wanted.named >= 2);
                let now = week_of(self.as_of);
                let weeks = wanted.weeks.iter().filter(|week| (0..26).contains(&(now - **week)));
                assert_eq!(totals.weeks.count_of_last(26, self.as_of) as usize, weeks.count());
            }
            let wanted = self.categories.iter().filter(|((class, _), _)| *class == proven);
            assert_eq!(wanted.count(), testimony.categories.len());
            for (category, mass) in &testimony.categories {
                let wanted = self.categories.get(&(proven, *category));
                close(wanted.copied().unwrap_or_default(), *mass);
            }
        }
    }
}
