//! The lines of a part that a filter leaves, by what the part knows: of the conditions of the filter, the one that the fewest
//! lines meet.

use std::borrow::Cow;

use super::facet::Facet;
use super::filter::{Digits, Wanted};
use super::order::Order;
use super::part::Part;
use super::sorted::Slot;
use super::walk::After;
use crate::domain::kinds::NumberSort;
use crate::shard::Shard;

/// The most digits of a number, as powers of ten.
const MAX_POWER: u32 = 19;

/// The lines that may match.
pub(super) struct Candidates<'a> {
    runs: Vec<Cow<'a, [Slot]>>,
    /// Whether all of them match.
    pub(super) is_exact: bool,
}

impl<'a> Candidates<'a> {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.runs.iter().map(|run| run.len()).sum()
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.runs.iter().flat_map(|run| run.iter().copied())
    }
}

impl Wanted {
    /// The lines of a part that may match: those that meet one condition.
    pub(super) fn narrowed<'a>(&self, shard: Shard, part: &'a Part) -> Candidates<'a> {
        let mut conditions: Vec<Vec<Cow<'a, [Slot]>>> = Vec::new();
        if let Some(members) = &self.members {
            let slots = members.of_shard(shard).iter().filter_map(|number| part.slot(*number));
            conditions.push(vec![Cow::Owned(slots.collect())]);
        }
        let having = |facet| Cow::Borrowed(part.having(facet));
        conditions.extend(self.facets().map(|facet| vec![having(facet)]));
        if let Some(brands) = &self.brands {
            conditions.push(brands.iter().map(|brand| having(Facet::Brand(*brand))).collect());
        }
        if let Some(prefix) = self.prefix {
            conditions.push(with_prefix(part, prefix).map(Cow::Borrowed).collect());
        }
        if self.filter.min_score.is_some() || self.filter.max_score.is_some() {
            conditions.push(vec![Cow::Borrowed(self.by_score(part))]);
        }
        // No part knows its lines by digits within numbers.
        let is_exact = conditions.len() <= 1 && self.parts.is_empty();
        let count = |runs: &Vec<Cow<'_, [Slot]>>| runs.iter().map(|run| run.len()).sum::<usize>();
        let runs = conditions.into_iter().min_by_key(count);
        Candidates {
            runs: runs.unwrap_or_else(|| vec![Cow::Borrowed(part.order(None))]),
            is_exact,
        }
    }

    fn facets(&self) -> impl Iterator<Item = Facet> {
        let filter = &self.filter;
        let comment = (!filter.comment.is_empty()).then_some(Facet::Comment);
        let facets = [
            filter.category.map(Facet::Category),
            filter.status.map(Facet::Status),
            filter.source.map(Facet::Source),
            filter.region.map(Facet::Region),
            comment,
        ];
        facets.into_iter().flatten()
    }

    /// The lines with a score between the least and the greatest that is wanted.
    fn by_score<'a>(&self, part: &'a Part) -> &'a [Slot] {
        let slots = part.order(Some(NumberSort::Score));
        let score = |slot: &Slot| part.line_at(*slot).and_then(super::Line::score);
        let is_above = |slot: &Slot| {
            let most = self.filter.max_score.unwrap_or(f64::INFINITY);
            score(slot).is_some_and(|score| score > most)
        };
        let begin = slots.partition_point(is_above);
        let rest = slots.get(begin..).unwrap_or_default();
        let is_enough = |slot: &Slot| {
            let least = self.filter.min_score.unwrap_or(f64::NEG_INFINITY);
            score(slot).is_some_and(|score| score >= least)
        };
        rest.get(..rest.partition_point(is_enough)).unwrap_or_default()
    }

    /// What a page begins after at the earliest, and the last rank that may match: a list by score with bounds begins at one
    /// and ends at the other.
    pub(super) fn bounds(&self, order: Order) -> (Option<After>, Option<u64>) {
        if order.sort != Some(NumberSort::Score) {
            return (None, None);
        }
        let (first, last) = if order.ascending {
            (self.filter.min_score, self.filter.max_score)
        } else {
            (self.filter.max_score, self.filter.min_score)
        };
        let before = first.and_then(|first| order.rank_of_score(first).checked_sub(1));
        (
            before.map(|rank| (rank, u64::MAX)),
            last.map(|last| order.rank_of_score(last)),
        )
    }
}

/// The lines whose numbers begin with these digits: one run for each count of digits.
fn with_prefix(part: &Part, prefix: Digits) -> impl Iterator<Item = &[Slot]> {
    let slots = part.order(None);
    let below = move |digits: u64| {
        let number = |slot: &Slot| part.line_at(*slot).map_or(0, |line| line.number.digits());
        slots.partition_point(|slot| number(slot) < digits)
    };
    let power = move |power: u32| {
        let factor = 10u64.checked_pow(power)?;
        let first = prefix.value.checked_mul(factor)?;
        let end = prefix.value.saturating_add(1).saturating_mul(factor);
        slots.get(below(first)..below(end)).filter(|run| !run.is_empty())
    };
    // Digits that begin with zero begin no number.
    let powers = if prefix.value < prefix.modulus / 10 {
        0
    } else {
        MAX_POWER
    };
    (0..powers).filter_map(power)
}
