//! The called number.

use super::LookupInput;
use crate::number::{self, E164, EmergencyNumbers, EmergencyService, Parsed, Region, ServiceKind, Validity};

/// The longest text of a called number that is read, in bytes.
const MAX_CALLED_BYTES: usize = 1_000;

/// The destination of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    /// Not given, or not readable: a lookup is not refused because a person misdialled.
    Unknown,
    /// A number.
    Number(E164, Option<Region>),
    /// Police, fire brigade, ambulance.
    Emergency,
    /// A helpline for people in danger or in a crisis, or another short number of public safety.
    PublicSafety,
}

impl Called {
    /// Reads the called number of a call. A number without a country code belongs to the region of the question, or else
    /// to that of the caller. That of the caller is a guess, so a call for help from an unknown region is one too.
    pub(super) fn of(input: &LookupInput, caller: Option<&Parsed>, numbers: &EmergencyNumbers) -> Self {
        let text = input.called_number.as_str();
        if input.default_region.is_some() {
            return Self::dialled(text, input.default_region, numbers);
        }
        let guess = match caller {
            Some(Parsed::Number(caller)) => caller.region(),
            Some(Parsed::Service(_) | Parsed::Anonymous) | None => None,
        };
        let there = Self::dialled(text, guess, numbers);
        if guess.is_none() || there.is_for_help() || Self::read(text, guess).1 {
            return there;
        }
        let anywhere = Self::dialled(text, None, numbers);
        if anywhere.is_for_help() { anywhere } else { there }
    }

    /// Reads a number that is dialled in a region. A number that is an emergency number anywhere is taken for one, however
    /// it was dialled, unless it is a valid number of somebody.
    pub(super) fn dialled(text: &str, region: Option<Region>, numbers: &EmergencyNumbers) -> Self {
        if text.is_empty() || text.len() > MAX_CALLED_BYTES {
            return Self::Unknown;
        }
        let (read, valid) = Self::read(text, region);
        if valid || read == Self::Emergency {
            return read;
        }
        match number::emergency_service(text, region, numbers) {
            Some(EmergencyService::Emergency) => return Self::Emergency,
            Some(EmergencyService::PublicSafety) => return Self::PublicSafety,
            None => {}
        }
        let elsewhere = || region.is_some() && Self::read(text, None).0 == Self::Emergency;
        if read == Self::Unknown && elsewhere() {
            return Self::Emergency;
        }
        read
    }

    /// The destination that the text names, and whether it is a valid number.
    fn read(text: &str, region: Option<Region>) -> (Self, bool) {
        match number::parse(text, region) {
            Ok(Parsed::Service(service)) if service.kind() == ServiceKind::Emergency => (Self::Emergency, false),
            Ok(Parsed::Number(called)) => {
                let number = called.e164().map(|number| Self::Number(number, called.region()));
                (number.unwrap_or(Self::Unknown), called.validity() == Validity::Valid)
            }
            Ok(Parsed::Service(_) | Parsed::Anonymous) | Err(_) => (Self::Unknown, false),
        }
    }

    /// Whether a person calls for help: such a call is never hindered, and a call back may follow.
    pub(super) const fn is_for_help(self) -> bool {
        matches!(self, Self::Emergency | Self::PublicSafety)
    }

    pub(super) const fn number(self) -> Option<E164> {
        match self {
            Self::Number(number, _) => Some(number),
            Self::Unknown | Self::Emergency | Self::PublicSafety => None,
        }
    }

    pub(super) const fn region(self) -> Option<Region> {
        match self {
            Self::Number(_, region) => region,
            Self::Unknown | Self::Emergency | Self::PublicSafety => None,
        }
    }
}
