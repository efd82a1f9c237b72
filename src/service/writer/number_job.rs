//! The changes that are asked of one number, and the record that they change.

use super::audit::NumberTold;
use crate::domain::rows::LoadedRows;
use crate::domain::state::NumberState;
use crate::number::E164;
use crate::service::ServiceError;
use crate::store::Version;

/// A number's record while it is being changed.
#[derive(Debug)]
pub(in crate::service) struct NumberRecord {
    pub(in crate::service) number: E164,
    pub(in crate::service) state: NumberState,
    pub(in crate::service) version: Option<Version>,
    pub(in crate::service) rows: LoadedRows,
    /// What its audit event tells besides the difference of the record.
    pub(in crate::service) told: NumberTold,
}

/// Changes of one number, in order; they are written together.
#[derive(Debug)]
pub(in crate::service) struct NumberJob<I> {
    pub(in crate::service) number: E164,
    pub(in crate::service) items: Vec<I>,
}

/// The outcome of one number's job.
#[derive(Debug)]
pub(in crate::service) struct JobOutcome<T> {
    /// One answer for each item.
    pub(in crate::service) answers: Vec<Result<T, ServiceError>>,
    /// The version of the record that was committed, or that was found if nothing was written; 0 if there is none.
    pub(in crate::service) version: Version,
}

impl<T> JobOutcome<T> {
    /// The outcome of a job that failed as a whole.
    pub(super) fn refused<I>(job: &NumberJob<I>, error: &ServiceError) -> Self {
        Self {
            answers: job.items.iter().map(|_| Err(error.clone())).collect(),
            version: 0,
        }
    }
}
