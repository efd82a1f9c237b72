//! Calls labelled and blocked as served, by the kind of the legitimate number.
//!
//! A total over all legitimate numbers hides a kind that is treated badly: a few hotlines of the government disappear
//! among thousands of clinics.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::{HashMap, HashSet};
use serde::Serialize;

use super::group_intervals;
use super::rank::ratio;
use super::samples::{ScoredSample, calls};
use super::served::ServedCounts;
use crate::number::E164;
use crate::replay::{KindName, LegitimateNumber};

/// Legitimate numbers of a kind, or of a group of kinds, on all days.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LegitimateKindFigures {
    /// Count of numbers.
    pub numbers: usize,
    /// Count of numbers times days.
    pub number_days: usize,
    /// Share of number-days that are labelled or blocked.
    pub labelled: f64,
    /// Share of number-days that are blocked.
    pub blocked: f64,
    /// Share of number-days that are labelled by a score that would block, since a cap withholds the block.
    pub withheld: f64,
    /// Share of number-days that are labelled or blocked by a score that rests on the neighbourhood alone.
    pub by_range: f64,
    /// The 95 % intervals of both shares over exchanges and days.
    pub interval: LegitimateKindIntervals,
}

/// Intervals of the shares of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LegitimateKindIntervals {
    /// Of the share labelled or blocked.
    pub labelled: [f64; 2],
    /// Of the share blocked.
    pub blocked: [f64; 2],
}

/// Complaint calls of a group of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ComplaintCallFigures {
    /// Share of all complaint calls.
    pub share: f64,
    /// Share of the group's calls that are labelled or blocked.
    pub labelled: f64,
    /// Share of the group's calls that are blocked.
    pub blocked: f64,
    /// Share of the group's calls that are labelled by a score that would block, since a cap withholds the block.
    pub withheld: f64,
    /// Share of the group's calls that are labelled or blocked by a score that rests on the neighbourhood alone.
    pub by_range: f64,
}

impl ComplaintCallFigures {
    /// The figures of a group, as a part of `all` calls.
    pub(super) fn of(counts: &ServedCounts, all: u64) -> Self {
        let shares = counts.shares();
        Self {
            share: ratio(counts.all, all),
            labelled: shares.labelled,
            blocked: shares.blocked,
            withheld: shares.withheld,
            by_range: shares.by_range,
        }
    }
}

/// The figures of every kind, of both shapes of numbers over all kinds, and of both parts of a kind that has numbers of
/// both shapes, such as `bank.toll_free` and `bank.geographic`.
#[must_use]
pub(super) fn by_legitimate_kind(
    samples: &[ScoredSample],
    legitimate: &[LegitimateNumber],
) -> BTreeMap<String, LegitimateKindFigures> {
    let groups = Groups::new(legitimate);
    let mut counts = vec![Counts::default(); groups.names.len()];
    for sample in samples {
        for group in groups.of(sample) {
            if let Some(counts) = counts.get_mut(*group) {
                counts.add(sample);
            }
        }
    }
    let intervals = group_intervals::of_groups(samples, counts.len(), |sample| groups.of(sample));
    let counted = groups.names.iter().zip(&counts).zip(intervals);
    let figures = |((name, counts), interval): ((&String, &Counts), group_intervals::GroupIntervals)| {
        let interval = LegitimateKindIntervals {
            labelled: interval.labelled,
            blocked: interval.blocked,
        };
        (name.clone(), counts.figures(interval))
    };
    counted.map(figures).collect()
}

/// The figures of all complaint calls (`all`), and of those of both shapes of numbers.
#[must_use]
pub(super) fn complaint_calls(complaints: &[ScoredSample]) -> BTreeMap<&'static str, ComplaintCallFigures> {
    let all = calls(complaints);
    let figures = |within: &dyn Fn(&ScoredSample) -> bool| {
        let those = complaints.iter().filter(|sample| within(sample));
        ComplaintCallFigures::of(&ServedCounts::of(those), all)
    };
    let of_shape = KindName::RESERVED.map(|name| (name, figures(&|sample| shape(sample.number) == name)));
    std::iter::once(("all", figures(&|_| true))).chain(of_shape).collect()
}

/// The group of a number by its shape: toll-free in North America, or another number.
fn shape(number: E164) -> &'static str {
    let [toll_free, geographic] = KindName::RESERVED;
    if number.is_toll_free_shape() {
        toll_free
    } else {
        geographic
    }
}

/// The groups of the legitimate numbers.
struct Groups {
    /// Sorted.
    names: Vec<String>,
    by_number: HashMap<E164, Vec<usize>, foldhash::fast::RandomState>,
}

impl Groups {
    fn new(legitimate: &[LegitimateNumber]) -> Self {
        let found: BTreeSet<(&str, &str)> = legitimate
            .iter()
            .map(|known| (known.kind.as_str(), shape(known.number)))
            .collect();
        let has_both = |kind: &str| KindName::RESERVED.iter().all(|shape| found.contains(&(kind, *shape)));
        let names_of = |known: &LegitimateNumber| {
            let (kind, shape) = (known.kind.as_str(), shape(known.number));
            let part = has_both(kind).then(|| format!("{kind}.{shape}"));
            [Some(kind.to_owned()), Some(shape.to_owned()), part]
        };
        let names: BTreeSet<String> = legitimate.iter().flat_map(names_of).flatten().collect();
        let names: Vec<String> = names.into_iter().collect();
        let place = |name: String| names.binary_search(&name).ok();
        let places = |known: &LegitimateNumber| names_of(known).into_iter().flatten().filter_map(place).collect();
        let by_number = legitimate.iter().map(|known| (known.number, places(known))).collect();
        Self { names, by_number }
    }

