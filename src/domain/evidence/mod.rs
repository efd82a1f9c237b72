//! Folds a number's report rows into evidence: decayed sums, counts, reporters and areas.
//!
//! The fold is pure and commutative: the same live rows in any order give the same evidence (counts exactly, sums to
//! rounding, since the addition of floating-point numbers depends on their order). Only the latest row of a reporter
//! counts. Folding a row in is cheap; taking one out is never done: the remaining rows are refolded, or the evidence of
//! their parts is added up ([`reporter_table`](super::reporter_table)), so exactly what was added is removed.

mod brands;
mod decayed;
mod sources;
mod sums;
mod unknown;
mod unproven;
mod weeks;

use super::bitmap::DistinctCount;
use super::brand::Brand;
use super::call::Ledger;
use super::ids::ReporterHash;
use super::kinds::Category;
use super::report::ReportRow;
use super::time::Timestamp;
use super::weight::WeightModel;

pub use brands::{BrandReporters, NamedBrand};
pub use decayed::DecayedEvidence;
pub use sources::SourceSet;
use sums::earlier;
pub use sums::{EvidenceSums, LedgerTotals, MAX_OTHER_BRANDS};
pub use unknown::UnknownWhenEstablished;
pub use unproven::{LabelStep, UnprovenReporters, UnprovenStep};
pub use weeks::WeekSet;

/// Half-lives and caps of the fold. A change of the half-lives makes stored evidence wrong, so they make up the
/// [`FoldModel::evidence_version`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoldModel {
    /// Half-life of recent reports, days.
    pub short_days: f64,
    /// Half-life of reports, days; category and brand masses decay with it too.
    pub long_days: f64,
    /// Half-life of "not spam", days.
    pub not_spam_days: f64,
    /// How much complaints of unknown signing count for a call that the owner signed; applied on reading.
    pub unknown_when_established: UnknownWhenEstablished,
    /// Weights, and the cap on unproven reporters.
    pub weights: WeightModel,
}

impl FoldModel {
    /// The defaults of the scoring model.
    pub const DEFAULT: Self = Self {
        short_days: 3.0,
        long_days: 30.0,
        not_spam_days: 125.0,
        unknown_when_established: UnknownWhenEstablished::DEFAULT,
        weights: WeightModel::DEFAULT,
    };

    /// Identifies everything that stored evidence depends on. Two models with the same version fold to the same
    /// evidence.
    #[must_use]
    pub fn evidence_version(&self) -> u32 {
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        hash.update(&FOLD_CODE_VERSION.to_le_bytes());
        for value in [
            self.short_days,
            self.long_days,
            self.not_spam_days,
            self.weights.proven_from,
        ] {
            hash.update(&value.to_bits().to_le_bytes());
        }
        hash.update(&self.weights.unproven_release_count.to_le_bytes());
        u32::try_from(hash.digest() >> 32).unwrap_or(u32::MAX)
    }
}

/// Raise this by hand when a change of this file folds the same rows to another result.
const FOLD_CODE_VERSION: u32 = 5;

/// The evidence of all rows of one number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// The moment of the sums: the latest call of any live row.
    pub as_of: Timestamp,
    /// From proven reporters and trusted feeds.
    pub proven: EvidenceSums,
    /// From all other reporters.
    pub unproven: EvidenceSums,
    /// For each ledger, the named reporters whose reports arrived first, and the one whose report arrived last: of proven
    /// reporters and of unproven ones, each up to the count that the last step of unproven ones asks. They are sorted by the
    /// hour of arrival, which is in the upper 20 bits, and by their hashes; the lowest bit says that a reporter is proven.
    /// This shows exactly whether they are as many as a step asks, and since when.
    pub first_reporters: Vec<(Ledger, u64)>,
    /// Reporters of all live rows: shows cheaply that a reporter is new.
    pub reporters_seen: DistinctCount,
    /// Live rows, without "not spam".
    pub reports: u32,
    /// Live rows of "not spam".
    pub not_spam_reports: u32,
    /// The earliest call of a live row, without "not spam".
    pub first_reported: Option<Timestamp>,
    /// The latest call of a live row, without "not spam".
    pub last_reported: Option<Timestamp>,
}

