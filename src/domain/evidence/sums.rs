//! The reports of one class of reporters, proven or unproven, on a number: in three ledgers, by how the call was
//! signed.

use super::brands::{BrandReporters, NamedBrand, add as add_brand};
use super::{FoldModel, SourceSet, WeekSet};
use crate::domain::bitmap::DistinctCount;
use crate::domain::call::{Ledger, LedgerView};
use crate::domain::decay::remaining;
use crate::domain::kinds::Category;
use crate::domain::report::ReportRow;
use crate::domain::time::{DAY_MS, Timestamp};

/// The most brands kept for a number besides those of the canonical list: the first by name, so that order does not
/// matter.
pub const MAX_OTHER_BRANDS: usize = 8;

/// The most days between a call and the report of a named reporter for the week of the call to count. Without a limit, a few
/// reports that claim calls of many weeks would make a new number look old in a minute. Feeds send their history late.
const LATEST_REPORT_DAYS: i64 = 7;

/// One ledger. The sums are as of [`super::Evidence::as_of`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LedgerTotals {
    /// Decayed mass of reports, short half-life.
    pub short: f64,
    /// Decayed mass of reports, long half-life.
    pub long: f64,
    /// Mass of "not spam"; unproven reports that name no reporter have none.
    pub not_spam: f64,
    /// Reports without "not spam"; only the latest of each reporter.
    pub reports: u32,
    /// Distinct areas that the reporters are in.
    pub areas: DistinctCount,
    /// The sources of the reports, without "not spam".
    pub sources: SourceSet,
    /// The weeks of the calls reported, without "not spam"; for unproven reporters, of the arrival of the reports. A call
    /// that a named reporter reported more than 7 days late counts 7 days before the report arrived.
    pub weeks: WeekSet,
    /// The earliest call reported, without "not spam"; for unproven reporters, the arrival of the earliest report.
    pub first_at: Option<Timestamp>,
    /// The latest call reported, without "not spam"; for unproven reporters, not later than the report arrived.
    pub last_at: Option<Timestamp>,
}

/// The three ledgers of a number, and the sums across them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EvidenceSums {
    unknown: LedgerTotals,
    /// The authenticated and the unauthenticated ledger; absent for most numbers, whose reports do not state the
    /// signing.
    signed: Option<Box<[LedgerTotals; 2]>>,
    /// Mass by category, sorted by category. UNSPECIFIED is left out, and so are unproven reports that name no reporter.
    pub categories: Vec<(Category, f64)>,
    /// The brands that reports name, sorted by name. Unproven reports that name no reporter are left out.
    pub brands: Vec<NamedBrand>,
    /// Distinct reporters.
    pub reporters: DistinctCount,
}

impl LedgerTotals {
    const EMPTY: Self = Self {
        short: 0.0,
        long: 0.0,
        not_spam: 0.0,
        reports: 0,
        areas: DistinctCount::from_bits(0),
        sources: SourceSet::from_bits(0),
        weeks: WeekSet::EMPTY,
        first_at: None,
        last_at: None,
    };

    /// The sum of both ledgers, with the other's masses of reports times `factor`; "not spam" counts in full.
    pub(super) fn and(self, other: &Self, factor: f64) -> Self {
        Self {
            short: self.short + other.short * factor,
            long: self.long + other.long * factor,
            not_spam: self.not_spam + other.not_spam,
            reports: self.reports.saturating_add(other.reports),
            areas: self.areas.union(other.areas),
            sources: self.sources.union(other.sources),
            weeks: self.weeks.union(other.weeks),
            first_at: other.first_at.map_or(self.first_at, |at| earlier(self.first_at, at)),
            last_at: self.last_at.max(other.last_at),
        }
    }

    fn decay(&mut self, short: f64, long: f64, not_spam: f64) {
        self.short *= short;
        self.long *= long;
        self.not_spam *= not_spam;
    }
}

impl EvidenceSums {
    /// From the ledgers, in the order of [`Ledger::ALL`]; without categories, brands and reporters.
    #[must_use]
    pub fn of_totals([authenticated, unauthenticated, unknown]: [LedgerTotals; 3]) -> Self {
        let signed = [authenticated, unauthenticated];
        Self {
            unknown,
            signed: (signed != [LedgerTotals::EMPTY; 2]).then(|| Box::new(signed)),
            ..Self::default()
        }
    }

    /// One ledger.
    #[must_use]
    pub fn totals(&self, ledger: Ledger) -> &LedgerTotals {
        match (ledger, self.signed.as_deref()) {
            (Ledger::Unknown, _) => &self.unknown,
            (_, None) => &LedgerTotals::EMPTY,
            (Ledger::Authenticated, Some([authenticated, _])) => authenticated,
            (Ledger::Unauthenticated, Some([_, unauthenticated])) => unauthenticated,
        }
    }

    /// The sum of the ledgers that a view reads; reports in the ledger of unknown signing count `unknown_factor` times.
    #[must_use]
    pub fn totals_for(&self, view: LedgerView, unknown_factor: f64) -> LedgerTotals {
        let unknown = if view.holds(Ledger::Unknown) {
            LedgerTotals::EMPTY.and(&self.unknown, unknown_factor)
        } else {
            LedgerTotals::EMPTY
        };
        if self.signed.is_none() {
            return unknown;
        }
        let signed = [Ledger::Authenticated, Ledger::Unauthenticated];
        let held = signed.into_iter().filter(|ledger| view.holds(*ledger));
        held.fold(unknown, |sum, ledger| sum.and(self.totals(ledger), 1.0))
    }

