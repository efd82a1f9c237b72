//! A question with its numbers, signature and deadline, before anything is looked up.

use std::time::Instant;

use super::called::Called;
use super::signing::signing;
use super::{LookupInput, LookupRole};
use crate::domain::advice;
use crate::domain::call::Signing;
use crate::domain::policy::Protection;
use crate::domain::time::Timestamp;
use crate::number::{EmergencyNumbers, Parsed, ParsedNumber, Validity};
use crate::service::ServiceError;
use crate::service::identity::parse;

/// One question on its way to an answer.
pub(super) struct Question<'a> {
    pub(super) input: &'a LookupInput,
    /// The caller, or the number that is about to be dialled.
    pub(super) caller: Parsed,
    /// Whether `caller` stands for a text without a number: lists know nothing of it.
    pub(super) is_unread: bool,
    /// Whether advice tells people to call the number.
    is_advised: bool,
    /// The destination of a person who is about to dial; unknown for a call.
    dials: Called,
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
        let dials = if input.role == LookupRole::AboutToDial {
            Called::dialled(&input.number, input.default_region, numbers)
        } else {
            Called::Unknown
        };
        let is_advised = match &caller {
            Ok(Parsed::Anonymous) => false,
            Ok(caller) if advice::is_advised(caller) => true,
            Ok(Parsed::Number(number)) if number.validity() == Validity::Valid => false,
            Ok(_) | Err(_) => advice::is_advised_text(&input.number, input.default_region),
        };
        let (caller, is_unread) = match caller {
            // The plan knows no such number, but there is one.
            Ok(Parsed::Number(number)) if is_advised && !is_of_the_plan(&number) => (Parsed::Anonymous, true),
            Err(_) if is_advised || called.is_for_help() || dials.is_for_help() => (Parsed::Anonymous, true),
            caller => (caller?, false),
        };
        Ok(Self {
            signing: signing(input, &caller),
            input,
            caller,
            is_unread,
            is_advised,
            dials,
            called,
            now,
            deadline,
        })
    }

    /// The protection of a number that advice tells people to call: nobody is warned of it, and nobody is accused.
    pub(super) fn advised(&self) -> Option<Protection> {
        self.is_advised.then_some(Protection::Advised)
    }

    /// The protection of a person who is about to call for help: nobody warns them.
    pub(super) const fn dials_for_help(&self) -> Option<Protection> {
        match self.dials {
            Called::Emergency => Some(Protection::EmergencyCalled),
            Called::PublicSafety => Some(Protection::ProtectedCalled),
            Called::Number(..) | Called::Unknown => None,
        }
    }

    pub(super) fn is_about_to_dial(&self) -> bool {
        self.input.role == LookupRole::AboutToDial
    }
}

/// Whether the numbering plan finds nothing wrong with a number.
fn is_of_the_plan(number: &ParsedNumber) -> bool {
    match number.validity() {
        Validity::Valid | Validity::Possible | Validity::NotANumberOfThePlan | Validity::Anonymous => true,
        Validity::UnknownLength | Validity::Impossible => false,
    }
}
