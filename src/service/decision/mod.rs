//! Decision ids. The decision is sealed into the id itself, so that it can be explained for as long as its key is kept,
//! and nothing about calls has to be stored.

mod keyring;
mod record;

pub use keyring::KeyRing;

use super::ServiceError;
use crate::domain::decision::DecisionRecord;
use crate::domain::tenant::TenantId;

/// The most bytes of a decision id.
const MAX_ID_BYTES: usize = 512;

impl KeyRing {
    /// The id of a decision for a tenant; empty if this machine has no random numbers.
    pub(super) fn seal_decision(&self, record: &DecisionRecord, tenant: TenantId) -> String {
        self.seal(&record::encode(record), tenant).unwrap_or_default()
    }

    /// The decision that an id seals.
    ///
    /// # Errors
    /// If this installation did not seal the id for this tenant, or no longer has the key.
    pub(super) fn open_decision(&self, id: &str, tenant: TenantId) -> Result<DecisionRecord, ServiceError> {
        let foreign = || ServiceError::field("decision_id", "is not an id of this service, or its key was removed");
        if id.len() > MAX_ID_BYTES {
            return Err(foreign());
        }
        let bytes = self.open(id, tenant).ok_or_else(foreign)?;
        record::decode(&bytes).map_err(|error| {
            tracing::error!(%error, "a decision that was sealed by this service cannot be read");
            foreign()
        })
    }
}
