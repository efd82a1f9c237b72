//! How much each sample of a part weighs.
//!
//! The complaint calls of a part weigh 1 together, its legitimate numbers 1, and its random numbers less. Kinds of
//! legitimate numbers weigh in proportion to their numbers, up to a limit, so that no source dominates, and no single
//! number of a small kind counts too much.

use super::part::Part;
use super::sample::{FitSample, LegitimateGroup, SampleOrigin};
use crate::domain::feature::Feature;

/// Total weight of legitimate numbers, and of random numbers of either part. Random numbers keep a model from flagging
/// whole exchanges. Of toll-free numbers, few exchanges are hot.
const LEGITIMATE_WEIGHT: f64 = 1.0;
const RANDOM_GEOGRAPHIC_WEIGHT: f64 = 0.6;
const RANDOM_TOLL_FREE_WEIGHT: f64 = 0.1;
/// The factor of hard cases among legitimate toll-free numbers.
const HARD_LEGITIMATE: f64 = 10.0;
const REPORTS_OF_A_HARD_CASE: f64 = 2.0;
const WEEKS_OF_AN_ESTABLISHED_NUMBER: f64 = 8.0;
/// Kinds weigh in proportion to their numbers, up to this many numbers of either part. Nearly all toll-free numbers of
/// files are those of banks.
const NUMBERS_OF_A_FULL_GEOGRAPHIC_KIND: f64 = 6_000.0;
const NUMBERS_OF_A_FULL_TOLL_FREE_KIND: f64 = 500.0;

fn random_weight(part: Part) -> f64 {
    match part {
        Part::Geographic => RANDOM_GEOGRAPHIC_WEIGHT,
        Part::TollFree => RANDOM_TOLL_FREE_WEIGHT,
    }
}

/// The weights of the samples of a part. They add up to 1, without the factor of hard cases.
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
        let all = 1.0 + LEGITIMATE_WEIGHT + random_weight(part);
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

    /// The weight of a sample when the terms of its part are fitted. Hard cases are toll-free numbers whose calls the score
    /// alone can block: they have more than one report, and are not established. The legitimate ones among them are so few
    /// that the many others would hide them, so they weigh more.
    #[must_use]
    pub(super) fn focused(&self, sample: &FitSample) -> f64 {
        let features = &sample.features;
        let is_hard = features.is_toll_free()
            && features.get(Feature::AllReports) >= REPORTS_OF_A_HARD_CASE.ln_1p()
            && features.get(Feature::Weeks) < WEEKS_OF_AN_ESTABLISHED_NUMBER.ln_1p();
        let is_legitimate = matches!(sample.origin, SampleOrigin::Legitimate(_));
        let factor = if is_hard && is_legitimate { HARD_LEGITIMATE } else { 1.0 };
        factor * self.of(sample)
    }
}

/// The share of each group in the weight of the legitimate numbers of a part; 0 for groups of the other part.
#[must_use]
pub(super) fn shares(groups: &[LegitimateGroup], part: Part) -> Vec<f64> {
    let most = match part {
        Part::Geographic => NUMBERS_OF_A_FULL_GEOGRAPHIC_KIND,
        Part::TollFree => NUMBERS_OF_A_FULL_TOLL_FREE_KIND,
    };
    #[expect(clippy::cast_precision_loss, reason = "counts of numbers are far below 2^53")]
    let full = |group: &LegitimateGroup| {
        if group.part == part {
            (group.listed as f64).min(most)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::feature::Features;
    use crate::replay::KindName;

    fn group(part: Part, kind: &str, listed: usize) -> LegitimateGroup {
        LegitimateGroup {
            part,
            kind: KindName::parse(kind).unwrap(),
            listed,
            numbers: Vec::new(),
        }
    }

    #[test]
    fn kinds_weigh_by_their_numbers_up_to_a_limit() {
        let groups = [
            group(Part::Geographic, "bank", 60_000),
            group(Part::Geographic, "health", 500),
            group(Part::Geographic, "school", 1_500),
            group(Part::TollFree, "bank", 1_000),
        ];
        let close = |found: Vec<f64>, wanted: [f64; 4]| {
            assert!(
                found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12),
                "{found:?}"
            );
        };
        close(shares(&groups, Part::Geographic), [0.75, 0.0625, 0.1875, 0.0]);
        close(shares(&groups, Part::TollFree), [0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn complaint_calls_weigh_as_much_as_legitimate_numbers() {
        let groups = [
            group(Part::Geographic, "bank", 60_000),
            group(Part::Geographic, "school", 6_000),
        ];
        let sample = |origin, calls| FitSample {
            origin,
            calls,
            features: Features::blank(),
        };
        let samples = [
            sample(SampleOrigin::Complaint, 3),
            sample(SampleOrigin::Complaint, 1),
            sample(SampleOrigin::Legitimate(0), 1),
            sample(SampleOrigin::Legitimate(0), 1),
            sample(SampleOrigin::Legitimate(1), 1),
            sample(SampleOrigin::Random, 1),
        ];
        let weights = SampleWeights::new(&samples, &groups, Part::Geographic);
        let found: Vec<f64> = samples.iter().map(|sample| 2.6 * weights.of(sample)).collect();
        let wanted = [0.75, 0.25, 0.25, 0.25, 0.5, 0.6];
        assert!(
            found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12),
            "{found:?}"
        );
        assert!(
            samples
                .iter()
                .all(|sample| weights.focused(sample) == weights.of(sample))
        );
    }
}
