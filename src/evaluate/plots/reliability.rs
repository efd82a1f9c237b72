//! Scores compared with the shares of complaint calls that they predict.

use plotters::prelude::*;

use super::super::figures::Figures;
use super::super::reliability::{Band, TOLERANCE};
use super::PlotError;
use super::sheet::{self, AXIS, BELOW, BESIDE, BLUE, FONT, GREY, GRID, LABEL, LEFT, RIGHT, Sheet};

const TITLE: &str = "Does a score mean what it says?";

/// The dashes of the line of exact scores, and the gaps between them, in pixels.
const DASHES: [i32; 2] = [8, 6];

pub(super) fn draw(figures: &Figures) -> Result<String, PlotError> {
    let more = format!(
        "Of the calls with a score, how many are complaint calls, if {} of all calls are unwanted. Bands of 10 points.",
        sheet::percent(figures.prior)
    );
    sheet::sheet(TITLE, &more, |sheet| chart(sheet, figures))
}

fn chart(sheet: &Sheet<'_>, figures: &Figures) -> Result<(), PlotError> {
    let bands = &figures.reliability;
    let mut chart = ChartBuilder::on(sheet)
        .margin_left(BESIDE)
        .margin_right(RIGHT)
        .x_label_area_size(BELOW)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(0.0..100.0, 0.0..100.0)?;
    chart
        .configure_mesh()
        .x_desc("Score (what it says)")
        .y_desc("Complaint calls among them (what it should say)")
        .y_label_formatter(&|share: &f64| format!("{share:.0} %"))
        .x_label_formatter(&|score: &f64| format!("{score:.0}"))
        .label_style((FONT, LABEL))
        .axis_desc_style((FONT, AXIS))
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .draw()?;
    let near = [
        (0.0, TOLERANCE),
        (100.0 - TOLERANCE, 100.0),
        (100.0, 100.0),
        (100.0, 100.0 - TOLERANCE),
        (TOLERANCE, 0.0),
        (0.0, 0.0),
    ];
    chart
        .draw_series([Polygon::new(near, GREY.mix(0.13))])?
        .label(format!("within {TOLERANCE} points of it"))
        .legend(|(x, y)| Rectangle::new([(x, y - 6), (x + 22, y + 6)], GREY.mix(0.13).filled()));
    let [dash, gap] = DASHES;
    let exact = DashedLineSeries::new([(0.0, 0.0), (100.0, 100.0)], dash, gap, GREY.stroke_width(2));
    chart
        .draw_series(exact)?
        .label("exactly what it says")
        .legend(|at| sheet::dashes(at, DASHES, GREY.stroke_width(2)));
    let interval = |band: &Band| {
        let [low, high] = band.interval;
        PathElement::new(
            vec![(band.mean_score, low), (band.mean_score, high)],
            BLUE.stroke_width(2),
        )
    };
    chart
        .draw_series(bands.iter().map(interval))?
        .label("95 % interval, over exchanges and days")
        .legend(|at| sheet::upright(at, BLUE.stroke_width(2)));
    let found = |band: &Band| Circle::new((band.mean_score, band.posterior), 6, BLUE.filled());
    chart
        .draw_series(bands.iter().map(found))?
        .label("found")
        .legend(|(x, y)| Circle::new((x + 11, y), 6, BLUE.filled()));
    sheet::thresholds(&mut chart, figures, [0.0, 100.0])?;
    sheet::legend(&mut chart, SeriesLabelPosition::LowerRight)
}
