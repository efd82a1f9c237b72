//! The lines of one shard, with the orders and the facets by which they are found.

use std::collections::{BTreeMap, BTreeSet};

use super::LINE_MAX_AGE;
use super::facet::Facet;
use super::line::{Line, NewLine, second};
use super::order::{Order, Place};
use super::pending::PendingNumbers;
use super::sorted::{Slot, Sorted};
use crate::domain::kinds::NumberSort;
use crate::domain::time::Timestamp;
use crate::number::E164;

/// The orders of lines.
const SORTS: [Option<NumberSort>; 4] = [
    None,
    Some(NumberSort::Score),
    Some(NumberSort::LastReported),
    Some(NumberSort::ReportCount),
];

/// The lines of one shard.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// The lines, by slot. The line of a free slot is that of a number that is gone.
    lines: Vec<Line>,
    free: Vec<Slot>,
    /// The slots in each of [`SORTS`]: by number, or the greatest value first.
    orders: [Sorted; SORTS.len()],
    /// The slots of the lines of each facet, in ascending order.
    facets: BTreeMap<Facet, Sorted>,
    /// The second in which the next status of a number ends. Most numbers have none that ends.
    ends: BTreeSet<(u32, E164)>,
    /// The numbers with comments that wait for a moderator.
    pending: PendingNumbers,
    /// When all lines were last renewed.
    renewed_at: Option<Timestamp>,
    /// Greater after each change.
    revision: u64,
    /// The numbers that changed while a successor of this part is made; none if none is.
    changed_meanwhile: Option<Vec<E164>>,
}

/// The changes of the orders and of the facets. They are collected and made together: places are found by the lines of before.
#[derive(Default)]
struct Changes {
    orders: [(Vec<usize>, Vec<Slot>); SORTS.len()],
    facets: BTreeMap<Facet, (Vec<Slot>, Vec<Slot>)>,
    lines: Vec<(Slot, Line)>,
    freed: Vec<Slot>,
}

impl Part {
    /// The part of these lines.
    pub(super) fn new(lines: Vec<NewLine>, now: Timestamp) -> Self {
        let mut part = Self {
            renewed_at: Some(now),
            ..Self::default()
        };
        part.set(lines.into_iter().map(|line| (line.0.number, Some(line))));
        part
    }

    /// Whether the lines must be renewed for their age. A clock that was set back makes them old, too.
    pub(super) fn is_old(&self, now: Timestamp) -> bool {
        self.renewed_at.is_none_or(|at| now < at || at.plus(LINE_MAX_AGE) < now)
    }

    /// Whether the lines were made at all.
    pub(super) fn is_made(&self) -> bool {
        self.renewed_at.is_some()
    }

    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Puts another part in its place, and gives this one.
    pub(super) fn replace_by(&mut self, mut other: Self) -> Self {
        other.revision = self.revision.wrapping_add(1);
        std::mem::replace(self, other)
    }

    /// From now on, [`Self::end_successor`] gives the numbers that change.
    pub(super) fn begin_successor(&mut self) {
        self.changed_meanwhile = Some(Vec::new());
    }

    /// The numbers that changed since [`Self::begin_successor`]. None if the part was replaced meanwhile.
    pub(super) fn end_successor(&mut self) -> Option<Vec<E164>> {
        self.changed_meanwhile.take()
    }

    /// The numbers with comments that wait for a moderator.
    pub(super) fn pending(&self) -> &PendingNumbers {
        &self.pending
    }

    /// The slots in an order: by number, or the greatest value first.
    pub(super) fn order(&self, sort: Option<NumberSort>) -> &[Slot] {
        let mut orders = SORTS.iter().zip(&self.orders);
        let found = orders.find(|(known, _)| **known == sort);
        found.map_or(&[], |(_, order)| order.slots())
    }

    /// The slots of the lines that have this facet.
    pub(super) fn having(&self, facet: Facet) -> &[Slot] {
        self.facets.get(&facet).map_or(&[], Sorted::slots)
    }

    pub(super) fn line_at(&self, slot: Slot) -> Option<&Line> {
        self.lines.get(usize::try_from(slot).ok()?)
    }

    pub(super) fn line(&self, number: E164) -> Option<Line> {
        self.line_at(self.slot(number)?).copied()
    }

    pub(super) fn slot(&self, number: E164) -> Option<Slot> {
        let [by_number, ..] = &self.orders;
        let number_of = |slot| self.line_at(slot).map(|line| line.number);
        let place = by_number.find(&Some(number), number_of)?;
        by_number.slots().get(place).copied()
    }

    /// The numbers with a status that has ended since their line was made.
    pub(super) fn ended(&self, now: Timestamp) -> Vec<E164> {
        let now = second(now);
        let ended = self.ends.iter().take_while(|(end, _)| *end <= now);
        ended.map(|(_, number)| *number).collect()
    }

