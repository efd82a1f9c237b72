//! Intervals of the shares labelled and blocked in groups of legitimate numbers, by the same draws of exchanges and days
//! as all other intervals.

use hashbrown::HashMap;
use rayon::prelude::*;

use super::bootstrap::{DRAWS, day_weight, exchange_weight, percentiles};
use super::samples::ScoredSample;
use crate::domain::day::Day;
use crate::number::E164;

/// The 95 % intervals of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct GroupIntervals {
    /// Of the share labelled or blocked.
    pub labelled: [f64; 2],
    /// Of the share blocked.
    pub blocked: [f64; 2],
}

/// The intervals of `groups` groups. `of` names the groups of a sample by their index.
#[must_use]
pub(super) fn of_groups<'a>(
    samples: &[ScoredSample],
    groups: usize,
    of: impl Fn(&ScoredSample) -> &'a [usize],
) -> Vec<GroupIntervals> {
    let rows = Rows::new(samples, of);
    let draws: Vec<Vec<WeightedCounts>> = (0..DRAWS).into_par_iter().map(|seed| rows.draw(groups, seed)).collect();
    let interval = |group: usize, share: fn(&WeightedCounts) -> f64| {
        percentiles(draws.iter().filter_map(|draw| draw.get(group).map(share)))
    };
    let of_group = |group| GroupIntervals {
        labelled: interval(group, |counts| counts.labelled / counts.all),
        blocked: interval(group, |counts| counts.blocked / counts.all),
    };
    (0..groups).map(of_group).collect()
}

/// A sample in one of its groups.
struct Row {
    exchange: usize,
    day: usize,
    group: usize,
    is_labelled: bool,
    is_blocked: bool,
}

/// All rows. An exchange and a day are drawn once for all of their samples.
struct Rows {
    rows: Vec<Row>,
    /// A number of each exchange.
    exchanges: Vec<E164>,
    days: Vec<Day>,
}

/// The sums of the weights of a group in one draw.
#[derive(Clone, Copy, Default)]
struct WeightedCounts {
    all: f64,
    labelled: f64,
    blocked: f64,
}

impl Rows {
    fn new<'a>(samples: &[ScoredSample], of: impl Fn(&ScoredSample) -> &'a [usize]) -> Self {
        let mut found = Self {
            rows: Vec::with_capacity(2 * samples.len()),
            exchanges: Vec::new(),
            days: Vec::new(),
        };
        let mut exchanges: HashMap<u64, usize, foldhash::fast::RandomState> = HashMap::default();
        let mut days: HashMap<Day, usize, foldhash::fast::RandomState> = HashMap::default();
        for sample in samples {
            let exchange = *exchanges.entry(sample.number.without_last(4)).or_insert_with(|| {
                found.exchanges.push(sample.number);
                found.exchanges.len() - 1
            });
            let day = *days.entry(sample.day).or_insert_with(|| {
                found.days.push(sample.day);
                found.days.len() - 1
            });
            found.rows.extend(of(sample).iter().map(|group| Row {
                exchange,
                day,
                group: *group,
                is_labelled: sample.is_labelled(),
                is_blocked: sample.is_blocked(),
            }));
        }
        found
    }

    fn draw(&self, groups: usize, seed: u64) -> Vec<WeightedCounts> {
        let exchanges: Vec<f64> = self.exchanges.iter().map(|of| exchange_weight(*of, seed)).collect();
        let days: Vec<f64> = self.days.iter().map(|day| day_weight(*day, seed)).collect();
        let mut counts = vec![WeightedCounts::default(); groups];
        for row in &self.rows {
            let weights = exchanges.get(row.exchange).zip(days.get(row.day));
            let (Some((exchange, day)), Some(counts)) = (weights, counts.get_mut(row.group)) else {
                continue;
            };
            let weight = exchange * day;
            counts.all += weight;
            counts.labelled += weight * f64::from(u8::from(row.is_labelled));
            counts.blocked += weight * f64::from(u8::from(row.is_blocked));
        }
        counts
    }
}
