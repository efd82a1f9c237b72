//! The numbers of a page, and how many there are on all pages.
//!
//! A page is read in one of two ways. The walk goes through the order from the place of the page on, until the page is full:
//! this takes as long as the page is, unless few of the numbers on the way match. The pass reads the candidates of the filter,
//! which are those that meet its narrowest condition, and keeps the first ones. A pass is made if the candidates are few, if
//! the total is not known, and if the walk passes too many numbers that do not match.
//!
//! The total of all numbers, and of those that meet one condition, is known without reading a line. Other totals are counted
//! by the first pass, and kept for each part until the part changes.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ops::Deref;

use parking_lot::Mutex;

use super::counts::{Counted, Counts};
use super::narrow::Candidates;
use super::order::{Order, Place};
use super::part::Part;
use super::walk::{After, Walk};
use super::{Directory, Line, Wanted};
use crate::shard::Shard;

/// With as few candidates, a pass costs no more than to begin a walk in all parts.
const FEW: usize = 4_096;
/// A walk looks at one line for so many candidates, and then a pass is made: to find the next line in the order of all parts
/// costs more than to read a candidate.
const CANDIDATES_FOR_STEP: usize = 4;

/// The numbers of a page, and how many there are on all pages.
#[derive(Debug)]
pub(in crate::service) struct Selected {
    /// The lines, in their order.
    pub(in crate::service) lines: Vec<Line>,
    /// Whether others follow.
    pub(in crate::service) more: bool,
    /// The lines on all pages.
    pub(in crate::service) total: usize,
}

/// Which numbers a page has.
pub(super) struct Asked<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) order: Order,
    pub(super) after: Option<Place>,
    pub(super) limit: usize,
}

/// The first `limit` numbers after `after`, in this order.
pub(in crate::service) fn select(
    directory: &Directory,
    wanted: &Wanted,
    order: Order,
    after: Option<Place>,
    limit: usize,
) -> Selected {
    let asked = Asked {
        wanted,
        order,
        after,
        limit,
    };
    let parts: Vec<_> = directory.parts.iter().map(Mutex::lock).collect();
    let parts: Vec<&Part> = parts.iter().map(Deref::deref).collect();
    select_from(&parts, &asked, &directory.counts, FEW)
}

/// The numbers of a page. With at most `few` candidates a pass is made.
pub(super) fn select_from(parts: &[&Part], asked: &Asked<'_>, counts: &Mutex<Counts>, few: usize) -> Selected {
    let narrowed = Shard::all()
        .zip(parts)
        .map(|(shard, part)| asked.wanted.narrowed(shard, part));
    let candidates: Vec<Candidates<'_>> = narrowed.collect();
    let search = Search {
        parts,
        candidates: &candidates,
        asked,
    };
    let candidate_count: usize = candidates.iter().map(Candidates::count).sum();
    let walked = || {
        let total = search.total(candidate_count, counts)?;
        let (lines, more) = search.walk(candidate_count / CANDIDATES_FOR_STEP)?;
        Some(Selected { lines, more, total })
    };
    let walked = if candidate_count > few { walked() } else { None };
    walked.unwrap_or_else(|| search.pass(counts))
}

struct Search<'a> {
    parts: &'a [&'a Part],
    candidates: &'a [Candidates<'a>],
    asked: &'a Asked<'a>,
}

