//! The called number.

use super::LookupInput;
use crate::number::{self, E164, Parsed, Region, ServiceKind};

/// The longest text of a called number that is read, in bytes.
const MAX_CALLED_BYTES: usize = 1_000;

/// Digits of the emergency numbers that are dialled in many countries.
const EMERGENCY_DIGITS: usize = 3;
/// The most digits of a country code.
const COUNTRY_CODE_DIGITS_MAX: usize = 3;

/// The destination of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    /// Not given, or not readable: a lookup is not refused because a person misdialled.
    Unknown,
    /// A number.
    Number(E164, Option<Region>),
    /// Police, fire brigade, ambulance.
    Emergency,
}

impl Called {
    /// Reads the called number. A number without a country code belongs to the region of the question, or else to that
    /// of the caller. A number that is an emergency number anywhere is taken for one.
    pub(super) fn of(input: &LookupInput, caller: Option<&Parsed>) -> Self {
        let text = input.called_number.as_str();
        if text.is_empty() || text.len() > MAX_CALLED_BYTES {
            return Self::Unknown;
        }
        let region = input.default_region.or(match caller {
            Some(Parsed::Number(caller)) => caller.region(),
            Some(Parsed::Service(_) | Parsed::Anonymous) | None => None,
        });
        let read = Self::read(text, region);
        let elsewhere = || region.is_some() && Self::read(text, None) == Self::Emergency;
        if read == Self::Unknown && (elsewhere() || is_emergency_behind_country_code(text)) {
            return Self::Emergency;
        }
        read
    }

    fn read(text: &str, region: Option<Region>) -> Self {
        match number::parse(text, region) {
            Ok(Parsed::Service(service)) if service.kind() == ServiceKind::Emergency => Self::Emergency,
            Ok(Parsed::Number(called)) => called
                .e164()
                .map_or(Self::Unknown, |number| Self::Number(number, called.region())),
            Ok(Parsed::Service(_) | Parsed::Anonymous) | Err(_) => Self::Unknown,
        }
    }

    pub(super) const fn number(self) -> Option<E164> {
        match self {
            Self::Number(number, _) => Some(number),
            Self::Unknown | Self::Emergency => None,
        }
    }

    pub(super) const fn region(self) -> Option<Region> {
        match self {
            Self::Number(_, region) => region,
            Self::Unknown | Self::Emergency => None,
        }
    }
}

/// Whether the text is an emergency number with a country code that a network has added, as in `+1911` and `+49112`. It
/// is not a valid number then, but the person who dialled it is in need all the same.
fn is_emergency_behind_country_code(text: &str) -> bool {
    let digits = text.split_once('+').map_or("", |(_, rest)| rest);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let digits = digits.get(..end).unwrap_or_default();
    let is_emergency = |local: &str| {
        local.len() == EMERGENCY_DIGITS
            && matches!(number::parse(local, None), Ok(Parsed::Service(service)) if service.kind() == ServiceKind::Emergency)
    };
    (1..=COUNTRY_CODE_DIGITS_MAX).any(|code| digits.get(code..).is_some_and(is_emergency))
}
