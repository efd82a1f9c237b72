//! Counts the commits of an open store, in the engine and in the witness.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::directory::StoreDirectory;
use super::journal;
use super::witness::Witness;
use crate::store::error::StoreError;

/// The count. When it is dropped, after the engine is closed, it notes an orderly end.
pub(super) struct CommitCount {
    witness: Mutex<Witness>,
    /// Whether a commit failed, so that nobody knows what is on the disk.
    has_failed: AtomicBool,
    /// The directory of the engine.
    engine: PathBuf,
}

impl CommitCount {
    /// The count of a store that has so many commits.
    pub(super) fn open(directory: &StoreDirectory, store_id: u128, commits: u64) -> Result<Self, StoreError> {
        let witness = Witness::open(directory.path(), store_id, commits);
        let witness = witness.map_err(|error| StoreError::Unavailable {
            cause: format!("{}: {error}", directory.path().display()),
        })?;
        Ok(Self {
            witness: Mutex::new(witness),
            has_failed: AtomicBool::new(false),
            engine: directory.engine(),
        })
    }

    /// Makes the next commit, which gets its number. One at a time, so that the numbers have the order of the commits.
    pub(super) fn next(&self, commit: impl FnOnce(u64) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut witness = self.witness.lock();
        commit(witness.commits() + 1).inspect_err(|_| self.has_failed.store(true, Ordering::Relaxed))?;
        witness.note();
        Ok(())
    }
}

impl Drop for CommitCount {
    fn drop(&mut self) {
        if self.has_failed.load(Ordering::Relaxed) {
            return;
        }
        let closed = journal::numbered(&self.engine).and_then(|journals| {
            let oldest = journals.first().map(|(number, _)| *number);
            self.witness.lock().close(oldest)
        });
        if let Err(error) = closed {
            tracing::warn!(%error, "the witness of the store does not say that the store was closed");
        }
    }
}
