//! The signature of a call.

use super::{LookupInput, LookupRole};
use crate::domain::call::Signing;
use crate::domain::kinds::{Attestation, Verstat};
use crate::number::{self, AttestationLevel, Parsed};

/// How the call was signed: as the question says, or, if it says nothing, as the `verstat` parameter in the caller's
/// text says. The text of a number about to be dialled is not trusted: anybody may have written it.
pub(super) fn signing(input: &LookupInput, caller: &Parsed) -> Signing {
    let says_nothing = input.verstat.is_none() && input.attestation.is_none();
    let said = match caller {
        Parsed::Number(caller) if says_nothing && input.role == LookupRole::Calling => caller.verstat(),
        Parsed::Number(_) | Parsed::Service(_) | Parsed::Anonymous => None,
    };
    let verstat = input.verstat.or(said.map(|said| match said {
        number::VerstatParameter::Passed(_) => Verstat::Passed,
        number::VerstatParameter::Failed => Verstat::Failed,
        number::VerstatParameter::NoValidation => Verstat::NoValidation,
    }));
    let attestation = input.attestation.or(match said {
        Some(number::VerstatParameter::Passed(Some(level))) => Some(match level {
            AttestationLevel::A => Attestation::A,
            AttestationLevel::B => Attestation::B,
            AttestationLevel::C => Attestation::C,
        }),
        Some(
            number::VerstatParameter::Passed(None)
            | number::VerstatParameter::Failed
            | number::VerstatParameter::NoValidation,
        )
        | None => None,
    });
    Signing::of(attestation, verstat)
}
