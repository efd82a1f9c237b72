//! What a principal may claim in its reports.

use crate::domain::brand::Brand;
use crate::domain::ids::Feed;
use crate::domain::kinds::Source;

/// The most feeds that a principal may be granted.
pub const MAX_FEED_GRANTS: usize = 16;
/// The most brands that a principal may be granted.
pub const MAX_BRAND_GRANTS: usize = 16;

/// The sources and feeds that a principal may name in its reports, and the brands that it may speak for. A claim that is not
/// granted is refused: a report as a regulator weighs five times as much as that of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// One bit for each source, by its integer.
    sources: u16,
    /// The feeds, sorted.
    pub feeds: Vec<Feed>,
    /// The brands, sorted.
    pub brands: Vec<Brand>,
}

impl Grants {
    /// Grants of these sources, feeds and brands.
    #[must_use]
    pub fn new(sources: impl IntoIterator<Item = Source>, mut feeds: Vec<Feed>, mut brands: Vec<Brand>) -> Self {
        feeds.sort();
        feeds.dedup();
        brands.sort();
        brands.dedup();
        let sources = sources.into_iter().fold(0, |bits, source| bits | bit(source));
        Self { sources, feeds, brands }
    }

    /// Grants with these stored bits of sources. Bits of unknown sources are dropped: nobody can report as them here.
    #[must_use]
    pub fn from_parts(sources: u16, feeds: Vec<Feed>, brands: Vec<Brand>) -> Self {
        let known = Source::ALL.iter().fold(0, |bits, source| bits | bit(*source));
        Self {
            sources: sources & known,
            feeds,
            brands,
        }
    }

    /// The bits of the granted sources: source `n` has bit `n`.
    #[must_use]
    pub const fn source_bits(&self) -> u16 {
        self.sources
    }

    /// The granted sources.
    pub fn sources(&self) -> impl Iterator<Item = Source> {
        let bits = self.sources;
        Source::ALL
            .iter()
            .copied()
            .filter(move |source| bits & bit(*source) != 0)
    }

    /// The field of these grants with something that `others` lack; none if `others` have everything. The first of several.
    #[must_use]
    pub fn field_beyond(&self, others: &Self) -> Option<&'static str> {
        if self.sources & !others.sources != 0 {
            return Some("sources");
        }
        if self.feeds.iter().any(|feed| !others.allow_feed(feed)) {
            return Some("feeds");
        }
        let is_new = |brand: &Brand| !others.brands.contains(brand);
        self.brands.iter().any(is_new).then_some("brands")
    }

    /// Whether a report may have this source: one that anybody may name, or a granted one.
    #[must_use]
    pub fn allow_source(&self, source: Source) -> bool {
        !needs_grant(source) || self.sources & bit(source) != 0
    }

    /// Whether a report may name this feed.
    #[must_use]
    pub fn allow_feed(&self, feed: &Feed) -> bool {
        self.feeds.contains(feed)
    }

    /// Whether the principal speaks for this brand. Spellings that differ in capitals, blanks or punctuation name one brand.
    #[must_use]
    pub fn speak_for(&self, brand: &Brand) -> bool {
        self.brands.iter().any(|granted| granted.is_same(brand))
    }
}

/// Whether only granted principals may report as this source. A report of the others weighs as that of a person.
const fn needs_grant(source: Source) -> bool {
    match source {
        Source::Consumer | Source::AppFeedback | Source::EnterpriseBrand => false,
        Source::Carrier
        | Source::LawEnforcement
        | Source::RegulatorFeed
        | Source::Honeypot
        | Source::Analyst
        | Source::PartnerExchange => true,
    }
}

const fn bit(source: Source) -> u16 {
    1 << source.code()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_granted_source_feed_or_brand_may_be_claimed() {
        let feed = |name: &str| Feed::parse(name).unwrap();
        let brand = |name: &str| Brand::parse(name).unwrap();
        let nothing = Grants::default();
        let open: Vec<_> = Source::ALL
            .iter()
            .filter(|source| nothing.allow_source(**source))
            .collect();
        assert_eq!(
            open,
            [&Source::Consumer, &Source::AppFeedback, &Source::EnterpriseBrand]
        );
        assert!(!nothing.allow_feed(&feed("ftc-3col")) && !nothing.speak_for(&brand("Microsoft")));
        let some = Grants::new([Source::Honeypot], vec![feed("pots")], vec![brand("Acme Bank")]);
        assert!(some.allow_source(Source::Honeypot) && !some.allow_source(Source::RegulatorFeed));
        assert!(some.allow_feed(&feed("pots")) && !some.allow_feed(&feed("pot")));
        assert!(some.speak_for(&brand("ACME-BANK")) && !some.speak_for(&brand("Acme")));
        assert_eq!(some.sources().collect::<Vec<_>>(), [Source::Honeypot]);
    }

    #[test]
    fn grants_are_compared_field_by_field() {
        let feed = |name: &str| Feed::parse(name).unwrap();
        let brand = |name: &str| Brand::parse(name).unwrap();
        let some = Grants::new([Source::Honeypot], vec![feed("pots")], vec![brand("Acme Bank")]);
        for (wanted, beyond) in [
            (Grants::default(), None),
            (some.clone(), None),
            (Grants::new([Source::Honeypot], Vec::new(), Vec::new()), None),
            (
                Grants::new([Source::Honeypot, Source::Carrier], vec![feed("x")], Vec::new()),
                Some("sources"),
            ),
            (
                Grants::new([], vec![feed("pots"), feed("x")], vec![brand("x")]),
                Some("feeds"),
            ),
            (Grants::new([], Vec::new(), vec![brand("Acme")]), Some("brands")),
        ] {
            assert_eq!(wanted.field_beyond(&some), beyond, "{wanted:?}");
        }
    }
}
