//! Brands that callers impersonate.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::ids::NameError;

/// The canonical spellings with their aliases. Data, not code: one line a brand, `Canonical: alias, ...`.
const CANONICAL: &str = include_str!("data/brands.txt");

/// A brand, in its canonical spelling if it is on the list, otherwise as written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Brand(Box<str>);

impl Brand {
    /// The most bytes of a brand's name.
    pub const MAX_BYTES: usize = 64;

    /// Checks a name and brings it into its canonical spelling.
    ///
    /// # Errors
    /// If the name is empty, too long, or holds control characters.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let written = Self::kept(text.trim())?;
        Ok(canonical(written.as_str()).map_or(written, |name| Self(name.into())))
    }

    /// A brand as a store kept it. It is not looked up again: the list may have grown since, which would split the mass
    /// of one brand in two; and the look-up costs more than the rest of a row.
    ///
    /// # Errors
    /// If the name is empty, too long, or holds control characters.
    pub fn kept(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(NameError::TooLong {
                max_bytes: Self::MAX_BYTES,
            });
        }
        if text.chars().any(char::is_control) {
            return Err(NameError::Character {
                allowed: "visible characters",
            });
        }
        Ok(Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether two spellings name one brand: capitals, blanks and punctuation make no difference.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let own = folded(&self.0);
        self == other || (!own.is_empty() && own == folded(&other.0))
    }

    /// Whether the name contains this text; capitals, blanks and punctuation make no difference.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        let part = folded(text);
        !part.is_empty() && folded(&self.0).contains(&part)
    }

    /// The canonical brands whose name, or one of whose aliases, contains this text.
    pub fn canonical_with(text: &str) -> impl Iterator<Item = Self> {
        let part = folded(text);
        let known = entries().filter(move |(name, aliases)| {
            let mut spellings = std::iter::once(*name).chain(aliases.split(','));
            !part.is_empty() && spellings.any(|spelling| folded(spelling).contains(&part))
        });
        known.map(|(name, _)| Self(name.into()))
    }

    /// Whether the brand is on the canonical list.
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        entries().any(|(name, _)| name == &*self.0)
    }
}

/// The canonical spellings by the folded form of each name and alias. A list of known owners has up to 200,000 brands, so
/// they are not searched one by one.
static BY_SPELLING: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut by_spelling = HashMap::new();
    for (name, aliases) in entries() {
        for spelling in std::iter::once(name).chain(aliases.split(',')) {
            by_spelling.entry(folded(spelling)).or_insert(name);
        }
    }
    by_spelling.remove(""); // a brand without aliases has an empty alias
    by_spelling
});

fn canonical(text: &str) -> Option<&'static str> {
    BY_SPELLING.get(&folded(text)).copied()
}

fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    CANONICAL
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| line.split_once(':').unwrap_or((line, "")))
        .map(|(name, aliases)| (name.trim(), aliases))
}

/// Letters and digits only, in lower case: `AT&T` and `att` are one.
fn folded(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_brands_get_their_canonical_spelling() {
        assert_eq!(Brand::parse(" microsoft ").unwrap().as_str(), "Microsoft");
        assert_eq!(Brand::parse("Windows Support").unwrap().as_str(), "Microsoft");
        assert_eq!(Brand::parse("att").unwrap().as_str(), "AT&T");
        assert!(Brand::parse("AMAZON").unwrap().is_canonical());
    }

    #[test]
    fn brands_are_found_by_a_part_of_a_name_or_alias() {
        let found = |text| Brand::canonical_with(text).next();
        assert_eq!(found("windows def").unwrap().as_str(), "Microsoft");
        assert_eq!(found("?"), None);
        assert!(Brand::parse("Bäckerei Müller").unwrap().contains("MÜLL"));
    }

    #[test]
    fn other_brands_stay_as_written() {
        let brand = Brand::parse("Bäckerei Müller").unwrap();
        assert_eq!(brand.as_str(), "Bäckerei Müller");
        assert!(!brand.is_canonical());
        assert_eq!(Brand::parse(""), Err(NameError::Empty));
        assert!(brand.is_same(&Brand::parse("BÄCKEREI MÜLLER").unwrap()));
        assert!(!Brand::parse("***").unwrap().is_same(&Brand::parse("?").unwrap()));
        assert_eq!(Brand::parse("***").unwrap().as_str(), "***");
        assert_eq!(Brand::kept("microsoft").unwrap().as_str(), "microsoft");
    }
}
