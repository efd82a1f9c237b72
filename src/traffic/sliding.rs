//! A sum over a sliding window.

use std::ops::AddAssign;

use super::window_slices::SLICES;

/// The sums of the slices of a window.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sliding<T> {
    /// The present slice comes first.
    slices: [T; SLICES as usize],
    total: T,
}

impl<T: Copy + Default + AddAssign> Sliding<T> {
    /// Adds a value with this life. A value outside the window is not added.
    pub(super) fn add(&mut self, amount: T, life: u8) {
        let at = usize::from(SLICES.saturating_sub(life));
        if let Some(sum) = self.slices.get_mut(at) {
            *sum += amount;
            self.total += amount;
        }
    }

    pub(super) fn sink(&mut self, by: u8) {
        if by == 0 {
            return;
        }
        let by = usize::from(by.min(SLICES));
        self.slices.rotate_right(by);
        self.slices.iter_mut().take(by).for_each(|sum| *sum = T::default());
        self.total = T::default();
        self.slices.iter().for_each(|sum| self.total += *sum);
    }

    pub(super) const fn total(&self) -> T {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_counts_stay_for_their_slices() {
        let mut sums = Sliding::<u32>::default();
        sums.add(1, 6);
        sums.add(10, 2);
        sums.add(1_000, 0);
        sums.sink(0);
        sums.sink(1);
        assert_eq!(sums.total(), 11);
        sums.add(100, 6);
        sums.sink(1);
        assert_eq!(sums.total(), 101);
        sums.sink(4);
        assert_eq!(sums.total(), 100);
        sums.sink(200);
        assert_eq!(sums.total(), 0);
    }
}
