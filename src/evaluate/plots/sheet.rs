//! Parts that all pictures share: a white sheet with a title, and colours that colour-blind people can tell apart
//! (Okabe and Ito, 2008).

use std::array;

use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;
use plotters::coord::{CoordTranslate, Shift};
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::PlotError;
use crate::evaluate::Figures;

/// Complaint calls, and the results of the score.
pub(super) const BLUE: RGBColor = RGBColor(0, 114, 178);
/// Legitimate numbers, and methods other than the score.
pub(super) const VERMILION: RGBColor = RGBColor(213, 94, 0);
/// Random numbers.
pub(super) const GREEN: RGBColor = RGBColor(0, 158, 115);
/// The served threshold of labels.
pub(super) const AMBER: RGBColor = RGBColor(230, 159, 0);
/// Anything drawn only for comparison.
pub(super) const GREY: RGBColor = RGBColor(90, 90, 90);
/// The lines of the grid.
pub(super) const GRID: RGBColor = RGBColor(222, 222, 222);

/// The font of all text. The viewer of the picture chooses the actual font.
pub(super) const FONT: &str = "sans-serif";
/// Text sizes: labels, and names of axes.
pub(super) const LABEL: i32 = 17;
pub(super) const AXIS: i32 = 19;
/// Space for labels below and to the left of the axes, and at the edges, in pixels.
pub(super) const BELOW: i32 = 64;
pub(super) const LEFT: i32 = 84;
pub(super) const BESIDE: i32 = 14;
pub(super) const RIGHT: i32 = 36;

const SIZE: (u32, u32) = (960, 640);
const TITLE: i32 = 28;
const MARGIN: i32 = 20;
const HEAD: i32 = 84;

/// The area in which a picture is drawn.
pub(super) type Sheet<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws a white sheet with a title and a second line, and calls `draw` for the area below them. Returns the picture as
/// SVG.
pub(super) fn sheet(
    title: &str,
    more: &str,
    draw: impl FnOnce(&Sheet<'_>) -> Result<(), PlotError>,
) -> Result<String, PlotError> {
    let mut svg = String::new();
    {
        let sheet = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        sheet.fill(&WHITE)?;
        sheet.draw(&Text::new(title, (MARGIN, MARGIN), (FONT, TITLE).into_font()))?;
        let style = (FONT, LABEL).into_font().color(&GREY);
        sheet.draw(&Text::new(more, (MARGIN, MARGIN + TITLE + 6), style))?;
        draw(&sheet.margin(HEAD, 0, 0, 0))?;
        sheet.present()?;
    }
    Ok(svg)
}

/// Draws the legend of a chart.
pub(super) fn legend<'a, T: CoordTranslate>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, T>,
    position: SeriesLabelPosition,
) -> Result<(), PlotError> {
    chart
        .configure_series_labels()
        .position(position)
        .margin(14)
        .background_style(WHITE.mix(0.9))
        .border_style(GRID)
        .label_font((FONT, LABEL))
        .draw()?;
    Ok(())
}

/// An entry of a legend.
pub(super) fn stroke((x, y): (i32, i32), style: impl Into<ShapeStyle>) -> PathElement<(i32, i32)> {
    PathElement::new(vec![(x, y), (x + 22, y)], style)
}

/// An entry of a legend for a dashed line.
pub(super) fn dashes(
    (x, y): (i32, i32),
    [dash, gap]: [i32; 2],
    style: impl Into<ShapeStyle>,
) -> DashedPathElement<array::IntoIter<(i32, i32), 2>, i32> {
    DashedPathElement::new([(x, y), (x + 22, y)], dash, gap, style)
}

/// An entry of a legend for an upright interval.
pub(super) fn upright((x, y): (i32, i32), style: impl Into<ShapeStyle>) -> PathElement<(i32, i32)> {
    PathElement::new(vec![(x + 11, y - 8), (x + 11, y + 8)], style)
}

/// Marks the served thresholds on an axis of scores, from the bottom of a chart to its top.
pub(super) fn thresholds<'a, Y: Ranged<ValueType = f64>>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, Y>>,
    figures: &Figures,
    [bottom, top]: [f64; 2],
) -> Result<(), PlotError> {
    for (name, score, colour, dashed) in [
        ("labelled", figures.label_from, AMBER, [3, 5]),
        ("blocked", figures.block_from, BLACK, [9, 5]),
    ] {
        let [dash, gap] = dashed;
        let style = colour.stroke_width(2);
        chart
            .draw_series(DashedLineSeries::new([(score, bottom), (score, top)], dash, gap, style))?
            .label(format!("{name} from {score} on"))
            .legend(move |at| dashes(at, dashed, style));
    }
    Ok(())
}

/// A share in per cent, with as many decimals as it needs.
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    let decimals = if percent >= 0.995 || percent <= 0.0 {
        0
    } else if percent >= 0.0995 {
        1
    } else if percent >= 0.00995 {
        2
    } else {
        3
    };
    format!("{percent:.decimals$} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_have_the_decimals_they_need() {
        let shares = [0.0, 0.000_01, 0.000_1, 0.001, 0.01, 0.1, 1.0];
        assert_eq!(
            shares.map(percent),
            ["0 %", "0.001 %", "0.01 %", "0.1 %", "1 %", "10 %", "100 %"]
        );
    }
}
