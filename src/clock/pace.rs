//! Limits how often a line is logged, so that nobody can fill the log.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The least time between two lines.
const EVERY: Duration = Duration::from_secs(1);

/// Lets one line a second into the log, and counts the others.
#[derive(Debug)]
pub struct Pace(Mutex<Lines>);

#[derive(Debug)]
struct Lines {
    /// When the log got the last line.
    last: Option<Instant>,
    /// The lines that it did not get since.
    left_out: u64,
}

impl Pace {
    /// The first line may come at once.
    #[must_use]
    pub const fn new() -> Self {
        let lines = Lines {
            last: None,
            left_out: 0,
        };
        Self(Mutex::new(lines))
    }

    /// Whether the log may have a line now: then how many it did not get since the one before.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        let now = Instant::now();
        let mut lines = self.0.lock();
        if lines.last.is_some_and(|last| now.duration_since(last) < EVERY) {
            lines.left_out = lines.left_out.saturating_add(1);
            return None;
        }
        lines.last = Some(now);
        Some(std::mem::take(&mut lines.left_out))
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_log_gets_one_line_a_second_and_the_count_of_the_others() {
        let pace = Pace::new();
        assert_eq!(pace.line(), Some(0));
        tokio::time::advance(EVERY / 2).await;
        assert_eq!((pace.line(), pace.line()), (None, None));
        tokio::time::advance(EVERY / 2).await;
        assert_eq!((pace.line(), pace.line()), (Some(2), None));
        tokio::time::advance(EVERY).await;
        assert_eq!(pace.line(), Some(1));
    }
}