    /// Replaces the lines of these numbers; none removes it. Each number is named once.
    pub(super) fn set(&mut self, news: impl IntoIterator<Item = (E164, Option<NewLine>)>) {
        let mut changes = Changes::default();
        for (number, new) in news {
            self.revision = self.revision.wrapping_add(1);
            if let Some(changed) = &mut self.changed_meanwhile {
                changed.push(number);
            }
            let (line, pending) = new.unzip();
            self.pending.set(number, pending.flatten());
            self.set_end(number, line.map(|line| line.until));
            let known = self.slot(number);
            if let Some(slot) = known.or_else(|| self.new_slot(line?)) {
                changes.add(self, (slot, known.is_some()), line);
            }
        }
        self.make(changes);
    }

    /// A slot for the line of a new number.
    fn new_slot(&mut self, line: Line) -> Option<Slot> {
        if let Some(slot) = self.free.pop() {
            *self.lines.get_mut(usize::try_from(slot).ok()?)? = line;
            return Some(slot);
        }
        let slot = Slot::try_from(self.lines.len()).ok()?;
        if self.lines.len() == self.lines.capacity() {
            // A vector would double, and half of it stay empty.
            self.lines.reserve_exact(self.lines.len() / 16 + 8);
        }
        self.lines.push(line);
        Some(slot)
    }

    fn set_end(&mut self, number: E164, end: Option<u32>) {
        let before = self.line(number).map(|line| (line.until, number));
        let end = end.filter(|end| *end != u32::MAX).map(|end| (end, number));
        if let Some(before) = before.filter(|_| before != end) {
            self.ends.remove(&before);
        }
        self.ends.extend(end);
    }

    fn make(&mut self, changes: Changes) {
        for (slot, line) in changes.lines {
            let known = usize::try_from(slot).ok().and_then(|slot| self.lines.get_mut(slot));
            known.into_iter().for_each(|known| *known = line);
        }
        self.free.extend(changes.freed);
        let lines = &self.lines;
        let line_at = |slot: Slot| usize::try_from(slot).ok().and_then(|slot| lines.get(slot));
        for ((sort, order), (gone, added)) in SORTS.iter().zip(&mut self.orders).zip(changes.orders) {
            order.change(gone, added, |slot| line_at(slot).map(|line| place_of(*sort, line)));
        }
        for (facet, (gone, added)) in changes.facets {
            let of_facet = self.facets.entry(facet).or_default();
            let gone = gone.iter().filter_map(|slot| of_facet.find(slot, |slot| slot));
            let gone = gone.collect();
            of_facet.change(gone, added, |slot| slot);
            if of_facet.slots().is_empty() {
                self.facets.remove(&facet);
            }
        }
    }

    /// The bytes that it takes on the heap, without the nodes of its few small trees.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let sorted = self.orders.iter().chain(self.facets.values());
        self.lines.capacity() * size_of::<Line>() + sorted.map(Sorted::bytes).sum::<usize>()
    }
}

impl Changes {
    /// Adds the change of a slot: it gets this line, or becomes free. A slot that is not known yet is in no order.
    fn add(&mut self, part: &Part, (slot, is_known): (Slot, bool), new: Option<Line>) {
        let old = part.line_at(slot).filter(|_| is_known);
        let place = |sort, line: Option<&Line>| line.map(|line| place_of(sort, line));
        for ((sort, order), (gone, added)) in SORTS.iter().zip(&part.orders).zip(&mut self.orders) {
            let (before, after) = (place(*sort, old), place(*sort, new.as_ref()));
            if before == after {
                continue;
            }
            let place_at = |slot| place(*sort, part.line_at(slot));
            gone.extend(before.and_then(|before| order.find(&Some(before), place_at)));
            added.extend(after.map(|_| slot));
        }
        let facets = |line: Option<&Line>, other: Option<Line>| -> Vec<Facet> {
            let all = line.into_iter().flat_map(Facet::of);
            all.filter(|facet| !other.is_some_and(|other| facet.is_of(&other)))
                .collect()
        };
        for facet in facets(old, new) {
            self.facets.entry(facet).or_default().0.push(slot);
        }
        for facet in facets(new.as_ref(), old.copied()) {
            self.facets.entry(facet).or_default().1.push(slot);
        }
        match new {
            Some(line) => self.lines.push((slot, line)),
            None => self.freed.push(slot),
        }
    }
}

/// The place of a line in an order of its part.
pub(super) fn place_of(sort: Option<NumberSort>, line: &Line) -> Place {
    match sort {
        None => Place {
            rank: 0, // the shard is that of the part
            number: line.number,
        },
        sort => Order { sort, ascending: false }.place(line),
    }
}
