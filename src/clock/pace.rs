//! Lines of the log about clients, few enough that no client can fill the log.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The least time between two lines.
const EVERY: Duration = Duration::from_secs(1);

/// Lets one line a second into the log, and counts the others.
#[derive(Debug, Default)]
pub struct Pace(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    /// When the log got the last line.
    last: Option<Instant>,
    /// The lines that it did not get since.
    left_out: u64,
}

impl Pace {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_log_gets_one_line_a_second_and_the_count_of_the_others() {
        let pace = Pace::default();
        assert_eq!(pace.line(), Some(0));
        tokio::time::advance(EVERY / 2).await;
        assert_eq!((pace.line(), pace.line()), (None, None));
        tokio::time::advance(EVERY / 2).await;
        assert_eq!((pace.line(), pace.line()), (Some(2), None));
        tokio::time::advance(EVERY).await;
        assert_eq!(pace.line(), Some(1));
    }
}
