//! A term of the score: a piecewise linear function of one feature.
//!
//! Terms are additive and piecewise linear, so that every reason has its points and can be checked by hand. They are
//! over the logarithm, since the step from one report to two says more than the step from eleven to twelve.

use serde::{Deserialize, Serialize};

use super::ModelFieldError;
use crate::domain::feature::{Direction, Feature, Features};

/// The most knots of a term: more would overfit the year of the data.
pub const MAX_KNOTS: usize = 6;
/// The most terms of a model.
pub const MAX_TERMS: usize = 40;
/// The largest absolute value of a knot, line or point of a model, so that no sum of them overflows.
pub(super) const VALUE_MAX: f64 = 1_000.0;

/// Points over one feature: linear between knots, constant before the first and after the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The feature.
    pub feature: Feature,
    /// `[value of the feature, points]`, ascending.
    pub knots: Vec<[f64; 2]>,
}

impl Term {
    /// The points it adds to the log-odds.
    #[must_use]
    pub fn points(&self, features: &Features) -> f64 {
        interpolate(&self.knots, features.get(self.feature))
    }

    /// Checks the values from a file.
    ///
    /// # Errors
    /// If there are no knots or too many, or they do not ascend.
    pub fn check(&self) -> Result<(), ModelFieldError> {
        let name = self.feature.name();
        let knots = &self.knots;
        if knots.is_empty() || knots.len() > MAX_KNOTS {
            return Err(ModelFieldError::new(
                format!("terms.{name}.knots"),
                format!("has {} knots; 1 to {MAX_KNOTS} are possible", knots.len()),
            ));
        }
        if knots.iter().flatten().any(|value| !is_in_bounds(*value)) {
            return Err(ModelFieldError::new(format!("terms.{name}.knots"), out_of_bounds()));
        }
        let pairs = || knots.iter().zip(knots.iter().skip(1));
        if pairs().any(|([x, _], [next, _])| next <= x) {
            return Err(ModelFieldError::new(
                format!("terms.{name}.knots"),
                "do not ascend".to_owned(),
            ));
        }
        Ok(())
    }

    /// Checks that the points change only in the direction of the feature.
    ///
    /// # Errors
    /// If they do not.
    pub fn check_direction(&self) -> Result<(), ModelFieldError> {
        let points = || self.knots.iter().map(|[_, points]| *points);
        match fault_of_direction(self.feature.direction(), points(), points().skip(1)) {
            None => Ok(()),
            Some(what) => Err(ModelFieldError::new(
                format!("terms.{}.knots", self.feature.name()),
                what,
            )),
        }
    }
}

/// The fault of points that change in the wrong direction, from each of `from` to the one at its place in `to`.
fn fault_of_direction(
    direction: Direction,
    from: impl Iterator<Item = f64>,
    to: impl Iterator<Item = f64>,
) -> Option<&'static str> {
    let mut pairs = from.zip(to);
    match direction {
        Direction::Rises => pairs
            .any(|(from, to)| to < from)
            .then_some("fall, but a higher value can only mean more risk"),
        Direction::Falls => pairs
            .any(|(from, to)| to > from)
            .then_some("rise, but a higher value can only mean less risk"),
        Direction::Any => None,
    }
}

pub(super) fn is_in_bounds(value: f64) -> bool {
    value.abs() <= VALUE_MAX
}

fn out_of_bounds() -> String {
    format!("holds a value that is not from -{VALUE_MAX} to {VALUE_MAX}")
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

/// Points over two features at once, where one changes the meaning of the other: bilinear between the lines of a grid,
/// constant outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BilinearTable {
    /// The features: rows, then columns.
    pub features: [Feature; 2],
    /// The value of the first feature in each row, ascending.
    pub rows: Vec<f64>,
    /// The value of the second feature in each column, ascending.
    pub columns: Vec<f64>,
    /// Points, row by row.
    pub points: Vec<Vec<f64>>,
}

impl BilinearTable {
    /// The points it adds to the log-odds.
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

