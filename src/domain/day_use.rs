//! How much of a tenant's day each principal has used.

/// The units that each principal has used of the tenant's quota of a day, by a hash of its id. Only the [`DayUse::MAX`]
/// principals with the highest use are kept: those below have used a small part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayUse(Vec<(u64, u64)>);

impl DayUse {
    /// The most principals that are kept.
    pub const MAX: usize = 256;

    /// Uses that were stored; further ones than [`DayUse::MAX`] are left out.
    #[must_use]
    pub fn new(uses: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut all = Self::default();
        for (principal, units) in uses {
            all.add(principal, i64::try_from(units).unwrap_or(i64::MAX));
        }
        all
    }

    /// What a principal has used.
    #[must_use]
    pub fn of(&self, principal: u64) -> u64 {
        let found = self.0.binary_search_by_key(&principal, |(hash, _)| *hash);
        let place = found.ok().and_then(|place| self.0.get(place));
        place.map_or(0, |(_, units)| *units)
    }

    /// Adds to what a principal has used, or takes away what it did not need.
    pub fn add(&mut self, principal: u64, units: i64) {
        match self.0.binary_search_by_key(&principal, |(hash, _)| *hash) {
            Ok(place) => {
                if let Some((_, used)) = self.0.get_mut(place) {
                    *used = used.saturating_add_signed(units);
                }
            }
            Err(place) => {
                if let Some(units) = u64::try_from(units).ok().filter(|units| *units > 0) {
                    self.0.insert(place, (principal, units));
                }
            }
        }
        if self.0.len() > Self::MAX {
            let least = self.0.iter().map(|(_, units)| *units).min();
            let place = self.0.iter().position(|(_, units)| Some(*units) == least);
            place.map(|place| self.0.remove(place));
        }
    }

    /// All uses, by the hashes of the principals.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u64, u64)> + '_ {
        self.0.iter().copied()
    }

    /// Whether no principal has used anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up_and_are_given_back() {
        let mut used = DayUse::default();
        for (principal, units) in [(7, 5), (3, 1), (7, 10), (7, -3), (9, -1), (3, -5)] {
            used.add(principal, units);
        }
        assert_eq!([7, 3, 9].map(|principal| used.of(principal)), [12, 0, 0]);
        assert_eq!(DayUse::new(used.iter()).of(7), 12);
    }

    #[test]
    fn the_highest_uses_are_kept() {
        let many = u64::try_from(DayUse::MAX).unwrap() + 100;
        let used = DayUse::new((0..many).map(|principal| (principal, principal + 1)));
        assert_eq!(used.iter().len(), DayUse::MAX);
        assert_eq!((used.of(0), used.of(many - 1)), (0, many));
    }
}
