//! Estimates of the distinct numbers called in a window, when there are too many to keep each.

use super::window_slices::sink_all;

/// Linear counting (Whang, Vander-Zanden, Taylor, 1990) in a sliding window. Each number belongs to one cell. A cell
/// keeps, instead of a bit, the life of the latest call to any of its numbers. The share of cells with no life left
/// gives the estimate.
///
/// With `t` numbers for each cell, the standard error is `sqrt((e^t - t - 1) / CELLS) / t` of the count: 1.6 % at 500
/// numbers in 2,048 cells, and 2.6 % at 5,000.
#[derive(Clone, Debug)]
pub(super) struct Sketch<const CELLS: usize> {
    lives: [u8; CELLS],
    living: usize,
}

impl<const CELLS: usize> Sketch<CELLS> {
    pub(super) const fn new() -> Self {
        Self {
            lives: [0; CELLS],
            living: 0,
        }
    }

    /// Counts a call to a number. The call stays in the window for `life` slices.
    pub(super) fn count(&mut self, fingerprint: u32, life: u8) {
        let place = usize::try_from(fingerprint).unwrap_or_default() % CELLS;
        if let Some(cell) = self.lives.get_mut(place) {
            self.living += usize::from(*cell == 0 && life > 0);
            *cell = life.max(*cell);
        }
    }

    pub(super) fn sink(&mut self, by: u8) {
        if self.living > 0 && by > 0 {
            self.living = sink_all(&mut self.lives, by);
        }
    }

    /// The estimated count of distinct numbers called.
    pub(super) fn estimate(&self) -> u32 {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand cells")]
        let [cells, empty] = [CELLS as f64, (CELLS - self.living).max(1) as f64];
        let numbers = cells * (cells / empty).ln();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and at most a few ten thousands"
        )]
        let numbers = numbers.round() as u32;
        numbers
    }
}

/// The numbers called in a window, kept one by one as long as there is room.
#[derive(Clone, Debug)]
pub(super) struct Exact<const MOST: usize> {
    /// Each fingerprint is here at most once, with or without life left.
    fingerprints: [u32; MOST],
    lives: [u8; MOST],
    living: usize,
    /// The life of the latest call to a number for which there was no room.
    missed: u8,
}

impl<const MOST: usize> Exact<MOST> {
    pub(super) const fn new() -> Self {
        Self {
            fingerprints: [0; MOST],
            lives: [0; MOST],
            living: 0,
            missed: 0,
        }
    }

    /// Counts a call to a number. The call stays in the window for `life` slices.
    pub(super) fn count(&mut self, fingerprint: u32, life: u8) {
        let known = position(&self.fingerprints, fingerprint);
        let place = known.or_else(|| {
            if self.living < MOST {
                self.lives.iter().position(|life| *life == 0)
            } else {
                None
            }
        });
        let slot = place.and_then(|at| Some((self.fingerprints.get_mut(at)?, self.lives.get_mut(at)?)));
        match slot {
            Some((slot, old)) => {
                *slot = fingerprint;
                self.living += usize::from(*old == 0 && life > 0);
                *old = life.max(*old);
            }
            None => self.missed = life.max(self.missed),
        }
    }

    pub(super) fn sink(&mut self, by: u8) {
        if by > 0 {
            self.living = sink_all(&mut self.lives, by);
            self.missed = self.missed.saturating_sub(by);
        }
    }

    /// The count of distinct numbers called, or a lower bound as the error if there was no room for some of them.
    pub(super) fn distinct(&self) -> Result<u32, u32> {
        let living = u32::try_from(self.living).unwrap_or(u32::MAX);
        if self.missed == 0 { Ok(living) } else { Err(living) }
    }
}

