//! The distribution of scores for each kind of sample.

use plotters::prelude::*;

use super::super::figures::Figures;
use super::super::rank::ratio;
use super::super::samples::{SampleKind, ScoredSamples, calls};
use super::PlotError;
use super::sheet::{self, AXIS, BELOW, BESIDE, BLUE, FONT, GREEN, GRID, LABEL, LEFT, RIGHT, Sheet, VERMILION};

const TITLE: &str = "Scores of complaint calls, legitimate numbers and random numbers";
const MORE: &str = "The scores of the evening before. A number without evidence counts as 0.";

/// The width of a bar, in points of the score.
const WIDTH: f64 = 5.0;
const BARS: usize = 20;
/// Shares below this are not drawn.
const LEAST: f64 = 1e-5;

pub(super) fn draw(samples: &ScoredSamples, figures: &Figures) -> Result<String, PlotError> {
    sheet::sheet(TITLE, MORE, |sheet| chart(sheet, samples, figures))
}

fn chart(sheet: &Sheet<'_>, samples: &ScoredSamples, figures: &Figures) -> Result<(), PlotError> {
    let mut chart = ChartBuilder::on(sheet)
        .margin_left(BESIDE)
        .margin_right(RIGHT)
        .x_label_area_size(BELOW)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(0.0..100.0, (LEAST..1.0).log_scale())?;
    chart
        .configure_mesh()
        .x_desc(format!("Score, in steps of {WIDTH}"))
        .y_desc("Share of each kind, logarithmic")
        .x_label_formatter(&|score: &f64| format!("{score:.0}"))
        .y_label_formatter(&|share: &f64| sheet::percent(*share))
        .label_style((FONT, LABEL))
        .axis_desc_style((FONT, AXIS))
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .disable_x_mesh()
        .draw()?;
    let kinds = [
        (SampleKind::Complaint, "complaint calls", BLUE, 0.0),
        (SampleKind::Legitimate, "legitimate numbers, each day", VERMILION, 1.0),
        (
            SampleKind::Random,
            "random numbers of exchanges complained about",
            GREEN,
            2.0,
        ),
    ];
    for (kind, name, colour, place) in kinds {
        let bar = |(from, share): (f64, f64)| {
            let left = from + WIDTH * (0.08 + 0.28 * place);
            Rectangle::new([(left, LEAST), (left + WIDTH * 0.28, share)], colour.filled())
        };
        let shown = shares(samples, kind).into_iter().filter(|(_, share)| *share > LEAST);
        chart
            .draw_series(shown.map(bar))?
            .label(name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 6), (x + 22, y + 6)], colour.filled()));
    }
    sheet::thresholds(&mut chart, figures, [LEAST, 1.0])?;
    sheet::legend(&mut chart, SeriesLabelPosition::UpperMiddle)
}

/// The start of each bar, and the share of calls or numbers in it.
fn shares(samples: &ScoredSamples, kind: SampleKind) -> Vec<(f64, f64)> {
    let samples = samples.of(kind);
    let all = calls(samples);
    let bar = |place: usize| {
        #[expect(clippy::cast_precision_loss, reason = "twenty bars")]
        let from = place as f64 * WIDTH;
        let is_last = place + 1 == BARS;
        let within = |score: f64| score >= from && (is_last || score < from + WIDTH);
        let those = samples.iter().filter(|sample| within(sample.score));
        (from, ratio(those.map(|sample| u64::from(sample.calls)).sum(), all))
    };
    (0..BARS).map(bar).collect()
}
