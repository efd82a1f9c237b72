//! The figures as pictures in SVG: whether scores mean what they say, the share of calls stopped against the share of
//! legitimate number-days flagged, the distribution of scores, and the legitimate numbers hindered by kind. Each picture can be
//! understood without other text.

mod kinds;
mod reliability;
mod scores;
mod sheet;
mod stopped;

use plotters::drawing::DrawingAreaErrorKind;
use thiserror::Error;

use super::figures::Figures;
use super::samples::ScoredSamples;

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// The name of the file.
    pub file: &'static str,
    /// The content of the file.
    pub svg: String,
}

/// The error of a picture that cannot be laid out.
#[derive(Debug, Error)]
#[error("the plot cannot be drawn: {0}")]
pub struct PlotError(#[from] DrawingAreaErrorKind<std::io::Error>);

/// Draws all pictures of an evaluation. The samples must be sorted.
///
/// # Errors
/// If a picture cannot be laid out.
pub fn draw(samples: &ScoredSamples, figures: &Figures) -> Result<[Plot; 4], PlotError> {
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
            svg: scores::draw(samples, figures)?,
        },
        Plot {
            file: "kinds.svg",
            svg: kinds::draw(figures)?,
        },
    ])
}
