//! How far unproven reporters are believed together: by how many they are, where they are, and for how long they report.
//!
//! A report names no network, so an attacker's accounts cannot be told apart by it. Areas are those that the reports name;
//! nobody checks them. Only the time between the arrivals of reports is measured by our own clock. A few old reports are
//! easily had, and most reported numbers have them, so time counts from half of the people that a step asks.

use super::{Evidence, FoldModel, WeekSet};
use crate::domain::brand::Brand;
use crate::domain::call::LedgerView;
use crate::domain::decay::remaining_at;
use crate::domain::ids::ReporterHash;
use crate::domain::kinds::Category;
use crate::domain::time::{DAY_MS, Timestamp};
use crate::domain::weight::WeightModel;

/// From how many proven reporters on the time counts that a block asks: they label a number.
const PROVEN_PEOPLE: usize = 5;
/// Of the first reporters, so many have their time. It is half of the most that a step asks.
const TIMED: usize = 10;
const HOUR_MS: i64 = 3_600_000;
const HOUR_BITS: u32 = 20;
const HASH_BITS: u32 = u64::BITS - HOUR_BITS;
/// The bit of a sampled reporter who is proven.
const PROVEN: u64 = 1;

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
    /// Days from the arrival of the report of the first, the second, ... of them to the last one, to the hour; 0 while
    /// they are fewer.
    days_since: [f64; TIMED],
    /// How many named reporters there are, with those that are proven.
    pub people: u32,
    /// Days for which these people were certainly enough to label the number, until the last of them: from the twentieth on, or
    /// from the fifth proven one on; 0 while they are fewer. Before, nobody may have seen a label, so an owner had no time to
    /// object.
    pub days_labelled: f64,
    /// How many of them are proven.
    pub proven: u32,
    /// Whether people who say that the calls were wanted outweigh them, or nearly so.
    pub contested: bool,
    /// In how many of the 26 weeks before the first of their reports proven reporters reported the number.
    pub weeks_before: u32,
}

impl UnprovenReporters {
    /// Days from the first of them to the last one.
    #[must_use]
    pub fn days(&self) -> f64 {
        self.days_since(1)
    }

    /// Days from the `nth` of them, from 1 on, to the last one; 0 while they are fewer.
    fn days_since(&self, nth: usize) -> f64 {
        let place = nth.saturating_sub(1).min(TIMED - 1);
        self.days_since.get(place).copied().unwrap_or_default()
    }

    /// What they may do together.
    #[must_use]
    pub fn step(&self, model: &WeightModel) -> UnprovenStep {
        if self.contested {
            UnprovenStep::Few
        } else if self.is_reached(model.unproven_release_count, model.unproven_release_days) {
            UnprovenStep::Many
        } else if model.unproven_label_from.iter().any(|from| from.is_reached(self)) {
            UnprovenStep::Several
        } else {
            UnprovenStep::Few
        }
    }

    /// Whether they are so many, over so long, and half of them over half of it. Old reports of a few, which most reported
    /// numbers have, do not replace the time of the others.
    fn is_reached(&self, reporters: usize, days: f64) -> bool {
        let named = usize::try_from(self.named).unwrap_or(usize::MAX);
        named >= reporters && self.days() >= days && self.days_since(reporters.div_ceil(2)) >= days / 2.0
    }
}

/// One of the ways in which unproven reporters become enough to label a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelStep {
    /// The least count of different reporters, at most 20.
    pub reporters: usize,
    /// The least count of different areas that their reports name.
    pub areas: u32,
    /// The least time between the arrival of the first report and the last one, days. Half of it must lie after the report of
    /// half of them.
    pub days: f64,
}

impl LabelStep {
    fn is_reached(&self, reporters: &UnprovenReporters) -> bool {
        reporters.areas >= self.areas && reporters.is_reached(self.reporters, self.days)
    }
}

impl Evidence {
    /// The people who report calls of this kind of the number, as of `now`.
    #[must_use]
    pub fn unproven_reporters(&self, now: Timestamp, model: &FoldModel, view: LedgerView) -> UnprovenReporters {
        if self.first_reporters.is_empty() {
            return UnprovenReporters::default();
        }
        let [proven, unproven] = [&self.proven, &self.unproven].map(|sums| sums.totals_for(view, 1.0));
        let long = unproven
            .long
            .min(self.unproven_count(&model.weights) * model.weights.new_reporter());
        let unwanted = (proven.long + long) * remaining_at(self.as_of, now, model.long_days);
        let wanted = (proven.not_spam + unproven.not_spam) * remaining_at(self.as_of, now, model.not_spam_days);
        let week_before = |first: Timestamp| Timestamp::from_millis(first.millis().saturating_sub(7 * DAY_MS));
        let people = self.people(view);
        let arrivals = |is_proven: bool| {
            let of_class = people.iter().filter(move |person| person.is_proven == is_proven);
            of_class.map(|person| person.arrival)
        };
        let last = people.last().map(|person| person.arrival);
        let twentieth = people.get(model.weights.unproven_release_count.saturating_sub(1));
        let enough = [
            twentieth.map(|person| person.arrival),
            arrivals(true).nth(PROVEN_PEOPLE - 1),
        ];
        let labelled_since = enough.into_iter().flatten().min();
        UnprovenReporters {
            named: count(arrivals(false).take(model.weights.unproven_release_count)),
            areas: unproven.areas.bits().count_ones(),
            days_since: days_since(arrivals(false)),
            people: count(people.iter()),
            days_labelled: labelled_since
                .zip(last)
                .map_or(0.0, |(since, last)| last.days_since(since)),
            proven: count(arrivals(true)),
            contested: wanted > 0.0 && unwanted < model.weights.contested_below * wanted,
            weeks_before: unproven.first_at.map_or(0, |first| {
                proven.weeks.count_of_last(WeekSet::WINDOW_WEEKS, week_before(first))
            }),
        }
    }

