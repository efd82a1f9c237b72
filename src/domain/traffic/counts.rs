//! Counts of a caller's calls: how they were signed, and how they ended.

use std::ops::AddAssign;
use std::time::Duration;

use super::Thresholds;
use crate::domain::call::Signing;
use crate::number::E164;

/// Kinds of [`Signing`].
const SIGNINGS: usize = 6;

/// Calls by how they were signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SigningCounts([u32; SIGNINGS]);

impl SigningCounts {
    /// One call.
    #[must_use]
    pub fn one(signing: Signing) -> Self {
        let mut counts = Self::default();
        if let Some(count) = counts.0.get_mut(signing as usize) {
            *count = 1;
        }
        counts
    }

    /// Calls with this signing.
    #[must_use]
    pub fn of(&self, signing: Signing) -> u32 {
        self.0.get(signing as usize).copied().unwrap_or(0)
    }

    /// All calls.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().fold(0, |total, count| total.saturating_add(*count))
    }

    /// Calls with known signing.
    #[must_use]
    pub fn known(&self) -> u32 {
        self.total().saturating_sub(self.of(Signing::NotGiven))
    }

    /// Takes a call out again.
    #[must_use]
    pub(super) fn without(mut self, signing: Signing) -> Self {
        if let Some(count) = self.0.get_mut(signing as usize) {
            *count = count.saturating_sub(1);
        }
        self
    }
}

impl AddAssign for SigningCounts {
    fn add_assign(&mut self, other: Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count = count.saturating_add(more);
        }
    }
}

/// How a call ended, as the switch reports it afterwards. At most one outcome of a call is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallOutcome<'a> {
    /// The caller.
    pub caller: E164,
    /// The id of the call at its switch (SIP Call-ID). If empty, every outcome sent counts.
    pub call_id: &'a str,
    /// Whether the call was answered, by a person or a machine.
    pub answered: bool,
    /// How long they spoke; zero if nobody answered.
    pub duration: Duration,
    /// The SIP status that ended an unanswered call; 0 if there is none.
    pub release_code: u16,
}

impl CallOutcome<'_> {
    /// Whether the call was rejected: 403 (Forbidden, RFC 3261), 607 (Unwanted, RFC 8197: a person said so) or 608
    /// (Rejected, RFC 8688: a machine did).
    #[must_use]
    pub const fn is_rejected(&self) -> bool {
        matches!(self.release_code, 403 | 607 | 608)
    }

    /// The part of it that is counted.
    #[must_use]
    pub fn ending(&self, thresholds: &Thresholds) -> Ending {
        Ending {
            answered: self.answered,
            short: self.answered && self.duration < thresholds.short_call,
            rejected: self.is_rejected(),
        }
    }
}

/// The counted part of a call's outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// The call was answered, by a person or a machine.
    pub answered: bool,
    /// It was answered and ended at once.
    pub short: bool,
    /// It was rejected.
    pub rejected: bool,
}

/// How calls ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// Calls whose outcome is known.
    pub calls: u32,
    /// Answered calls.
    pub answered: u32,
    /// Answered calls that ended at once.
    pub short: u32,
    /// Rejected calls.
    pub rejected: u32,
}

impl OutcomeCounts {
    /// One call.
    #[must_use]
    pub fn one(ending: Ending) -> Self {
        Self {
            calls: 1,
            answered: u32::from(ending.answered),
            short: u32::from(ending.short),
            rejected: u32::from(ending.rejected),
        }
    }
}

impl AddAssign for OutcomeCounts {
    fn add_assign(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.answered = self.answered.saturating_add(other.answered);
        self.short = self.short.saturating_add(other.short);
        self.rejected = self.rejected.saturating_add(other.rejected);
    }
}
