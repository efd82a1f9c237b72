//! Random numbers that are the same for the same seed.

/// SplitMix64, as Steele, Lea and Flood gave it in "Fast Splittable Pseudorandom Number Generators" (2014).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed that `RINGWARDEN_TEST_SEED` names, or any; printed, so that a failure can be looked at again.
    #[allow(clippy::print_stderr, reason = "a failure needs the seed to be repeated")]
    pub fn from_environment() -> Self {
        let named = std::env::var("RINGWARDEN_TEST_SEED").ok();
        let seed = named.map_or_else(|| getrandom::u64().unwrap(), |seed| seed.parse().unwrap());
        eprintln!("RINGWARDEN_TEST_SEED={seed}");
        Self(seed)
    }

    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `bound`, which is left out.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.any() % bound as u64).unwrap()
    }
}
