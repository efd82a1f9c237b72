//! The brands that reports name: how much speaks for each, and whether several people name it.

use crate::domain::brand::Brand;
use crate::domain::ids::ReporterHash;

/// The bits of a reporter's hash that are left out: 32 are enough to tell two people apart.
const DROPPED_BITS: u32 = 32;

/// A brand, and the reports that name it.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedBrand {
    /// The brand.
    pub brand: Brand,
    /// Decayed mass of the reports.
    pub mass: f64,
    /// The unproven reporters who name it.
    pub reporters: BrandReporters,
}

/// Unproven reporters who name a brand: the two with the smallest hashes, so that the order of reports makes no difference.
/// They show whether there are several. Reports without a reporter may all be of one person, and are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrandReporters([Option<u32>; 2]);

impl NamedBrand {
    /// A brand with this mass, which no unproven reporter names.
    #[must_use]
    pub fn new(brand: Brand, mass: f64) -> Self {
        Self {
            brand,
            mass,
            reporters: BrandReporters::default(),
        }
    }
}

impl BrandReporters {
    /// One reporter.
    pub(super) fn of(reporter: ReporterHash) -> Self {
        let upper = u32::try_from(reporter.raw() >> DROPPED_BITS).unwrap_or_default();
        Self([Some(upper), None])
    }

    /// From the parts of hashes, as they are stored.
    #[must_use]
    pub fn from_parts(parts: impl Iterator<Item = u32>) -> Self {
        parts.fold(Self::default(), |known, part| known.union(Self([Some(part), None])))
    }

    /// The parts of their hashes, for the store.
    pub fn parts(self) -> impl ExactSizeIterator<Item = u32> + Clone {
        let parts: Vec<u32> = self.0.into_iter().flatten().collect();
        parts.into_iter()
    }

    /// Whether there are two of them or more.
    #[must_use]
    pub const fn is_several(self) -> bool {
        matches!(self.0, [Some(_), Some(_)])
    }

    /// Both together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        let mut all: Vec<u32> = self.0.into_iter().chain(other.0).flatten().collect();
        all.sort_unstable();
        all.dedup();
        let mut all = all.into_iter();
        Self([all.next(), all.next()])
    }
}

/// Adds to the brands, which are sorted by name.
pub(super) fn add(brands: &mut Vec<NamedBrand>, named: NamedBrand) {
    match brands.binary_search_by(|known| known.brand.cmp(&named.brand)) {
        Ok(place) => {
            if let Some(known) = brands.get_mut(place) {
                known.mass += named.mass;
                known.reporters = known.reporters.union(named.reporters);
            }
        }
        Err(place) => brands.insert(place, named),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_people_are_told_from_one_in_any_order() {
        let of = |parts: &[u32]| BrandReporters::from_parts(parts.iter().copied());
        for (parts, is_several) in [(&[][..], false), (&[7], false), (&[7, 7], false), (&[7, 3], true)] {
            assert_eq!(of(parts).is_several(), is_several, "{parts:?}");
        }
        for parts in [[9, 7, 3], [3, 7, 9], [7, 9, 3]] {
            assert_eq!(of(&parts).parts().collect::<Vec<_>>(), [3, 7]);
        }
        assert_eq!(of(&[9]).union(of(&[3, 9])), of(&[3, 9]));
    }
}
