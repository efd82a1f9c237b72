//! Shows the progress of an import: a bar on a terminal, nothing elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::error::CliError;
use crate::cli::output;

/// The bar measures bytes of the file, because the number of rows is not known before the end.
const TEMPLATE: &str = "{wide_bar} {percent:>3} %  {msg}  {eta} left";

/// Shows the progress of an import, and measures its duration.
#[derive(Clone)]
pub(in crate::cli) struct ImportProgress {
    /// Hidden if standard error is not a terminal. It measures the time in both cases.
    bar: ProgressBar,
}

impl ImportProgress {
    /// Starts the progress of a file of this many bytes. The time begins now.
    pub(in crate::cli) fn new(bytes: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Shows that the file is read up to `bytes`, and that `rows` rows are done.
    pub(in crate::cli) fn advance(&self, bytes: u64, rows: u64) {
        if self.bar.is_hidden() {
            return;
        }
        let rate = output::grouped(per_second(rows, self.elapsed()));
        self.bar
            .set_message(format!("{} rows, {rate} rows/s", output::grouped(rows)));
        // The answers to batches may arrive in another order than the file.
        self.bar.set_position(bytes.max(self.bar.position()));
    }

    /// Prints a note above the bar.
    ///
    /// # Errors
    /// If standard error cannot be written.
    pub(super) fn note(&self, text: &str) -> Result<(), CliError> {
        self.bar.suspend(|| output::note(text))
    }

    /// Time since the start.
    pub(super) fn elapsed(&self) -> Duration {
        self.bar.elapsed()
    }

    /// Removes the bar.
    pub(in crate::cli) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Count per second, rounded down.
pub(super) fn per_second(count: u64, elapsed: Duration) -> u64 {
    let millis = elapsed.as_millis();
    u64::try_from(u128::from(count) * 1_000 / millis.max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_do_not_overflow() {
        assert_eq!(per_second(3_000, Duration::from_millis(1_500)), 2_000);
        assert_eq!(per_second(u64::MAX, Duration::ZERO), u64::MAX);
        assert_eq!(per_second(0, Duration::ZERO), 0);
    }
}
