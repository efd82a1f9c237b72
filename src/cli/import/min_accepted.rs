//! The least share of the rows of a file that must be taken: below it, the file is probably not what it should be.

use std::str::FromStr;

use thiserror::Error;

/// A share of rows, 0 to 100 percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct MinAccepted(f64);

/// The text is not a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a share from 0% to 100%, such as 50% or 0.5")]
pub(super) struct NotAShare;

impl MinAccepted {
    /// The share in percent.
    pub(super) const fn percent(self) -> f64 {
        self.0
    }

    /// Whether no row needs to be taken.
    pub(super) fn is_zero(self) -> bool {
        self.0 <= 0.0
    }

    /// Whether `taken` of `rows` is at least this share.
    pub(super) fn is_reached(self, taken: u64, rows: u64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "no file has so many rows")]
        let (taken, rows) = (taken as f64, rows as f64);
        taken * 100.0 >= self.0 * rows
    }
}

/// Reads `50%`, or a fraction such as `0.5`.
impl FromStr for MinAccepted {
    type Err = NotAShare;

    fn from_str(text: &str) -> Result<Self, NotAShare> {
        let (figure, factor) = match text.trim().strip_suffix('%') {
            Some(percent) => (percent.trim(), 1.0),
            None => (text.trim(), 100.0),
        };
        let share = figure.parse::<f64>().map_err(|_| NotAShare)? * factor;
        (0.0..=100.0).contains(&share).then_some(Self(share)).ok_or(NotAShare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percents_or_fractions() {
        for (text, percent) in [
            ("50%", 50.0),
            ("0.5", 50.0),
            (" 12.5 %", 12.5),
            ("1", 100.0),
            ("0", 0.0),
        ] {
            assert_eq!(text.parse(), Ok(MinAccepted(percent)), "{text}");
        }
        for text in ["", "%", "50", "101%", "-1%", "half", "NaN"] {
            assert_eq!(text.parse::<MinAccepted>(), Err(NotAShare), "{text}");
        }
        let half = MinAccepted(50.0);
        assert!(half.is_reached(1, 2) && !half.is_reached(49, 100) && half.is_reached(0, 0));
    }
}
