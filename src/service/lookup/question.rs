//! A question with its numbers, signature and deadline, before anything is looked up.

use std::time::Instant;

use super::called::Called;
use super::signing::signing;
use super::{LookupInput, LookupRole};
use crate::domain::call::Signing;
use crate::domain::policy::Protection;
use crate::domain::time::Timestamp;
use crate::number::{self, EmergencyNumbers, Parsed, ServiceKind};
use crate::service::ServiceError;
use crate::service::identity::parse;

/// One question on its way to an answer.
pub(super) struct Question<'a> {
    pub(super) input: &'a LookupInput,
    /// The caller.
    pub(super) caller: Parsed,
    /// The called number.
    pub(super) called: Called,
    /// The signature of the call.
    pub(super) signing: Signing,
    /// The moment of scoring.
    pub(super) now: Timestamp,
    /// The moment by which the answer is due.
    pub(super) deadline: Instant,
}

impl<'a> Question<'a> {
    /// Reads the numbers of a question.
    ///
    /// # Errors
    /// If the text of the caller holds no number, unless somebody calls for help, who is put through with any caller ID,
    /// or is about to.
    pub(super) fn read(
        input: &'a LookupInput,
        numbers: &EmergencyNumbers,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Self, ServiceError> {
        let caller = parse("number", &input.number, input.default_region);
        let called = Called::of(input, caller.as_ref().ok(), numbers);
        let about_to_call_for_help = || {
            let service = || number::emergency_service(&input.number, input.default_region, numbers);
            input.role == LookupRole::AboutToDial && service().is_some()
        };
        let caller = match caller {
            Err(_) if called.is_for_help() || about_to_call_for_help() => Parsed::Anonymous,
            caller => caller?,
        };
        Ok(Self {
            signing: signing(input, &caller),
            input,
            caller,
            called,
            now,
            deadline,
        })
    }

    /// The protection of a person who is about to dial an emergency number: nobody warns them.
    pub(super) fn dials_emergency(&self) -> Option<Protection> {
        let is_emergency = matches!(&self.caller, Parsed::Service(number) if number.kind() == ServiceKind::Emergency);
        (self.is_about_to_dial() && is_emergency).then_some(Protection::EmergencyCalled)
    }

    pub(super) fn is_about_to_dial(&self) -> bool {
        self.input.role == LookupRole::AboutToDial
    }
}