    /// Checks the values from a file.
    ///
    /// # Errors
    /// If the grid is empty, too fine, does not ascend, or its points do not fill it.
    pub fn check(&self) -> Result<(), ModelFieldError> {
        let [row, column] = self.features;
        let name = format!("tables.{}/{}", row.name(), column.name());
        let lines = [&self.rows, &self.columns];
        if lines.iter().any(|lines| lines.is_empty() || lines.len() > MAX_KNOTS) {
            return Err(ModelFieldError::new(
                name,
                format!("has no grid of 1 to {MAX_KNOTS} by 1 to {MAX_KNOTS} lines"),
            ));
        }
        if lines
            .iter()
            .any(|lines| lines.iter().zip(lines.iter().skip(1)).any(|(line, next)| next <= line))
        {
            return Err(ModelFieldError::new(name, "has lines that do not ascend".to_owned()));
        }
        let fills =
            self.points.len() == self.rows.len() && self.points.iter().all(|row| row.len() == self.columns.len());
        if !fills {
            return Err(ModelFieldError::new(
                name,
                "has points that do not fill its grid".to_owned(),
            ));
        }
        let values = self
            .rows
            .iter()
            .chain(&self.columns)
            .chain(self.points.iter().flatten());
        if values.copied().any(|value| !is_in_bounds(value)) {
            return Err(ModelFieldError::new(name, out_of_bounds()));
        }
        Ok(())
    }

    /// Checks that the points change only in the direction of each feature.
    ///
    /// # Errors
    /// If they do not.
    pub fn check_direction(&self) -> Result<(), ModelFieldError> {
        let [row, column] = self.features;
        let (rows, next_rows) = (|| self.points.iter(), self.points.iter().skip(1));
        let down = fault_of_direction(row.direction(), rows().flatten().copied(), next_rows.flatten().copied());
        let right = || {
            rows().find_map(|points| {
                let points = || points.iter().copied();
                fault_of_direction(column.direction(), points(), points().skip(1))
            })
        };
        match down.or_else(right) {
            None => Ok(()),
            Some(what) => Err(ModelFieldError::new(
                format!("tables.{}/{}", row.name(), column.name()),
                format!("has points that {what}"),
            )),
        }
    }
}

