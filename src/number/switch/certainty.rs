//! How sure it is that a value of a header names a caller by a number. P-Asserted-Identity may hold two values (RFC 3325
//! section 9.1), and networks write a name or an extension beside the number, in any order.

use super::super::error::NumberError;
use super::super::parsed::Parsed;
use super::reading::is_valid;

/// How sure it is that a value is a number, from no number to certainly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    /// A name, no number at all, or a text that is not read.
    NoNumber,
    /// A number that no region has, or one without its area code.
    Doubtful,
    /// A short code or an emergency number.
    Service,
    /// A number in no known range.
    Possible,
    /// A valid number. An account or an extension may have the same digits.
    Valid,
    /// A valid number that the text marks as one: by a plus sign, `user=phone`, or a phone context with country code.
    Certain,
}

impl Certainty {
    /// The certainty of an answer; `marked` says whether the text marks it as a number.
    pub(super) fn of(answer: &Result<Parsed, NumberError>, marked: bool) -> Self {
        match answer {
            Err(_) | Ok(Parsed::Anonymous) => Self::NoNumber,
            Ok(Parsed::Service(_)) => Self::Service,
            Ok(Parsed::Number(number)) if is_valid(number) => {
                if marked {
                    Self::Certain
                } else {
                    Self::Valid
                }
            }
            Ok(Parsed::Number(number)) if number.is_local_only() || !number.has_known_length() => Self::Doubtful,
            Ok(Parsed::Number(_)) => Self::Possible,
        }
    }
}
