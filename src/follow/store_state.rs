//! Decides whether the store is up, and says so.

use std::time::{Duration, Instant};

use super::Follower;
use crate::clock::monotonic;
use crate::index::{Moment, StoreState};
use crate::store::StoreError;

/// How long a store counts as one that refuses writes after it has refused a commit, if sweeps find nothing wrong. Then a
/// commit tries again.
pub const REFUSED_FOR: Duration = Duration::from_secs(5);

impl Follower {
    /// Decides after a sweep whether the store is up, and whether the index is fresh. The store is up if the sweep
    /// succeeded and has found that writes are accepted. The index is fresh if the sweep succeeded, also if the store
    /// refuses writes; but not if the store is a replica, because a replica may lag behind.
    ///
    /// # Errors
    /// If the sweep failed, or the store has turned out to be a replica.
    pub(super) fn conclude(
        &self,
        swept: Result<Result<(), StoreError>, StoreError>,
        asked_at: Moment,
        began: Instant,
    ) -> Result<(), StoreError> {
        let (swept, writes) = match swept {
            Ok(writes) => (Ok(()), writes),
            Err(error) => (Err(error.clone()), Err(error)),
        };
        match &writes {
            // Just below the limit of its memory, a store takes the question and refuses a commit, which is larger.
            Ok(()) if self.has_just_refused() => _ = self.set_store(StoreState::ReadOnly),
            Ok(()) => _ = self.set_store(StoreState::Up),
            Err(error) => self.failed(error),
        }
        match writes {
            Err(replica @ StoreError::Replica { .. }) => return Err(replica),
            Ok(()) | Err(_) => swept?,
        }
        self.keeper.swept(asked_at);
        self.metrics.swept(began);
        Ok(())
    }

    /// Takes notice of a commit that failed. A store that refuses writes or is another one is not up, also if the last sweep
    /// has found it so: what the sweep asks is smaller than a commit, and up to a second old.
    pub fn commit_failed(&self, error: &StoreError) {
        match error {
            StoreError::WritesRefused { .. } => *self.refused.lock() = Some(monotonic()),
            StoreError::Replica { .. } | StoreError::Foreign { .. } => {}
            StoreError::Unavailable { .. }
            | StoreError::OutcomeUnknown { .. }
            | StoreError::OtherFormat { .. }
            | StoreError::Damaged { .. }
            | StoreError::Unreadable { .. }
            | StoreError::Refused { .. } => return,
        }
        self.set_failed(error);
    }

    fn has_just_refused(&self) -> bool {
        self.refused.lock().is_some_and(|at| at.elapsed() < REFUSED_FOR)
    }

    pub(super) fn failed(&self, error: &StoreError) {
        self.metrics.store_error(error.into());
        self.set_failed(error);
    }

    fn set_failed(&self, error: &StoreError) {
        let state = match error {
            StoreError::Foreign { .. } | StoreError::OtherFormat { .. } => StoreState::Foreign,
            StoreError::Replica { .. } => StoreState::Replica,
            StoreError::WritesRefused { .. } => StoreState::ReadOnly,
            StoreError::Unavailable { .. }
            | StoreError::OutcomeUnknown { .. }
            | StoreError::Damaged { .. }
            | StoreError::Unreadable { .. }
            | StoreError::Refused { .. } => StoreState::Down,
        };
        if self.set_store(state) {
            let meaning = match state {
                StoreState::ReadOnly => "the store takes no writes: lookups stay fresh, and changes are refused",
                StoreState::Up | StoreState::Down | StoreState::Foreign | StoreState::Replica => {
                    "the store cannot be followed: answers come from memory"
                }
            };
            tracing::error!(%error, ?state, "{meaning}");
        }
    }

    pub(super) fn set_store(&self, state: StoreState) -> bool {
        let changed = self.keeper.set_store(state);
        if changed {
            self.metrics.store_up(state == StoreState::Up);
            self.metrics.store_foreign(state == StoreState::Foreign);
            tracing::info!(?state, "the state of the store has changed");
        }
        changed
    }
}