    /// The sum of all ledgers.
    #[must_use]
    pub fn all(&self) -> LedgerTotals {
        self.totals_for(LedgerView::All, 1.0)
    }

    pub(super) fn decay(&mut self, age_days: f64, model: &FoldModel) {
        let short = remaining(age_days, model.short_days);
        let long = remaining(age_days, model.long_days);
        let not_spam = remaining(age_days, model.not_spam_days);
        let signed = self.signed.iter_mut().flat_map(|ledgers| ledgers.iter_mut());
        for totals in signed.chain([&mut self.unknown]) {
            totals.decay(short, long, not_spam);
        }
        self.categories.iter_mut().for_each(|(_, mass)| *mass *= long);
        self.brands.iter_mut().for_each(|named| named.mass *= long);
    }

    pub(super) fn add(&mut self, row: &ReportRow, age_days: f64, model: &FoldModel) {
        let weight = f64::from(row.weight);
        let is_proven = model.weights.is_proven(row.weight);
        // Unproven reports without a reporter may all be of one person, who names any area and any kind of call, and says of
        // any number that its calls were wanted.
        let is_someone = row.body.reporter.is_some() || is_proven;
        let totals = self.totals_mut(row.body.ledger);
        if row.body.not_spam {
            if is_someone {
                totals.not_spam += weight * remaining(age_days, model.not_spam_days);
            }
            return;
        }
        let long = weight * remaining(age_days, model.long_days);
        totals.short += weight * remaining(age_days, model.short_days);
        totals.long += long;
        totals.reports = totals.reports.saturating_add(1);
        let source = SourceSet::of(row.body.source, row.body.reporter);
        let is_of_feed = row.weight >= model.weights.trusted();
        totals.sources = totals.sources.union(if is_of_feed { source.of_feed() } else { source });
        if let Some(area) = row.body.area.as_ref().filter(|_| is_someone) {
            totals.areas.insert(area.hash64());
        }
        // An unproven reporter can claim any call time; the arrival time is by our own clock.
        let (first, last) = if is_proven {
            (row.body.occurred_at, row.body.occurred_at)
        } else {
            (row.received_at, row.body.occurred_at.min(row.received_at))
        };
        // A reporter who was wrong before has hardly any mass, and must not make a number look used for long.
        if model.weights.is_somebody(row.weight) {
            totals.first_at = earlier(totals.first_at, first);
            totals.last_at = totals.last_at.max(Some(last));
            let counted_at = if row.body.reporter.is_some() {
                let earliest = row.received_at.millis().saturating_sub(LATEST_REPORT_DAYS * DAY_MS);
                first.max(Timestamp::from_millis(earliest))
            } else {
                first
            };
            totals.weeks = totals.weeks.union(WeekSet::of(counted_at));
        }
        if is_someone && row.body.category != Category::Unspecified {
            add_sorted(&mut self.categories, row.body.category, long);
        }
        if let Some(brand) = row.body.brand.as_ref().filter(|_| is_someone) {
            let mut named = NamedBrand::new(brand.clone(), long);
            let unproven = row.body.reporter.filter(|_| !is_proven);
            named.reporters = unproven.map(BrandReporters::of).unwrap_or_default();
            add_brand(&mut self.brands, named);
            self.keep_first_other_brands();
        }
        if let Some(reporter) = row.body.reporter {
            self.reporters.insert(reporter.raw());
        }
    }

    /// Adds the sums of other rows, which are as of `age_days` before these.
    pub(super) fn add_all(&mut self, other: &Self, age_days: f64, model: &FoldModel) {
        let mut other = other.clone();
        other.decay(age_days, model);
        self.unknown = self.unknown.and(&other.unknown, 1.0);
        if let Some(signed) = other.signed {
            let own = self.signed.get_or_insert_default();
            for (own, other) in own.iter_mut().zip(signed.iter()) {
                *own = own.and(other, 1.0);
            }
        }
        for (category, mass) in other.categories {
            add_sorted(&mut self.categories, category, mass);
        }
        for named in other.brands {
            add_brand(&mut self.brands, named);
        }
        self.keep_first_other_brands();
        self.reporters = self.reporters.union(other.reporters);
    }

    /// One ledger, to be changed.
    pub(crate) fn totals_mut(&mut self, ledger: Ledger) -> &mut LedgerTotals {
        if ledger == Ledger::Unknown {
            return &mut self.unknown;
        }
        let [authenticated, unauthenticated] = &mut **self.signed.get_or_insert_default();
        if ledger == Ledger::Authenticated {
            authenticated
        } else {
            unauthenticated
        }
    }

    /// A brand beyond the first few by name was never among them before, so the masses of the kept brands are complete.
    fn keep_first_other_brands(&mut self) {
        let mut others = 0usize;
        self.brands.retain(|named| {
            if named.brand.is_canonical() {
                return true;
            }
            others += 1;
            others <= MAX_OTHER_BRANDS
        });
    }
}

pub(super) fn earlier(a: Option<Timestamp>, b: Timestamp) -> Option<Timestamp> {
    Some(a.map_or(b, |a| a.min(b)))
}

fn add_sorted<K: Ord>(masses: &mut Vec<(K, f64)>, key: K, mass: f64) {
    match masses.binary_search_by(|(known, _)| known.cmp(&key)) {
        Ok(place) => {
            if let Some((_, sum)) = masses.get_mut(place) {
                *sum += mass;
            }
        }
        Err(place) => masses.insert(place, (key, mass)),
    }
}
