//! A count of distinct things in 128 bits.

/// Bits of the map.
const BITS: u32 = 128;

/// Linear counting (Whang, Vander-Zanden, Taylor, 1990): each thing sets one bit of 128, chosen by its hash, and the
/// number of bits still clear estimates how many distinct things there were.
///
/// Sixteen bytes a number. Order does not matter; a thing seen twice changes nothing. The estimate saturates near 600,
/// far beyond the point where one more reporter matters; a `HyperLogLog` would take a hundred times the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DistinctCount(u128);

impl DistinctCount {
    /// The highest value of [`Self::estimate`], also that of a map with every bit set.
    pub const SATURATED: f64 = 600.0;

    /// A map from its stored bits.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// The bits, for the store.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// Counts the thing with this hash.
    pub fn insert(&mut self, hash: u64) {
        self.0 |= Self::bit(hash);
    }

    /// Whether the thing with this hash may have been counted: `false` is certain, `true` is not.
    #[must_use]
    pub fn may_contain(self, hash: u64) -> bool {
        self.0 & Self::bit(hash) != 0
    }

    /// The union: the things that either map has counted.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The bit that a thing with this hash sets: below 128.
    #[must_use]
    pub fn place(hash: u64) -> u8 {
        u8::try_from(hash % u64::from(BITS)).unwrap_or_default()
    }

    /// About how many distinct things were counted, at most [`Self::SATURATED`].
    #[must_use]
    pub fn estimate(self) -> f64 {
        let clear = self.0.count_zeros();
        if clear == 0 {
            return Self::SATURATED;
        }
        (-f64::from(BITS) * (f64::from(clear) / f64::from(BITS)).ln()).clamp(0.0, Self::SATURATED)
    }

    fn bit(hash: u64) -> u128 {
        1u128 << Self::place(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;

    #[test]
    fn counts_to_within_a_sixth_until_it_saturates() {
        for wanted in [1u32, 5, 20, 50, 100, 200, 300] {
            let mut count = DistinctCount::default();
            for thing in 0..wanted {
                count.insert(xxh3_64(&thing.to_le_bytes()));
                count.insert(xxh3_64(&thing.to_le_bytes()));
            }
            let wanted = f64::from(wanted);
            let tolerance = (wanted / 6.0).max(1.0);
            assert!(
                (count.estimate() - wanted).abs() <= tolerance,
                "{} for {wanted}",
                count.estimate()
            );
        }
    }

    #[test]
    fn saturates() {
        assert!((DistinctCount::from_bits(u128::MAX).estimate() - 600.0).abs() < 1e-9);
        assert!(DistinctCount::from_bits(u128::MAX >> 1).estimate() <= 600.0);
        assert!(DistinctCount::default().estimate().abs() < 1e-12);
    }
}
