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
use super::address::{SIP_SCHEMES, is_emergency_urn};
use super::name_addr::{strip_scheme, values};
use dial_string::DialString;

pub use expression::{EmergencyExpressions, RewriteStep};

/// The service that a call reaches, if it is a call for help.
pub(in crate::number) fn service(
    text: &str,
    region: Option<Region>,
    numbers: &EmergencyNumbers,
) -> Option<EmergencyService> {
    values(text.trim()).find_map(|value| {
        if is_emergency_name(value.address) {
            return Some(EmergencyService::Emergency);
        }
        forms::service(&DialString::of(&value)?, region, numbers)
    })
}

/// Whether an address names the emergency services without a number: `urn:service:sos` (RFC 5031), the same as the user
/// of a host, or the user `sos`. [`EmergencyExpressions::NAMES`] is the same rule.
fn is_emergency_name(address: &str) -> bool {
    let tel = strip_scheme(address, "tel:");
    let sip = SIP_SCHEMES.iter().find_map(|scheme| strip_scheme(address, scheme));
    let inner = sip.or(tel).unwrap_or(address);
    let user = inner.split(['@', '?']).next().unwrap_or_default();
    let has_user = tel.is_some() || (sip.is_some() && inner.contains('@'));
    let is_sos = || {
        user.split(';')
            .next()
            .is_some_and(|user| user.eq_ignore_ascii_case("sos"))
    };
    is_emergency_urn(user) || is_escaped_urn(user) || (has_user && is_sos())
}

/// Whether a user is the address of the emergency services with its colons escaped.
fn is_escaped_urn(user: &str) -> bool {
    let behind_colon = |text| strip_scheme(text, ":").or_else(|| strip_scheme(text, "%3a"));
    strip_scheme(user, "urn")
        .and_then(behind_colon)
        .and_then(|rest| strip_scheme(rest, "service"))
        .and_then(behind_colon)
        .and_then(|rest| strip_scheme(rest, "sos"))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ';']))
}

#[cfg(test)]
mod tests;
