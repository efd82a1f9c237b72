//! The terms and their knots. They were mostly chosen on months before November 2020, with models fitted on
//! the months before those. docs/scoring.md says in which cases the reported months were used.

use crate::domain::feature::Feature;

/// A term before it is fitted.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// The feature of the term.
    pub feature: Feature,
    /// The positions of possible bends as `ln(1 + feature)`, ascending.
    pub knots: Vec<f64>,
}

impl Shape {
    /// The count of stretches between knots.
    #[must_use]
    pub(super) fn stretches(&self) -> usize {
        self.knots.len().saturating_sub(1)
    }
}

/// A feature that is not a count.
fn raw(feature: Feature, knots: &[f64]) -> Shape {
    Shape {
        feature,
        knots: knots.to_vec(),
    }
}

/// A feature that is a count. The term uses its logarithm.
fn counted(feature: Feature, knots: &[f64]) -> Shape {
    Shape {
        feature,
        knots: knots.iter().map(|knot| knot.ln_1p()).collect(),
    }
}

/// The terms of a number's own history that, besides its score, predict whether it is reported again.
#[must_use]
pub(super) fn again_terms() -> Vec<Shape> {
    vec![
        counted(Feature::RecentReports, &[0.0, 0.3, 0.8, 2.0, 6.0]),
        counted(Feature::Reports, &[0.0, 0.2, 0.6, 1.0, 3.0, 10.0]),
        counted(Feature::QuietDays, &[0.0, 2.0, 7.0, 20.0, 60.0, 180.0]),
        counted(Feature::ActiveDays, &[0.0, 1.0, 5.0, 20.0, 60.0, 200.0]),
        counted(Feature::AllReports, &[1.0, 2.0, 4.0, 10.0, 40.0]),
        counted(Feature::Areas, &[0.0, 1.0, 2.0, 5.0, 20.0]),
        raw(Feature::ReportsPerNumber, &[0.0, 0.3, 0.7, 1.2, 2.0, 3.5]),
        counted(Feature::Weeks, &[0.0, 1.0, 2.0, 4.0, 8.0, 20.0]),
    ]
}

/// The terms of the score of geographic numbers.
#[must_use]
pub(super) fn geographic_terms() -> Vec<Shape> {
    let hundred = [0.0, 0.2, 1.0, 3.0, 10.0, 40.0];
    let thousand = [0.0, 0.5, 2.0, 8.0, 30.0, 150.0];
    let ten_thousand = [0.0, 1.0, 5.0, 20.0, 100.0, 600.0];
    vec![
        counted(Feature::RecentReports, &[0.0, 0.3, 0.8, 2.0, 6.0]),
        counted(Feature::Reports, &[0.0, 0.2, 0.6, 1.0, 3.0, 10.0]),
        counted(Feature::Areas, &[0.0, 1.0, 2.0, 4.0]),
        counted(Feature::Range100, &hundred),
        counted(Feature::Range100Long, &hundred),
        counted(Feature::Range1000, &thousand),
        counted(Feature::Range1000Recent, &thousand),
        counted(Feature::Range10000, &ten_thousand),
        counted(Feature::Range10000Recent, &ten_thousand),
        counted(Feature::Local1000, &thousand),
        counted(Feature::Distant1000, &thousand),
        raw(Feature::OnceShare1000, &[0.0, 0.3, 0.5, 0.7, 0.85, 1.0]),
        raw(Feature::OnceShare10000, &[0.0, 0.3, 0.5, 0.7, 0.85, 1.0]),
        raw(Feature::Spread1000, &[-2.0, -1.0, -0.5, -0.2, -0.05, 0.0]),
        raw(Feature::Spread10000, &[-2.5, -1.5, -0.8, -0.4, -0.15, 0.0]),
        raw(Feature::ReportsPerNumber, &[0.0, 0.3, 0.7, 1.2, 2.0, 3.5]),
    ]
}

/// The terms of the score of toll-free numbers. Most are over their own reports. Blocks in use count for less than those
/// of geographic numbers: toll-free numbers are assigned one by one.
#[must_use]
pub(super) fn toll_free_terms() -> Vec<Shape> {
    vec![
        counted(Feature::RecentReports, &[0.0, 0.3, 0.8, 2.0, 6.0]),
        counted(Feature::Reports, &[0.0, 0.3, 1.0, 3.0, 10.0, 40.0]),
        counted(Feature::Areas, &[0.0, 1.0, 2.0, 4.0]),
        counted(Feature::Range100, &[0.0, 0.2, 1.0, 3.0, 8.0]),
        counted(Feature::Range10000, &[0.0, 3.0, 10.0, 20.0, 50.0, 100.0]),
        counted(Feature::Range10000Recent, &[0.0, 1.0, 3.0, 10.0, 30.0]),
        raw(Feature::OnceShare10000, &[0.0, 0.3, 0.5, 0.7, 1.0]),
    ]
}
