//! A block: 10,000 neighbouring numbers, and the counts of the recently reported ones among them.
//!
//! Ranges matter most: 78 % of complaint calls come from geographic numbers without any report, often next to reported
//! numbers. Range counts are computed from the block itself, so they are exact after withdrawals and never drift. In a
//! year of FTC complaints a block holds 8 numbers on average and at most 1,176. A block of more than [`PLAIN_MAX`]
//! numbers keeps a sum for each hundred and renews it when a number of the hundred changes.

use std::ops::Range;

use super::number_entry::{FoundRecord, NO_AREA, NumberEntry};
use crate::domain::bitmap::DistinctCount;
use crate::domain::case::CaseLink;
use crate::domain::ids::CaseId;
use crate::domain::kinds::Category;
use crate::domain::model::ScoreModel;
use crate::domain::range::{Counts, Gathering, Neighbour, Neighbourhood, RangeModel, own_area_hash};
use crate::domain::state::NumberState;
use crate::domain::time::Timestamp;
use crate::number::E164;
use crate::shard::Version;

/// Blocks with more numbers than this keep sums.
pub(super) const PLAIN_MAX: usize = 64;
/// Hundreds in a block.
const HUNDREDS: usize = 100;
/// The time of a number that does not count for its ranges.
const NEVER: Timestamp = Timestamp::from_millis(i64::MIN);

/// The numbers that share all digits but the last four.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The last four digits of the numbers, sorted.
    suffixes: Vec<u16>,
    /// The records of the numbers, in the same order.
    entries: Vec<NumberEntry>,
    /// For each number, the time of its last report that counts for ranges, or [`NEVER`], in the same order.
    lasts: Vec<Timestamp>,
    /// Data that most blocks do not have.
    rare: Option<Box<Rare>>,
}

/// Numbers of a block with links or temporary statuses, and the sums of a large block.
#[derive(Debug, Default)]
struct Rare {
    /// Suffixes of numbers linked to cases, sorted.
    linked: Vec<u16>,
    /// Suffixes of numbers that a status with an expiry time excludes from ranges, sorted. Whether they count depends
    /// on the time of the lookup, so their `lasts` are [`NEVER`].
    dated: Vec<u16>,
    /// For each hundred, the sum of the counts of its numbers at one time. Empty in a small block.
    sums: Vec<Sum>,
}

#[derive(Clone, Copy, Debug)]
struct Sum {
    at: Timestamp,
    value: Counts,
    model: RangeModel,
}

impl Block {
    pub(super) fn is_empty(&self) -> bool {
        self.suffixes.is_empty()
    }

    pub(super) fn version(&self, number: E164) -> Option<Version> {
        self.entry(suffix(number)).map(NumberEntry::version)
    }

