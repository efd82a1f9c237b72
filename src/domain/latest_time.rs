//! The latest time that a store has seen, so that a clock that jumps ahead drops nothing.
//!
//! Data is dropped by age. A machine whose clock is years ahead would drop all of it within an hour, also for the other
//! instances of a store. So the store keeps the latest time at which old data was dropped, and a clock that is far ahead of
//! it is not believed, unless it has been steady for long.

use std::time::Duration;

use super::time::Timestamp;
use super::unknown_fields::UnknownFields;

/// How far a clock may be ahead of the latest time and is still believed: a server may be down for a weekend.
pub const MAX_AHEAD: Duration = Duration::from_secs(2 * 86_400);

/// The latest time at which old data was dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatestTime {
    /// The time; none before the first run.
    pub at: Option<Timestamp>,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

impl LatestTime {
    /// Whether a clock that shows `now` is believed. `newest` counts as the latest time if there is none yet.
    #[must_use]
    pub fn believes(&self, now: Timestamp, newest: Timestamp) -> bool {
        now <= self.at.unwrap_or(newest).plus(MAX_AHEAD)
    }

    /// Moves the latest time on to `now`; it never goes back. Returns whether it has changed.
    pub fn reach(&mut self, now: Timestamp) -> bool {
        let moves = self.at.is_none_or(|at| at < now);
        if moves {
            self.at = Some(now);
        }
        moves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_far_ahead_is_not_believed() {
        let noon = Timestamp::from_secs(1_000 * 86_400);
        let mut latest = LatestTime::default();
        let ahead = |seconds| noon.plus(MAX_AHEAD).plus(Duration::from_secs(seconds));
        assert!(latest.believes(ahead(0), noon) && !latest.believes(ahead(1), noon));
        assert!(latest.reach(noon));
        let old = Timestamp::default();
        assert!(latest.believes(ahead(0), old) && !latest.believes(ahead(1), old));
        assert!(
            latest.believes(old, old),
            "a clock that is behind drops too little, and harms nobody"
        );
        assert!(!latest.reach(old) && !latest.reach(noon));
        assert_eq!(latest.at, Some(noon));
    }
}
