//! The numbers that a caller called last, to detect sequential dialling.

use super::print::{Dialled, NO_PRINT};
use super::sketch::position;

/// The most numbers that are remembered.
const MOST: usize = 32;

/// The relation of a call to the calls before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// The called number is unknown.
    Unknown,
    /// The number is among those called last.
    Again,
    /// A new number.
    New,
    /// A new number with a neighbour among those called last.
    Step,
}

impl Move {
    /// The relation of a call to earlier calls to the numbers `latest`.
    pub(super) fn after(latest: &[u32], dialled: Option<&Dialled>) -> Self {
        let Some(dialled) = dialled else {
            return Self::Unknown;
        };
        let knows = |print: u32| position(latest, print).is_some();
        if knows(dialled.short) {
            Self::Again
        } else if dialled.neighbours.iter().any(|print| knows(*print)) {
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
pub(super) struct Recent {
    /// [`NO_PRINT`] where the life is 0.
    prints: [u32; MOST],
    lives: [u8; MOST],
    steps: [bool; MOST],
    /// The place of the next number.
    next: usize,
}

impl Recent {
    pub(super) const fn new() -> Self {
        Self {
            prints: [NO_PRINT; MOST],
            lives: [0; MOST],
            steps: [false; MOST],
            next: 0,
        }
    }

    /// The numbers. Free places hold [`NO_PRINT`].
    pub(super) const fn prints(&self) -> &[u32] {
        &self.prints
    }

    /// Adds the number of a call, if `by` says that it is new.
    pub(super) fn push(&mut self, print: u32, life: u8, by: Move) {
        if by.is_new()
            && life > 0
            && let Some(slot) = self.prints.get_mut(self.next)
            && let Some(slot_life) = self.lives.get_mut(self.next)
            && let Some(step) = self.steps.get_mut(self.next)
        {
            *slot = print;
            *slot_life = life;
            *step = by == Move::Step;
            self.next = (self.next + 1) % MOST;
        }
    }

    pub(super) fn sink(&mut self, by: u8) {
        if by == 0 {
            return;
        }
        for ((print, life), step) in self.prints.iter_mut().zip(&mut self.lives).zip(&mut self.steps) {
            *life = life.saturating_sub(by);
            if *life == 0 {
                *print = NO_PRINT;
                *step = false;
            }
        }
    }

    /// The count of numbers with [`Move::Step`].
    pub(super) fn steps(&self) -> u32 {
        self.steps.iter().map(|step| u32::from(*step)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::E164;
    use crate::traffic::print::Prints;

    fn dial(recent: &mut Recent, suffix: u64) -> Move {
        let number = E164::from_digits(14_155_550_000 + suffix).unwrap();
        let dialled = Prints::new(&[7; 32]).dialled(number);
        let by = Move::after(recent.prints(), Some(&dialled));
        recent.push(dialled.short, 6, by);
        by
    }

    #[test]
    fn a_step_goes_up_to_four_numbers_up_or_down() {
        let mut recent = Recent::new();
        let moves = [100, 104, 100, 99, 109, 200, 196, 191].map(|suffix| dial(&mut recent, suffix));
        let wanted = [
            Move::New,
            Move::Step,
            Move::Again,
            Move::Step,
            Move::New,
            Move::New,
            Move::Step,
            Move::New,
        ];
        assert_eq!(moves, wanted);
        assert_eq!(recent.steps(), 3);
        assert_eq!(Move::after(recent.prints(), None), Move::Unknown);
    }

    #[test]
    fn thirty_two_numbers_are_remembered_for_an_hour() {
        let mut recent = Recent::new();
        for n in 0..100 {
            dial(&mut recent, n);
        }
        assert_eq!(recent.steps(), 32);
        assert_eq!(dial(&mut recent, 68), Move::Again, "the oldest");
        assert_eq!(dial(&mut recent, 67), Move::Step);
        recent.sink(5);
        assert_eq!(recent.steps(), 32);
        dial(&mut recent, 500);
        recent.sink(1);
        assert_eq!(recent.steps(), 0);
        assert_eq!(dial(&mut recent, 501), Move::Step, "the latest is still known");
        assert_eq!(dial(&mut recent, 98), Move::New, "the others are forgotten");
    }
}
