//! The fold of a number's report rows: decayed sums, counts, and who and where from.
//!
//! The fold is pure and commutative: the same live rows in any order give the same evidence (counts exactly, sums to
//! rounding). Of one reporter's rows the latest alone counts. Folding a row in is cheap; taking one out is not done:
//! a withdrawal folds the remaining rows again, so it takes back exactly what was added.

use super::bitmap::DistinctCount;
use super::brand::Brand;
use super::decay::{remaining, remaining_at};
use super::ids::ReporterHash;
use super::kinds::Category;
use super::report::{Ledger, ReportRow};
use super::time::Timestamp;
use super::weight::WeightModel;

/// Half-lives and caps that decide what the fold keeps. A change of the half-lives makes old evidence wrong, so they
/// make up the [`FoldModel::evidence_version`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoldModel {
    /// Half-life of recent reports, days.
    pub short_days: f64,
    /// Half-life of reports, days; category and brand masses decay with it too.
    pub long_days: f64,
    /// Half-life of "not spam", days.
    pub not_spam_days: f64,
    /// How much the book of unknown attestation counts beside the others; applied when reading.
    pub unknown_ledger_factor: f64,
    /// Weights and the cap on the unproven.
    pub weights: WeightModel,
}

impl FoldModel {
    /// The defaults of the scoring model.
    pub const DEFAULT: Self = Self {
        short_days: 3.0,
        long_days: 30.0,
        not_spam_days: 125.0,
        unknown_ledger_factor: 1.0,
        weights: WeightModel::DEFAULT,
    };

    /// Names what the stored evidence depends on. Two models with the same version fold to the same evidence.
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

/// Raised by hand whenever this file folds the same rows into something else.
const FOLD_CODE_VERSION: u32 = 1;

/// Decayed mass of reports in one book.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mass {
    /// With the short half-life.
    pub short: f64,
    /// With the long half-life.
    pub long: f64,
}

/// What one class of reporters, proven or unproven, said of a number. Sums stand as of [`Evidence::as_of`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Testimony {
    /// Mass by book, in the order of [`Ledger::ALL`].
    pub ledgers: [Mass; 3],
    /// Mass of "not spam".
    pub not_spam: f64,
    /// Mass by category, sorted by category; UNSPECIFIED is left out.
    pub categories: Vec<(Category, f64)>,
    /// Mass by brand, sorted by brand.
    pub brands: Vec<(Brand, f64)>,
    /// Distinct reporters.
    pub reporters: DistinctCount,
    /// Distinct areas they are in.
    pub areas: DistinctCount,
    /// The earliest call reported, "not spam" apart; of the unproven, when the earliest report came.
    pub first_at: Option<Timestamp>,
    /// The latest call reported, "not spam" apart.
    pub last_at: Option<Timestamp>,
}

/// Most brands kept for a number beside those of the canonical list: the first by name, so that order does not matter.
pub const MAX_OTHER_BRANDS: usize = 8;

/// Everything the rows of one number say together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// The moment at which the sums stand: the latest call of any live row.
    pub as_of: Timestamp,
    /// What proven reporters and trusted feeds said.
    pub proven: Testimony,
    /// What everybody else said.
    pub unproven: Testimony,
    /// The unproven reporters with the smallest hashes, sorted: tells exactly whether there are as many as the cap asks.
    pub unproven_sample: Vec<u64>,
    /// Reporters of all live rows: tells cheaply that one is new.
    pub reporters_seen: DistinctCount,
    /// Live rows that are not "not spam".
    pub reports: u32,
    /// Live rows that are "not spam".
    pub not_spam_reports: u32,
    /// The earliest call of a live row that is not "not spam".
    pub first_reported: Option<Timestamp>,
    /// The latest call of a live row that is not "not spam".
    pub last_reported: Option<Timestamp>,
}

