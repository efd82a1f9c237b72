//! The reasons why a snapshot cannot be used.

use std::io;
use std::time::Duration;

use crate::codec::{DecodeError, UnreadableValue};
use crate::domain::time::Timestamp;

/// Why a snapshot cannot be used. Each is a sentence for the log.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// There is no snapshot.
    #[error("there is none yet")]
    Missing,
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Others may read the file, which holds a secret, and its permissions cannot be changed.
    #[error("other users may read it, and its permissions cannot be changed: {0}")]
    Exposed(io::Error),
    /// The file is not a snapshot.
    #[error("it is not a snapshot of an index")]
    NotASnapshot,
    /// A release with another form of the file wrote it.
    #[error("it has format {found}, and this release reads format {known} only")]
    OtherFormat {
        /// The format found.
        found: u8,
        /// The format of this release.
        known: u8,
    },
    /// A byte was changed, or the end is missing.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    /// The content of a section cannot be read, although its checksum is right.
    #[error("it is damaged: {0}")]
    Section(#[from] DecodeError),
    /// A record cannot be read, although its checksum is right: a newer release wrote it.
    #[error("it cannot be read by this release: {0}")]
    Record(#[from] UnreadableValue),
    /// It is of a store of another format.
    #[error("it is of a store of format {found}, and this release reads format {known} only")]
    OtherStoreFormat {
        /// The format found.
        found: u8,
        /// The format of this release.
        known: u8,
    },
    /// It is of another store than the configuration expects.
    #[error("it is of the store {found:032x}, and the configuration expects {expected:032x}")]
    OtherStore {
        /// The id of the store that it is of.
        found: u128,
        /// The expected id.
        expected: u128,
    },
    /// It is of another tenant.
    #[error("it is of another tenant")]
    OtherTenant,
    /// Its evidence was folded with another evidence version.
    #[error(
        "its evidence was folded with another evidence version ({found}) than that of this release and its model ({own})"
    )]
    OtherEvidence {
        /// The evidence version found.
        found: u32,
        /// That of this instance.
        own: u32,
    },
    /// Its data is too old.
    #[error("its data is of {data_as_of}, which is more than {} hours ago (--snapshot-max-age)", max_age.as_secs() / 3_600)]
    TooOld {
        /// The time of its data.
        data_as_of: Timestamp,
        /// The oldest that is accepted.
        max_age: Duration,
    },
}
