//! The feeds of brands' own teams, and the brands that each of them may speak for.

use std::collections::{BTreeMap, BTreeSet};

use super::brand::Brand;
use super::ids::Feed;
use super::kinds::Source;

/// Which feeds may speak for which brands. A report of such a feed, of source ENTERPRISE_BRAND, weighs as that of a
/// trusted feed if it names one of its brands: a brand knows best who calls in its name. On other brands it knows no more
/// than others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrandFeeds(BTreeMap<Feed, BTreeSet<Brand>>);

impl BrandFeeds {
    /// Lets a feed speak for a brand.
    pub fn grant(&mut self, feed: Feed, brand: Brand) {
        self.0.entry(feed).or_default().insert(brand);
    }

    /// Whether a report with this source, feed and brand is one of a brand's own team. Spellings that differ in capitals,
    /// blanks or punctuation name one brand.
    #[must_use]
    pub fn speaks_for(&self, source: Source, feed: Option<&Feed>, brand: Option<&Brand>) -> bool {
        let brands = feed.and_then(|feed| self.0.get(feed));
        source == Source::EnterpriseBrand
            && brands.zip(brand).is_some_and(|(brands, brand)| {
                brands.contains(brand) || brands.iter().any(|granted| granted.is_same(brand))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(name: &str) -> Feed {
        Feed::parse(name).unwrap()
    }

    fn brand(name: &str) -> Brand {
        Brand::parse(name).unwrap()
    }

    #[test]
    fn a_feed_speaks_for_its_brands_only_and_only_as_a_brand() {
        let mut feeds = BrandFeeds::default();
        feeds.grant(feed("acme"), brand("Acme Bank"));
        feeds.grant(feed("acme"), brand("microsoft"));
        let speaks = |source, name: &str, of: &str| feeds.speaks_for(source, Some(&feed(name)), Some(&brand(of)));
        let source = Source::EnterpriseBrand;
        assert!(speaks(source, "acme", "Acme Bank") && speaks(source, "acme", "ACME-BANK"));
        assert!(speaks(source, "acme", "Microsoft"));
        assert!(!speaks(source, "acme", "Amazon") && !speaks(source, "other", "Acme Bank"));
        assert!(!speaks(Source::AppFeedback, "acme", "Acme Bank"));
        assert!(!feeds.speaks_for(source, Some(&feed("acme")), None));
        assert!(!feeds.speaks_for(source, None, Some(&brand("Acme Bank"))));
    }
}
