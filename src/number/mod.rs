//! Telephone numbers: from what switches and people write to one key.

mod country_code;
mod digits;
mod e164;
mod error;
mod kinds;
mod parsed;
mod plan;
mod region;

pub use e164::E164;
pub use error::NumberError;
pub use kinds::{AttestationLevel, LineType, Validity, Verstat};
pub use parsed::{Parsed, ParsedNumber, ServiceKind, ServiceNumber};
pub use region::{Region, UnknownRegion};

use digits::Digits;

/// Reads a number in any form that switches and people write.
pub fn parse(text: &str, default_region: Option<Region>) -> Result<Parsed, NumberError> {
    if text.eq_ignore_ascii_case("anonymous") {
        return Ok(Parsed::Anonymous);
    }
    if text == "911" {
        return Ok(Parsed::Service(ServiceNumber::new(
            "911",
            default_region,
            ServiceKind::Emergency,
        )));
    }
    normalize(text, default_region).map(Parsed::Number)
}

/// What the numbering plan says of a number that is already known.
pub fn describe(e164: E164) -> ParsedNumber {
    let (value, len) = e164.national();
    let national = Digits::from_value(value, len).unwrap_or_default();
    ParsedNumber::new(e164.country_code(), national)
}

/// What libphonenumber says of a text.
pub fn normalize(text: &str, default_region: Option<Region>) -> Result<ParsedNumber, NumberError> {
    use phonenumber::ParseError;
    let id = default_region.and_then(|region| region.as_str().parse().ok());
    let number = phonenumber::parse(id, text).map_err(|error| match error {
        ParseError::NoNumber | ParseError::MalformedInteger(_) => NumberError::NotANumber,
        ParseError::InvalidCountryCode => NumberError::InvalidCountryCode,
        ParseError::TooShortAfterIdd => NumberError::TooShortAfterIdd,
        ParseError::TooShortNsn => NumberError::TooShort,
        ParseError::TooLong => NumberError::TooLongNumber,
    })?;
    let national = Digits::new(number.national().to_string().as_bytes()).ok_or(NumberError::TooLongNumber)?;
    Ok(ParsedNumber::new(number.code().value(), national)
        .with_extension(number.extension().map(|e| e.to_string().into()))
        .with_verstat(None))
}

/// Does all lazy set-up.
pub fn warm_up() {
    let _loaded = phonenumber::metadata::DATABASE.by_code(&1_u16).is_some();
}
