//! How good the score is, on complaints that it has not seen.
//!
//! [`run`] replays the complaints: every day, that day's complaint calls, all legitimate numbers, and random numbers of
//! the exchanges seen so far are scored with what was known the evening before. The [`Figures`] say how many complaint
//! calls would have been stopped at what price, beside the blacklists that everybody else offers.

mod again;
mod bootstrap;
mod figures;
mod plots;
mod rank;
mod reliability;
mod run;
mod samples;

pub use again::AgainFigures;
pub use figures::{BaselineFigures, Figures, KindFigures};
pub use plots::{Plot, PlotError, draw};
pub use reliability::Band;
pub use run::{Models, Plan, Progress, run};
pub use samples::{Kind, Sample, Samples};

/// Shares of legitimate number-days flagged at which the figures are given, with their names in JSON.
pub const FLAGGED: [(&str, f64); 5] = [
    ("0.0005", 0.000_5),
    ("0.001", 0.001),
    ("0.002", 0.002),
    ("0.005", 0.005),
    ("0.01", 0.01),
];

/// Numbers drawn each day from the exchanges seen so far.
pub const RANDOM_NUMBERS: usize = 5_000;

/// Days before a Tuesday in which a number must have been seen to be foretold.
pub const AGAIN_SEEN_DAYS: i64 = 180;

/// Days from a Tuesday on in which it may be reported again.
pub const AGAIN_DAYS: i64 = 7;