    pub(super) fn find(&self, number: E164, model: &ScoreModel) -> Option<FoundRecord<'_>> {
        let place = self.place(suffix(number)).ok()?;
        Some(self.entries.get(place)?.found(*self.lasts.get(place)?, model))
    }

    /// The record of a number, if it is kept in full. A record in short form has no statuses and no links.
    pub(super) fn full(&self, number: E164) -> Option<&NumberState> {
        self.entry(suffix(number))?.full()
    }

    /// The numbers of the block. `key` is their common beginning.
    pub(super) fn numbers(&self, key: u64) -> impl Iterator<Item = E164> {
        self.suffixes
            .iter()
            .filter_map(move |suffix| E164::from_digits(key * 10_000 + u64::from(*suffix)))
    }

    /// The numbers of the block from the suffix `from` on. `key` is their common beginning.
    pub(super) fn numbers_from(&self, key: u64, from: u16) -> impl Iterator<Item = E164> {
        let place = self.suffixes.partition_point(|suffix| *suffix < from);
        let later = self.suffixes.get(place..).unwrap_or_default().iter();
        later.filter_map(move |suffix| E164::from_digits(key * 10_000 + u64::from(*suffix)))
    }

    /// The leading category of a number, if it has a record.
    pub(super) fn category(&self, number: E164) -> Option<Category> {
        self.entry(suffix(number)).map(NumberEntry::category)
    }

    /// For each category, how many numbers have it as their leading category, without the number `but`.
    pub(super) fn category_counts(&self, but: E164) -> Vec<(Category, f64)> {
        let own = suffix(but);
        let mut counts: Vec<(Category, f64)> = Vec::new();
        let others = self
            .suffixes
            .iter()
            .zip(&self.entries)
            .filter(|(suffix, _)| **suffix != own);
        for category in others
            .map(|(_, entry)| entry.category())
            .filter(|c| *c != Category::Unspecified)
        {
            match counts.iter_mut().find(|(known, _)| *known == category) {
                Some((_, count)) => *count += 1.0,
                None => counts.push((category, 1.0)),
            }
        }
        counts
    }

    /// The parts of a number's present record that are counted elsewhere: its leading category and its cases.
    pub(super) fn remove_facts(&self, number: E164) -> (Option<Category>, Vec<CaseId>) {
        let Some(entry) = self.entry(suffix(number)) else {
            return (None, Vec::new());
        };
        let links = entry
            .full()
            .map(|state| state.links.iter().map(|link| link.case.clone()).collect());
        (Some(entry.category()), links.unwrap_or_default())
    }

    /// Stores the record of a number and returns its leading category.
    pub(super) fn put(&mut self, number: E164, version: Version, state: NumberState, model: &ScoreModel) -> Category {
        let suffix = suffix(number);
        let out = state.statuses.all().filter(|entry| entry.kind.keeps_out_of_ranges());
        let (mut kept_out, mut dated) = (false, false);
        for entry in out {
            kept_out |= entry.expires_at.is_none();
            dated |= entry.expires_at.is_some();
        }
        let linked = !state.links.is_empty();
        kept_out |= state.links.iter().any(|link| !link.role.raises());
        let range_at = state.evidence.range_at().filter(|_| !kept_out && !dated);
        let last = range_at.unwrap_or(NEVER);
        let entry = NumberEntry::new(version, state, own_area_hash(number), model);
        let category = entry.category();
        match self.place(suffix) {
            Ok(place) => self.overwrite(place, entry, last),
            Err(place) => {
                self.suffixes.insert(place, suffix);
                self.entries.insert(place, entry);
                self.lasts.insert(place, last);
            }
        }
        self.mark(suffix, linked, dated && !kept_out);
        self.renew_sums(number, model.ranges);
        category
    }

    /// Removes a number.
    pub(super) fn remove(&mut self, number: E164) {
        let suffix = suffix(number);
        let Ok(place) = self.place(suffix) else { return };
        self.suffixes.remove(place);
        self.entries.remove(place);
        self.lasts.remove(place);
        self.mark(suffix, false, false);
        let kept = self.rare.as_ref().and_then(|rare| rare.sums.first());
        if let Some(model) = kept.map(|sum| sum.model) {
            self.renew_sums(number, model);
        }
    }

    /// Decayed counts of the distinct reported numbers around `number`, without `number` itself. `strength` says how
    /// strongly the case of a link holds its number, 0 to 1.
    pub(super) fn neighbourhood(
        &self,
        number: E164,
        now: Timestamp,
        model: &ScoreModel,
        strength: impl Fn(&CaseLink) -> f64,
    ) -> Neighbourhood {
        let (own, own_bit) = (suffix(number), own_bit(number));
        let mut gathering = Gathering::new(own, now, &model.ranges);
        let sums = self
            .rare
            .as_ref()
            .map(|rare| &rare.sums)
            .filter(|sums| !sums.is_empty());
        match sums {
            None => self.gather(&mut gathering, own_bit, 0..self.suffixes.len()),
            Some(sums) => {
                // The number's own thousand is counted one by one, so that its own share is left out exactly. For the
                // other thousands the sums are used.
                let thousand = own / 1_000;
                for (hundred, sum) in (0u16..).zip(sums).filter(|(hundred, _)| hundred / 10 != thousand) {
                    if sum.at != NEVER {
                        gathering.add_hundred(hundred, sum.at, sum.value);
                    }
                }
                self.gather(
                    &mut gathering,
                    own_bit,
                    self.between(thousand * 1_000, thousand * 1_000 + 1_000),
                );
            }
        }
        for (other, state) in self.dated().filter(|(other, _)| *other != own) {
            let last = state.evidence.range_at().filter(|_| !state.kept_out_of_ranges(now));
            if let (Some(last), Some(entry)) = (last, self.entry(other)) {
                gathering.add(other, entry.neighbour(last, own_bit));
            }
        }
        let strengths = self.links_in_hundred(own).map(strength);
        gathering.finish(strengths.fold(0.0, f64::max))
    }

    /// Adds the numbers at `places`.
    fn gather(&self, gathering: &mut Gathering<'_>, own_bit: u8, places: Range<usize>) {
        for (place, other) in places.clone().zip(self.suffixes.get(places).unwrap_or_default()) {
            if let Some(neighbour) = self.neighbour(place, own_bit) {
                gathering.add(*other, neighbour);
            }
        }
    }

    /// The number at `place`, if it counts for its ranges.
    fn neighbour(&self, place: usize, own_bit: u8) -> Option<Neighbour> {
        let last = *self.lasts.get(place).filter(|last| **last != NEVER)?;
        Some(self.entries.get(place)?.neighbour(last, own_bit))
    }

    /// The links of the other numbers in a number's block of 100.
    fn links_in_hundred(&self, own: u16) -> impl Iterator<Item = &CaseLink> {
        let linked = self.rare.iter().flat_map(|rare| &rare.linked);
        linked
            .filter(move |other| **other / 100 == own / 100 && **other != own)
            .filter_map(|other| self.entry(*other)?.full())
            .flat_map(|state| &state.links)
    }

    fn dated(&self) -> impl Iterator<Item = (u16, &NumberState)> {
        let dated = self.rare.iter().flat_map(|rare| &rare.dated);
        dated.filter_map(|other| Some((*other, self.entry(*other)?.full()?)))
    }

    fn place(&self, suffix: u16) -> Result<usize, usize> {
        self.suffixes.binary_search(&suffix)
    }

    fn entry(&self, suffix: u16) -> Option<&NumberEntry> {
        self.entries.get(self.place(suffix).ok()?)
    }

    fn overwrite(&mut self, place: usize, entry: NumberEntry, last: Timestamp) {
        if let Some(known) = self.entries.get_mut(place) {
            *known = entry;
        }
        if let Some(known) = self.lasts.get_mut(place) {
            *known = last;
        }
    }

    /// The places of the suffixes in `from..to`.
    fn between(&self, from: u16, to: u16) -> Range<usize> {
        let place = |bound| self.suffixes.partition_point(|suffix| *suffix < bound);
        place(from)..place(to)
    }

    fn mark(&mut self, suffix: u16, linked: bool, dated: bool) {
        if self.rare.is_none() && !linked && !dated {
            return;
        }
        let rare = self.rare.get_or_insert_default();
        set_member(&mut rare.linked, suffix, linked);
        set_member(&mut rare.dated, suffix, dated);
    }

    /// Renews the sum of the hundred that changed, or all sums if the block has just become large.
    fn renew_sums(&mut self, changed: E164, model: RangeModel) {
        if self.suffixes.len() <= PLAIN_MAX {
            if let Some(rare) = &mut self.rare {
                rare.sums = Vec::new();
            }
            return;
        }
        let (hundred, own_bit) = (suffix(changed) / 100, own_bit(changed));
        let kept = self.rare.as_ref().is_some_and(|rare| !rare.sums.is_empty());
        if kept {
            let sum = self.sum_of(hundred, own_bit, model);
            let rare = self.rare.get_or_insert_default();
            if let Some(known) = rare.sums.get_mut(usize::from(hundred)) {
                *known = sum;
            }
        } else {
            let sums = (0u16..)
                .take(HUNDREDS)
                .map(|hundred| self.sum_of(hundred, own_bit, model))
                .collect();
            self.rare.get_or_insert_default().sums = sums;
        }
    }

    /// The sum of a hundred at the time of its newest report. Lookups ask for later times, unless their clock is
    /// behind.
    fn sum_of(&self, hundred: u16, own_bit: u8, model: RangeModel) -> Sum {
        let neighbours = || {
            let places = self.between(hundred * 100, hundred * 100 + 100);
            places.filter_map(|place| self.neighbour(place, own_bit))
        };
        let at = neighbours().map(|neighbour| neighbour.last).max().unwrap_or(NEVER);
        let value = neighbours().map(|neighbour| Counts::of(neighbour, at, &model)).sum();
        Sum { at, value, model }
    }
}

fn set_member(list: &mut Vec<u16>, suffix: u16, wanted: bool) {
    match (list.binary_search(&suffix), wanted) {
        (Ok(place), false) => {
            list.remove(place);
        }
        (Err(place), true) => list.insert(place, suffix),
        (Ok(_), true) | (Err(_), false) => {}
    }
}

/// The last four digits of a number.
pub(super) fn suffix(number: E164) -> u16 {
    u16::try_from(number.digits() % 10_000).unwrap_or(0)
}

/// The bit of a number's own area in a map of areas.
fn own_bit(number: E164) -> u8 {
    own_area_hash(number).map_or(NO_AREA, DistinctCount::place)
}
