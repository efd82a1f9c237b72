//! How calls ended, which only their switch knows: evidence of the caller's rate, in memory, for an hour.

use std::fmt;
use std::time::Duration;

use super::{Service, ServiceError};
use crate::domain::traffic;
use crate::number::Region;

/// How a call ended. `Debug` shows nothing of who called.
#[derive(Clone)]
pub struct OutcomeInput {
    /// The number that called, as it is.
    pub number: String,
    /// The region that a national number is of.
    pub default_region: Option<Region>,
    /// Its Call-ID.
    pub call_id: String,
    /// Whether somebody answered.
    pub answered: bool,
    /// How long the conversation was.
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

impl Service {
    /// Counts how a call ended, and says whether it did: neither one whose end was counted before, nor one that was
    /// refused on advice, since an engine that learns from its own answers believes itself.
    ///
    /// # Errors
    /// If the text holds no number that can exist.
    pub fn call_outcome(&self, input: &OutcomeInput) -> Result<bool, ServiceError> {
        let caller = self.number("number", &input.number, input.default_region)?;
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
        Ok(self.observer.outcome(&outcome, self.clock.now()))
    }
}
