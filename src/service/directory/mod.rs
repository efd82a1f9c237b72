//! The directory: one short line for each number, by which analysts find, count and sort numbers.
//!
//! Lookups do not use it. It is built from the index when an analyst first asks, on a thread beside those that answer calls,
//! and takes at most 96 bytes for each number: a [line](line::Line) of 48 bytes, four bytes in each of four
//! [orders](part::Part), and four for each [facet](facet::Facet) of the number. From then on a question renews the lines of the
//! numbers that changed since the last one. Scores also fall with time and depend on the numbers around, so every line is
//! renewed before it is [`LINE_MAX_AGE`] old: part by part in the background while analysts ask (`renewal.rs`), and else by the
//! next question.
//!
//! What a page costs depends on the page, and not on the count of numbers (`select.rs`). Only digits within numbers are looked
//! for in all of them.

mod counts;
mod facet;
mod filter;
mod line;
mod narrow;
mod order;
mod part;
mod pending;
mod renewal;
mod select;
mod sorted;
mod walk;

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::ServiceError;
use super::facts::RecordFacts;
use crate::clock::{Clock, monotonic};
use crate::domain::brand::Brand;
use crate::domain::ids::CaseId;
use crate::domain::kinds::{Category, RiskLevel, StatusKind};
use crate::index::Index;
use crate::number::E164;
use crate::shard::{SHARDS, Shard};

use counts::Counts;
use facet::Facet;
pub use filter::NumberFilter;
pub(super) use filter::Wanted;
use line::Brands;
pub(super) use line::Line;
pub(super) use order::{Order, Place};
use part::Part;
pub(super) use pending::{PendingPage, PendingPlace};
pub use renewal::PAUSE_BETWEEN_PARTS;
pub(super) use select::{Selected, select};

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
    /// The totals of the filters that were used last. Locked after the parts.
    counts: Mutex<Counts>,
    /// The part that is renewed next in the background.
    next_part: AtomicUsize,
    /// When an analyst last asked.
    asked_at: Mutex<Instant>,
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
            counts: Mutex::default(),
            next_part: AtomicUsize::new(0),
            asked_at: Mutex::new(monotonic()),
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
            *directory.asked_at.lock() = monotonic();
            directory.renew();
            job(&directory)
        });
        answer.await.map_err(|_| ServiceError::Internal)
    }

    /// The index that the directory is made from.
    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// Passes the lines that match to `visit`. Reads those that meet the narrowest condition.
    pub(super) fn each(&self, wanted: &Wanted, mut visit: impl FnMut(&Line)) {
        for (shard, part) in Shard::all().zip(&self.parts) {
            let part = part.lock();
            let candidates = wanted.narrowed(shard, &part);
            let lines = candidates.slots().filter_map(|slot| part.line_at(slot));
            lines.filter(|line| wanted.matches(line)).for_each(&mut visit);
        }
    }

    /// The brands with these integers, and how many numbers have them.
    pub(super) fn count_brands(&self, integers: &[u32]) -> Vec<(Brand, usize)> {
        let mut counts = vec![0; integers.len()];
        for part in &self.parts {
            let part = part.lock();
            for (integer, count) in integers.iter().zip(&mut counts) {
                *count += part.having(Facet::Brand(*integer)).len();
            }
        }
        let brands = self.brands.lock();
        let counted = integers.iter().zip(counts);
        counted
            .filter_map(|(integer, count)| Some((brands.get(*integer)?, count)))
            .collect()
    }

    /// The line of a number, if the number has a record.
    pub(super) fn line(&self, number: E164) -> Option<Line> {
        let part = self.parts.get(Shard::of_number(number).index())?;
        part.lock().line(number)
    }

    /// The integers in lines of the brands that match, in ascending order.
    pub(super) fn brands(&self, is_wanted: impl Fn(&Brand) -> bool) -> Vec<u32> {
        self.brands.lock().matching(is_wanted)
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
}
