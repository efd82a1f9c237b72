//! Holds a store to its promise: one outcome for each commit, and one version for each record of it.

use crate::store::{CommitError, StoreError, Version};

/// The outcomes of commits, where `records` has the number of records of each commit. If an outcome or a version is
/// missing, the commit may have been carried out or not: its outcome is unknown. It must count neither as done, nor as a
/// conflict, which would be tried again.
pub(super) fn complete(
    mut outcomes: Vec<Result<Vec<Version>, CommitError>>,
    records: &[usize],
) -> Vec<Result<Vec<Version>, CommitError>> {
    outcomes.resize_with(records.len(), || Err(unknown()));
    for (outcome, records) in outcomes.iter_mut().zip(records) {
        if outcome.as_ref().is_ok_and(|versions| versions.len() != *records) {
            *outcome = Err(unknown());
        }
    }
    outcomes
}

fn unknown() -> CommitError {
    let cause = "the store left out the outcome of a commit".to_owned();
    StoreError::OutcomeUnknown { cause }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_unknown(outcome: &Result<Vec<Version>, CommitError>) -> bool {
        matches!(outcome, Err(CommitError::Store(error)) if error.outcome_unknown())
    }

    #[test]
    fn a_commit_without_an_outcome_is_unknown() {
        let outcomes = complete(vec![Ok(vec![1, 2])], &[2, 1, 0]);
        assert!(matches!(&outcomes[0], Ok(versions) if versions == &[1, 2]));
        assert!(is_unknown(&outcomes[1]) && is_unknown(&outcomes[2]), "{outcomes:?}");
    }

    #[test]
    fn a_record_without_a_version_is_unknown() {
        let outcomes = complete(vec![Ok(vec![]), Ok(vec![]), Ok(vec![7])], &[1, 0, 2]);
        assert!(is_unknown(&outcomes[0]) && is_unknown(&outcomes[2]), "{outcomes:?}");
        // A commit of side records has no versions.
        assert!(matches!(&outcomes[1], Ok(versions) if versions.is_empty()));
    }
}
