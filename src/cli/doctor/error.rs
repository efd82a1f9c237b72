//! The results of a check that are no success.

use thiserror::Error;

use crate::app::AppError;
use crate::cli::CliError;
use crate::store::StoreError;

/// Why a check was not passed.
#[derive(Debug, Error)]
pub enum DoctorError {
    /// The index of a server differs from its store.
    #[error("the index differs from the store: {0}")]
    Different(String),
    /// A store is damaged.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Some shards could not be checked, and the others are all right.
    #[error("not all shards could be checked: {0}")]
    Incomplete(String),
    /// Nothing could be checked.
    #[error("nothing could be checked: {0}")]
    Unchecked(Box<CliError>),
    /// There is no store at the URL, or it cannot be opened because it is damaged.
    #[error("the store is damaged, or there is none: {0}")]
    NoStore(Box<CliError>),
}

impl DoctorError {
    /// The error of a store that could not be opened or read.
    pub(super) fn of_store(error: AppError) -> Self {
        let is_damage = matches!(
            &error,
            AppError::Store {
                source: StoreError::Damaged { .. } | StoreError::Unreadable { .. } | StoreError::Foreign { .. },
                ..
            }
        );
        let error = Box::new(CliError::App(error));
        if is_damage {
            Self::NoStore(error)
        } else {
            Self::Unchecked(error)
        }
    }

    /// What the user can do, as a clause without a full stop; `None` if there is no advice.
    #[must_use]
    pub fn next_step(&self) -> Option<String> {
        let step = match self {
            Self::Different(_) => {
                "the server loads these shards again when it finds the differences itself: check again later, and see `ringwarden_index_differences_total`"
            }
            Self::Damaged(_) => "stop the writers, keep a copy of the store as it is, and restore a backup",
            Self::Incomplete(_) => "run it again when there is less traffic",
            Self::Unchecked(error) | Self::NoStore(error) => return error.next_step(),
        };
        Some(step.to_owned())
    }

    /// Whether nothing bad was found, because not all could be checked.
    #[must_use]
    pub const fn is_unchecked(&self) -> bool {
        matches!(self, Self::Incomplete(_) | Self::Unchecked(_))
    }

    /// The error that kept the check from being made.
    pub(in crate::cli) fn inner(&self) -> Option<&CliError> {
        match self {
            Self::Unchecked(error) | Self::NoStore(error) => Some(error),
            Self::Different(_) | Self::Damaged(_) | Self::Incomplete(_) => None,
        }
    }
}
