//! The calibration of each calendar month: whether the same scores mean the same from month to month. Toll-free numbers
//! are left out, since files of legitimate numbers do not say how many calls come from them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde::Serialize;

use super::calibration::{CalibrationSamples, WeightedOdds};
use super::samples::{ScoredSample, ScoredSamples};
use crate::domain::day::Day;

/// A slope out of this range says that there is no relation to measure.
const SLOPES: RangeInclusive<f64> = 0.0..=100.0;
/// The total weights of legitimate and of random numbers, as in a fit. That of the complaint calls is 1.
const LEGITIMATE_WEIGHT: f64 = 1.0;
const RANDOM_WEIGHT: f64 = 0.15;
/// The least count of samples of each kind.
const LEAST_SAMPLES: usize = 1_000;

/// A calendar month. Without enough samples, the last three figures are missing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MonthFigures {
    /// Count of complaint calls; toll-free numbers are left out.
    pub complaint_calls: u64,
    /// Mean score of these calls by the evidence alone, without caps. A number without evidence has the score of the
    /// intercept.
    pub mean_score: f64,
    /// The right value of `mean_score`: the mean after the correction of this month.
    pub posterior: Option<f64>,
    /// Factor of the correction of log-odds; 1 if scores mean what they say.
    pub slope: Option<f64>,
    /// Added after the factor; 0 if scores mean what they say.
    pub intercept: Option<f64>,
}

/// The figures of every month with a complaint call, by its name, such as `2020-11`.
#[must_use]
pub(super) fn calibration_by_month(samples: &ScoredSamples, prior: f64) -> BTreeMap<String, MonthFigures> {
    let days: BTreeSet<Day> = samples.complaints.iter().map(|sample| sample.day).collect();
    let names: BTreeMap<Day, String> = days.into_iter().map(|day| (day, day.month())).collect();
    let mut months: BTreeMap<&str, MonthSamples> = BTreeMap::new();
    let mut add = |samples: &[ScoredSample], of: fn(&mut MonthSamples) -> &mut Vec<WeightedOdds>| {
        for sample in samples.iter().filter(|sample| !sample.number.is_toll_free_shape()) {
            if let Some(name) = names.get(&sample.day) {
                of(months.entry(name).or_default()).push(weighted(sample));
            }
        }
    };
    add(&samples.complaints, |month| &mut month.complaints);
    add(&samples.legitimate, |month| &mut month.legitimate);
    add(&samples.random, |month| &mut month.random);
    let prior_log_odds = (prior / (1.0 - prior)).ln();
    months.retain(|_, month| !month.complaints.is_empty());
    let figures = |(name, month): (&str, MonthSamples)| (name.to_owned(), month.figures(prior_log_odds));
    months.into_iter().map(figures).collect()
}

/// The samples of a month.
#[derive(Default)]
struct MonthSamples {
    complaints: Vec<WeightedOdds>,
    legitimate: Vec<WeightedOdds>,
    random: Vec<WeightedOdds>,
}