/// The position of a fingerprint. Compares 16 at a time, which the compiler turns into a few instructions.
pub(super) fn position(fingerprints: &[u32], fingerprint: u32) -> Option<usize> {
    const STEP: usize = 16;
    let has = |chunk: &[u32]| chunk.iter().fold(false, |found, known| found | (*known == fingerprint));
    let (number, chunk) = fingerprints.chunks(STEP).enumerate().find(|(_, chunk)| has(chunk))?;
    Some(number * STEP + chunk.iter().position(|known| *known == fingerprint)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::window_slices::SLICES;
    use xxhash_rust::xxh3::xxh3_64;

    fn fingerprint(n: u32) -> u32 {
        u32::try_from(xxh3_64(&n.to_le_bytes()) >> 32).unwrap()
    }

    /// The error of one run over many counts, and the root mean square of the errors.
    fn errors<const CELLS: usize>(numbers: u32) -> (f64, f64) {
        let runs = 40;
        let errors: Vec<f64> = (0..runs)
            .map(|run| {
                let mut sketch = Sketch::<CELLS>::new();
                (0..numbers).for_each(|n| sketch.count(fingerprint(run * 1_000_000 + n), SLICES));
                f64::from(sketch.estimate()) / f64::from(numbers) - 1.0
            })
            .collect();
        let worst = errors.iter().fold(0.0, |worst: f64, error| worst.max(error.abs()));
        let mean = errors.iter().map(|error| error * error).sum::<f64>() / f64::from(runs);
        (worst, mean.sqrt())
    }

    #[test]
    fn errors_are_what_the_documentation_says() {
        for (numbers, promised) in [(100, 0.016), (500, 0.016), (1_000, 0.017), (5_000, 0.026)] {
            let (worst, mean) = errors::<2_048>(numbers);
            assert!(worst < 0.1 && mean < 1.4 * promised, "{numbers}: {worst} {mean}");
        }
        for (numbers, promised) in [(130, 0.023), (500, 0.024), (1_000, 0.027)] {
            let (worst, mean) = errors::<1_024>(numbers);
            assert!(worst < 0.1 && mean < 1.4 * promised, "{numbers}: {worst} {mean}");
        }
    }

    #[test]
    fn saturates_and_is_empty_again_later() {
        let mut sketch = Sketch::<64>::new();
        (0..10_000).for_each(|n| sketch.count(fingerprint(n), 3));
        assert_eq!(sketch.estimate(), 266, "64 ln 64");
        sketch.sink(2);
        assert_eq!(sketch.estimate(), 266);
        sketch.count(1, 6);
        sketch.sink(1);
        assert_eq!(sketch.estimate(), 1);
        sketch.count(2, 0);
        assert_eq!(sketch.estimate(), 1, "what has no life left is not counted");
    }

    #[test]
    fn is_exact_until_it_is_full_and_again_once_the_missed_are_out() {
        let mut exact = Exact::<128>::new();
        for n in 0..128 {
            exact.count(fingerprint(n), 2);
            exact.count(fingerprint(n), 1);
            assert_eq!(exact.distinct(), Ok(n + 1));
        }
        exact.count(fingerprint(128), 6);
        assert_eq!(exact.distinct(), Err(128));
        exact.sink(2);
        assert_eq!(exact.distinct(), Err(0));
        exact.count(fingerprint(5), 6);
        exact.count(fingerprint(5), 6);
        assert_eq!(exact.distinct(), Err(1));
        exact.sink(4);
        assert_eq!(exact.distinct(), Ok(1));
    }

    #[test]
    fn finds_a_fingerprint_at_every_position() {
        for len in [0usize, 1, 15, 16, 17, 40] {
            let fingerprints: Vec<u32> = (0..len).map(|n| u32::try_from(n).unwrap() + 7).collect();
            for at in 0..len {
                assert_eq!(position(&fingerprints, fingerprints[at]), Some(at));
            }
            assert_eq!(position(&fingerprints, 6), None);
        }
        assert_eq!(position(&[1, 2, 2], 2), Some(1));
    }
}
