//! The quality of the score, measured on complaints that the model has not seen.
//!
//! [`run`] replays the complaints. On every day it scores that day's complaint calls, all legitimate numbers, and
//! random numbers from the exchanges of earlier complaints, with the knowledge of the evening before. The [`Figures`]
//! give the share of complaint calls that would have been stopped, by the share of legitimate number-days flagged,
//! compared with blacklists of exact numbers.

mod bootstrap;
mod calibration;
mod complaint_categories;
mod figures;
mod group_intervals;
mod legitimate_kinds;
mod months;
mod plots;
mod rank;
mod reliability;
mod repeat_reports;
mod run;
mod samples;
mod served;

pub use calibration::{Calibration, CalibrationSamples, WeightedOdds};
pub use figures::{BaselineFigures, Figures, KindFigures};
pub use legitimate_kinds::{ComplaintCallFigures, LegitimateKindFigures, LegitimateKindIntervals};
pub use months::MonthFigures;
pub use plots::{Plot, PlotError, draw};
pub use reliability::Band;
pub use repeat_reports::RepeatReportFigures;
pub use run::{EvaluationPlan, Models, run};
pub use samples::{SampleKind, ScoredSample, ScoredSamples};
pub use served::ServedShares;

/// Shares of legitimate number-days flagged for which there are figures, with their names in JSON.
pub const FLAGGED: [(&str, f64); 5] = [
    ("0.0005", 0.000_5),
    ("0.001", 0.001),
    ("0.002", 0.002),
    ("0.005", 0.005),
    ("0.01", 0.01),
];

/// Count of random numbers drawn each day.
pub const RANDOM_NUMBERS: usize = 5_000;

/// A number is part of the prediction of a Tuesday if it had a complaint in this many days before.
pub const AGAIN_SEEN_DAYS: i64 = 180;

/// The prediction covers this many days from the Tuesday on.
pub const AGAIN_DAYS: i64 = 7;
