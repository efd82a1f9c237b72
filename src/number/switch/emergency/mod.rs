//! Calls for help, in every form in which they are dialled: `911#`, `+1911`, `0049112`, `9911`, `urn:service:sos`.
//!
//! A called number is read differently from a caller: nobody calls from 911, and a person who dials 911 with a plus sign
//! needs help all the same. Only whole numbers count: `+4911...` is Nuremberg, and `+911126...` is Delhi. A test asks for
//! every form of every number of every region whether it is a valid number of somebody.

mod dial_string;
mod expression;
mod forms;

use super::super::plan::emergency::{EmergencyNumbers, EmergencyService};
use super::super::region::Region;
use super::address::is_emergency_urn;
use super::name_addr::values;
use dial_string::DialString;

pub use expression::{EmergencyExpressions, RewriteStep};

/// The service that a call reaches, if it is a call for help.
pub(in crate::number) fn service(
    text: &str,
    region: Option<Region>,
    numbers: &EmergencyNumbers,
) -> Option<EmergencyService> {
    values(text.trim()).find_map(|value| {
        if is_emergency_urn(value.address) {
            return Some(EmergencyService::Emergency);
        }
        forms::service(&DialString::of(&value)?, region, numbers)
    })
}

#[cfg(test)]
mod tests;
