//! Calls that a client resets before they are answered: an honest time-out, or a flood of calls that are opened and reset at
//! once to make the server work in vain (CVE-2023-44487, "rapid reset").
//!
//! A client whose calls time out has let them run for the time that it waits. A call that was reset sooner than any client
//! waits counts. When the server is late, it reads the call and its reset together, and an honest time-out looks the same;
//! hence a connection may have many of them, and only a rate that no honest client has ends it: a connection has at most
//! `--max-concurrent-streams` (256) calls in progress, so a client that waits for 50 ms resets at most 5,120 calls a second.
//! The calls of a flood need not wait for each other, and come much faster.

use std::time::Duration;

/// A call that ran for longer than this was not reset at once.
const AT_ONCE: Duration = Duration::from_millis(10);
/// Calls that a connection may reset at once in one go: those of an honest client while the server stands still for two
/// seconds.
const BURST: u64 = 12_000;
/// Calls that a connection may reset at once in each second, for as long as it likes.
pub(super) const PER_SECOND: u64 = 6_000;

/// The calls of one connection that were reset at once, as the level of a bucket that leaks.
#[derive(Debug, Default)]
pub(super) struct Resets {
    /// In thousandths of a call.
    level: u64,
    /// When the level was computed, as the age of the connection in milliseconds.
    at_ms: u64,
}

impl Resets {
    /// Counts a call that was reset at this age. Whether the connection has had too many of them.
    pub(super) fn is_too_many(&mut self, call: Duration, connection: Duration) -> bool {
        if call >= AT_ONCE {
            return false;
        }
        let now = u64::try_from(connection.as_millis()).unwrap_or(u64::MAX);
        let leaked = now.saturating_sub(self.at_ms).saturating_mul(PER_SECOND);
        self.level = self.level.saturating_sub(leaked).saturating_add(1_000);
        self.at_ms = now;
        self.level > BURST * 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YOUNG: Duration = Duration::from_millis(1);

    #[test]
    fn time_outs_never_count() {
        let mut resets = Resets::default();
        assert!((0..1_000_000).all(|_| !resets.is_too_many(AT_ONCE, Duration::from_secs(1))));
    }

    #[test]
    fn a_steady_rate_of_resets_at_once_is_allowed() {
        let mut resets = Resets::default();
        for call in 0..10 * PER_SECOND {
            let age = Duration::from_millis(call * 1_000 / PER_SECOND);
            assert!(!resets.is_too_many(YOUNG, age), "{call}");
        }
    }

    #[test]
    fn a_flood_of_resets_at_once_is_too_many() {
        let mut resets = Resets::default();
        let mut flood = (0..).take_while(|_| !resets.is_too_many(YOUNG, Duration::from_secs(1)));
        assert_eq!(flood.by_ref().count(), usize::try_from(BURST).unwrap());
    }
}
