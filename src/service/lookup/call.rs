//! What is known of a call apart from the number that it shows: whom it is to, how it was signed, and what the caller's
//! other calls looked like.

use std::time::Instant;

use super::{LookupInput, LookupRole};
use crate::domain::call::Signing;
use crate::domain::kinds::{Attestation, Verstat};
use crate::domain::policy::Protection;
use crate::domain::time::Timestamp;
use crate::domain::traffic::Signs;
use crate::number::{self, AttestationLevel, E164, Parsed, Region, ServiceKind};
use crate::service::Service;
use crate::traffic::CallEvent;

/// The longest text of a number called that is looked at.
const MAX_CALLED_BYTES: usize = 1_000;

/// Digits of the emergency numbers that are dialled in many countries.
const EMERGENCY_DIGITS: usize = 3;
/// The most digits of a country code.
const COUNTRY_CODE_DIGITS_MAX: usize = 3;

/// Whom a call is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    /// Nothing was said, or nothing that can be read: a person who dialled a wrong number is no fault of the question.
    Unknown,
    /// A number.
    Number(E164, Option<Region>),
    /// Police, fire brigade, ambulance.
    Emergency,
}

impl Called {
    /// Reads the number called. One without a country code is of the question's region, or else of the caller's; what is
    /// an emergency number anywhere is taken for one.
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

/// Whether the text is an emergency number that a network has put a country code before, as in `+1911` and `+49112`: it
/// is no number then, and whoever dialled it is in need all the same.
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

/// How the call was signed: what the question says, and what the text of the number does where it says nothing at all. A
/// number about to be dialled was written by anybody.
pub(super) fn signing(input: &LookupInput, caller: &Parsed) -> Signing {
    let says_nothing = input.verstat.is_none() && input.attestation.is_none();
    let said = match caller {
        Parsed::Number(caller) if says_nothing && input.role == LookupRole::Calling => caller.verstat(),
        Parsed::Number(_) | Parsed::Service(_) | Parsed::Anonymous => None,
    };
    let verstat = input.verstat.or(said.map(|said| match said {
        number::Verstat::Passed(_) => Verstat::Passed,
        number::Verstat::Failed => Verstat::Failed,
        number::Verstat::NoValidation => Verstat::NoValidation,
    }));
    let attestation = input.attestation.or(match said {
        Some(number::Verstat::Passed(Some(level))) => Some(match level {
            AttestationLevel::A => Attestation::A,
            AttestationLevel::B => Attestation::B,
            AttestationLevel::C => Attestation::C,
        }),
        Some(number::Verstat::Passed(None) | number::Verstat::Failed | number::Verstat::NoValidation) | None => None,
    });
    Signing::of(attestation, verstat)
}

impl Service {
    /// What protects a call because of whom it is to.
    pub(super) fn protection(&self, called: Called, now: Timestamp, deadline: Instant) -> Option<Protection> {
        match called {
            Called::Emergency => Some(Protection::EmergencyCalled),
            Called::Number(number, _)
                if self.index.listed(number, now).protected.is_some()
                    || self.index.is_protected(number, now, deadline) =>
            {
                Some(Protection::ProtectedCalled)
            }
            Called::Number(number, _) if self.observer.in_callback_window(number, now) => {
                Some(Protection::CallbackWindow)
            }
            Called::Number(..) | Called::Unknown => None,
        }
    }

    /// What the caller's latest calls look like, this one included, which is counted unless the question says not to. A
    /// number about to be dialled is not calling.
    pub(super) fn signs(
        &self,
        caller: E164,
        (called, signing): (Called, Signing),
        input: &LookupInput,
        now: Timestamp,
    ) -> Signs {
        // Whose call it is whose signature is broken, is not known: it is held against nobody. But whoever may be in need
        // is to be called back.
        let is_of_caller = signing.is_of_the_number() || called == Called::Emergency;
        let traffic = if input.record_event && input.role == LookupRole::Calling && is_of_caller {
            let event = CallEvent {
                caller,
                called: called.number(),
                call_id: &input.call_id,
                signing,
                emergency: called == Called::Emergency,
            };
            self.observer.record(&event, now)
        } else {
            self.observer.look(caller, now)
        };
        traffic.signs(self.observer.thresholds())
    }
}