impl Search<'_> {
    /// How many lines match, if this is known, or if few must be read for it. `all` is the count of candidates.
    fn total(&self, all: usize, counts: &Mutex<Counts>) -> Option<usize> {
        if self.candidates.iter().all(|candidates| candidates.is_exact) {
            return Some(all);
        }
        let key = self.asked.wanted.key()?;
        let mut counted = counts.lock().of(key)?;
        let both = || self.parts.iter().zip(self.candidates);
        let is_stale = |part: &Part, counted: &Counted| part.revision() != counted.revision;
        let stale = both()
            .zip(&counted)
            .filter(|((part, _), counted)| is_stale(part, counted));
        let to_count: usize = stale.map(|((_, candidates), _)| candidates.count()).sum();
        if to_count > all / CANDIDATES_FOR_STEP {
            return None;
        }
        for ((part, candidates), counted) in both().zip(&mut counted) {
            if is_stale(part, counted) {
                counted.revision = part.revision();
                counted.count = self.matching(part, candidates).count();
            }
        }
        let total = counted.iter().map(|counted| counted.count).sum();
        counts.lock().keep(key, counted);
        Some(total)
    }

    /// The candidates of a part that match.
    fn matching<'p>(&self, part: &'p Part, candidates: &'p Candidates<'_>) -> impl Iterator<Item = &'p Line> {
        let wanted = self.asked.wanted;
        let lines = candidates.slots().filter_map(|slot| part.line_at(slot));
        lines.filter(move |line| wanted.matches(line))
    }

    /// Reads the order from the place of the page on. Gives up after so many lines.
    fn walk(&self, most: usize) -> Option<(Vec<Line>, bool)> {
        let Asked {
            wanted,
            order,
            after,
            limit,
        } = *self.asked;
        let (begin, end) = wanted.bounds(order);
        let after: Option<After> = after.map(|after| (after.rank, after.number.digits()));
        let both = Shard::all().zip(self.parts);
        let mut walks: Vec<Walk<'_>> = both
            .map(|(shard, part)| Walk::new((shard, part), order, after.max(begin)))
            .collect();
        let mut next: BinaryHeap<Reverse<Candidate<usize>>> = BinaryHeap::new();
        let read = |walks: &mut Vec<Walk<'_>>, of: usize| {
            let line = *walks.get_mut(of)?.next()?;
            let place = order.place(&line);
            Some(Reverse(Candidate { place, line, of }))
        };
        next.extend((0..walks.len()).filter_map(|of| read(&mut walks, of)));
        let mut lines = Vec::new();
        for _ in 0..=most {
            let Some(Reverse(Candidate { place, line, of })) = next.pop() else {
                return Some((lines, false));
            };
            if end.is_some_and(|end| place.rank > end) {
                return Some((lines, false));
            }
            if wanted.matches(&line) {
                if lines.len() == limit {
                    return Some((lines, true));
                }
                lines.push(line);
            }
            next.extend(read(&mut walks, of));
        }
        None
    }

    /// Reads all candidates.
    fn pass(&self, counts: &Mutex<Counts>) -> Selected {
        let Asked {
            wanted,
            order,
            after,
            limit,
        } = *self.asked;
        let mut first: BinaryHeap<Candidate<()>> = BinaryHeap::new();
        let (mut counted, mut following) = (Vec::new(), 0);
        for (part, candidates) in self.parts.iter().zip(self.candidates) {
            let mut count = 0;
            for line in self.matching(part, candidates) {
                count += 1;
                let place = order.place(line);
                if after.is_some_and(|after| place <= after) {
                    continue;
                }
                following += 1;
                let candidate = Candidate {
                    place,
                    line: *line,
                    of: (),
                };
                if first.len() < limit {
                    first.push(candidate);
                } else if let Some(mut last) = first.peek_mut()
                    && place < last.place
                {
                    *last = candidate;
                }
            }
            let revision = part.revision();
            counted.push(Counted { revision, count });
        }
        let total = counted.iter().map(|counted| counted.count).sum();
        if let Some(key) = wanted.key().filter(|_| !self.candidates.iter().all(|of| of.is_exact)) {
            counts.lock().keep(key, counted);
        }
        let lines = first.into_sorted_vec().into_iter().map(|candidate| candidate.line);
        Selected {
            lines: lines.collect(),
            more: following > limit,
            total,
        }
    }
}

/// A line, in the order of its place.
struct Candidate<T> {
    place: Place,
    line: Line,
    of: T,
}

impl<T> Ord for Candidate<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place)
    }
}

impl<T> PartialOrd for Candidate<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Candidate<T> {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl<T> Eq for Candidate<T> {}

#[cfg(test)]
mod tests;