    fn of(&self, sample: &ScoredSample) -> &[usize] {
        self.by_number.get(&sample.number).map_or(&[], Vec::as_slice)
    }
}

/// The counts of a group.
#[derive(Clone, Default)]
struct Counts {
    numbers: HashSet<E164, foldhash::fast::RandomState>,
    served: ServedCounts,
}

impl Counts {
    fn add(&mut self, sample: &ScoredSample) {
        self.numbers.insert(sample.number);
        self.served.add(sample, 1);
    }

    fn figures(&self, interval: LegitimateKindIntervals) -> LegitimateKindFigures {
        let shares = self.served.shares();
        LegitimateKindFigures {
            numbers: self.numbers.len(),
            number_days: usize::try_from(self.served.all).unwrap_or(usize::MAX),
            labelled: shares.labelled,
            blocked: shares.blocked,
            withheld: shares.withheld,
            by_range: shares.by_range,
            interval,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::ComplaintHistory;
    use super::*;
    use crate::domain::day::Day;
    use crate::domain::kinds::Action;

    const TOLL_FREE: u64 = 18_005_550_100;
    const GEOGRAPHIC: u64 = 14_155_550_100;

    fn number(digits: u64) -> E164 {
        E164::from_digits(digits).unwrap()
    }

    fn sample(digits: u64, day: i64, calls: u32, action: Action) -> ScoredSample {
        ScoredSample {
            day: Day::from_number(18_500 + day),
            number: number(digits),
            calls,
            score: 0.0,
            log_odds: 0.0,
            action,
            history: ComplaintHistory::Recent,
            seen_30d: 0,
            seen_90d: 0,
            withheld: false,
            by_range: false,
        }
    }

    fn known(digits: u64, kind: &str) -> LegitimateNumber {
        LegitimateNumber {
            number: number(digits),
            kind: KindName::parse(kind).unwrap(),
        }
    }

    /// Three numbers on four days: a toll-free and a geographic bank, and a geographic school.
    #[test]
    fn kinds_and_their_parts_are_counted() {
        let legitimate = [
            known(TOLL_FREE, "bank"),
            known(GEOGRAPHIC, "bank"),
            known(GEOGRAPHIC + 1, "school"),
        ];
        let mut samples = Vec::new();
        for (digits, actions) in [
            (TOLL_FREE, [Action::Block, Action::Block, Action::Label, Action::Allow]),
            (GEOGRAPHIC, [Action::Label, Action::Allow, Action::Allow, Action::Allow]),
            (GEOGRAPHIC + 1, [Action::Allow; 4]),
        ] {
            let days = (0..).zip(actions);
            samples.extend(days.map(|(day, action)| sample(digits, day, 1, action)));
        }
        let kinds = by_legitimate_kind(&samples, &legitimate);
        let found: Vec<_> = kinds
            .iter()
            .map(|(name, of)| (name.as_str(), of.numbers, of.number_days, of.labelled, of.blocked))
            .collect();
        let wanted = [
            ("bank", 2, 8, 0.5, 0.25),
            ("bank.geographic", 1, 4, 0.25, 0.0),
            ("bank.toll_free", 1, 4, 0.75, 0.5),
            ("geographic", 2, 8, 0.125, 0.0),
            ("school", 1, 4, 0.0, 0.0),
            ("toll_free", 1, 4, 0.75, 0.5),
        ];
        assert_eq!(found, wanted);
        let interval = kinds["bank.toll_free"].interval;
        let [low, high] = interval.blocked;
        assert!(low < 0.5 && 0.5 < high, "{interval:?}");
        assert_eq!(kinds["school"].interval.labelled, [0.0, 0.0]);
        assert_eq!(by_legitimate_kind(&samples, &legitimate), kinds, "the same every time");
    }

    #[test]
    fn complaint_calls_count_by_the_shape_of_their_number() {
        let calls = complaint_calls(&[
            sample(TOLL_FREE, 0, 3, Action::Block),
            sample(TOLL_FREE, 1, 1, Action::Allow),
            sample(GEOGRAPHIC, 0, 2, Action::Label),
            sample(GEOGRAPHIC, 1, 4, Action::Block),
            sample(GEOGRAPHIC, 2, 6, Action::Allow),
        ]);
        let of = |name: &str| (calls[name].share, calls[name].labelled, calls[name].blocked);
        assert_eq!(of("all"), (1.0, 9.0 / 16.0, 7.0 / 16.0));
        assert_eq!(of("toll_free"), (0.25, 0.75, 0.75));
        assert_eq!(of("geographic"), (0.75, 0.5, 1.0 / 3.0));
        assert_eq!(complaint_calls(&[])["toll_free"].share, 0.0);
    }
}
