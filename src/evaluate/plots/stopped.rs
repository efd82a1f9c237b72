//! The share of complaint calls stopped, by the share of legitimate number-days flagged, compared with blacklists of
//! exact numbers.

use plotters::coord::combinators::LogCoord;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::super::FLAGGED;
use super::super::figures::{BaselineFigures, Figures};
use super::super::rank::{ratio, threshold};
use super::super::samples::{ScoredSample, ScoredSamples, calls};
use super::PlotError;
use super::sheet::{self, AMBER, AXIS, BELOW, BESIDE, BLUE, FONT, GREEN, GRID, LABEL, LEFT, RIGHT, Sheet, VERMILION};

const TITLE: &str = "Unwanted calls stopped, against legitimate numbers flagged";
const MORE: &str =
    "Each score was computed from what was known the evening before the call. Up and to the left is better.";

/// The range of the shares of legitimate number-days, and the number of points of the curve.
const LEAST: f64 = 1e-4;
const MOST: f64 = 0.1;
const POINTS: u32 = 180;

type Axes = Cartesian2d<LogCoord<f64>, RangedCoordf64>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Axes>;

pub(super) fn draw(samples: &ScoredSamples, figures: &Figures) -> Result<String, PlotError> {
    sheet::sheet(TITLE, MORE, |sheet| chart(sheet, samples, figures))
}

fn chart(sheet: &Sheet<'_>, samples: &ScoredSamples, figures: &Figures) -> Result<(), PlotError> {
    let stopped = curve(samples, &samples.complaints);
    let random = curve(samples, &samples.random);
    let listed = figures.baselines.values().map(|list| list.stopped);
    let highest = stopped.iter().chain(&random).map(|(_, share)| *share).chain(listed);
    let top = ((highest.fold(0.0, f64::max) + 0.02) * 10.0).ceil() / 10.0;
    let mut chart = ChartBuilder::on(sheet)
        .margin_left(BESIDE)
        .margin_right(RIGHT)
        .x_label_area_size(BELOW)
        .y_label_area_size(LEFT)
        .build_cartesian_2d((LEAST * 0.99..MOST).log_scale(), 0.0..top)?;
    chart
        .configure_mesh()
        .x_desc("Legitimate numbers flagged, share of all of them on all days, logarithmic")
        .y_desc("Complaint calls stopped, random numbers flagged")
        .x_label_formatter(&|share: &f64| sheet::percent(*share))
        .y_label_formatter(&|share: &f64| format!("{:.0} %", 100.0 * share))
        .label_style((FONT, LABEL))
        .axis_desc_style((FONT, AXIS))
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .draw()?;
    chart
        .draw_series(LineSeries::new(stopped, BLUE.stroke_width(3)))?
        .label("complaint calls stopped by the score")
        .legend(|at| sheet::stroke(at, BLUE.stroke_width(3)));
    intervals(&mut chart, figures)?;
    chart
        .draw_series(LineSeries::new(random, GREEN.stroke_width(3)))?
        .label("random numbers flagged by the score")
        .legend(|at| sheet::stroke(at, GREEN.stroke_width(3)));
    lists(&mut chart, figures)?;
    served(&mut chart, figures)?;
    sheet::legend(&mut chart, SeriesLabelPosition::UpperLeft)
}

/// The shares in the figures, with their intervals.
fn intervals(chart: &mut Chart<'_, '_>, figures: &Figures) -> Result<(), PlotError> {
    let interval = |(name, share): (&str, f64)| {
        let [low, high] = figures.stopped_at_flagged_interval.get(name).copied()?;
        Some(PathElement::new(
            vec![(share, low), (share, high)],
            BLUE.stroke_width(2),
        ))
    };
    chart
        .draw_series(FLAGGED.into_iter().filter_map(interval))?
        .label("its 95 % interval, over exchanges and days")
        .legend(|at| sheet::upright(at, BLUE.stroke_width(2)));
    Ok(())
}

/// The lists with their names. A list outside the range of the axis is drawn at its end.
fn lists(chart: &mut Chart<'_, '_>, figures: &Figures) -> Result<(), PlotError> {
    let point = |(name, list): (&&str, &BaselineFigures)| {
        let at = (list.flagged.clamp(LEAST, MOST), list.stopped);
        let (side, along) = if at.0 > MOST / 8.0 {
            (HPos::Right, -12)
        } else {
            (HPos::Left, 12)
        };
        let style = (FONT, LABEL).into_font().color(&VERMILION);
        let (name, up) = list_name(name);
        EmptyElement::at(at)
            + TriangleMarker::new((0, 0), 8, VERMILION.filled())
            + Text::new(name.to_owned(), (along, -up), style.pos(Pos::new(side, VPos::Center)))
    };
    chart
        .draw_series(figures.baselines.iter().map(point))?
        .label("calls of numbers on a list")
        .legend(|(x, y)| TriangleMarker::new((x + 11, y), 8, VERMILION.filled()));
    Ok(())
}

/// The calls labelled and blocked at the served thresholds, with all caps. They lie on the curve only if no cap acts.
fn served(chart: &mut Chart<'_, '_>, figures: &Figures) -> Result<(), PlotError> {
    let good = figures.legitimate_numbers;
    let Some(bad) = figures.complaint_calls.get("all") else {
        return Ok(());
    };
    for (name, from, at, colour) in [
        ("labelled", figures.label_from, (good.labelled, bad.labelled), AMBER),
        ("blocked", figures.block_from, (good.blocked, bad.blocked), BLACK),
    ] {
        let at = (at.0.clamp(LEAST, MOST), at.1);
        chart
            .draw_series([Cross::new(at, 8, colour.stroke_width(3))])?
            .label(format!("{name} from {from} on, as served"))
            .legend(move |(x, y)| Cross::new((x + 11, y), 8, colour.stroke_width(3)));
    }
    Ok(())
}

/// The label of a list, and how far it is moved up, in pixels, so that labels of lists close together do not overlap.
fn list_name(name: &str) -> (&str, i32) {
    match name {
        "seen_30d_1" => ("seen in 30 days", -9),
        "seen_30d_2" => ("twice in 30 days", 9),
        "seen_30d_3" => ("3 times in 30 days", -9),
        "seen_90d_1" => ("seen in 90 days", 12),
        other => (other, 0),
    }
}

/// For each share of legitimate number-days flagged, the share of samples above the lowest threshold that flags no more
/// than that.
fn curve(samples: &ScoredSamples, of: &[ScoredSample]) -> Vec<(f64, f64)> {
    let all = calls(of);
    let (mut rest, mut above) = (of.iter().peekable(), 0);
    let point = |place: u32| {
        let along = f64::from(place) / f64::from(POINTS);
        let share = LEAST * (MOST / LEAST).powf(along);
        let threshold = threshold(&samples.legitimate, share);
        while let Some(sample) = rest.next_if(|sample| sample.score > threshold) {
            above += u64::from(sample.calls);
        }
        (share, ratio(above, all))
    };
    (0..=POINTS).map(point).collect()
}
