//! The lines of a part, one after the other in an order, from a place on.
//!
//! A part has its lines by number, and by each value with the greatest first. Numbers of the same value are in the order of
//! their digits in both directions, and numbers without a value come last in both. So the other direction reads the groups of
//! the same value from the last one to the first, and each of them from its beginning.

use std::ops::Range;

use super::Line;
use super::order::{LAST, Order};
use super::part::{Part, place_of};
use super::sorted::Slot;
use crate::shard::Shard;

/// What a page begins after: a rank, and the digits of a number in it.
pub(super) type After = (u64, u64);

/// The slots of a part that follow a place.
pub(super) struct Walk<'a> {
    part: &'a Part,
    order: Order,
    slots: &'a [Slot],
    /// The places that are read next: all that are left, or those of one value.
    group: Range<usize>,
    /// If the smallest comes first: the places of greater values.
    greater: Range<usize>,
    /// If the smallest comes first: the places without a value.
    last: Range<usize>,
}

impl<'a> Walk<'a> {
    pub(super) fn new((shard, part): (Shard, &'a Part), order: Order, after: Option<After>) -> Self {
        let slots = part.order(order.sort);
        let mut walk = Self {
            part,
            order,
            slots,
            group: 0..slots.len(),
            greater: 0..0,
            last: 0..0,
        };
        if order.sort.is_none() {
            walk.group.start = walk.start_by_number(shard, after);
        } else if order.ascending {
            walk.begin_ascending(after);
        } else if let Some(after) = after {
            walk.group.start = walk.first(0..slots.len(), |place| place > after);
        }
        walk
    }

    fn start_by_number(&self, shard: Shard, after: Option<After>) -> usize {
        let own = shard.index() as u64;
        match after {
            Some((of_shard, _)) if own < of_shard => self.slots.len(),
            Some((of_shard, number)) if own == of_shard => self.first(0..self.slots.len(), |(_, own)| own > number),
            Some(_) | None => 0,
        }
    }

    fn begin_ascending(&mut self, after: Option<After>) {
        let end = self.slots.len();
        let valued = self.first(0..end, |(rank, _)| rank == LAST);
        (self.group, self.greater, self.last) = (0..0, 0..valued, valued..end);
        match after {
            None => {}
            Some((LAST, number)) => {
                let start = self.first(valued..end, |(_, own)| own > number);
                (self.greater, self.last) = (0..0, start..end);
            }
            Some((rank, number)) => {
                let rank = (LAST - 1).saturating_sub(rank); // as it is with the greatest first
                let begin = self.first(0..valued, |(own, _)| own >= rank);
                let end = self.first(begin..valued, |(own, _)| own > rank);
                let start = self.first(begin..end, |(_, own)| own > number);
                (self.group, self.greater) = (start..end, 0..begin);
            }
        }
    }

    /// The first place of these from which on something is true; their end if it is true for none.
    fn first(&self, places: Range<usize>, is_true: impl Fn(After) -> bool) -> usize {
        let slots = self.slots.get(places.clone()).unwrap_or_default();
        let is_before = |slot: &Slot| {
            let line = self.part.line_at(*slot).map(|line| place_of(self.order.sort, line));
            !line.is_some_and(|place| is_true((place.rank, place.number.digits())))
        };
        places.start + slots.partition_point(is_before)
    }

    /// The places of the next value.
    fn next_group(&mut self) {
        if self.greater.is_empty() {
            self.group = std::mem::replace(&mut self.last, 0..0);
            return;
        }
        let end = self.greater.end;
        let smallest = self.slots.get(end - 1).and_then(|slot| self.part.line_at(*slot));
        let rank = smallest.map_or(0, |line| place_of(self.order.sort, line).rank);
        let begin = self.first(self.greater.clone(), |(own, _)| own >= rank);
        (self.group, self.greater) = (begin..end, 0..begin);
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = &'a Line;

    fn next(&mut self) -> Option<&'a Line> {
        if self.group.is_empty() {
            self.next_group();
        }
        let slot = self.slots.get(self.group.next()?)?;
        self.part.line_at(*slot)
    }
}
