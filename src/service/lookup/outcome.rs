//! Call outcomes, which only the switch knows. They are part of the caller's traffic, kept in memory for an hour.

use std::fmt;
use std::time::Duration;

use super::Lookups;
use crate::domain::tenant::TenantId;
use crate::domain::traffic;
use crate::number::Region;
use crate::service::ServiceError;
use crate::service::identity::read_number;

/// The outcome of a call. `Debug` hides the caller.
#[derive(Clone)]
pub struct OutcomeInput {
    /// The caller, as the client wrote it.
    pub number: String,
    /// The region of a number in national form.
    pub default_region: Option<Region>,
    /// Its Call-ID.
    pub call_id: String,
    /// Whether somebody answered.
    pub answered: bool,
    /// The duration of the conversation.
    pub duration: Duration,
    /// The last SIP status.
    pub release_code: u16,
    /// Whether the call was refused on this service's advice.
    pub refused_on_advice: bool,
}

impl fmt::Debug for OutcomeInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutcomeInput")
            .field("answered", &self.answered)
            .field("release_code", &self.release_code)
            .finish_non_exhaustive()
    }
}

impl Lookups {
    /// Counts how a call ended, for the tenant that tells of it alone; answers whether it was counted. A call whose end was
    /// counted before is not counted again. A call that was refused on this service's advice is not counted, since its end
    /// confirms only the advice.
    ///
    /// # Errors
    /// If the text holds no number that can exist.
    pub fn call_outcome(&self, tenant: TenantId, input: &OutcomeInput) -> Result<bool, ServiceError> {
        let caller = read_number("number", &input.number, input.default_region)?;
        if input.refused_on_advice {
            return Ok(false);
        }
        let outcome = traffic::CallOutcome {
            caller,
            call_id: &input.call_id,
            answered: input.answered,
            duration: input.duration,
            release_code: input.release_code,
        };
        Ok(self.observer.record_outcome(tenant, &outcome, self.clock.now()))
    }
}
