//! The samples of a fit: features of numbers with the knowledge of the evening before.

use std::sync::Arc;

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::part::Part;
use super::{FitError, FitPlan};
use crate::domain::day::Day;
use crate::domain::feature::Features;
use crate::domain::model::ScoreModel;
use crate::evaluate::{AGAIN_DAYS, AGAIN_SEEN_DAYS, RANDOM_NUMBERS};
use crate::number::E164;
use crate::replay::{ComplaintCalls, ComplaintDays, Half, KindName, ReplayHistory, ReplayProgress};
use crate::shard::Shard;

/// One in this many is kept: of complaint calls of either part, of random numbers, and of the numbers of a Tuesday.
const ONE_IN: Rates = Rates {
    geographic_complaint: 2,
    toll_free_complaint: 1,
    random: 3,
    tuesday: 24,
};
/// About how many numbers of a group are kept each day. Of larger groups one in two is kept, one in three, and so on.
const GROUP_A_DAY: u64 = 2_000;
/// Random numbers a day from the exchanges of toll-free numbers. All of them are kept.
const RANDOM_TOLL_FREE: usize = 1_000;
/// The least count of samples of a kind.
const LEAST: usize = 1_000;

struct Rates {
    geographic_complaint: u64,
    toll_free_complaint: u64,
    random: u64,
    tuesday: u64,
}

/// The reason for a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SampleOrigin {
    /// Somebody complained about calls of the number that day.
    Complaint,
    /// The number is legitimate. The place of its group.
    Legitimate(usize),
    /// It was drawn from the exchanges of earlier complaints.
    Random,
}

/// Legitimate numbers of one kind and one part.
#[derive(Clone, Debug)]
pub(super) struct LegitimateGroup {
    /// The part.
    pub part: Part,
    /// The kind.
    pub kind: KindName,
    /// The count of its numbers in both halves.
    pub listed: usize,
    /// The numbers of the half that is fitted on.
    pub numbers: Vec<E164>,
}

/// One number on one day.
#[derive(Clone, Debug)]
pub(super) struct FitSample {
    /// The reason for the sample.
    pub origin: SampleOrigin,
    /// The count of calls that the sample stands for.
    pub calls: u32,
    /// The features known the evening before.
    pub features: Features,
}

/// All samples of a fit.
#[derive(Debug)]
pub(super) struct Collected {
    /// The samples of geographic numbers.
    pub geographic: Vec<FitSample>,
    /// The samples of toll-free numbers.
    pub toll_free: Vec<FitSample>,
    /// Numbers with a recent complaint on a Tuesday, and whether they were reported again.
    pub again: Vec<(Features, bool)>,
    /// Legitimate numbers, by part and kind.
    pub groups: Vec<LegitimateGroup>,
    /// The count of complaint calls of the period: all, and those of toll-free numbers.
    pub all_calls: u64,
    /// Those of toll-free numbers.
    pub toll_free_calls: u64,
}

impl FitSample {
    /// Whether the sample is a complaint call.
    #[must_use]
    pub(super) fn is_call(&self) -> bool {
        self.origin == SampleOrigin::Complaint
    }
}

impl Collected {
    /// Replays the complaints and collects the samples.
    ///
    /// # Errors
    /// If there are too few samples of geographic numbers.
    pub(super) fn replay(
        plan: &FitPlan<'_>,
        start: &ScoreModel,
        progress: ReplayProgress<'_>,
    ) -> Result<Self, FitError> {
        let mut history = ReplayHistory::new(plan.complaints, Arc::new(start.clone()));
        let seen = ComplaintDays::new(plan.complaints);
        let mut collected = Self {
            geographic: Vec::new(),
            toll_free: Vec::new(),
            again: Vec::new(),
            groups: groups(plan),
            all_calls: 0,
            toll_free_calls: 0,
        };
        let calls = plan.complaints.calls();
        let within = |call: &ComplaintCalls| (plan.from..=plan.to).contains(&call.day);
        for calls in calls
            .chunk_by(|a, b| a.day == b.day)
            .filter(|calls| calls.first().is_some_and(within))
        {
            let Some(day) = calls.first().map(|call| call.day) else {
                continue;
            };
            history.advance(day.start());
            let draw = SampleDraw { day, seed: plan.seed };
            for part in Part::BOTH {
                collected.note_part(&history, draw, part, calls);
            }
            if day.is_tuesday() && day.plus(AGAIN_DAYS - 1) <= plan.to {
                collected.again.extend(foretold(&history, &seen, draw));
            }
            progress(history.known(), plan.complaints.rows().len());
        }
        collected.check()
    }

