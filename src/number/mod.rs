//! Telephone numbers: from what switches and people write to one key.

mod country_code;
mod dialled;
mod digits;
mod e164;
mod error;
mod kinds;
mod parsed;
mod pattern;
mod plan;
mod region;
mod unicode;
mod written;

pub use e164::E164;
pub use error::NumberError;
pub use kinds::{AttestationLevel, LineType, Validity, Verstat};
pub use parsed::{Parsed, ParsedNumber, ServiceKind, ServiceNumber};
pub use region::{Region, UnknownRegion};

use digits::Digits;
use written::Written;

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

/// What libphonenumber alone says of a text: no forms of switches, no short numbers, no anonymity.
///
/// # Errors
/// [`NumberError`] if the text holds no number.
pub fn normalize(text: &str, default_region: Option<Region>) -> Result<ParsedNumber, NumberError> {
    let written = Written::find(text)?;
    let (code, national) =
        dialled::resolve(written.plus, written.digits.as_bytes(), default_region)?;
    Ok(ParsedNumber::new(code, national).with_extension(written.extension))
}

/// Does all lazy set-up.
pub fn warm_up() {
    plan::warm_up();
    written::warm_up();
}
