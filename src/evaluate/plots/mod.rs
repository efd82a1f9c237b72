//! The figures as pictures, in SVG: whether a score means what it says, what it stops at what price, and where scores
//! lie. Each says without further words what it shows.

mod paper;
mod reliability;
mod scores;
mod stopped;

use plotters::drawing::DrawingAreaErrorKind;
use thiserror::Error;

use super::figures::Figures;
use super::samples::Samples;

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// The name of its file.
    pub file: &'static str,
    /// Its content.
    pub svg: String,
}

/// A picture cannot be laid out.
#[derive(Debug, Error)]
#[error("the plot cannot be drawn: {0}")]
pub struct PlotError(#[from] DrawingAreaErrorKind<std::io::Error>);

/// Draws all pictures of an evaluation. The samples must be sorted.
///
/// # Errors
/// If one of them cannot be laid out.
pub fn draw(samples: &Samples, figures: &Figures) -> Result<[Plot; 3], PlotError> {
    Ok([
        Plot {
            file: "reliability.svg",
            svg: reliability::draw(figures)?,
        },
        Plot {
            file: "stopped.svg",
            svg: stopped::draw(samples, figures)?,
        },
        Plot {
            file: "scores.svg",
            svg: scores::draw(samples)?,
        },
    ])
}
