//! How much each sample of a part weighs.
//!
//! The complaint calls of a part weigh 1 together, its legitimate numbers 1, and its random numbers less. Each kind of
//! legitimate numbers weighs the same, however many numbers its files list, so that no source dominates. A kind of few
//! numbers weighs less: a single one of its numbers would count too much.

use super::part::Part;
use super::sample::{FitSample, LegitimateGroup, SampleOrigin};

/// Total weight of legitimate numbers, and of random numbers of either part. Random numbers keep a model from flagging
/// whole exchanges. Of toll-free numbers, few exchanges are hot.
const LEGITIMATE_WEIGHT: f64 = 1.0;
const RANDOM_GEOGRAPHIC_WEIGHT: f64 = 0.6;
const RANDOM_TOLL_FREE_WEIGHT: f64 = 0.1;
/// A kind with fewer numbers weighs in proportion to them.
const NUMBERS_OF_A_FULL_KIND: f64 = 200.0;

/// The total weight of the negatives of a part. That of its complaint calls is 1.
#[must_use]
pub(super) fn negatives(part: Part) -> f64 {
    LEGITIMATE_WEIGHT + random_weight(part)
}

fn random_weight(part: Part) -> f64 {
    match part {
        Part::Geographic => RANDOM_GEOGRAPHIC_WEIGHT,
        Part::TollFree => RANDOM_TOLL_FREE_WEIGHT,
    }
}

/// The weights of the samples of a part. They add up to 1.
#[derive(Debug)]
pub(super) struct SampleWeights {
    call: f64,
    random: f64,
    /// By group.
    legitimate: Vec<f64>,
}

impl SampleWeights {
    /// The weights of these samples.
    #[must_use]
    pub(super) fn new(samples: &[FitSample], groups: &[LegitimateGroup], part: Part) -> Self {
        let count = |origin: SampleOrigin| -> f64 {
            let of_origin = samples.iter().filter(|sample| sample.origin == origin);
            of_origin.map(|sample| f64::from(sample.calls)).sum()
        };
        let all = 1.0 + negatives(part);
        let legitimate = groups.iter().enumerate().zip(shares(groups, part));
        Self {
            call: 1.0 / count(SampleOrigin::Complaint) / all,
            random: random_weight(part) / count(SampleOrigin::Random) / all,
            legitimate: legitimate
                .map(|((place, _), share)| {
                    LEGITIMATE_WEIGHT * share / count(SampleOrigin::Legitimate(place)).max(1.0) / all
                })
                .collect(),
        }
    }

    /// The weight of a sample.
    #[must_use]
    pub(super) fn of(&self, sample: &FitSample) -> f64 {
        let weight = match sample.origin {
            SampleOrigin::Complaint => self.call,
            SampleOrigin::Legitimate(group) => self.legitimate.get(group).copied().unwrap_or_default(),
            SampleOrigin::Random => self.random,
        };
        weight * f64::from(sample.calls)
    }
}

/// The share of each group in the weight of the legitimate numbers of a part; 0 for groups of the other part.
#[must_use]
pub(super) fn shares(groups: &[LegitimateGroup], part: Part) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts of numbers are far below 2^53")]
    let full = |group: &LegitimateGroup| {
        if group.part == part {
            (group.numbers.len() as f64 / NUMBERS_OF_A_FULL_KIND).min(1.0)
        } else {
            0.0
        }
    };
    let all: f64 = groups.iter().map(full).sum();
    groups
        .iter()
        .map(|group| full(group) / all.max(f64::MIN_POSITIVE))
        .collect()
}
