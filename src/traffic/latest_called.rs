//! The numbers that a caller called last, to detect sequential dialling.

use super::fingerprint::{CalledFingerprints, NO_FINGERPRINT};
use super::sketch::position;

/// The most numbers that are remembered.
const MOST: usize = 32;

/// The relation of a call to the calls before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DialStep {
    /// The called number is unknown.
    Unknown,
    /// The number is among those called last.
    Again,
    /// A new number.
    New,
    /// A new number with a neighbour among those called last.
    Step,
}

impl DialStep {
    /// The relation of a call to earlier calls to the numbers `latest`.
    pub(super) fn after(latest: &[u32], dialled: Option<&CalledFingerprints>) -> Self {
        let Some(dialled) = dialled else {
            return Self::Unknown;
        };
        let knows = |fingerprint: u32| position(latest, fingerprint).is_some();
        if knows(dialled.short) {
            Self::Again
        } else if dialled.neighbours.iter().any(|fingerprint| knows(*fingerprint)) {
            Self::Step
        } else {
            Self::New
        }
    }

    /// Whether the number is not among those called last.
    pub(super) const fn is_new(self) -> bool {
        matches!(self, Self::New | Self::Step)
    }
}

/// The last 32 distinct numbers of the hour.
#[derive(Clone, Debug)]
pub(super) struct LatestCalled {
    /// [`NO_FINGERPRINT`] where the life is 0.
    fingerprints: [u32; MOST],
    lives: [u8; MOST],
    steps: [bool; MOST],
    /// The place of the next number.
    next: usize,
}

impl LatestCalled {
    pub(super) const fn new() -> Self {
        Self {
            fingerprints: [NO_FINGERPRINT; MOST],
            lives: [0; MOST],
            steps: [false; MOST],
            next: 0,
        }
    }

    /// The numbers. Free places hold [`NO_FINGERPRINT`].
    pub(super) const fn fingerprints(&self) -> &[u32] {
        &self.fingerprints
    }

    /// Adds the number of a call, if `by` says that it is new.
    pub(super) fn push(&mut self, fingerprint: u32, life: u8, by: DialStep) {
        if by.is_new()
            && life > 0
            && let Some(slot) = self.fingerprints.get_mut(self.next)
            && let Some(slot_life) = self.lives.get_mut(self.next)
            && let Some(step) = self.steps.get_mut(self.next)
        {
            *slot = fingerprint;
            *slot_life = life;
            *step = by == DialStep::Step;
            self.next = (self.next + 1) % MOST;
        }
    }

    pub(super) fn sink(&mut self, by: u8) {
        if by == 0 {
            return;
        }
        for ((fingerprint, life), step) in self.fingerprints.iter_mut().zip(&mut self.lives).zip(&mut self.steps) {
            *life = life.saturating_sub(by);
            if *life == 0 {
                *fingerprint = NO_FINGERPRINT;
                *step = false;
            }
        }
    }

    /// The count of numbers with [`DialStep::Step`].
    pub(super) fn steps(&self) -> u32 {
        self.steps.iter().map(|step| u32::from(*step)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tenant::TenantId;
    use crate::number::E164;
    use crate::traffic::fingerprint::Fingerprinter;

    fn dial(recent: &mut LatestCalled, suffix: u64) -> DialStep {
        let number = E164::from_digits(14_155_550_000 + suffix).unwrap();
        let fingerprints = Fingerprinter::new(&[7; 32]);
        let dialled = fingerprints.dialled(fingerprints.salt(TenantId::DEFAULT), number);
        let by = DialStep::after(recent.fingerprints(), Some(&dialled));
        recent.push(dialled.short, 6, by);
        by
    }

    #[test]
    fn a_step_goes_up_to_four_numbers_up_or_down() {
        let mut recent = LatestCalled::new();
        let moves = [100, 104, 100, 99, 109, 200, 196, 191].map(|suffix| dial(&mut recent, suffix));
        let wanted = [
            DialStep::New,
            DialStep::Step,
            DialStep::Again,
            DialStep::Step,
            DialStep::New,
            DialStep::New,
            DialStep::Step,
            DialStep::New,
        ];
        assert_eq!(moves, wanted);
        assert_eq!(recent.steps(), 3);
        assert_eq!(DialStep::after(recent.fingerprints(), None), DialStep::Unknown);
    }

    #[test]
    fn thirty_two_numbers_are_remembered_for_an_hour() {
        let mut recent = LatestCalled::new();
        for n in 0..100 {
            dial(&mut recent, n);
        }
        assert_eq!(recent.steps(), 32);
        assert_eq!(dial(&mut recent, 68), DialStep::Again, "the oldest");
        assert_eq!(dial(&mut recent, 67), DialStep::Step);
        recent.sink(5);
        assert_eq!(recent.steps(), 32);
        dial(&mut recent, 500);
        recent.sink(1);
        assert_eq!(recent.steps(), 0);
        assert_eq!(dial(&mut recent, 501), DialStep::Step, "the latest is still known");
        assert_eq!(dial(&mut recent, 98), DialStep::New, "the others are forgotten");
    }
}
