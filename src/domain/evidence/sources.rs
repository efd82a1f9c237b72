//! Where the reports on a number come from: whether one report, or one reporter, is all there is.

use crate::domain::ids::ReporterHash;
use crate::domain::kinds::Source;

/// The sources of reports, whether one is of a trusted feed, and whether reporters that are named are none, one or more.
///
/// Two bytes, that fit into a gap of the sums. Two sets are merged in any order and grouping with the same result, if
/// no reporter is in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceSet(u16);

/// The bit that says that a report is of a trusted feed, and not of a person.
const FEED: u16 = 1 << 13;
/// The bit that says that a reporter is named.
const NAMED: u16 = 1 << 14;
/// The bit that says that two reporters are named.
const TWO_NAMED: u16 = 1 << 15;
/// The bits that stand for no source.
const MARKS: u16 = FEED | NAMED | TWO_NAMED;

impl SourceSet {
    /// The set of one report.
    #[must_use]
    pub fn of(source: Source, reporter: Option<ReporterHash>) -> Self {
        // The first source has the integer 1.
        let place = u32::from(source.code()).saturating_sub(1);
        let named = if reporter.is_some() { NAMED } else { 0 };
        Self(1u16.checked_shl(place).unwrap_or_default() & !MARKS | named)
    }

    /// The same, of reports that a trusted feed sent, and not a person.
    #[must_use]
    pub const fn of_feed(self) -> Self {
        Self(self.0 | FEED)
    }

    /// Whether a report is of a trusted feed, and not of a person.
    #[must_use]
    pub const fn has_feed(self) -> bool {
        self.0 & FEED != 0
    }

    /// A set from its stored bits.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The bits, for the store: bit i stands for the source with the integer i + 1, bit 13 for a trusted feed,
    /// bit 14 for a reporter that is named, bit 15 for a second one.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The sources and reporters of both sets. No reporter is in both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        let second = if self.0 & other.0 & NAMED == NAMED {
            TWO_NAMED
        } else {
            0
        };
        Self(self.0 | other.0 | second)
    }

    /// Whether a report is of this source.
    #[must_use]
    pub fn holds(self, source: Source) -> bool {
        self.0 & Self::of(source, None).0 != 0
    }

    /// Whether there are two sources, or two reporters that are named.
    #[must_use]
    pub const fn is_several(self) -> bool {
        self.0 & TWO_NAMED != 0 || (self.0 & !MARKS).count_ones() >= 2
    }

    /// The source, if there is one only and no reporter is named.
    #[must_use]
    pub fn only_unnamed(self) -> Option<Source> {
        let sources = self.0 & !FEED;
        let place = u8::try_from(sources.trailing_zeros()).ok()?;
        (sources.count_ones() == 1)
            .then(|| Source::from_code(place.saturating_add(1)))
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(source: Source, reporter: u64) -> SourceSet {
        SourceSet::of(source, Some(ReporterHash::from_raw(reporter)))
    }

    #[test]
    fn two_sources_or_two_reporters_are_several() {
        let feed = SourceSet::of(Source::RegulatorFeed, None);
        let person = named(Source::Consumer, 1);
        assert!(!feed.is_several() && !person.is_several());
        assert!(
            !feed.union(feed).is_several(),
            "rows without a reporter may be of one person"
        );
        assert!(feed.union(person).is_several());
        assert!(person.union(named(Source::Consumer, 2)).is_several());
        let unnamed = SourceSet::of(Source::Consumer, None);
        assert!(!unnamed.union(person).is_several(), "may be the same person");
        assert!(!feed.of_feed().is_several() && feed.of_feed().has_feed() && !feed.has_feed());
        assert!(feed.of_feed().union(person).has_feed());
    }

    #[test]
    fn every_source_has_a_bit_of_its_own_and_is_found_again() {
        for source in Source::ALL {
            assert_eq!(SourceSet::of(*source, None).only_unnamed(), Some(*source));
            assert_eq!(SourceSet::of(*source, None).of_feed().only_unnamed(), Some(*source));
            assert_eq!(named(*source, 1).only_unnamed(), None);
            let held = Source::ALL.iter().filter(|held| named(*source, 1).holds(**held));
            assert_eq!(held.collect::<Vec<_>>(), [source]);
        }
        let all = Source::ALL.iter().map(|source| SourceSet::of(*source, None));
        let bits = all.fold(0, |bits, set| bits | set.bits());
        assert_eq!(bits.count_ones() as usize, Source::ALL.len());
        assert_eq!(bits & MARKS, 0);
        assert_eq!(SourceSet::default().only_unnamed(), None);
    }

    proptest! {
        #[test]
        fn merging_is_commutative_and_associative(a: u16, b: u16, c: u16) {
            // A second reporter is there only with a first one.
            let sound = |bits: u16| SourceSet(if bits & TWO_NAMED == 0 { bits } else { bits | NAMED });
            let (a, b, c) = (sound(a), sound(b), sound(c));
            prop_assert_eq!(a.union(b), b.union(a));
            prop_assert_eq!(a.union(b).union(c), a.union(b.union(c)));
        }
    }
}