    /// The samples of a part.
    #[must_use]
    pub(super) fn of(&self, part: Part) -> &[FitSample] {
        match part {
            Part::Geographic => &self.geographic,
            Part::TollFree => &self.toll_free,
        }
    }

    /// The count of complaint calls that the samples stand for.
    #[must_use]
    pub(super) fn calls(&self) -> u64 {
        let samples = self.geographic.iter().chain(&self.toll_free);
        samples
            .filter(|sample| sample.is_call())
            .map(|sample| u64::from(sample.calls))
            .sum()
    }

    /// The count of legitimate numbers.
    #[must_use]
    pub(super) fn legitimate_numbers(&self) -> u64 {
        self.groups.iter().map(|group| group.numbers.len() as u64).sum()
    }

    /// The share of complaint calls that come from toll-free numbers.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^53")]
    pub(super) fn toll_free_share(&self) -> f64 {
        self.toll_free_calls as f64 / self.all_calls.max(1) as f64
    }

    /// Whether there are enough samples of toll-free numbers to fit their part.
    #[must_use]
    pub(super) fn has_toll_free(&self) -> bool {
        self.counts(Part::TollFree).iter().all(|(_, found)| *found >= LEAST)
    }

    /// Draws the samples of a day.
    fn note_part(&mut self, history: &ReplayHistory<'_>, draw: SampleDraw, part: Part, calls: &[ComplaintCalls]) {
        let in_part = calls.iter().filter(|call| Part::of(call.number) == part);
        let complaints: Vec<(E164, u32)> = in_part.map(|call| (call.number, call.calls)).collect();
        let count: u64 = complaints.iter().map(|(_, calls)| u64::from(*calls)).sum();
        self.all_calls += count;
        let (one_in_complaints, random, one_in_random) = match part {
            Part::Geographic => {
                let mut random = history.exchanges().random_numbers(draw.day, RANDOM_NUMBERS);
                random.retain(|number| Part::of(*number) == part);
                (ONE_IN.geographic_complaint, random, ONE_IN.random)
            }
            Part::TollFree => {
                self.toll_free_calls += count;
                let random = history.exchanges().random_toll_free_numbers(draw.day, RANDOM_TOLL_FREE);
                (ONE_IN.toll_free_complaint, random, 1)
            }
        };
        let mut samples = draw.samples(
            history,
            SampleOrigin::Complaint,
            one_in_complaints,
            complaints.into_iter(),
        );
        for (place, group) in self.groups.iter().enumerate().filter(|(_, group)| group.part == part) {
            let one_in = (group.numbers.len() as u64).div_ceil(GROUP_A_DAY);
            let numbers = group.numbers.iter().map(|number| (*number, 1));
            samples.extend(draw.samples(history, SampleOrigin::Legitimate(place), one_in, numbers));
        }
        let random = random.into_iter().map(|number| (number, 1));
        samples.extend(draw.samples(history, SampleOrigin::Random, one_in_random, random));
        match part {
            Part::Geographic => self.geographic.extend(samples),
            Part::TollFree => self.toll_free.extend(samples),
        }
    }

