//! How far an import is: a bar on a terminal, nothing elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::error::CliError;
use crate::cli::output;

/// The bar measures bytes of the file: how many rows it holds is not known before the end.
const TEMPLATE: &str = "{wide_bar} {percent:>3} %  {msg}  {eta} left";

/// Shows how far an import is, and measures its time.
#[derive(Clone)]
pub(super) struct Progress {
    /// Hidden unless standard error is a terminal. It measures the time in either case.
    bar: ProgressBar,
}

impl Progress {
    /// Of a file of this many bytes. The time begins now.
    pub(super) fn new(bytes: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Shows that the file is read up to `bytes`, and `rows` of it are done.
    pub(super) fn advance(&self, bytes: u64, rows: u64) {
        if self.bar.is_hidden() {
            return;
        }
        let rate = output::grouped(per_second(rows, self.elapsed()));
        self.bar
            .set_message(format!("{} rows, {rate} rows/s", output::grouped(rows)));
        // Batches may be answered in another order than they were read.
        self.bar.set_position(bytes.max(self.bar.position()));
    }

    /// Says something without tearing the bar.
    ///
    /// # Errors
    /// If standard error cannot be written.
    pub(super) fn note(&self, text: &str) -> Result<(), CliError> {
        self.bar.suspend(|| output::note(text))
    }

    /// How long it takes up to now.
    pub(super) fn elapsed(&self) -> Duration {
        self.bar.elapsed()
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// How many a second, rounded down.
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
