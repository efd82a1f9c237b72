//! How far unproven reporters are believed together: by how many they are, where they are, and for how long they report.
//!
//! A report names no network, so an attacker's accounts cannot be told apart by it. Areas are those that the reports name;
//! nobody checks them. Only the time between the first and the last report is measured by our own clock.

use super::{Evidence, EvidenceSums, FoldModel, LedgerTotals, WeekSet};
use crate::domain::brand::Brand;
use crate::domain::call::LedgerView;
use crate::domain::decay::remaining_at;
use crate::domain::ids::ReporterHash;
use crate::domain::kinds::Category;
use crate::domain::time::{DAY_MS, Timestamp};
use crate::domain::weight::WeightModel;

/// From how many unproven reporters on the time counts that a block asks.
const SEVERAL: usize = 5;
const HOUR_MS: i64 = 3_600_000;
const HOUR_BITS: u32 = 20;
const HASH_BITS: u32 = u64::BITS - HOUR_BITS;

/// What the unproven reporters of a number may do together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnprovenStep {
    /// They do not label the number.
    #[default]
    Few,
    /// They label it, and do not block it.
    Several,
    /// They count in full.
    Many,
}

/// The unproven reporters who say that a number is unwanted, for one kind of call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UnprovenReporters {
    /// How many different reporters are named: exact up to the count that the last step asks.
    pub named: u32,
    /// In how many different areas they are, at least.
    pub areas: u32,
    /// Days from the arrival of the first of their reports to the last one.
    pub days: f64,
    /// Days from the arrival of the report of the fifth of them to the last report, to the hour; 0 while they are fewer.
    /// A single old report is easily had, so time counts for a block only once there were several people.
    pub days_of_several: f64,
    /// Whether people who say that the calls were wanted outweigh them, or nearly so.
    pub contested: bool,
    /// In how many of the 26 weeks before the first of their reports proven reporters reported the number.
    pub weeks_before: u32,
}

impl UnprovenReporters {
    /// What they may do together.
    #[must_use]
    pub fn step(&self, model: &WeightModel) -> UnprovenStep {
        let count = usize::try_from(self.named).unwrap_or(usize::MAX);
        if self.contested {
            UnprovenStep::Few
        } else if count >= model.unproven_release_count && self.days >= model.unproven_release_days {
            UnprovenStep::Many
        } else if model.unproven_label_from.iter().any(|from| from.is_reached(self)) {
            UnprovenStep::Several
        } else {
            UnprovenStep::Few
        }
    }
}

/// One of the ways in which unproven reporters become enough to label a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelStep {
    /// The least count of different reporters.
    pub reporters: u32,
    /// The least count of different areas that their reports name.
    pub areas: u32,
    /// The least time between the arrival of the first and the last report, days.
    pub days: f64,
}

impl LabelStep {
    fn is_reached(&self, reporters: &UnprovenReporters) -> bool {
        reporters.named >= self.reporters && reporters.areas >= self.areas && reporters.days >= self.days
    }
}

impl Evidence {
    /// The unproven reporters of the number who report calls of this kind, as of `now`.
    #[must_use]
    pub fn unproven_reporters(&self, now: Timestamp, model: &FoldModel, view: LedgerView) -> UnprovenReporters {
        if self.unproven_sample.is_empty() {
            return UnprovenReporters::default();
        }
        let [proven, unproven] = [&self.proven, &self.unproven].map(|sums| sums.totals_for(view, 1.0));
        let named = self.unproven_sample.iter().filter(|(ledger, _)| view.holds(*ledger));
        let unwanted = (proven.long + unproven.long) * remaining_at(self.as_of, now, model.long_days);
        let wanted = (proven.not_spam + unproven.not_spam) * remaining_at(self.as_of, now, model.not_spam_days);
        let week_before = |first: Timestamp| Timestamp::from_millis(first.millis().saturating_sub(7 * DAY_MS));
        UnprovenReporters {
            named: u32::try_from(named.count()).unwrap_or(u32::MAX),
            areas: unproven.areas.bits().count_ones(),
            days: days_between(&unproven),
            days_of_several: self.days_of_several(&unproven, view),
            contested: wanted > 0.0 && unwanted < model.weights.contested_below * wanted,
            weeks_before: unproven.first_at.map_or(0, |first| {
                proven.weeks.count_of_last(WeekSet::WINDOW_WEEKS, week_before(first))
            }),
        }
    }