    /// The counts of the samples of a part.
    fn counts(&self, part: Part) -> [(&'static str, usize); 3] {
        let count = |is_counted: fn(SampleOrigin) -> bool| {
            let samples = self.of(part).iter();
            samples.filter(|sample| is_counted(sample.origin)).count()
        };
        [
            ("complaint calls", count(|origin| origin == SampleOrigin::Complaint)),
            (
                "days of legitimate numbers",
                count(|origin| matches!(origin, SampleOrigin::Legitimate(_))),
            ),
            ("days of random numbers", count(|origin| origin == SampleOrigin::Random)),
        ]
    }

    fn check(self) -> Result<Self, FitError> {
        let again = [("numbers seen before a Tuesday", self.again.len())];
        let counts = self.counts(Part::Geographic).into_iter().chain(again);
        match counts.into_iter().find(|(_, found)| *found < LEAST) {
            None => Ok(self),
            Some((what, found)) => Err(FitError::TooFew {
                what,
                found,
                least: LEAST,
            }),
        }
    }
}

/// The legitimate numbers of a plan, in the order of parts and names.
fn groups(plan: &FitPlan<'_>) -> Vec<LegitimateGroup> {
    let mut groups: Vec<LegitimateGroup> = Vec::new();
    for known in plan.legitimate {
        let part = Part::of(known.number);
        let place = groups
            .iter()
            .position(|group| group.part == part && group.kind == known.kind);
        let place = place.unwrap_or_else(|| {
            groups.push(LegitimateGroup {
                part,
                kind: known.kind.clone(),
                listed: 0,
                numbers: Vec::new(),
            });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.listed += 1;
            if plan.half.is_none_or(|half| Half::of(known.number) == half) {
                group.numbers.push(known.number);
            }
        }
    }
    groups.retain(|group| !group.numbers.is_empty());
    groups.sort_by(|a, b| (a.part == Part::TollFree, &a.kind).cmp(&(b.part == Part::TollFree, &b.kind)));
    groups
}

/// A draw of samples. The same seed gives the same draw, independent of other draws.
#[derive(Clone, Copy)]
struct SampleDraw {
    day: Day,
    seed: u64,
}

impl SampleDraw {
    /// Of these numbers with their counts of calls, one in `one_in`, with the knowledge of the evening before.
    fn samples(
        self,
        history: &ReplayHistory<'_>,
        origin: SampleOrigin,
        one_in: u64,
        numbers: impl Iterator<Item = (E164, u32)>,
    ) -> Vec<FitSample> {
        let drawn: Vec<(E164, u32)> = numbers.filter(|(number, _)| self.takes(*number, one_in)).collect();
        let index = history.index();
        let of_number = |&(number, calls): &(E164, u32)| FitSample {
            origin,
            calls,
            features: index.look_up(number, self.day.start(), |known| known.weighed.features),
        };
        drawn.par_iter().map(of_number).collect()
    }

    fn takes(self, number: E164, one_in: u64) -> bool {
        let mut bytes = [0u8; 16];
        let (digits, day) = bytes.split_at_mut(8);
        digits.copy_from_slice(&number.digits().to_le_bytes());
        day.copy_from_slice(&self.day.number().to_le_bytes());
        xxh3_64_with_seed(&bytes, self.seed).is_multiple_of(one_in)
    }
}

/// Numbers with a recent complaint, and whether they were reported in the week that begins on the day of the draw.
fn foretold(history: &ReplayHistory<'_>, seen: &ComplaintDays, draw: SampleDraw) -> Vec<(Features, bool)> {
    let (day, index) = (draw.day, history.index());
    let shards: Vec<Shard> = Shard::all().collect();
    let of_shard = |shard: &Shard| {
        let numbers = index.numbers_of(*shard, None, usize::MAX).into_iter();
        let drawn = numbers.filter(|number| {
            draw.takes(*number, ONE_IN.tuesday) && seen.count(*number, day.plus(-AGAIN_SEEN_DAYS), day) > 0
        });
        drawn
            .map(|number| {
                let features = index.look_up(number, day.start(), |known| known.weighed.features);
                (features, seen.count(number, day, day.plus(AGAIN_DAYS)) > 0)
            })
            .collect::<Vec<_>>()
    };
    shards.par_iter().flat_map_iter(of_shard).collect()
}