impl Evidence {
    /// Folds all rows of a number: of one reporter the latest live row, and every live row without a reporter.
    #[must_use]
    pub fn of_rows<'a>(rows: impl Iterator<Item = &'a ReportRow>, model: &FoldModel) -> Self {
        let mut live: Vec<&ReportRow> = rows.filter(|row| row.is_live()).collect();
        live.sort_unstable_by(|a, b| {
            (a.body.reporter, a.order_key()).cmp(&(b.body.reporter, b.order_key())) // latest of a reporter is last
        });
        let mut evidence = Self::default();
        let mut rows = live.iter().peekable();
        while let Some(row) = rows.next() {
            let superseded =
                row.body.reporter.is_some() && rows.peek().is_some_and(|next| next.body.reporter == row.body.reporter);
            evidence.count(row);
            if !superseded {
                evidence.weigh(row, model);
            }
        }
        evidence
    }

    /// Whether a live row of this reporter may already be folded in; if not, [`Self::fold_in`] may be called.
    #[must_use]
    pub fn may_hold(&self, reporter: ReporterHash) -> bool {
        self.reporters_seen.may_contain(reporter.raw())
    }

    /// Folds one live row in whose reporter, if it has one, has no other live row.
    pub fn fold_in(&mut self, row: &ReportRow, model: &FoldModel) {
        self.count(row);
        self.weigh(row, model);
    }

    /// Whether so many unproven reporters spoke, over so long, that they count in full.
    #[must_use]
    pub fn unproven_released(&self, model: &WeightModel) -> bool {
        let span = match (self.unproven.first_at, self.unproven.last_at) {
            (Some(first), Some(last)) => last.days_since(first),
            _ => 0.0,
        };
        self.unproven_sample.len() >= model.unproven_release_count && span >= model.unproven_release_days
    }

    /// The latest call by which this number counts for its ranges: none while only the unproven spoke.
    #[must_use]
    pub fn range_at(&self, model: &WeightModel) -> Option<Timestamp> {
        if self.unproven_released(model) {
            self.proven.last_at.max(self.unproven.last_at)
        } else {
            self.proven.last_at
        }
    }

    /// Whether no row counts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reports == 0 && self.not_spam_reports == 0
    }

    /// What the sums come to at `now`, with the cap on the unproven applied.
    #[must_use]
    pub fn at(&self, now: Timestamp, model: &FoldModel) -> Standing {
        let released = self.unproven_released(&model.weights);
        let cap = |mass: f64| {
            if released {
                mass
            } else {
                mass.min(model.weights.unproven_cap)
            }
        };
        let short = remaining_at(self.as_of, now, model.short_days);
        let long = remaining_at(self.as_of, now, model.long_days);
        let not_spam = remaining_at(self.as_of, now, model.not_spam_days);
        let factor = |ledger| {
            if ledger == Ledger::Unknown {
                model.unknown_ledger_factor
            } else {
                1.0
            }
        };
        let sum = |testimony: &Testimony| {
            Ledger::ALL
                .into_iter()
                .zip(&testimony.ledgers)
                .fold(Mass::default(), |sum, (ledger, mass)| Mass {
                    short: sum.short + mass.short * short * factor(ledger),
                    long: sum.long + mass.long * long * factor(ledger),
                })
        };
        let (proven, unproven) = (sum(&self.proven), sum(&self.unproven));
        // The unproven share of categories and brands is cut by as much as their mass is.
        let unproven_share = if unproven.long > 0.0 {
            cap(unproven.long) / unproven.long
        } else {
            0.0
        };
        let counted = |pick: fn(&Testimony) -> DistinctCount| {
            let all = if released {
                pick(&self.proven).union(pick(&self.unproven))
            } else {
                pick(&self.proven)
            };
            all.estimate()
        };
        Standing {
            at: now,
            short: proven.short + cap(unproven.short),
            long: proven.long + cap(unproven.long),
            not_spam: self.proven.not_spam * not_spam + cap(self.unproven.not_spam * not_spam),
            areas: counted(|testimony| testimony.areas),
            reporters: counted(|testimony| testimony.reporters),
            long_factor: long,
            unproven_share,
        }
    }

    /// Mass by category as of `standing`, UNSPECIFIED left out.
    pub fn categories(&self, standing: &Standing) -> impl Iterator<Item = (Category, f64)> {
        let proven = self.proven.categories.iter().map(|&(category, mass)| (category, mass));
        let share = standing.unproven_share;
        let unproven = self
            .unproven
            .categories
            .iter()
            .map(move |&(category, mass)| (category, mass * share));
        let factor = standing.long_factor;
        proven
            .chain(unproven)
            .map(move |(category, mass)| (category, mass * factor))
    }

    /// The brand with the most mass, if there is one.
    #[must_use]
    pub fn leading_brand(&self, standing: &Standing) -> Option<&Brand> {
        let unproven = self
            .unproven
            .brands
            .iter()
            .map(|(brand, mass)| (brand, mass * standing.unproven_share));
        let mut masses: Vec<(&Brand, f64)> = self.proven.brands.iter().map(|(brand, mass)| (brand, *mass)).collect();
        for (brand, mass) in unproven {
            match masses.iter_mut().find(|(known, _)| *known == brand) {
                Some((_, sum)) => *sum += mass,
                None => masses.push((brand, mass)),
            }
        }
        masses
            .into_iter()
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(a.0)))
            .map(|(brand, _)| brand)
    }

    fn count(&mut self, row: &ReportRow) {
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

    fn weigh(&mut self, row: &ReportRow, model: &FoldModel) {
        let age_days = self.advance(row.body.occurred_at, model);
        let proven = model.weights.is_proven(row.weight);
        if !proven && !row.body.not_spam {
            self.sample_unproven(row.body.reporter, model.weights.unproven_release_count);
        }
        let testimony = if proven { &mut self.proven } else { &mut self.unproven };
        testimony.add(row, age_days, model);
    }

    /// Brings the sums forward to `at` if that is later, and says how many days `at` lies before them otherwise.
    fn advance(&mut self, at: Timestamp, model: &FoldModel) -> f64 {
        if at > self.as_of {
            let age_days = at.days_since(self.as_of);
            self.proven.decay(age_days, model);
            self.unproven.decay(age_days, model);
            self.as_of = at;
        }
        self.as_of.days_since(at)
    }

    fn sample_unproven(&mut self, reporter: Option<ReporterHash>, size: usize) {
        let Some(reporter) = reporter else { return };
        if let Err(place) = self.unproven_sample.binary_search(&reporter.raw()) {
            self.unproven_sample.insert(place, reporter.raw());
            self.unproven_sample.truncate(size);
        }
    }
}

