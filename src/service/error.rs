//! Why the service did not do what it was asked. The edges turn these into statuses, in one table.

use std::fmt;
use std::time::Duration;

use crate::codec::UnreadableValue;
use crate::store::StoreError;

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field's name in the request, such as `report.number` or `links[3].confidence`.
    pub field: String,
    /// What is wrong and what is accepted. Never repeats the value.
    pub problem: String,
}

impl Violation {
    /// A violation of one field.
    #[must_use]
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
        }
    }
}

/// Whose quota is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// The reporter's.
    Reporter,
    /// The tenant's.
    Tenant,
}

impl Quota {
    /// A stable name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reporter => "reporter",
            Self::Tenant => "tenant",
        }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {}", self.name())
    }
}

/// Why a request was not done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ServiceError {
    /// The request is wrong, and would be wrong at any time.
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    /// There is no such thing.
    #[error("there is no such {what}")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
    },
    /// The same name stands for something else already.
    #[error("this {what} was used before with other content")]
    AlreadyExists {
        /// What kind of name.
        what: &'static str,
    },
    /// The record has changed since the client read it.
    #[error("the record is at version {found}, not {expected}: read it again")]
    Stale {
        /// The version the client expected.
        expected: u64,
        /// The version there is.
        found: u64,
    },
    /// The thing is not in a state that allows it.
    #[error("{0}")]
    Precondition(String),
    /// Too much at once; come back later.
    #[error("too many requests at once")]
    Exhausted {
        /// When to come back.
        retry_after: Duration,
    },
    /// As many reports were taken in today as a quota allows.
    #[error("{quota} has used up the quota of reports of this day (UTC)")]
    OverQuota {
        /// Whose quota.
        quota: Quota,
        /// When the next day begins.
        retry_after: Duration,
    },
    /// The store cannot be written now; nothing happened.
    #[error("the store cannot be reached: nothing was written, retry with the same id")]
    Unavailable,
    /// The store's evidence was folded by another model: writing would mix the two.
    #[error(
        "the store's evidence was folded by another model: restart with --migrate, or with the model it was folded by"
    )]
    OtherFold,
    /// The store did not answer: it may or may not have happened.
    #[error("the store did not answer: it may have been applied, retry with the same id")]
    OutcomeUnknown,
    /// The index has not been loaded yet: there is nothing to answer from.
    #[error("the index is being loaded: come back soon")]
    Loading,
    /// A fault of ours; logged with its cause.
    #[error("internal error")]
    Internal,
}

impl ServiceError {
    /// An error about one field.
    #[must_use]
    pub fn field(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation::new(field, problem)])
    }
}

/// The cause goes to the log here; clients are told no more than what they can act on.
impl From<UnreadableValue> for ServiceError {
    fn from(unreadable: UnreadableValue) -> Self {
        StoreError::from(unreadable).into()
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the store failed a request");
        match error {
            StoreError::OutcomeUnknown { .. } => Self::OutcomeUnknown,
            StoreError::Unavailable { .. } | StoreError::Foreign { .. } => Self::Unavailable,
            StoreError::Unreadable { .. } | StoreError::OtherFormat { .. } => Self::Internal,
            StoreError::Refused { .. } => Self::Precondition("the record has reached a limit of the store".to_owned()),
        }
    }
}
