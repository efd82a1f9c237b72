//! The samples of a fit: features of numbers with the knowledge of the evening before.

use std::sync::Arc;

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{FitError, FitPlan};
use crate::domain::day::Day;
use crate::domain::feature::Features;
use crate::domain::model::ScoreModel;
use crate::evaluate::{AGAIN_DAYS, AGAIN_SEEN_DAYS, RANDOM_NUMBERS, SampleKind};
use crate::number::E164;
use crate::replay::{ComplaintCalls, ComplaintDays, Exchange, ReplayHistory, ReplayProgress};
use crate::shard::Shard;

/// One in this many is kept: of complaint calls, of legitimate and random number-days, and of the numbers of a Tuesday.
const ONE_IN: Rates = Rates {
    complaint: 2,
    legitimate: 1,
    random: 3,
    tuesday: 24,
};
/// The least count of samples of a kind.
const LEAST: usize = 1_000;

struct Rates {
    complaint: u64,
    legitimate: u64,
    random: u64,
    tuesday: u64,
}

/// One number on one day.
#[derive(Clone, Debug)]
pub(super) struct FitSample {
    /// The reason for the sample.
    pub kind: SampleKind,
    /// The count of calls that the sample stands for.
    pub calls: u32,
    /// The features known the evening before.
    pub features: Features,
}

/// All samples of a fit.
#[derive(Debug)]
pub(super) struct Collected {
    /// The samples of the score.
    pub samples: Vec<FitSample>,
    /// Numbers with a recent complaint on a Tuesday, and whether they were reported again.
    pub again: Vec<(Features, bool)>,
    /// Legitimate numbers.
    pub legitimate_numbers: u64,
}

impl FitSample {
    /// Whether the sample is a complaint call.
    #[must_use]
    pub(super) fn is_call(&self) -> bool {
        self.kind == SampleKind::Complaint
    }
}

impl Collected {
    /// Replays the complaints and collects the samples.
    ///
    /// # Errors
    /// If there are too few samples.
    pub(super) fn replay(
        plan: &FitPlan<'_>,
        start: &ScoreModel,
        progress: ReplayProgress<'_>,
    ) -> Result<Self, FitError> {
        let in_half = |number: &E164| plan.half.is_none_or(|half| Exchange::of(*number).half() == half);
        let legitimate = plan.legitimate.iter().map(|known| known.number);
        let legitimate: Vec<E164> = legitimate.filter(in_half).collect();
        let mut history = ReplayHistory::new(plan.complaints, Arc::new(start.clone()));
        let seen = ComplaintDays::new(plan.complaints);
        let mut collected = Self {
            samples: Vec::new(),
            again: Vec::new(),
            legitimate_numbers: legitimate.len() as u64,
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
            let complaints = calls.iter().map(|call| (call.number, call.calls));
            let random = history.exchanges().random_numbers(day, RANDOM_NUMBERS);
            collected.note(&history, draw, SampleKind::Complaint, ONE_IN.complaint, complaints);
            collected.note(
                &history,
                draw,
                SampleKind::Legitimate,
                ONE_IN.legitimate,
                legitimate.iter().map(|number| (*number, 1)),
            );
            collected.note(
                &history,
                draw,
                SampleKind::Random,
                ONE_IN.random,
                random.into_iter().map(|number| (number, 1)),
            );
            if day.is_tuesday() && day.plus(AGAIN_DAYS - 1) <= plan.to {
                collected.again.extend(foretold(&history, &seen, draw));
            }
            progress(history.known(), plan.complaints.rows().len());
        }
        collected.check()
    }

    /// The count of complaint calls that the samples stand for.
    #[must_use]
    pub(super) fn calls(&self) -> u64 {
        self.samples
            .iter()
            .filter(|sample| sample.is_call())
            .map(|sample| u64::from(sample.calls))
            .sum()
    }

    fn note(
        &mut self,
        history: &ReplayHistory<'_>,
        draw: SampleDraw,
        kind: SampleKind,
        one_in: u64,
        numbers: impl Iterator<Item = (E164, u32)>,
    ) {
        let drawn: Vec<(E164, u32)> = numbers.filter(|(number, _)| draw.takes(*number, one_in)).collect();
        let index = history.index();
        let of_number = |&(number, calls): &(E164, u32)| FitSample {
            kind,
            calls,
            features: index.look_up(number, draw.day.start(), |known| known.weighed.features),
        };
        self.samples.par_extend(drawn.par_iter().map(of_number));
    }

    fn check(self) -> Result<Self, FitError> {
        let count = |kind| self.samples.iter().filter(|sample| sample.kind == kind).count();
        let counts = [
            ("complaint calls", count(SampleKind::Complaint)),
            ("days of legitimate numbers", count(SampleKind::Legitimate)),
            ("days of random numbers", count(SampleKind::Random)),
            ("numbers seen before a Tuesday", self.again.len()),
        ];
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

/// A draw of samples. The same seed gives the same draw, independent of other draws.
#[derive(Clone, Copy)]
struct SampleDraw {
    day: Day,
    seed: u64,
}

impl SampleDraw {
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
