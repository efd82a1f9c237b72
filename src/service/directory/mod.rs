//! The directory: one short line for each number, by which analysts find, count and sort numbers.
//!
//! Lookups do not use it. It is built from the index when an analyst first asks, on a thread beside those that answer calls,
//! and takes [48 bytes](line::Line) for each number. From then on a question renews the lines of the numbers that changed
//! since the last one; a line is renewed after [`LINE_MAX_AGE`] in any case, since scores fall with time and depend on the
//! numbers around. A question is answered by one pass over all lines, so each page costs the same, and totals are exact.

mod filter;
mod line;
mod order;
mod pending;

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::ServiceError;
use super::facts::RecordFacts;
use crate::clock::Clock;
use crate::domain::brand::Brand;
use crate::domain::comment::PendingComments;
use crate::domain::ids::CaseId;
use crate::domain::kinds::{Category, RiskLevel, StatusKind};
use crate::domain::time::Timestamp;
use crate::index::{Changed, Index};
use crate::number::E164;
use crate::shard::{SHARDS, Shard};

pub use filter::NumberFilter;
pub(super) use filter::Wanted;
pub(super) use line::Line;
use line::{Brands, Part};
pub(super) use order::{Order, Place, Selected, select};
pub(super) use pending::{PendingPage, PendingPlace};

/// The greatest age of a line. The score by which a list is sorted is not older.
const LINE_MAX_AGE: Duration = Duration::from_secs(600);
/// Questions that are computed at the same time, as a share of the processors: one in so many.
const PROCESSORS_FOR_ONE: usize = 4;

/// A number as a list shows it.
#[derive(Clone, Debug)]
pub struct NumberRow {
    /// The number.
    pub number: E164,
    /// Its score, at most 10 minutes old.
    pub score: Option<f64>,
    /// Its level.
    pub level: RiskLevel,
    /// Its category, if one is clearly the most frequent.
    pub category: Option<Category>,
    /// The brand that its callers impersonate.
    pub brand: Option<Brand>,
    /// Counts and times.
    pub facts: RecordFacts,
    /// The statuses in force.
    pub statuses: Vec<StatusKind>,
    /// Its cases.
    pub cases: Vec<CaseId>,
}

/// The lines of all numbers.
pub(super) struct Directory {
    index: Arc<Index>,
    clock: Clock,
    /// The lines of each shard.
    parts: Box<[Mutex<Part>]>,
    /// The names behind the brands of lines. Locked after a part.
    brands: Mutex<Brands>,
    /// Limits the questions that are computed at the same time, so that calls are answered meanwhile.
    turns: Arc<Semaphore>,
}

impl Directory {
    pub(super) fn new(index: Arc<Index>, clock: Clock) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            index,
            clock,
            parts: (0..SHARDS).map(|_| Mutex::default()).collect(),
            brands: Mutex::default(),
            turns: Arc::new(Semaphore::new((processors / PROCESSORS_FOR_ONE).max(1))),
        }
    }

    /// Renews the lines, and passes the directory to `job`, on a thread that answers no calls.
    pub(super) async fn read<R: Send + 'static>(
        self: &Arc<Self>,
        job: impl FnOnce(&Self) -> R + Send + 'static,
    ) -> Result<R, ServiceError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let directory = Arc::clone(self);
        let answer = tokio::task::spawn_blocking(move || {
            let _turn = turn; // until the job ends, even if nobody waits for it any more
            directory.renew();
            job(&directory)
        });
        answer.await.map_err(|_| ServiceError::Internal)
    }

    /// The index that the directory is made from.
    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// Passes the lines of each shard to `visit`.
    pub(super) fn scan(&self, mut visit: impl FnMut(&[Line])) {
        for part in &self.parts {
            visit(part.lock().lines());
        }
    }

    /// The line of a number, if the number has a record.
    pub(super) fn line(&self, number: E164) -> Option<Line> {
        let part = self.parts.get(Shard::of_number(number).index())?;
        part.lock().line(number)
    }

    /// Whether each brand matches, in the order of their integers in lines.
    pub(super) fn brands(&self, is_wanted: impl Fn(&Brand) -> bool) -> Vec<bool> {
        self.brands.lock().all(is_wanted)
    }

    /// The brand of a line.
    pub(super) fn brand(&self, line: &Line) -> Option<Brand> {
        self.brands.lock().get(line.brand)
    }

    /// The row that shows a number. None if its record was deleted meanwhile.
    pub(super) fn row(&self, line: &Line) -> Option<NumberRow> {
        let now = self.clock.now();
        let brand = self.brand(line);
        self.index.look_up(line.number, now, |known| {
            (known.version > 0).then(|| NumberRow {
                number: line.number,
                score: line.score(),
                level: line.level,
                category: line.category(),
                brand,
                facts: RecordFacts::of(known),
                statuses: known.state.statuses.at(now).map(|entry| entry.kind).collect(),
                cases: known.state.links.iter().map(|link| link.case.clone()).collect(),
            })
        })
    }

    /// Renews the lines that have changed or are too old.
    fn renew(&self) {
        let now = self.clock.now();
        for (shard, part) in Shard::all().zip(&self.parts) {
            let mut part = part.lock();
            let changed = self.index.take_changes(shard);
            if changed == Changed::All || part.is_old(now) {
                let numbers = self.index.numbers_of(shard, None, usize::MAX);
                let lines = numbers.into_iter().filter_map(|number| self.new_line(number, now));
                *part = Part::new(lines, now);
            } else if let Changed::Numbers(mut numbers) = changed {
                numbers.extend(part.ended(now));
                for number in numbers {
                    part.set(number, self.new_line(number, now));
                }
            }
        }
    }

    fn new_line(&self, number: E164, now: Timestamp) -> Option<(Line, Option<PendingComments>)> {
        Line::read(&self.index, number, now, &self.brands)
    }
}
