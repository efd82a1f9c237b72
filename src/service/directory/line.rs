//! The lines of the directory, and those of one shard.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::LINE_MAX_AGE;
use super::pending::PendingNumbers;
use crate::domain::brand::Brand;
use crate::domain::comment::PendingComments;
use crate::domain::evidence::SourceSet;
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
    until: u32,
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

/// The names of brands, by the integers that lines hold.
#[derive(Debug, Default)]
pub(super) struct Brands {
    names: Vec<Brand>,
    integers: HashMap<Brand, u32>,
}

/// The lines of one shard, in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct Part {
    lines: Vec<Line>,
    /// Those of them with comments that wait for a moderator.
    pending: PendingNumbers,
    /// When all lines were last renewed.
    renewed_at: Option<Timestamp>,
    /// The first second in which a status ends.
    first_end: u32,
}

impl Line {
    /// The line of a number at `now`, and its comments that wait for a moderator; none if the number has no record.
    pub(super) fn read(
        index: &Index,
        number: E164,
        now: Timestamp,
        brands: &Mutex<Brands>,
    ) -> Option<(Self, Option<PendingComments>)> {
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

    /// Whether each brand matches; the first is that without a name, which never does.
    pub(super) fn all(&self, is_wanted: impl Fn(&Brand) -> bool) -> Vec<bool> {
        std::iter::once(false).chain(self.names.iter().map(is_wanted)).collect()
    }
}

impl Part {
    pub(super) fn new(numbers: impl Iterator<Item = (Line, Option<PendingComments>)>, now: Timestamp) -> Self {
        let (mut lines, mut pending) = (Vec::new(), PendingNumbers::new());
        for (line, waiting) in numbers {
            pending.extend(waiting.map(|waiting| (line.number, waiting)));
            lines.push(line);
        }
        let first_end = lines.iter().map(|line| line.until).min().unwrap_or(u32::MAX);
        Self {
            lines,
            pending,
            renewed_at: Some(now),
            first_end,
        }
    }

    /// Whether the lines must be renewed for their age. A clock that was set back makes them old, too.
    pub(super) fn is_old(&self, now: Timestamp) -> bool {
        self.renewed_at.is_none_or(|at| now < at || at.plus(LINE_MAX_AGE) < now)
    }

    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The numbers with comments that wait for a moderator.
    pub(super) fn pending(&self) -> &PendingNumbers {
        &self.pending
    }

    pub(super) fn line(&self, number: E164) -> Option<Line> {
        let place = self.place(number).ok()?;
        self.lines.get(place).copied()
    }

    /// The numbers of which a status has ended since their line was made.
    pub(super) fn ended(&mut self, now: Timestamp) -> Vec<E164> {
        let now = second(now);
        if self.first_end > now {
            return Vec::new();
        }
        let lines = || self.lines.iter();
        self.first_end = lines()
            .map(|line| line.until)
            .filter(|until| *until > now)
            .min()
            .unwrap_or(u32::MAX);
        let ended = self.lines.iter().filter(|line| line.until <= now);
        ended.map(|line| line.number).collect()
    }

    /// Replaces the line of a number, and its comments that wait. None removes it.
    pub(super) fn set(&mut self, number: E164, line: Option<(Line, Option<PendingComments>)>) {
        let (line, pending) = line.unzip();
        match pending.flatten() {
            Some(pending) => self.pending.insert(number, pending),
            None => self.pending.remove(&number),
        };
        self.first_end = line
            .as_ref()
            .map_or(self.first_end, |line| self.first_end.min(line.until));
        match (self.place(number), line) {
            (Ok(place), Some(line)) => {
                if let Some(known) = self.lines.get_mut(place) {
                    *known = line;
                }
            }
            (Ok(place), None) => {
                self.lines.remove(place);
            }
            (Err(place), Some(line)) => self.lines.insert(place, line),
            (Err(_), None) => {}
        }
    }

    fn place(&self, number: E164) -> Result<usize, usize> {
        self.lines.binary_search_by_key(&number, |line| line.number)
    }
}

fn bit(kind: StatusKind) -> u16 {
    1u16.checked_shl(kind.code().into()).unwrap_or_default()
}

/// The second of a time, from 1970 on.
fn second(time: Timestamp) -> u32 {
    u32::try_from(time.millis().max(0) / 1_000).unwrap_or(u32::MAX)
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
