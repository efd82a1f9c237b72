//! The shares of legitimate numbers labelled and blocked, by kind.

use plotters::coord::combinators::LogCoord;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::super::figures::Figures;
use super::super::legitimate_kinds::LegitimateKindFigures;
use super::PlotError;
use super::sheet::{self, AXIS, BELOW, BESIDE, BLUE, FONT, GRID, LABEL, RIGHT, Sheet, VERMILION};

const TITLE: &str = "Legitimate numbers labelled and blocked, by kind";

/// The range of the shares. A smaller share is drawn at the left end.
const LEAST: f64 = 1e-5;
const MOST: f64 = 1.0;
/// The most kinds in the picture: the worst ones.
const KINDS_MAX: usize = 22;
/// Space for the names of kinds, in pixels.
const NAMES: i32 = 264;
/// The distance of both shares of a kind from the middle of its row, in rows.
const BESIDE_MIDDLE: f64 = 0.17;

type Axes = Cartesian2d<LogCoord<f64>, RangedCoordf64>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Axes>;

/// A kind in its row.
struct KindRow<'a> {
    /// The middle of the row.
    at: f64,
    name: &'a str,
    of: &'a LegitimateKindFigures,
}

pub(super) fn draw(figures: &Figures) -> Result<String, PlotError> {
    let more = format!(
        "Share of number-days, as served: labelled from {} on, blocked from {} on. The left end is {} or less.",
        figures.label_from,
        figures.block_from,
        sheet::percent(LEAST)
    );
    sheet::sheet(TITLE, &more, |sheet| chart(sheet, &rows(figures)))
}

/// The worst kinds, from the top down.
fn rows<'a>(figures: &'a Figures) -> Vec<KindRow<'a>> {
    let mut kinds = figures.kinds_worst_first();
    kinds.truncate(KINDS_MAX);
    let count = kinds.len();
    let row = |(place, (name, of)): (usize, (&'a str, &'a LegitimateKindFigures))| {
        #[expect(clippy::cast_precision_loss, reason = "a few rows")]
        let at = (count - place) as f64 - 0.5;
        KindRow { at, name, of }
    };
    kinds.into_iter().enumerate().map(row).collect()
}

fn chart(sheet: &Sheet<'_>, rows: &[KindRow<'_>]) -> Result<(), PlotError> {
    #[expect(clippy::cast_precision_loss, reason = "a few rows")]
    let top = rows.len().max(1) as f64;
    let mut chart = ChartBuilder::on(sheet)
        .margin_left(BESIDE)
        .margin_right(RIGHT)
        .x_label_area_size(BELOW)
        .y_label_area_size(NAMES)
        .build_cartesian_2d((LEAST..MOST).log_scale(), 0.0..top)?;
    chart
        .configure_mesh()
        .x_desc("Share of the number-days of the kind, logarithmic")
        .x_label_formatter(&|share: &f64| sheet::percent(*share))
        .label_style((FONT, LABEL))
        .axis_desc_style((FONT, AXIS))
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .disable_y_mesh()
        .y_labels(0)
        .draw()?;
    let right = Pos::new(HPos::Right, VPos::Center);
    let style = (FONT, LABEL).into_font().color(&BLACK).pos(right);
    let name = |row: &KindRow<'_>| {
        let text = format!("{} ({} numbers)", row.name, row.of.numbers);
        EmptyElement::at((LEAST, row.at)) + Text::new(text, (-12, 0), style.clone())
    };
    chart.draw_series(rows.iter().map(name))?;
    shares(&mut chart, rows, "labelled or blocked", BLUE, |of| {
        (BESIDE_MIDDLE, of.labelled, of.interval.labelled)
    })?;
    shares(&mut chart, rows, "blocked", VERMILION, |of| {
        (-BESIDE_MIDDLE, of.blocked, of.interval.blocked)
    })?;
    sheet::legend(&mut chart, SeriesLabelPosition::LowerRight)
}

/// One share of each kind, with its interval. `of` gives the distance from the middle of the row, the share and the
/// interval.
fn shares(
    chart: &mut Chart<'_, '_>,
    rows: &[KindRow<'_>],
    name: &str,
    colour: RGBColor,
    of: fn(&LegitimateKindFigures) -> (f64, f64, [f64; 2]),
) -> Result<(), PlotError> {
    let interval = |row: &KindRow<'_>| {
        let (up, _, ends) = of(row.of);
        let ends = ends.map(|share| (share.clamp(LEAST, MOST), row.at + up));
        PathElement::new(ends.to_vec(), colour.stroke_width(2))
    };
    chart.draw_series(rows.iter().map(interval))?;
    let found = |row: &KindRow<'_>| {
        let (up, share, _) = of(row.of);
        Circle::new((share.clamp(LEAST, MOST), row.at + up), 5, colour.filled())
    };
    chart
        .draw_series(rows.iter().map(found))?
        .label(format!("{name}, with the 95 % interval"))
        .legend(move |(x, y)| Circle::new((x + 11, y), 5, colour.filled()));
    Ok(())
}
