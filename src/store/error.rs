//! What can go wrong with a store.

use crate::codec::UnreadableValue;
use crate::shard::Shard;

/// Why a store did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The store does not answer, and what was asked has certainly not happened.
    #[error("the store is not available: {cause}")]
    Unavailable {
        /// What the driver said, for logs.
        cause: String,
    },
    /// The store did not answer in time, or the connection broke: what was asked may or may not have happened.
    #[error("the store did not answer, the outcome is unknown: {cause}")]
    OutcomeUnknown {
        /// What the driver said, for logs.
        cause: String,
    },
    /// The store is empty, or another than the one that was opened.
    #[error("the store is not the one that was opened: {found}")]
    Foreign {
        /// What was found in its place.
        found: String,
    },
    /// The store holds something that this release cannot read.
    #[error("the store holds a {what} that cannot be read: {cause}")]
    Unreadable {
        /// What kind of thing.
        what: &'static str,
        /// Why.
        cause: String,
    },
    /// A limit of the store was passed; nothing was written.
    #[error("the store refused a write: {cause}")]
    Refused {
        /// Which limit.
        cause: String,
    },
}

impl StoreError {
    /// Whether the same request may be sent again later as it is.
    #[must_use]
    pub fn may_be_retried(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::OutcomeUnknown { .. } | Self::Foreign { .. }
        )
    }

    /// Whether what was asked may have happened all the same.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        matches!(self, Self::OutcomeUnknown { .. })
    }
}

impl From<UnreadableValue> for StoreError {
    fn from(UnreadableValue { what, cause }: UnreadableValue) -> Self {
        let cause = cause.to_string();
        Self::Unreadable { what, cause }
    }
}

/// Why a shard was not committed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// A record has another version than expected: somebody else was faster. Nothing was written.
    #[error("a record of shard {shard} was changed by somebody else")]
    Conflict {
        /// The shard.
        shard: Shard,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
