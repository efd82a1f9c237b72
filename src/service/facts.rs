//! Counts and times of a number's reports, as answers show them.

use crate::domain::time::Timestamp;
use crate::index::NumberView;

/// Counts and times of a number's reports.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RecordFacts {
    /// Reports that were accepted, were not withdrawn and are not "not spam".
    pub report_count: u32,
    /// The approximate number of distinct reporters, also those not trusted yet; at most 600.
    pub reporter_count: u32,
    /// The earliest call reported.
    pub first_reported: Option<Timestamp>,
    /// The latest.
    pub last_reported: Option<Timestamp>,
}

impl RecordFacts {
    pub(super) fn of(known: &NumberView<'_>) -> Self {
        let evidence = &known.state.evidence;
        let reporters = evidence
            .proven
            .reporters
            .union(evidence.unproven.reporters)
            .estimate()
            .round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between 0 and 600"
        )]
        let reporter_count = reporters as u32;
        Self {
            report_count: evidence.reports,
            reporter_count,
            first_reported: evidence.first_reported,
            last_reported: evidence.last_reported,
        }
    }
}
