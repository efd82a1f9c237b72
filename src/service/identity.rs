//! The identity of a number: read from the text of a client, and shown in answers.

use super::ServiceError;
use crate::number::{
    self, E164, LineType, NumberError, Parsed, ParsedNumber, Region, ServiceKind, ServiceNumber, Validity,
};

/// The identity of a caller or number.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The number; none if it has no key, or is anonymous or short.
    pub e164: Option<E164>,
    /// The national format, if asked for.
    pub national_format: String,
    /// The international format, if asked for.
    pub international_format: String,
    /// Its region.
    pub region: Option<Region>,
    /// Its line type.
    pub line_type: LineType,
    /// How well it fits the numbering plan.
    pub validity: Validity,
}

impl Identity {
    /// The identity of a caller.
    pub(super) fn of_caller(caller: &Parsed, full: bool) -> Self {
        match caller {
            // Formats are part of the key's answer.
            Parsed::Number(number) => Self::of(number, full && number.e164().is_some()),
            Parsed::Service(short) => Self::service(short),
            Parsed::Anonymous => Self::anonymous(),
        }
    }

    pub(super) fn of(parsed: &ParsedNumber, full: bool) -> Self {
        Self {
            e164: parsed.e164(),
            national_format: if full { parsed.national_format() } else { String::new() },
            international_format: if full {
                parsed.international_format()
            } else {
                String::new()
            },
            region: parsed.region(),
            line_type: parsed.line_type(),
            validity: parsed.validity(),
        }
    }

    fn service(short: &ServiceNumber) -> Self {
        let line_type = match short.kind() {
            ServiceKind::Emergency => LineType::Emergency,
            ServiceKind::ShortCode => LineType::ShortCode,
        };
        let region = short.region();
        Self {
            region,
            line_type,
            validity: Validity::NotANumberOfThePlan,
            ..Self::anonymous()
        }
    }

    fn anonymous() -> Self {
        Self {
            e164: None,
            national_format: String::new(),
            international_format: String::new(),
            region: None,
            line_type: LineType::Unknown,
            validity: Validity::Anonymous,
        }
    }
}

/// Reads a number that a client names in `field`; only a number with a key is accepted.
pub(super) fn read_number(field: &str, text: &str, region: Option<Region>) -> Result<E164, ServiceError> {
    match parse(field, text, region)? {
        Parsed::Number(parsed) => parsed.e164().ok_or_else(|| {
            ServiceError::field(
                field,
                "cannot exist: its country code belongs to nobody, or it has more than 15 digits",
            )
        }),
        Parsed::Service(_) => Err(ServiceError::field(
            field,
            "is a short or emergency number, which is never scored",
        )),
        Parsed::Anonymous => Err(ServiceError::field(field, "holds no number: the caller is anonymous")),
    }
}

/// Reads a number on which an analyst decides. Letters behind the number, which a lookup drops, are refused: they may be a
/// slip, and the decision would fall on a number that the analyst did not mean.
pub(super) fn read_decided_number(field: &str, text: &str, region: Option<Region>) -> Result<E164, ServiceError> {
    let number = read_number(field, text, region)?;
    let dropped = before_letters(text).is_some_and(|rest| read_number(field, rest, region).ok() == Some(number));
    if dropped {
        let problem = "has letters behind it that are not part of the number: remove them, or put a note in brackets";
        return Err(ServiceError::field(field, problem));
    }
    Ok(number)
}

/// The text before letters that stand behind its last digit, without a bracket between; none if there are no such letters. An
/// address may have letters there.
fn before_letters(text: &str) -> Option<&str> {
    if text.contains(['@', ':', ';']) {
        return None;
    }
    let (last, digit) = text.char_indices().rev().find(|(_, c)| c.is_numeric())?;
    let (before, after) = text.split_at_checked(last + digit.len_utf8())?;
    let first = after.chars().find(|c| c.is_alphabetic() || "([{".contains(*c))?;
    first.is_alphabetic().then_some(before)
}

/// Reads the text of a number; the error never repeats the text.
pub(super) fn parse(field: &str, text: &str, region: Option<Region>) -> Result<Parsed, ServiceError> {
    match number::parse(text, region) {
        Ok(Parsed::Number(parsed)) if parsed.is_local_only() => Err(ServiceError::field(
            field,
            "is a local number: write it with its area code",
        )),
        Ok(parsed) => Ok(parsed),
        Err(NumberError::InvalidCountryCode) => Err(ServiceError::field(
            field,
            "has no country code in use; without one it needs `default_region`",
        )),
        Err(error) => Err(ServiceError::field(field, error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_falls_on_no_number_with_letters_behind_it() {
        let read = |text| read_decided_number("number", text, Some(Region::US));
        for text in [
            "+14155550100",
            " (415) 555-0100 ",
            "+14155550100 (home)",
            "415-555-0100 ext. 7",
            "sip:+14155550100@gw1.example",
            "tel:+14155550100;phone-context=example",
        ] {
            assert_eq!(read(text).unwrap().to_string(), "+14155550100", "{text}");
        }
        assert_eq!(read("1-800-FLOWERS").unwrap().to_string(), "+18003569377");
        for text in ["+14155550100x", "+14155550100 x", "4155550100abc", "+14155550100, home"] {
            assert!(read_number("number", text, Some(Region::US)).is_ok(), "{text}");
            assert!(read(text).is_err(), "{text}");
        }
    }
}
