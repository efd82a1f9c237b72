//! Turns features into columns of the regression, and weights of the regression into terms.
//!
//! Each stretch between two knots is a column. Its value, 0 to 1, is the position of the feature in the stretch; its
//! weight is the points that the stretch adds. If a higher value of the feature can only mean more risk, the weight may
//! not be negative, so the term never falls.

use super::shape::Shape;
use crate::domain::feature::{Direction, Features};
use crate::domain::model::Term;

/// The columns of the regression.
#[derive(Debug)]
pub(super) struct Design {
    shapes: Vec<Shape>,
    columns: usize,
}

/// Columns for values that are not features.
pub(super) const BESIDE: usize = 2;

/// A row of the regression: the columns that are not 0.
pub(super) type DesignRow = Vec<(u16, f32)>;

impl Design {
    /// Columns for terms of these shapes. The first column is the intercept.
    #[must_use]
    pub(super) fn new(shapes: Vec<Shape>) -> Self {
        let columns = 1 + shapes.iter().map(Shape::stretches).sum::<usize>();
        Self { shapes, columns }
    }

    /// The count of columns.
    #[must_use]
    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    /// For each column, whether its weight may be negative.
    #[must_use]
    pub(super) fn free(&self) -> Vec<bool> {
        let of_shape = |shape: &Shape| {
            let is_free = shape.feature.direction() == Direction::Any;
            std::iter::repeat_n(is_free, shape.stretches())
        };
        std::iter::once(true)
            .chain(self.shapes.iter().flat_map(of_shape))
            .collect()
    }

    /// The columns of a number.
    #[must_use]
    pub(super) fn row(&self, features: &Features) -> DesignRow {
        let mut row = vec![(0u16, 1.0f32)];
        let mut column = 1u16;
        for shape in &self.shapes {
            let x = features.get(shape.feature);
            for (from, to) in shape.knots.iter().zip(shape.knots.iter().skip(1)) {
                let along = ((x - from) / (to - from)).clamp(0.0, 1.0);
                if along > 0.0 {
                    #[expect(clippy::cast_possible_truncation, reason = "a share needs no more than seven digits")]
                    row.push((column, along as f32));
                }
                column += 1;
            }
        }
        row
    }

    /// The columns of a number, and last columns for values that are not features.
    #[must_use]
    pub(super) fn row_beside(&self, features: &Features, values: [f64; BESIDE]) -> DesignRow {
        let mut row = self.row(features);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "there are a few dozen columns, and log-odds need no more than seven digits"
        )]
        row.extend((self.columns as u16..).zip(values.map(|value| value as f32)));
        row
    }

    /// The terms that the weights stand for.
    #[must_use]
    pub(super) fn terms(&self, weights: &[f64]) -> Vec<Term> {
        let mut weights = weights.iter().skip(1);
        let term = |shape: &Shape| {
            let mut points = 0.0;
            let mut knots = Vec::with_capacity(shape.knots.len());
            for (place, knot) in shape.knots.iter().enumerate() {
                if place > 0 {
                    points += weights.next().copied().unwrap_or_default();
                }
                knots.push([*knot, points]);
            }
            Term {
                feature: shape.feature,
                knots,
            }
        };
        self.shapes.iter().map(term).collect()
    }
}
