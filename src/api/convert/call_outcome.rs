//! The outcomes of calls.

use std::time::Duration;

use super::FieldReader;
use crate::service::{OutcomeInput, ServiceError};
use crate::wire::v1;

/// The most characters of a Call-ID.
const MAX_CALL_ID_CHARS: usize = 256;
/// The highest status of SIP (RFC 3261 section 7.2).
const MAX_RELEASE_CODE: u32 = 699;

/// Reads the outcome of a call.
pub(in crate::api) fn outcome(outcome: v1::CallOutcome) -> Result<OutcomeInput, ServiceError> {
    let mut fields = FieldReader::default();
    let number = fields.number("number", outcome.number);
    let default_region = fields.region("default_region", &outcome.default_region);
    if outcome.call_id.is_empty() {
        fields.refuse("call_id", "must not be empty");
    }
    let call_id = fields.line("call_id", outcome.call_id, MAX_CALL_ID_CHARS);
    let duration = outcome.duration.unwrap_or_default();
    let duration = duration_of(&duration);
    if duration.is_none() {
        fields.refuse("duration", "must not be negative");
    }
    if outcome.release_code > MAX_RELEASE_CODE {
        fields.refuse("release_code", format!("must be at most {MAX_RELEASE_CODE}"));
    }
    fields.finish(duration.map(|duration| OutcomeInput {
        number,
        default_region,
        call_id,
        answered: outcome.answered,
        duration,
        release_code: u16::try_from(outcome.release_code).unwrap_or_default(),
        refused_on_advice: outcome.refused_on_advice,
    }))
}

fn duration_of(duration: &pbjson_types::Duration) -> Option<Duration> {
    let nanos = u32::try_from(duration.nanos)
        .ok()
        .filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Duration::new(u64::try_from(duration.seconds).ok()?, nanos))
}
