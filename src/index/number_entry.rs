//! One number in the index: a few bytes if it has one report and nothing else, otherwise the full record.

use crate::domain::bitmap::DistinctCount;
use crate::domain::call::Ledger;
use crate::domain::evidence::{Evidence, EvidenceSums, LedgerTotals, SourceSet, WeekSet};
use crate::domain::kinds::{Category, Source};
use crate::domain::model::ScoreModel;
use crate::domain::range::Neighbour;
use crate::domain::state::NumberState;
use crate::domain::time::Timestamp;
use crate::shard::Version;

/// A number's record in memory.
#[derive(Debug)]
pub(super) enum NumberEntry {
    /// One report of a proven source, without reporter, brand, status, link or mutation: 83 % of all numbers.
    Once(SingleReport),
    /// Any other record.
    Full {
        /// The category with the most mass. Stored here, so that counting the categories of a block does not follow
        /// pointers.
        category: Category,
        /// The number of reports that count for ranges. Stored here for the same reason.
        reports: u32,
        /// Whether one of its victims is in the number's own area.
        local: bool,
        /// The record.
        record: Box<(Version, NumberState)>,
    },
}

/// A record that one report describes completely. The time of the report is in the block.
#[derive(Clone, Copy, Debug)]
pub(super) struct SingleReport {
    version: u32,
    weight: f32,
    category: Category,
    ledger: Ledger,
    source: Source,
    /// The bit of the victim's area in the map of areas, [`NO_AREA`] if there is none.
    area_bit: u8,
}

/// Marks that there is no bit of the map of areas.
pub(super) const NO_AREA: u8 = u8::MAX;

/// A record that was found: borrowed, or built from its short form.
#[derive(Debug)]
pub(super) enum FoundRecord<'a> {
    Full(&'a (Version, NumberState)),
    Once(Version, Box<NumberState>),
}

impl FoundRecord<'_> {
    pub(super) fn state(&self) -> &NumberState {
        match self {
            Self::Full(record) => &record.1,
            Self::Once(_, state) => state,
        }
    }

    pub(super) fn version(&self) -> Version {
        match self {
            Self::Full(record) => record.0,
            Self::Once(version, _) => *version,
        }
    }
}

impl NumberEntry {
    /// The shortest form from which the same record can be restored.
    pub(super) fn new(version: Version, state: NumberState, own_area: Option<u64>, model: &ScoreModel) -> Self {
        match SingleReport::of(version, &state, model) {
            Some(once) => Self::Once(once),
            None => Self::Full {
                category: leading_category(&state.evidence),
                reports: state.evidence.range_reports(),
                local: own_area.is_some_and(|hash| state.evidence.proven.all().areas.may_contain(hash)),
                record: Box::new((version, state)),
            },
        }
    }

    pub(super) fn version(&self) -> Version {
        match self {
            Self::Once(once) => Version::from(once.version),
            Self::Full { record, .. } => record.0,
        }
    }

    pub(super) fn category(&self) -> Category {
        match self {
            Self::Once(once) => once.category,
            Self::Full { category, .. } => *category,
        }
    }

    /// The number as a neighbour of other numbers. `last` is the time of its last report that counts for ranges,
    /// `own_bit` the bit of its own area.
    pub(super) fn neighbour(&self, last: Timestamp, own_bit: u8) -> Neighbour {
        let (reports, local) = match self {
            Self::Once(once) => (1, once.area_bit == own_bit && own_bit != NO_AREA),
            Self::Full { reports, local, .. } => (*reports, *local),
        };
        Neighbour { last, reports, local }
    }

    /// The record. `at` is the time of its last report; for the short form, the block stores it.
    pub(super) fn found(&self, at: Timestamp, model: &ScoreModel) -> FoundRecord<'_> {
        match self {
            Self::Once(once) => FoundRecord::Once(Version::from(once.version), Box::new(once.state(at, model))),
            Self::Full { record, .. } => FoundRecord::Full(record),
        }
    }

    pub(super) fn full(&self) -> Option<&NumberState> {
        match self {
            Self::Once(_) => None,
            Self::Full { record, .. } => Some(&record.1),
        }
    }
}

impl SingleReport {
    /// The short form of a record, if the same record can be restored from it.
    fn of(version: Version, state: &NumberState, model: &ScoreModel) -> Option<Self> {
        let version = u32::try_from(version).ok()?;
        let proven = &state.evidence.proven;
        let ledger = Ledger::ALL
            .into_iter()
            .find(|ledger| proven.totals(*ledger).long > 0.0)?;
        #[expect(clippy::cast_possible_truncation, reason = "the whole record is compared below")]
        let weight = proven.totals(ledger).long as f32;
        let areas = proven.totals(ledger).areas.bits();
        let area_bit = match areas.count_ones() {
            0 => NO_AREA,
            _ => u8::try_from(areas.trailing_zeros()).ok()?,
        };
        let category = proven
            .categories
            .first()
            .map_or(Category::Unspecified, |(category, _)| *category);
        let once = Self {
            version,
            weight,
            category,
            ledger,
            source: proven.totals(ledger).sources.only_unnamed()?,
            area_bit,
        };
        (once.state(state.evidence.as_of, model) == *state).then_some(once)
    }

    fn state(&self, at: Timestamp, model: &ScoreModel) -> NumberState {
        let weight = f64::from(self.weight);
        let totals = LedgerTotals {
            short: weight,
            long: weight,
            reports: 1,
            areas: if self.area_bit == NO_AREA {
                DistinctCount::default()
            } else {
                DistinctCount::from_bits(1 << self.area_bit)
            },
            sources: if self.weight >= model.fold.weights.trusted() {
                SourceSet::of(self.source, None).of_feed()
            } else {
                SourceSet::of(self.source, None)
            },
            weeks: WeekSet::of(at),
            first_at: Some(at),
            last_at: Some(at),
            ..LedgerTotals::default()
        };
        let ledgers = Ledger::ALL.map(|ledger| {
            if ledger == self.ledger {
                totals
            } else {
                LedgerTotals::default()
            }
        });
        let mut proven = EvidenceSums::of_totals(ledgers);
        if self.category != Category::Unspecified {
            proven.categories.push((self.category, weight));
        }
        let evidence = Evidence {
            as_of: at,
            proven,
            reports: 1,
            first_reported: Some(at),
            last_reported: Some(at),
            ..Evidence::default()
        };
        NumberState {
            evidence,
            evidence_version: model.fold.evidence_version(),
            rows: 1,
            buckets: 1,
            ..NumberState::default()
        }
    }
}

fn leading_category(evidence: &Evidence) -> Category {
    evidence
        .proven
        .categories
        .iter()
        .chain(&evidence.unproven.categories)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(Category::Unspecified, |(category, _)| *category)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Most numbers were reported once, so these bytes decide the memory of an instance.
    #[test]
    fn a_number_reported_once_takes_sixteen_bytes() {
        assert_eq!(size_of::<NumberEntry>(), 16);
        assert_eq!(size_of::<SingleReport>(), 12);
    }
}