impl Testimony {
    /// The mass in one book.
    #[must_use]
    pub fn mass(&self, ledger: Ledger) -> Mass {
        let [authenticated, unauthenticated, unknown] = self.ledgers;
        match ledger {
            Ledger::Authenticated => authenticated,
            Ledger::Unauthenticated => unauthenticated,
            Ledger::Unknown => unknown,
        }
    }

    /// The mass in one book, to be changed.
    pub fn mass_mut(&mut self, ledger: Ledger) -> &mut Mass {
        let [authenticated, unauthenticated, unknown] = &mut self.ledgers;
        match ledger {
            Ledger::Authenticated => authenticated,
            Ledger::Unauthenticated => unauthenticated,
            Ledger::Unknown => unknown,
        }
    }

    fn decay(&mut self, age_days: f64, model: &FoldModel) {
        let short = remaining(age_days, model.short_days);
        let long = remaining(age_days, model.long_days);
        for mass in &mut self.ledgers {
            mass.short *= short;
            mass.long *= long;
        }
        self.not_spam *= remaining(age_days, model.not_spam_days);
        self.categories.iter_mut().for_each(|(_, mass)| *mass *= long);
        self.brands.iter_mut().for_each(|(_, mass)| *mass *= long);
    }

    fn add(&mut self, row: &ReportRow, age_days: f64, model: &FoldModel) {
        let weight = f64::from(row.weight);
        if row.body.not_spam {
            self.not_spam += weight * remaining(age_days, model.not_spam_days);
            return;
        }
        let long = weight * remaining(age_days, model.long_days);
        let mass = self.mass_mut(row.body.ledger);
        mass.short += weight * remaining(age_days, model.short_days);
        mass.long += long;
        if row.body.category != Category::Unspecified {
            add_sorted(&mut self.categories, row.body.category, long);
        }
        if let Some(brand) = &row.body.brand {
            add_sorted(&mut self.brands, brand.clone(), long);
            self.keep_first_other_brands();
        }
        if let Some(reporter) = row.body.reporter {
            self.reporters.insert(reporter.raw());
        }
        if let Some(area) = &row.body.area {
            self.areas.insert(area.hash64());
        }
        // Whoever is not trusted may say anything of when the call was; when the report came, our own clock says.
        let since = if model.weights.is_proven(row.weight) {
            row.body.occurred_at
        } else {
            row.received_at
        };
        self.first_at = earlier(self.first_at, since);
        self.last_at = self.last_at.max(Some(row.body.occurred_at));
    }

    /// A brand beyond the first few by name was never among them before either, so what is kept is always complete.
    fn keep_first_other_brands(&mut self) {
        let mut others = 0usize;
        self.brands.retain(|(brand, _)| {
            if brand.is_canonical() {
                return true;
            }
            others += 1;
            others <= MAX_OTHER_BRANDS
        });
    }
}

/// [`Evidence`] at one moment: the numbers that scoring reads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// The moment.
    pub at: Timestamp,
    /// Mass of reports, short half-life.
    pub short: f64,
    /// Mass of reports, long half-life.
    pub long: f64,
    /// Mass of "not spam".
    pub not_spam: f64,
    /// About how many distinct areas the victims are in.
    pub areas: f64,
    /// About how many distinct reporters there are.
    pub reporters: f64,
    long_factor: f64,
    unproven_share: f64,
}

fn earlier(a: Option<Timestamp>, b: Timestamp) -> Option<Timestamp> {
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
