//! A term of the score: a line with a few bends.
//!
//! Additive and piecewise linear, so that every reason has its points and can be checked with a ruler; over the
//! logarithm, since the step from one report to two says more than that from eleven to twelve.

use serde::{Deserialize, Serialize};

use super::Fault;
use crate::domain::feature::{Feature, Features};

/// The most knots of a term: more would fit the year rather than the cause.
pub const MAX_KNOTS: usize = 6;
/// The most terms of a model.
pub const MAX_TERMS: usize = 40;

/// Points over one feature: linear between knots, level before the first and behind the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// What it looks at.
    pub feature: Feature,
    /// `[where the feature stands, points]`, ascending.
    pub knots: Vec<[f64; 2]>,
}

impl Term {
    /// What it adds to the log-odds.
    #[must_use]
    pub fn points(&self, features: &Features) -> f64 {
        interpolate(&self.knots, features.get(self.feature))
    }

    /// Checks what a file says.
    ///
    /// # Errors
    /// If there are no knots or too many, or they do not ascend.
    pub fn check(&self) -> Result<(), Fault> {
        let name = self.feature.name();
        let knots = &self.knots;
        if knots.is_empty() || knots.len() > MAX_KNOTS {
            return Err(Fault::new(
                format!("terms.{name}.knots"),
                format!("has {} knots; 1 to {MAX_KNOTS} are possible", knots.len()),
            ));
        }
        if knots.iter().flatten().any(|value| !value.is_finite()) {
            return Err(Fault::new(
                format!("terms.{name}.knots"),
                "holds what is not a number".to_owned(),
            ));
        }
        let pairs = || knots.iter().zip(knots.iter().skip(1));
        if pairs().any(|([x, _], [next, _])| next <= x) {
            return Err(Fault::new(format!("terms.{name}.knots"), "do not ascend".to_owned()));
        }
        Ok(())
    }

    /// Checks that the points of a score nowhere fall where risk must rise.
    ///
    /// # Errors
    /// If they do.
    pub fn check_direction(&self) -> Result<(), Fault> {
        let mut pairs = self.knots.iter().zip(self.knots.iter().skip(1));
        if self.feature.rises() && pairs.any(|([_, y], [_, next])| next < y) {
            let field = format!("terms.{}.knots", self.feature.name());
            return Err(Fault::new(field, "fall where more of it can only be worse"));
        }
        Ok(())
    }
}

fn interpolate(knots: &[[f64; 2]], x: f64) -> f64 {
    let Some([first_x, first_y]) = knots.first().copied() else {
        return 0.0;
    };
    let (mut from_x, mut from_y) = (first_x, first_y);
    if x <= from_x {
        return from_y;
    }
    for &[to_x, to_y] in knots.iter().skip(1) {
        if x < to_x {
            return from_y + (to_y - from_y) * (x - from_x) / (to_x - from_x);
        }
        (from_x, from_y) = (to_x, to_y);
    }
    from_y
}

/// Points over two features at once, where one means something else in the light of the other: bilinear
/// between the lines of a grid, level outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What it looks at: rows, then columns.
    pub features: [Feature; 2],
    /// Where the first feature stands in each row, ascending.
    pub rows: Vec<f64>,
    /// Where the second feature stands in each column, ascending.
    pub columns: Vec<f64>,
    /// Points, row by row.
    pub points: Vec<Vec<f64>>,
}

impl Table {
    /// What it adds to the log-odds.
    #[must_use]
    pub fn points(&self, features: &Features) -> f64 {
        let [row_feature, column_feature] = self.features;
        let (row, down) = place(&self.rows, features.get(row_feature));
        let (column, right) = place(&self.columns, features.get(column_feature));
        let at = |row: usize, column: usize| {
            self.points
                .get(row)
                .and_then(|row| row.get(column))
                .copied()
                .unwrap_or_default()
        };
        let (next_row, next_column) = (
            (row + 1).min(self.rows.len() - 1),
            (column + 1).min(self.columns.len() - 1),
        );
        let above = at(row, column) * (1.0 - right) + at(row, next_column) * right;
        let below = at(next_row, column) * (1.0 - right) + at(next_row, next_column) * right;
        above * (1.0 - down) + below * down
    }

    /// Checks what a file says.
    ///
    /// # Errors
    /// If the grid is empty, too fine, does not ascend, or its points do not fill it.
    pub fn check(&self) -> Result<(), Fault> {
        let [row, column] = self.features;
        let name = format!("tables.{}/{}", row.name(), column.name());
        let lines = [&self.rows, &self.columns];
        if lines.iter().any(|lines| lines.is_empty() || lines.len() > MAX_KNOTS) {
            return Err(Fault::new(
                name,
                format!("has no grid of 1 to {MAX_KNOTS} by 1 to {MAX_KNOTS} lines"),
            ));
        }
        if lines
            .iter()
            .any(|lines| lines.iter().zip(lines.iter().skip(1)).any(|(line, next)| next <= line))
        {
            return Err(Fault::new(name, "has lines that do not ascend".to_owned()));
        }
        let fills =
            self.points.len() == self.rows.len() && self.points.iter().all(|row| row.len() == self.columns.len());
        if !fills {
            return Err(Fault::new(name, "has points that do not fill its grid".to_owned()));
        }
        let values = self
            .rows
            .iter()
            .chain(&self.columns)
            .chain(self.points.iter().flatten());
        if values.clone().any(|value| !value.is_finite()) {
            return Err(Fault::new(name, "holds what is not a number".to_owned()));
        }
        Ok(())
    }
}

/// Between which lines a value lies: the lower one, and how far from it towards the next, 0 to 1.
pub(crate) fn place(lines: &[f64], x: f64) -> (usize, f64) {
    let above = lines.partition_point(|line| *line <= x);
    let Some(from) = above.checked_sub(1) else {
        return (0, 0.0);
    };
    match (lines.get(from), lines.get(above)) {
        (Some(low), Some(high)) => (from, (x - low) / (high - low)),
        _ => (from, 0.0),
    }
}
