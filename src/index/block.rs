//! Ten thousand neighbouring numbers, and how many of them were reported lately.
//!
//! Ranges are the lever: 78 % of complaint calls come from geographic numbers nobody has reported yet, often beside ones
//! that somebody has. Range counts are taken from the block itself, so they are exact under withdrawal and never drift.
//! A block holds 8 numbers on average and 1,176 at most in a year of FTC complaints; one of more than
//! [`PLAIN_MAX`] keeps a sum for each hundred, renewed whenever one of the hundred changes.

use super::entry::{Entry, Found};
use crate::domain::decay::remaining_at;
use crate::domain::ids::CaseId;
use crate::domain::kinds::Category;
use crate::domain::model::ScoreModel;
use crate::domain::score::Neighbourhood;
use crate::domain::state::NumberState;
use crate::domain::time::Timestamp;
use crate::number::E164;
use crate::store::Version;

/// Blocks with more numbers than this keep sums.
const PLAIN_MAX: usize = 64;
/// Hundreds in a block.
const HUNDREDS: usize = 100;
/// A number that counts for no range.
const NEVER: Timestamp = Timestamp::from_millis(i64::MIN);

/// The numbers that share all digits but the last four.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Their last four digits, sorted.
    suffixes: Vec<u16>,
    /// Their records, in the same order.
    entries: Vec<Entry>,
    /// The last report by which each counts for its ranges, or [`NEVER`], in the same order.
    lasts: Vec<Timestamp>,
    /// What few blocks have.
    rare: Option<Box<Rare>>,
}

/// Numbers of a block that need a closer look, and the sums of a large one.
#[derive(Debug, Default)]
struct Rare {
    /// Suffixes of numbers linked to cases, sorted.
    linked: Vec<u16>,
    /// Suffixes of numbers that a status keeps out of their ranges for a time, sorted: whether they count depends on
    /// the moment of asking, so their `lasts` say [`NEVER`].
    dated: Vec<u16>,
    /// For each hundred, the sum of what its numbers count at a moment; empty in a small block.
    sums: Vec<Sum>,
}

#[derive(Clone, Copy, Debug)]
struct Sum {
    at: Timestamp,
    value: f64,
    half_life_days: f64,
}

impl Block {
    pub(super) fn is_empty(&self) -> bool {
        self.suffixes.is_empty()
    }

    pub(super) fn version(&self, number: E164) -> Option<Version> {
        self.entry(suffix(number)).map(Entry::version)
    }