impl Evidence {
    /// Folds all rows of a number: the latest live row of each reporter, and every live row without a reporter.
    #[must_use]
    pub fn of_rows<'a>(rows: impl Iterator<Item = &'a ReportRow> + Clone, model: &FoldModel) -> Self {
        let mut evidence = Self::weighed(counted_rows(rows.clone()).into_iter(), model);
        rows.filter(|row| row.is_live()).for_each(|row| evidence.count(row));
        evidence
    }

    /// The sums of these rows, without the counts of all rows of the number. All of them count.
    pub(super) fn weighed<'a>(rows: impl Iterator<Item = &'a ReportRow>, model: &FoldModel) -> Self {
        let mut evidence = Self::default();
        rows.for_each(|row| evidence.weigh(row, model));
        evidence
    }

    /// Whether a live row of this reporter may be folded in already; if not, [`Self::fold_in`] may be called.
    #[must_use]
    pub fn may_hold(&self, reporter: ReporterHash) -> bool {
        self.reporters_seen.may_contain(reporter.raw())
    }

    /// Folds in one live row. Its reporter, if it has one, must have no other live row.
    pub fn fold_in(&mut self, row: &ReportRow, model: &FoldModel) {
        self.count(row);
        self.weigh(row, model);
    }

    /// The latest call by which this number counts in its ranges. Unproven reporters never count there: a few accounts could
    /// label hundreds of numbers that nobody reported.
    #[must_use]
    pub fn range_at(&self) -> Option<Timestamp> {
        self.proven.all().last_at
    }

    /// How many reports count in its ranges: those of proven reporters and trusted feeds.
    #[must_use]
    pub fn range_reports(&self) -> u32 {
        self.proven.all().reports
    }

    /// Whether no row counts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reports == 0 && self.not_spam_reports == 0
    }

    /// Mass by category as of `decayed`, without UNSPECIFIED.
    pub fn categories(&self, decayed: &DecayedEvidence) -> impl Iterator<Item = (Category, f64)> {
        let proven = self.proven.categories.iter().map(|&(category, mass)| (category, mass));
        let share = decayed.unproven_share;
        let unproven = self
            .unproven
            .categories
            .iter()
            .map(move |&(category, mass)| (category, mass * share));
        let factor = decayed.long_factor;
        proven
            .chain(unproven)
            .map(move |(category, mass)| (category, mass * factor))
    }

    /// The brand with the most mass among those that are believed, if there is one. Brands that are not known come after all
    /// others.
    #[must_use]
    pub fn leading_brand(
        &self,
        decayed: &DecayedEvidence,
        is_believed: impl Fn(&Brand) -> bool,
        is_known: impl Fn(&Brand) -> bool,
    ) -> Option<&Brand> {
        let share = decayed.unproven_share;
        let proven = self.proven.brands.iter().map(|named| (&named.brand, named.mass));
        let unproven = self.unproven.brands.iter();
        let unproven = unproven.map(|named| (&named.brand, named.mass * share));
        let mut masses: Vec<(&Brand, f64)> = Vec::new();
        for (brand, mass) in proven.chain(unproven).filter(|(brand, _)| is_believed(brand)) {
            match masses.iter_mut().find(|(known, _)| *known == brand) {
                Some((_, sum)) => *sum += mass,
                None => masses.push((brand, mass)),
            }
        }
        let by_mass = |a: &(&Brand, f64), b: &(&Brand, f64)| a.1.total_cmp(&b.1).then(b.0.cmp(a.0));
        if masses.len() > 1 && masses.iter().any(|(brand, _)| is_known(brand)) {
            masses.retain(|(brand, _)| is_known(brand));
        }
        masses.into_iter().max_by(by_mass).map(|(brand, _)| brand)
    }

    /// Counts a live row, whether it is its reporter's latest or not.
    pub(super) fn count(&mut self, row: &ReportRow) {
        if let Some(reporter) = row.body.reporter {
            self.reporters_seen.insert(reporter.raw());
        }
        if row.body.not_spam {
            self.not_spam_reports = self.not_spam_reports.saturating_add(1);
        } else {
            self.reports = self.reports.saturating_add(1);
            self.first_reported = earlier(self.first_reported, row.body.occurred_at);
            self.last_reported = self.last_reported.max(Some(row.body.occurred_at));
        }
    }

    /// Adds a live row to the sums: the latest of its reporter, or one without a reporter.
    pub(super) fn weigh(&mut self, row: &ReportRow, model: &FoldModel) {
        let age_days = self.advance(row.body.occurred_at, model);
        let is_proven = model.weights.is_proven(row.weight);
        let is_counted = !row.body.not_spam && model.weights.is_somebody(row.weight);
        if let Some(reporter) = row.body.reporter.filter(|_| is_counted) {
            let said = (row.body.ledger, unproven::sampled(row.received_at, reporter, is_proven));
            self.sample(said, model.weights.unproven_release_count);
        }
        let sums = if is_proven {
            &mut self.proven
        } else {
            &mut self.unproven
        };
        sums.add(row, age_days, model);
    }

    /// Advances the sums to `at` if that is later; otherwise returns how many days `at` lies before them.
    fn advance(&mut self, at: Timestamp, model: &FoldModel) -> f64 {
        if at > self.as_of {
            let age_days = at.days_since(self.as_of);
            self.proven.decay(age_days, model);
            self.unproven.decay(age_days, model);
            self.as_of = at;
        }
        self.as_of.days_since(at)
    }

    /// Adds the evidence of other rows, of other reporters.
    pub fn add_all(&mut self, other: &Self, model: &FoldModel) {
        if other.is_empty() {
            return;
        }
        self.add_sums(other, model);
        let seen = self.reporters_seen.bits() | other.reporters_seen.bits();
        self.reporters_seen = DistinctCount::from_bits(seen);
        self.reports = self.reports.saturating_add(other.reports);
        self.not_spam_reports = self.not_spam_reports.saturating_add(other.not_spam_reports);
        if let Some(at) = other.first_reported {
            self.first_reported = earlier(self.first_reported, at);
        }
        self.last_reported = self.last_reported.max(other.last_reported);
    }

    /// Adds the sums of other rows; the counts stay.
    pub(super) fn add_sums(&mut self, other: &Self, model: &FoldModel) {
        let age_days = self.advance(other.as_of, model);
        self.proven.add_all(&other.proven, age_days, model);
        self.unproven.add_all(&other.unproven, age_days, model);
        for said in &other.first_reporters {
            self.sample(*said, model.weights.unproven_release_count);
        }
    }

    /// Takes these sums in place of its own; the counts stay.
    pub(super) fn take_sums(&mut self, sums: Self) {
        self.as_of = sums.as_of;
        self.proven = sums.proven;
        self.unproven = sums.unproven;
        self.first_reporters = sums.first_reporters;
    }

    /// Remembers a reporter if it is among the first of its ledger and class, or the last.
    fn sample(&mut self, said: (Ledger, u64), size: usize) {
        let Err(place) = self.first_reporters.binary_search(&said) else {
            return;
        };
        self.first_reporters.insert(place, said);
        let is_alike = |(ledger, sampled): &(Ledger, u64)| {
            *ledger == said.0 && unproven::is_sampled_as_proven(*sampled) == unproven::is_sampled_as_proven(said.1)
        };
        let alike = self
            .first_reporters
            .iter()
            .enumerate()
            .filter(|(_, known)| is_alike(known));
        let places: Vec<usize> = alike.map(|(place, _)| place).collect();
        if places.len() > size + 1
            && let Some(between) = places.get(size)
        {
            self.first_reporters.remove(*between);
        }
    }
}

/// The rows that count: the latest live row of each reporter, and every live row without a reporter. They are sorted by
/// reporter.
pub(super) fn counted_rows<'a>(rows: impl Iterator<Item = &'a ReportRow>) -> Vec<&'a ReportRow> {
    let mut live: Vec<&ReportRow> = rows.filter(|row| row.is_live()).collect();
    // A reporter's latest row comes first, and is the one that is kept.
    live.sort_unstable_by(|a, b| (a.body.reporter, b.order_key()).cmp(&(b.body.reporter, a.order_key())));
    live.dedup_by(|next, kept| next.body.reporter.is_some() && next.body.reporter == kept.body.reporter);
    live
}
