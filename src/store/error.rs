//! The errors of a store.

use super::format::STORE_FORMAT;
use crate::codec::UnreadableValue;
use crate::shard::Shard;

/// The errors of a store.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The store does not answer; the request was certainly not carried out.
    #[error("the store is not available: {cause}")]
    Unavailable {
        /// The driver's message, for logs.
        cause: String,
    },
    /// The server answers, and is a replica of another one: it takes no writes, and its data may be old. The request was
    /// certainly not carried out.
    #[error("the store is not a master: {cause}")]
    Replica {
        /// The master and the state of the link, for logs.
        cause: String,
    },
    /// The store answers reads, and refuses all writes for now: its disk or its memory is full, or too few replicas follow
    /// it.
    #[error("the store refuses writes: {cause}")]
    WritesRefused {
        /// The server's message, for logs.
        cause: String,
    },
    /// The store did not answer in time, or the connection broke: the request may or may not have been carried out.
    #[error("the store did not answer, the outcome is unknown: {cause}")]
    OutcomeUnknown {
        /// The driver's message, for logs.
        cause: String,
    },
    /// The store is empty, or not the one that was opened.
    #[error("the store is not the one that was opened: {found}")]
    Foreign {
        /// The thing found instead.
        found: String,
    },
    /// The files of the store are damaged: acknowledged writes are lost.
    #[error("the store is damaged: {found}")]
    Damaged {
        /// The damage, and what an operator can do.
        found: String,
    },
    /// The store was written in another format than this release reads.
    #[error("{}", other_format(*.found))]
    OtherFormat {
        /// The format found (see [`super::STORE_FORMAT`]).
        found: u8,
    },
    /// The store holds something that this release cannot read.
    #[error("the store holds a {what} that cannot be read: {cause}")]
    Unreadable {
        /// The kind of value.
        what: &'static str,
        /// The reason.
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
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn may_be_retried(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. }
                | Self::Replica { .. }
                | Self::WritesRefused { .. }
                | Self::OutcomeUnknown { .. }
                | Self::Foreign { .. }
        )
    }

    /// Whether the request may have been carried out all the same.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        matches!(self, Self::OutcomeUnknown { .. })
    }
}

/// The sentence that tells an operator what to do with a store of another format.
fn other_format(found: u8) -> String {
    let opening = format!("the store has format {found} and this release reads format {STORE_FORMAT} only");
    if found > STORE_FORMAT {
        return format!("{opening}: run a newer release of ringwarden, or start with an empty store");
    }
    format!("{opening}: start with an empty store and import your reports again, or run the release that wrote it")
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
    /// A record has another version than expected, because another writer was faster. Nothing was written.
    #[error("another writer changed a record of shard {shard}")]
    Conflict {
        /// The shard.
        shard: Shard,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