    /// The first named reporters and the last one, in the order in which their reports arrived.
    fn people(&self, view: LedgerView) -> Vec<Person> {
        let held = self.first_reporters.iter().filter(|(ledger, _)| view.holds(*ledger));
        let mut people: Vec<_> = held.map(|(_, sampled)| Person::of(*sampled)).collect();
        people.sort_unstable_by_key(|person| person.arrival);
        people
    }

    /// About how many different unproven reporters say that the number is unwanted: exact while they are few.
    #[must_use]
    pub fn unproven_count(&self, model: &WeightModel) -> f64 {
        let unproven = self.first_reporters.iter();
        let sampled = unproven.filter(|(_, sampled)| !is_sampled_as_proven(*sampled)).count();
        let exact = f64::from(u32::try_from(sampled).unwrap_or(u32::MAX));
        if sampled < model.unproven_release_count {
            exact
        } else {
            self.unproven.reporters.estimate().max(exact)
        }
    }

    /// The kind of call that more than half of the unproven reporters who are named name, and their share; a reporter counts
    /// once.
    #[must_use]
    pub fn majority_category(&self) -> Option<(Category, f64)> {
        let leading = self.unproven.categories.iter().copied();
        let (category, mass) = leading.max_by(|a, b| a.1.total_cmp(&b.1))?;
        let share = mass / self.named_mass();
        (share > 0.5).then_some((category, share))
    }

    /// Whether more than half of the unproven reporters who are named name this brand; a reporter counts once.
    #[must_use]
    pub fn is_majority_brand(&self, brand: &Brand) -> bool {
        let known = self.unproven.brands.iter().find(|known| known.brand == *brand);
        known.is_some_and(|known| known.mass > 0.5 * self.named_mass())
    }

    /// Whether two different unproven reporters at least name this brand. A single one would let anybody put the name of a
    /// bank on a stranger's number.
    #[must_use]
    pub fn is_named_by_several(&self, brand: &Brand) -> bool {
        let known = self.unproven.brands.iter().find(|known| known.brand == *brand);
        known.is_some_and(|known| known.reporters.is_several())
    }

    /// The mass of the unproven reporters who name a kind of call, or of those who name a brand, if it is more.
    fn named_mass(&self) -> f64 {
        let categories: f64 = self.unproven.categories.iter().map(|(_, mass)| mass).sum();
        let brands: f64 = self.unproven.brands.iter().map(|known| known.mass).sum();
        categories.max(brands)
    }
}

/// How a reporter is remembered in [`Evidence::first_reporters`]: the hour in which the report arrived in the upper
/// 20 bits, which last until 2089, a part of the hash in the others, and in the lowest bit whether the reporter is proven.
pub(super) fn sampled(arrived: Timestamp, reporter: ReporterHash, is_proven: bool) -> u64 {
    let hour = u64::try_from(arrived.millis() / HOUR_MS).unwrap_or_default();
    let hash = (reporter.raw() >> HOUR_BITS) & !PROVEN;
    (hour.min((1 << HOUR_BITS) - 1) << HASH_BITS) | hash | u64::from(is_proven)
}

/// Whether a sampled reporter is proven.
pub(super) const fn is_sampled_as_proven(sampled: u64) -> bool {
    sampled & PROVEN != 0
}

/// A sampled reporter.
struct Person {
    /// The hour in which the report arrived.
    arrival: Timestamp,
    is_proven: bool,
}

impl Person {
    fn of(sampled: u64) -> Self {
        let hour = i64::try_from(sampled >> HASH_BITS).unwrap_or_default();
        Self {
            arrival: Timestamp::from_millis(hour * HOUR_MS),
            is_proven: is_sampled_as_proven(sampled),
        }
    }
}

fn count<T>(people: impl Iterator<Item = T>) -> u32 {
    u32::try_from(people.count()).unwrap_or(u32::MAX)
}

/// Days from the first arrivals to the last one.
fn days_since(arrivals: impl Iterator<Item = Timestamp> + Clone) -> [f64; TIMED] {
    let mut days = [0.0; TIMED];
    if let Some(last) = arrivals.clone().last() {
        for (days, arrival) in days.iter_mut().zip(arrivals) {
            *days = last.days_since(arrival);
        }
    }
    days
}
