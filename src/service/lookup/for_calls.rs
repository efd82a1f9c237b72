//! The answer that calls of a tenant get, for its analysts: the dossier of a number holds the tenant's own data only.

use std::time::Duration;

use super::{LookupInput, LookupOutcome, Lookups};
use crate::clock::monotonic;
use crate::domain::tenant::TenantId;
use crate::index::AcceptedPart;
use crate::number::E164;
use crate::service::ServiceError;

/// The time for the answer: no call waits for it.
const WITHIN: Duration = Duration::from_secs(10);

/// What the lookups of a tenant are told of a number for which data of other tenants count.
#[derive(Clone, Debug)]
pub struct ForCalls {
    /// The answer for a call with this number. Its signature and the called number are unknown.
    pub answer: LookupOutcome,
    /// What counts of each other tenant.
    pub parts: Vec<AcceptedPart>,
}

impl Lookups {
    /// What the lookups of a tenant are told of a number, if data of other tenants count for it. No call is counted.
    ///
    /// # Errors
    /// None that a number in E.164 form has.
    pub fn for_calls(&self, viewer: TenantId, number: E164) -> Result<Option<ForCalls>, ServiceError> {
        let parts = self.indexes.view(viewer).accepted_parts(number, self.clock.now());
        if parts.is_empty() {
            return Ok(None);
        }
        let input = LookupInput {
            viewer,
            number: number.to_string(),
            full: true,
            ..LookupInput::default()
        };
        let answer = self.look_up(&input, monotonic() + WITHIN)?;
        Ok(Some(ForCalls { answer, parts }))
    }
}
