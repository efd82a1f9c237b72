//! Where the reports on a number come from: whether one report, or one reporter, is all there is.

use crate::domain::ids::ReporterHash;
use crate::domain::kinds::Source;

/// The sources of reports, whether one is of a trusted feed, and whether reporters that are named are none, one or more.
///
/// Two bytes, that fit into a gap of the sums. Two sets are merged in any order and grouping with the same result, if
/// no reporter is in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceSet(u16);

/// The bit that says that a report is of a trusted feed, and not of a person. It is set only beside named reporters: without
/// them, it would be set for nearly all numbers, and cost each of them a byte.
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
        if self.0 & NAMED == 0 { self } else { Self(self.0 | FEED) }
    }

    /// Whether a report is of a trusted feed, and not of a person. Meant for proven reports: of these, only a feed names no
    /// reporter.
    #[must_use]
    pub const fn has_feed(self) -> bool {
        self.0 & FEED != 0 || (self.0 != 0 && self.0 & NAMED == 0)
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
        let both = Self(self.0 | other.0 | second);
        if self.has_feed() || other.has_feed() {
            both.of_feed()
        } else {
            both
        }
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
        let place = u8::try_from(self.0.trailing_zeros()).ok()?;
        (self.0.count_ones() == 1)
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
    }

    #[test]
    fn a_feed_is_known_beside_people() {
        let feed = SourceSet::of(Source::RegulatorFeed, None);
        let (person, other) = (named(Source::RegulatorFeed, 1), named(Source::Consumer, 2));
        assert!(feed.has_feed() && feed.of_feed() == feed);
        assert!(!person.has_feed() && !person.union(other).has_feed());
        assert!(person.of_feed().has_feed() && !person.of_feed().is_several());
        for set in [feed.union(person), person.union(feed), person.of_feed().union(other)] {
            assert!(set.has_feed() && set.union(other).has_feed());
        }
        assert!(!SourceSet::default().has_feed());
    }

    #[test]
    fn every_source_has_a_bit_of_its_own_and_is_found_again() {
        for source in Source::ALL {
            assert_eq!(SourceSet::of(*source, None).only_unnamed(), Some(*source));
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
            let named = |bits: u16| if bits & TWO_NAMED == 0 { bits } else { bits | NAMED };
            // A feed is marked beside named reporters only.
            let sound = |bits: u16| SourceSet(if named(bits) & NAMED == 0 { bits & !FEED } else { named(bits) });
            let (a, b, c) = (sound(a), sound(b), sound(c));
            prop_assert_eq!(a.union(b), b.union(a));
            prop_assert_eq!(a.union(b).union(c), a.union(b.union(c)));
        }
    }
}