    fn days_of_several(&self, unproven: &LedgerTotals, view: LedgerView) -> f64 {
        let sample = self.unproven_sample.iter().filter(|(ledger, _)| view.holds(*ledger));
        let mut arrivals: Vec<u64> = sample.map(|(_, sampled)| *sampled).collect();
        arrivals.sort_unstable();
        match (arrivals.get(SEVERAL - 1), unproven.last_at) {
            (Some(fifth), Some(last)) => last.days_since(arrival(*fifth)).max(0.0),
            (Some(_) | None, _) => 0.0,
        }
    }

    /// About how many different unproven reporters say that the number is unwanted: exact while they are few.
    #[must_use]
    pub fn unproven_count(&self, model: &WeightModel) -> f64 {
        let sampled = self.unproven_sample.len();
        let exact = f64::from(u32::try_from(sampled).unwrap_or(u32::MAX));
        if sampled < model.unproven_release_count {
            exact
        } else {
            self.unproven.reporters.estimate().max(exact)
        }
    }

    /// The kind of call that more than half of the unproven reporters name, and their share; a reporter counts once.
    #[must_use]
    pub fn majority_category(&self, model: &WeightModel) -> Option<(Category, f64)> {
        let masses = |sums: &EvidenceSums| sums.categories.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
        let (category, mass) = masses(&self.unproven)?;
        Some((category, self.majority_share(mass, model)?))
    }

    /// Whether more than half of the unproven reporters name this brand; a reporter counts once.
    #[must_use]
    pub fn is_majority_brand(&self, brand: &Brand, model: &WeightModel) -> bool {
        let known = self.unproven.brands.iter().find(|known| known.brand == *brand);
        known.is_some_and(|known| self.majority_share(known.mass, model).is_some())
    }

    /// Whether two different unproven reporters at least name this brand. A single one, or reports that name no reporter, would
    /// let anybody put the name of a bank on a stranger's number.
    #[must_use]
    pub fn is_named_by_several(&self, brand: &Brand) -> bool {
        let known = self.unproven.brands.iter().find(|known| known.brand == *brand);
        known.is_some_and(|known| known.reporters.is_several())
    }

    /// Whether most of the mass of unproven reporters may be of reports that name no reporter.
    #[must_use]
    pub fn is_mostly_unnamed(&self, model: &WeightModel) -> bool {
        2.0 * self.unnamed_mass(model) > self.unproven.all().long
    }

    /// The share of the unproven reporters who name something that has this mass, if it is more than half. Reports that
    /// name no reporter may all be of one person, so none of them counts: all are taken to be in this mass.
    fn majority_share(&self, mass: f64, model: &WeightModel) -> Option<f64> {
        let unnamed = self.unnamed_mass(model);
        let named = self.unproven.all().long - unnamed;
        let share = (mass - unnamed) / named;
        (named > 0.0 && share > 0.5).then_some(share.min(1.0))
    }

    /// The most mass that reports without a reporter can have.
    fn unnamed_mass(&self, model: &WeightModel) -> f64 {
        let reports = f64::from(self.unproven.all().reports);
        (reports - self.unproven_count(model)).max(0.0) * model.new_reporter()
    }
}

/// How an unproven reporter is remembered in [`Evidence::unproven_sample`]: the hour in which the report arrived in the upper
/// 20 bits, which last until 2089, and a part of the hash in the others.
pub(super) fn sampled(arrived: Timestamp, reporter: ReporterHash) -> u64 {
    let hour = u64::try_from(arrived.millis() / HOUR_MS).unwrap_or_default();
    (hour.min((1 << HOUR_BITS) - 1) << HASH_BITS) | (reporter.raw() >> HOUR_BITS)
}

/// The hour in which the report of a sampled reporter arrived.
fn arrival(sampled: u64) -> Timestamp {
    let hour = i64::try_from(sampled >> HASH_BITS).unwrap_or_default();
    Timestamp::from_millis(hour * HOUR_MS)
}

/// Days from the first to the last report; 0 without one.
pub(super) fn days_between(totals: &LedgerTotals) -> f64 {
    match (totals.first_at, totals.last_at) {
        (Some(first), Some(last)) => last.days_since(first),
        _ => 0.0,
    }
}
