//! The order of numbers, and the numbers of one page in it.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::{Directory, Line, Wanted};
use crate::domain::kinds::NumberSort;
use crate::number::E164;
use crate::shard::Shard;
use crate::store::key;

/// The rank of a number without the value by which is sorted. It comes last in both directions.
const LAST: u64 = u64::MAX;

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) struct Order {
    /// The value; none for the order of shards and numbers.
    pub(in crate::service) sort: Option<NumberSort>,
    /// Whether the smallest comes first.
    pub(in crate::service) ascending: bool,
}

/// The place of a number in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::service) struct Place {
    /// Small ranks come first.
    pub(in crate::service) rank: u64,
    /// Orders numbers of the same rank.
    pub(in crate::service) number: E164,
}

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

impl Order {
    /// The place of a number.
    pub(in crate::service) fn place(self, line: &Line) -> Place {
        let value = match self.sort {
            None => Some(Shard::of_number(line.number).index() as u64),
            // The bits of floating-point numbers from 0 on are in the order of the numbers.
            Some(NumberSort::Score) => line.score().map(|score| score.max(0.0).to_bits()),
            Some(NumberSort::LastReported) => {
                let last = line.last_reported();
                last.and_then(|last| u64::try_from(last.millis()).ok())
            }
            Some(NumberSort::ReportCount) => Some(line.reports.into()),
        };
        let descending = self.sort.is_some() && !self.ascending;
        let rank = value.map_or(LAST, |value| {
            if descending {
                (LAST - 1).saturating_sub(value)
            } else {
                value
            }
        });
        Place {
            rank,
            number: line.number,
        }
    }

    /// The place as a page token holds it. Frozen, as tokens outlive releases.
    pub(in crate::service) fn cursor(self, place: Place) -> Vec<u8> {
        let mut cursor = match self.sort {
            None => vec![u8::try_from(place.rank).unwrap_or(u8::MAX)],
            Some(_) => place.rank.to_be_bytes().to_vec(),
        };
        cursor.extend_from_slice(&place.number.digits().to_be_bytes());
        cursor
    }

    /// The place that a page token holds.
    pub(in crate::service) fn place_of(self, cursor: &[u8]) -> Option<Place> {
        let (rank, number) = match self.sort {
            None => cursor
                .split_first()
                .map(|(shard, number)| (u64::from(*shard), number))?,
            Some(_) => {
                let (rank, number) = cursor.split_first_chunk::<8>()?;
                (u64::from_be_bytes(*rank), number)
            }
        };
        let number = key::number_of_id(number)?;
        Some(Place { rank, number })
    }
}

/// The first `limit` numbers after `after`, in this order.
pub(in crate::service) fn select(
    directory: &Directory,
    wanted: &Wanted,
    order: Order,
    after: Option<Place>,
    limit: usize,
) -> Selected {
    let mut first: BinaryHeap<Candidate> = BinaryHeap::new();
    let (mut total, mut following) = (0, 0);
    directory.scan(|lines| {
        for line in lines.iter().filter(|line| wanted.matches(line)) {
            total += 1;
            let place = order.place(line);
            if after.is_some_and(|after| place <= after) {
                continue;
            }
            following += 1;
            if first.len() < limit {
                first.push(Candidate { place, line: *line });
            } else if let Some(mut last) = first.peek_mut()
                && place < last.place
            {
                *last = Candidate { place, line: *line };
            }
        }
    });
    let lines = first.into_sorted_vec().into_iter().map(|candidate| candidate.line);
    Selected {
        lines: lines.collect(),
        more: following > limit,
        total,
    }
}

/// A line, in the order of its place.
struct Candidate {
    place: Place,
    line: Line,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place)
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Candidate {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client may use a page token that another release gave.
    #[test]
    fn cursors_are_frozen_and_read_again() {
        let number = E164::from_digits(14_155_550_199).unwrap();
        let by = |sort| Order { sort, ascending: false };
        let hex = |bytes: Vec<u8>| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
        let place = Place { rank: 7, number };
        let plain = by(None);
        assert_eq!(hex(plain.cursor(place)), "07000000034bbc8df7");
        let sorted = by(Some(NumberSort::Score));
        assert_eq!(hex(sorted.cursor(place)), "0000000000000007000000034bbc8df7");
        for order in [plain, sorted] {
            assert_eq!(order.place_of(&order.cursor(place)), Some(place));
            assert_eq!(order.place_of(b"x"), None);
        }
    }
}
