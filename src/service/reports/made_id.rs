//! The id of a report whose sender gives none.
//!
//! If the report names its reporter and the time of the call, the id follows from number, reporter, time and channel. So
//! the same report, sent again, is the same report. Without them two people may say the same, and the id is random: then
//! a report that is sent twice counts twice.

use super::Reports;
use crate::domain::ids::ReportId;
use crate::domain::report::ReportBody;
use crate::number::E164;
use crate::service::ServiceError;

impl Reports {
    /// The id of a report on a number. `timed` says whether the sender has named the time of the call.
    pub(super) fn made_id(&self, number: E164, body: &ReportBody, timed: bool) -> Result<ReportId, ServiceError> {
        let id = match body.reporter {
            Some(_) if timed => self.derived_id(number, body),
            Some(_) | None => {
                let mut bits = [0; 16];
                getrandom::fill(&mut bits).map_err(|error| {
                    tracing::warn!(%error, "this machine has no random numbers for the id of a report");
                    ServiceError::Internal
                })?;
                bits
            }
        };
        let text = format!("r-{:032x}", u128::from_be_bytes(id));
        ReportId::parse(&text).map_err(|_| ServiceError::Internal)
    }

    fn derived_id(&self, number: E164, body: &ReportBody) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new_keyed(&self.id_key);
        hasher
            .update(&number.digits().to_le_bytes())
            .update(&body.reporter.map_or(0, |reporter| reporter.raw()).to_le_bytes())
            .update(&body.occurred_at.millis().to_le_bytes())
            .update(&[body.channel.map_or(0, |channel| channel.code())]);
        let mut id = [0; 16];
        hasher.finalize_xof().fill(&mut id);
        id
    }
}