    pub(super) fn find(&self, number: E164, model: &ScoreModel) -> Option<Found<'_>> {
        let place = self.place(suffix(number)).ok()?;
        Some(self.entries.get(place)?.found(*self.lasts.get(place)?, model))
    }

    /// The numbers of the block, whose key is what they share.
    pub(super) fn numbers(&self, key: u64) -> impl Iterator<Item = E164> {
        self.suffixes
            .iter()
            .filter_map(move |suffix| E164::from_digits(key * 10_000 + u64::from(*suffix)))
    }

    /// The category that a number leads with, if it has a record.
    pub(super) fn category(&self, number: E164) -> Option<Category> {
        self.entry(suffix(number)).map(Entry::category)
    }

    /// How many numbers but this one lead with each category.
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

    /// What a number's present record counts as elsewhere: its leading category and its cases.
    pub(super) fn remove_facts(&self, number: E164) -> (Option<Category>, Vec<CaseId>) {
        let Some(entry) = self.entry(suffix(number)) else {
            return (None, Vec::new());
        };
        let links = entry
            .full()
            .map(|state| state.links.iter().map(|link| link.case.clone()).collect());
        (Some(entry.category()), links.unwrap_or_default())
    }

    /// Puts a number's record in; gives its leading category.
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
        let range_at = state
            .evidence
            .range_at(&model.fold.weights)
            .filter(|_| !kept_out && !dated);
        let last = range_at.unwrap_or(NEVER);
        let entry = Entry::new(version, state, model);
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
        self.renew_sums(suffix, model.range_half_life_days);
        category
    }

    /// Takes a number out.
    pub(super) fn remove(&mut self, number: E164) {
        let suffix = suffix(number);
        let Ok(place) = self.place(suffix) else { return };
        self.suffixes.remove(place);
        self.entries.remove(place);
        self.lasts.remove(place);
        self.mark(suffix, false, false);
        if let Some(half_life_days) = self
            .rare
            .as_ref()
            .and_then(|rare| rare.sums.first())
            .map(|s| s.half_life_days)
        {
            self.renew_sums(suffix, half_life_days);
        }
    }

    /// Decayed counts of the distinct reported numbers around one, itself left out.
    pub(super) fn around(
        &self,
        number: E164,
        now: Timestamp,
        model: &ScoreModel,
        contributes: impl Fn(&CaseId) -> bool,
    ) -> Neighbourhood {
        let own = suffix(number);
        let half_life_days = model.range_half_life_days;
        let mut around = Neighbourhood::default();
        let mut add = |other: u16, share: f64| {
            around.q10000 += share;
            if other / 1_000 == own / 1_000 {
                around.q1000 += share;
            }
            if other / 100 == own / 100 {
                around.q100 += share;
            }
        };
        let counted = |place: usize| {
            self.lasts
                .get(place)
                .map_or(0.0, |last| share(*last, now, half_life_days))
        };
        match self.rare.as_ref().filter(|rare| !rare.sums.is_empty()) {
            None => {
                for (place, other) in self.suffixes.iter().enumerate().filter(|(_, other)| **other != own) {
                    add(*other, counted(place));
                }
            }
            Some(rare) => {
                // Every hundred but the own by its sum; the own number by number, so that its share is left out exactly.
                for (hundred, sum) in (0u16..).zip(&rare.sums).filter(|(hundred, _)| *hundred != own / 100) {
                    add(hundred * 100, sum.value * remaining_at(sum.at, now, half_life_days));
                }
                for place in self
                    .hundred(own / 100)
                    .filter(|place| self.suffixes.get(*place) != Some(&own))
                {
                    add(own, counted(place));
                }
            }
        }
        for (other, state) in self.dated().filter(|(other, _)| *other != own) {
            let last = state
                .evidence
                .range_at(&model.fold.weights)
                .filter(|_| !state.kept_out_of_ranges(now));
            add(other, last.map_or(0.0, |last| share(last, now, half_life_days)));
        }
        around.case_in_100 = self.linked_in_hundred(own).any(contributes);
        around
    }

    fn linked_in_hundred(&self, own: u16) -> impl Iterator<Item = &CaseId> {
        let linked = self.rare.iter().flat_map(|rare| &rare.linked);
        linked
            .filter(move |other| **other / 100 == own / 100 && **other != own)
            .filter_map(|other| self.entry(*other)?.full())
            .flat_map(|state| &state.links)
            .filter(|link| link.role.raises())
            .map(|link| &link.case)
    }

    fn dated(&self) -> impl Iterator<Item = (u16, &NumberState)> {
        let dated = self.rare.iter().flat_map(|rare| &rare.dated);
        dated.filter_map(|other| Some((*other, self.entry(*other)?.full()?)))
    }

    fn place(&self, suffix: u16) -> Result<usize, usize> {
        self.suffixes.binary_search(&suffix)
    }

    fn entry(&self, suffix: u16) -> Option<&Entry> {
        self.entries.get(self.place(suffix).ok()?)
    }

    fn overwrite(&mut self, place: usize, entry: Entry, last: Timestamp) {
        if let Some(known) = self.entries.get_mut(place) {
            *known = entry;
        }
        if let Some(known) = self.lasts.get_mut(place) {
            *known = last;
        }
    }

    /// The places of a hundred.
    fn hundred(&self, hundred: u16) -> std::ops::Range<usize> {
        let from = self.suffixes.partition_point(|suffix| suffix / 100 < hundred);
        let to = self.suffixes.partition_point(|suffix| suffix / 100 <= hundred);
        from..to
    }

    fn mark(&mut self, suffix: u16, linked: bool, dated: bool) {
        if self.rare.is_none() && !linked && !dated {
            return;
        }
        let rare = self.rare.get_or_insert_default();
        set_member(&mut rare.linked, suffix, linked);
        set_member(&mut rare.dated, suffix, dated);
    }

    /// Sums the hundred that changed again, or all when the block has just grown large.
    fn renew_sums(&mut self, changed: u16, half_life_days: f64) {
        if self.suffixes.len() <= PLAIN_MAX {
            if let Some(rare) = &mut self.rare {
                rare.sums = Vec::new();
            }
            return;
        }
        let kept = self.rare.as_ref().is_some_and(|rare| !rare.sums.is_empty());
        if kept {
            let sum = self.sum_of(changed / 100, half_life_days);
            let rare = self.rare.get_or_insert_default();
            if let Some(known) = rare.sums.get_mut(usize::from(changed / 100)) {
                *known = sum;
            }
        } else {
            let sums = (0u16..)
                .take(HUNDREDS)
                .map(|hundred| self.sum_of(hundred, half_life_days))
                .collect();
            self.rare.get_or_insert_default().sums = sums;
        }
    }

    /// What a hundred counts, as of its newest report: no earlier moment is ever asked for but by a clock behind it.
    fn sum_of(&self, hundred: u16, half_life_days: f64) -> Sum {
        let lasts = self.lasts.get(self.hundred(hundred)).unwrap_or_default();
        let at = lasts.iter().copied().max().unwrap_or(NEVER);
        let value = lasts.iter().map(|last| share(*last, at, half_life_days)).sum();
        Sum {
            at,
            value,
            half_life_days,
        }
    }
}

/// What a number counts at `now` that was last reported at `last`.
fn share(last: Timestamp, now: Timestamp, half_life_days: f64) -> f64 {
    if last == NEVER {
        0.0
    } else {
        remaining_at(last, now, half_life_days)
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

fn suffix(number: E164) -> u16 {
    u16::try_from(number.digits() % 10_000).unwrap_or(0)
}
