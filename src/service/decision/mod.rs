//! Decision ids: what was decided, sealed into the id itself, so that it can be explained for as long as its key is kept
//! and nothing has to be stored of calls.

mod keyring;
mod record;

pub use keyring::{KeyRing, KeyRingError};

use super::{Service, ServiceError};
use crate::domain::decision::DecisionRecord;

/// The most bytes of a decision id.
const MAX_ID_BYTES: usize = 512;

impl Service {
    /// What was decided, from the id that the answer gave.
    ///
    /// # Errors
    /// If this installation did not seal the id, or no longer has the key.
    pub fn decision(&self, id: &str) -> Result<DecisionRecord, ServiceError> {
        let foreign = || ServiceError::field("decision_id", "is not one that this service gave, or its key is gone");
        if id.len() > MAX_ID_BYTES {
            return Err(foreign());
        }
        let bytes = self.decision_keys.open(id).ok_or_else(foreign)?;
        record::decode(&bytes).map_err(|error| {
            tracing::error!(%error, "a decision that was sealed by this service cannot be read");
            foreign()
        })
    }

    /// The id of a decision; empty if this machine has no random numbers.
    pub(super) fn seal(&self, record: &DecisionRecord) -> String {
        self.decision_keys.seal(&record::encode(record)).unwrap_or_default()
    }
}
