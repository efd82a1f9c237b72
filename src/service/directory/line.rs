//! The lines of the directory.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::domain::brand::Brand;
use crate::domain::comment::PendingComments;
use crate::domain::evidence::SourceSet;
#[cfg(test)]
use crate::domain::kinds::Source;
use crate::domain::kinds::{Category, RiskLevel, StatusKind};
use crate::domain::score::Detail;
use crate::domain::time::Timestamp;
use crate::index::{Index, NumberView};
use crate::number::{self, E164, Region};

/// The time of a number without a report.
const NEVER: Timestamp = Timestamp::from_millis(i64::MIN);

/// A number in short.
#[derive(Clone, Copy, Debug)]
pub(in crate::service) struct Line {
    /// The number.
    pub(in crate::service) number: E164,
    last: Timestamp,
    /// NaN if the number has no score.
    score: f64,
    /// Reports that count.
    pub(in crate::service) reports: u32,
    /// The second in which the next of its statuses ends.
    pub(super) until: u32,
    /// The integer of the brand; 0 if there is none.
    pub(in crate::service) brand: u32,
    /// The region by the numbering plan.
    pub(in crate::service) region: Option<Region>,
    /// A bit for each status in force.
    statuses: u16,
    sources: SourceSet,
    category: Category,
    /// The level.
    pub(in crate::service) level: RiskLevel,
    /// Whether a report has a comment.
    pub(in crate::service) has_comment: bool,
}

/// A line as it is read, with the comments of the number that wait for a moderator.
pub(super) type NewLine = (Line, Option<PendingComments>);

/// The names of brands, by the integers that lines hold.
#[derive(Debug, Default)]
pub(super) struct Brands {
    names: Vec<Brand>,
    integers: HashMap<Brand, u32>,
}

impl Line {
    /// The line of a number at `now`, and its comments that wait for a moderator; none if the number has no record.
    pub(super) fn read(index: &Index, number: E164, now: Timestamp, brands: &Mutex<Brands>) -> Option<NewLine> {
        let region = number::describe(number).region();
        let (mut line, brand, pending) = index.look_up(number, now, |known| {
            let line = || {
                let pending = known.state.pending.as_deref().copied();
                (Self::of(known, number, now), known.score(Detail::Codes), pending)
            };
            (known.version > 0).then(line)
        })?;
        line.region = region;
        line.category = brand.category.map_or(Category::Unspecified, |(category, _)| category);
        line.brand = brand.brand.map_or(0, |brand| brands.lock().integer(brand));
        Some((line, pending))
    }

    fn of(known: &NumberView<'_>, number: E164, now: Timestamp) -> Self {
        let (state, verdict) = (known.state, &known.weighed.verdict);
        let is_scored = !matches!(verdict.level, RiskLevel::Unknown | RiskLevel::NotScored);
        let evidence = &state.evidence;
        let in_force = || state.statuses.at(now);
        Self {
            number,
            last: evidence.last_reported.unwrap_or(NEVER),
            score: verdict.value.filter(|_| is_scored).unwrap_or(f64::NAN),
            reports: evidence.reports,
            until: in_force()
                .filter_map(|entry| entry.expires_at)
                .map(second)
                .min()
                .unwrap_or(u32::MAX),
            brand: 0,
            region: None,
            statuses: in_force().fold(0, |bits, entry| bits | bit(entry.kind)),
            sources: evidence.proven.all().sources.union(evidence.unproven.all().sources),
            category: Category::Unspecified,
            level: verdict.level,
            has_comment: state.texts > 0,
        }
    }

    /// The score; none if the number has none.
    pub(in crate::service) fn score(&self) -> Option<f64> {
        Some(self.score).filter(|score| !score.is_nan())
    }

    /// The latest reported call.
    pub(in crate::service) fn last_reported(&self) -> Option<Timestamp> {
        Some(self.last).filter(|last| *last != NEVER)
    }

    /// The category, if one is clearly the most frequent.
    pub(in crate::service) fn category(&self) -> Option<Category> {
        Some(self.category).filter(|category| *category != Category::Unspecified)
    }

    /// The statuses in force.
    pub(super) fn statuses(&self) -> impl Iterator<Item = StatusKind> {
        let all = StatusKind::ALL.iter().copied();
        all.filter(|kind| self.has_status(*kind))
    }

    /// Whether a status of this kind is in force.
    pub(super) fn has_status(&self, kind: StatusKind) -> bool {
        self.statuses & bit(kind) != 0
    }

    /// The sources of its reports.
    pub(super) fn sources(&self) -> SourceSet {
        self.sources
    }
}

impl Brands {
    fn integer(&mut self, brand: Brand) -> u32 {
        let next = u32::try_from(self.names.len()).unwrap_or(u32::MAX).saturating_add(1);
        let names = &mut self.names;
        *self.integers.entry(brand).or_insert_with_key(|brand| {
            names.push(brand.clone());
            next
        })
    }

    pub(super) fn get(&self, integer: u32) -> Option<Brand> {
        let place = usize::try_from(integer.checked_sub(1)?).ok()?;
        self.names.get(place).cloned()
    }

    /// The integers of the brands that match, in ascending order.
    pub(super) fn matching(&self, is_wanted: impl Fn(&Brand) -> bool) -> Vec<u32> {
        let matching = (1..).zip(&self.names).filter(|(_, brand)| is_wanted(brand));
        matching.map(|(integer, _)| integer).collect()
    }
}

fn bit(kind: StatusKind) -> u16 {
    1u16.checked_shl(kind.code().into()).unwrap_or_default()
}

/// The second of a time, from 1970 on.
pub(super) fn second(time: Timestamp) -> u32 {
    u32::try_from(time.millis().max(0) / 1_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
impl Line {
    /// Some line of a number. Lines of different seeds often have the same values.
    pub(super) fn sample(number: E164, seed: u64) -> Self {
        let byte = |place: u32| u8::try_from(seed.rotate_right(place) % 256).unwrap();
        let source = |byte: u8| Source::ALL[usize::from(byte) % Source::ALL.len()];
        let one = SourceSet::of(source(byte(8)), None);
        let both = one.union(SourceSet::of(source(byte(16)), None));
        Self {
            number,
            last: match byte(3) % 8 {
                0 => NEVER,
                n => Timestamp::from_secs(i64::from(n) * 1_000),
            },
            score: match byte(5) % 9 {
                0 => f64::NAN,
                n => f64::from(n) * 12.5,
            },
            reports: u32::from(byte(9)) % 5,
            until: if byte(11) < 20 { u32::from(byte(12)) } else { u32::MAX },
            brand: if byte(14) < 60 { u32::from(byte(15)) % 4 } else { 0 },
            region: number::describe(number).region(),
            statuses: if byte(17) < 30 {
                bit(StatusKind::ALL[usize::from(byte(18)) % StatusKind::ALL.len()])
            } else {
                0
            },
            sources: if byte(19) < 40 { both } else { one },
            category: Category::ALL[usize::from(byte(21)) % Category::ALL.len()],
            level: RiskLevel::Unknown,
            has_comment: byte(23) < 90,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every number of an instance has a line, once an analyst has asked.
    #[test]
    fn a_line_takes_forty_eight_bytes() {
        assert_eq!(size_of::<Line>(), 48);
    }

    #[test]
    fn every_status_has_a_bit_of_its_own() {
        let bits = StatusKind::ALL.iter().fold(0, |bits, kind| bits | bit(*kind));
        assert_eq!(bits.count_ones() as usize, StatusKind::ALL.len());
    }
}