/// The position of a value among lines: the index of the lower line, and how far the value is from it towards the next,
/// 0 to 1.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn term(knots: Vec<[f64; 2]>) -> Term {
        Term {
            feature: Feature::Reports,
            knots,
        }
    }

    fn table(rows: Vec<f64>, columns: Vec<f64>, points: Vec<Vec<f64>>) -> BilinearTable {
        BilinearTable {
            features: [Feature::Reports, Feature::Areas],
            rows,
            columns,
            points,
        }
    }

    fn points_at(table: &BilinearTable, x: f64, y: f64) -> f64 {
        table.points(&Features::of(&[(Feature::Reports, x), (Feature::Areas, y)]))
    }

    #[test]
    fn a_term_is_a_line_between_knots_and_level_outside() {
        let term = term(vec![[1.0, -2.0], [3.0, 0.0], [4.0, 5.0]]);
        term.check().unwrap();
        for (x, wanted) in [
            (-7.0, -2.0),
            (1.0, -2.0),
            (1.5, -1.5),
            (3.0, 0.0),
            (3.2, 1.0),
            (4.0, 5.0),
            (90.0, 5.0),
        ] {
            let found = term.points(&Features::of(&[(Feature::Reports, x)]));
            assert!((found - wanted).abs() < 1e-12, "{found} for {wanted} at {x}");
        }
    }

    #[test]
    fn one_knot_is_the_same_everywhere() {
        let term = term(vec![[1.0, 0.25]]);
        for x in [-1.0, 1.0, 2.0] {
            assert_eq!(term.points(&Features::of(&[(Feature::Reports, x)])), 0.25);
        }
    }

    #[test]
    fn a_table_is_bilinear_within_its_grid_and_level_outside() {
        let table = table(
            vec![0.0, 2.0],
            vec![1.0, 2.0, 4.0],
            vec![vec![0.0, 10.0, 20.0], vec![4.0, 14.0, 40.0]],
        );
        table.check().unwrap();
        for ((x, y), wanted) in [
            ((0.0, 1.0), 0.0),
            ((2.0, 4.0), 40.0),
            ((0.0, 1.5), 5.0),
            ((1.0, 1.0), 2.0),
            ((1.0, 1.5), 7.0),
            ((1.0, 3.0), 21.0),
            ((-5.0, -5.0), 0.0),
            ((9.0, -5.0), 4.0),
            ((-5.0, 9.0), 20.0),
            ((9.0, 9.0), 40.0),
        ] {
            let found = points_at(&table, x, y);
            assert!((found - wanted).abs() < 1e-12, "{found} for {wanted} at {x}, {y}");
        }
    }

    #[test]
    fn a_table_of_one_place_is_the_same_everywhere() {
        let table = table(vec![1.0], vec![1.0], vec![vec![-3.0]]);
        table.check().unwrap();
        for (x, y) in [(0.0, 0.0), (1.0, 1.0), (5.0, 0.0), (5.0, 5.0)] {
            assert_eq!(points_at(&table, x, y), -3.0);
        }
    }

    #[test]
    fn terms_change_only_in_the_direction_of_their_feature() {
        let falling = term(vec![[0.0, 1.0], [1.0, 0.5]]);
        assert!(falling.check_direction().is_err());
        let level = term(vec![[0.0, 1.0], [1.0, 1.0]]);
        assert!(level.check_direction().is_ok());
        let of = |feature, knots: &[[f64; 2]]| Term {
            feature,
            knots: knots.to_vec(),
        };
        assert!(of(Feature::QuietDays, &falling.knots).check_direction().is_ok());
        assert!(of(Feature::Spread1000, &falling.knots).check_direction().is_ok());
        let rising = [[0.0, 0.5], [1.0, 1.0]];
        assert!(of(Feature::QuietDays, &rising).check_direction().is_err());
        assert!(of(Feature::Spread1000, &rising).check_direction().is_ok());
    }

    #[test]
    fn a_table_is_checked_in_both_directions() {
        let of = |features, points: [[f64; 2]; 2]| BilinearTable {
            features,
            ..table(vec![0.0, 1.0], vec![0.0, 1.0], points.map(Vec::from).to_vec())
        };
        let (up_down, up_right) = ([[0.0, 0.0], [1.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]);
        for (features, points, is_sound) in [
            ([Feature::Reports, Feature::Areas], up_down, true),
            ([Feature::Reports, Feature::Areas], up_right, true),
            ([Feature::Reports, Feature::QuietDays], up_down, true),
            ([Feature::Reports, Feature::QuietDays], up_right, false),
            ([Feature::QuietDays, Feature::Reports], up_right, true),
            ([Feature::QuietDays, Feature::Reports], up_down, false),
            ([Feature::Spread1000, Feature::Reports], [[1.0, 1.0], [0.0, 0.0]], true),
            ([Feature::Reports, Feature::Areas], [[0.0, 1.0], [1.0, 0.9]], false),
            ([Feature::Reports, Feature::Areas], [[0.0, 1.0], [1.0, 1.0]], true),
        ] {
            let table = of(features, points);
            assert_eq!(table.check_direction().is_ok(), is_sound, "{table:?}");
        }
    }

    /// Knots with ascending features and ascending points.
    fn rising() -> impl Strategy<Value = Vec<[f64; 2]>> {
        let step = (0.01f64..5.0, 0.0f64..3.0);
        ((-5.0f64..5.0, -5.0f64..5.0), prop::collection::vec(step, 0..MAX_KNOTS)).prop_map(|(first, steps)| {
            let next = |at: &mut (f64, f64), (right, up): (f64, f64)| {
                *at = (at.0 + right, at.1 + up);
                Some([at.0, at.1])
            };
            let rest: Vec<_> = steps.into_iter().scan(first, next).collect();
            std::iter::once([first.0, first.1])
                .chain(rest)
                .take(MAX_KNOTS)
                .collect()
        })
    }

    proptest! {
        /// Where the knots rise, the points rise too, and stay between the first and the last.
        #[test]
        fn rising_knots_give_rising_points(knots in rising(), x in -10.0f64..40.0, more in 0.0f64..10.0) {
            let term = term(knots);
            prop_assert!(term.check().is_ok() && term.check_direction().is_ok());
            let at = |x| term.points(&Features::of(&[(Feature::Reports, x)]));
            prop_assert!(at(x) <= at(x + more) + 1e-12);
            let (first, last) = (term.knots[0][1], term.knots[term.knots.len() - 1][1]);
            prop_assert!((first - 1e-12..=last + 1e-12).contains(&at(x)));
        }

        /// Between its lines, a table never exceeds its corners.
        #[test]
        fn a_table_stays_between_its_corners(
            points in prop::collection::vec(prop::collection::vec(-3.0f64..3.0, 3), 2),
            x in -1.0f64..3.0,
            y in -1.0f64..4.0,
        ) {
            let table = table(vec![0.0, 1.0], vec![0.0, 1.0, 3.0], points);
            let all = || table.points.iter().flatten().copied();
            let (least, most) = (all().fold(f64::MAX, f64::min), all().fold(f64::MIN, f64::max));
            prop_assert!((least - 1e-12..=most + 1e-12).contains(&points_at(&table, x, y)));
        }
    }
}