impl MonthSamples {
    fn figures(self, prior_log_odds: f64) -> MonthFigures {
        let calls: f64 = self.complaints.iter().map(|sample| sample.weight).sum();
        let mean = |samples: &[WeightedOdds], corrected: &dyn Fn(f64) -> f64| {
            let score = |sample: &WeightedOdds| 100.0 / (1.0 + (-corrected(sample.log_odds) - prior_log_odds).exp());
            samples.iter().map(|sample| sample.weight * score(sample)).sum::<f64>() / calls
        };
        let mean_score = mean(&self.complaints, &|log_odds| log_odds);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a sum of counts of calls"
        )]
        let complaint_calls = calls as u64;
        let samples = self.weighed();
        let line = samples.as_ref().and_then(|samples| samples.calibrate(&SLOPES));
        let posterior = samples
            .zip(line)
            .map(|(samples, line)| mean(&samples.calls, &|log_odds| line.of(log_odds)));
        MonthFigures {
            complaint_calls,
            mean_score,
            posterior,
            slope: line.map(|line| line.slope),
            intercept: line.map(|line| line.intercept),
        }
    }

    /// The samples with the weights of a fit; `None` if there are too few.
    fn weighed(self) -> Option<CalibrationSamples> {
        let is_enough = [&self.complaints, &self.legitimate, &self.random]
            .iter()
            .all(|samples| samples.len() >= LEAST_SAMPLES);
        let calls: f64 = self.complaints.iter().map(|sample| sample.weight).sum();
        let mut negatives = Vec::with_capacity(self.legitimate.len() + self.random.len());
        for (samples, total) in [(&self.legitimate, LEGITIMATE_WEIGHT), (&self.random, RANDOM_WEIGHT)] {
            let sum: f64 = samples.iter().map(|sample| sample.weight).sum();
            negatives.extend(samples.iter().map(|sample| WeightedOdds {
                weight: sample.weight * calls * total / sum,
                ..*sample
            }));
        }
        let calls = self.complaints;
        is_enough.then_some(CalibrationSamples { calls, negatives })
    }
}

fn weighted(sample: &ScoredSample) -> WeightedOdds {
    WeightedOdds {
        log_odds: sample.log_odds,
        weight: f64::from(sample.calls),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::ComplaintHistory;
    use super::*;
    use crate::domain::kinds::Action;
    use crate::number::E164;

    /// Numbers of a day: `high` of ten have log-odds of 2, the others of -2.
    fn samples(day: &str, count: u32, high: u32) -> Vec<ScoredSample> {
        let day: Day = day.parse().unwrap();
        let one = |n: u32| ScoredSample {
            day,
            number: E164::from_digits(14_155_550_000 + u64::from(n)).unwrap(),
            calls: 2,
            score: 0.0,
            log_odds: if n % 10 < high { 2.0 } else { -2.0 },
            action: Action::Allow,
            history: ComplaintHistory::Recent,
            seen_30d: 0,
            seen_90d: 0,
            withheld: false,
            by_range: false,
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn months_are_measured_apart() {
        let of = |count: u32, [november, december]: [u32; 2]| {
            let december = samples("2020-12-01", count, december);
            [samples("2020-11-30", count, november), december].concat()
        };
        let mut all = ScoredSamples {
            complaints: of(1_000, [8, 9]),
            legitimate: of(2_000, [1, 1]),
            random: of(2_000, [1, 1]),
        };
        all.complaints.extend(samples("2021-01-01", 999, 5));
        let months = calibration_by_month(&all, 0.1);
        let names: Vec<&str> = months.keys().map(String::as_str).collect();
        assert_eq!(names, ["2020-11", "2020-12", "2021-01"]);

        let score = |log_odds: f64| 100.0 / (1.0 + 9.0 * (-log_odds).exp());
        let november = months["2020-11"];
        assert_eq!(november.complaint_calls, 2_000);
        let mean = 0.8 * score(2.0) + 0.2 * score(-2.0);
        assert!((november.mean_score - mean).abs() < 1e-9, "{november:?}");
        // The likelihood ratios are 0.8 / 0.1 and 0.2 / 0.9.
        let (high, low) = (8.0f64.ln(), (2.0f64 / 9.0).ln());
        let posterior = 0.8 * score(high) + 0.2 * score(low);
        assert!((november.posterior.unwrap() - posterior).abs() < 1e-4, "{november:?}");
        assert!((november.slope.unwrap() - (high - low) / 4.0).abs() < 1e-6);
        assert!((november.intercept.unwrap() - f64::midpoint(high, low)).abs() < 1e-6);
        assert!(months["2020-12"].slope > november.slope);

        let january = months["2021-01"];
        assert_eq!(
            (january.slope, january.intercept, january.posterior),
            (None, None, None)
        );
        assert!(january.mean_score > 0.0);
    }
}
