//! Telephone numbers: from the texts of switches and people to one key, [`E164`].
//!
//! [`parse`] reads caller ID in every form in which it arrives and classifies it: a number, a service that is not
//! scored, or a withheld number. [`normalize`] answers as libphonenumber does, for comparison. [`describe`] gives the
//! plan's facts about a number.
//!
//! ```
//! use ringwarden::number::{self, Parsed, Region, Validity};
//!
//! let text = r#""Doe, Jane" <sip:(415)555-0199;ext=7@carrier.example>;verstat=TN-Validation-Passed"#;
//! let Ok(Parsed::Number(number)) = number::parse(text, Some(Region::US)) else {
//!     panic!("a number");
//! };
//! assert_eq!(number.e164_text(), "+14155550199");
//! assert_eq!(number.validity(), Validity::Valid);
//! assert_eq!(number.extension(), Some("7"));
//! assert_eq!(number::parse("sip:anonymous@anonymous.invalid", None), Ok(Parsed::Anonymous));
//! assert!(number::parse("4155550199", None).is_err(), "the country is missing");
//! ```
//!
//! Three folders; each uses only those before it:
//!
//! - `text`: characters and punctuation, and where the number stands in a text (libphonenumber's rules, letters by
//!   ITU-T E.161).
//! - `plan`: the plans of the countries behind the codes of ITU-T E.164; dialling prefixes; emergency numbers and short
//!   codes (libphonenumber's metadata 9.0.33, 3GPP TS 22.101).
//! - `switch`: addresses (RFC 3261, RFC 3966), lists of them (RFC 3325), withheld numbers (RFC 3323, 3GPP
//!   TS 29.163), signatures (`verstat`, 3GPP TS 24.229, ATIS-1000074), services by name (RFC 5031), emergency numbers
//!   however they are dialled.
//!
//! The facts come from the `phonenumber` crate, whose metadata is libphonenumber's; the build script extracts them. Its
//! parser is not used: of the inputs that libphonenumber reads, it gives the same number for only four in five, and its
//! expression cache is one lock for all threads. `docs/numbers.md` shows its errors, and `docs/number-forms.md` every
//! form with its answer; both are tests.

mod digits;
mod e164;
mod error;
mod kinds;
mod parsed;
mod plan;
mod region;
mod service_number;
mod switch;
mod text;

pub use e164::E164;
pub use error::NumberError;
pub use kinds::{AttestationLevel, LineType, Validity, VerstatParameter};
pub use parsed::{Parsed, ParsedNumber};
pub use plan::emergency::{EmergencyNumbers, EmergencyNumbersError, EmergencyService};
pub use plan::newer::{MAX_PLAN_FILE_BYTES, PlanFileError, PlanLineProblem};
pub use region::{Region, UnknownRegion};
pub use service_number::{ServiceKind, ServiceNumber};
pub use switch::{EmergencyExpressions, RewriteStep};
pub use text::unicode::ascii_digit;

use digits::Digits;
use plan::dialled;
use text::written::{self, Written};

/// The day on which the numbering plans of this release were last compared with their sources.
pub const PLAN_DATE: &str = "2026-11-29";

/// Lays the ranges of a file over the numbering plans of this process, in the form of `data/newer_plans.csv`; at most
/// [`MAX_PLAN_FILE_BYTES`]. Call it once, before any number is read. Returns how many ranges there are.
///
/// # Errors
/// [`PlanFileError`], with line and column, if the file is wrong; or if numbers have been read already.
pub fn extend_plan(text: &str) -> Result<usize, PlanFileError> {
    plan::extend(text)
}

/// Whether all numbers of a country begin with these digits, country code first: they are a country code in use, or the
/// beginning of one, or the code of an area that is a country of its own in the North American plan, such as 1876 for Jamaica.
#[must_use]
pub fn covers_country(prefix: u64) -> bool {
    if plan::country_code::is_covered(prefix) {
        return true;
    }
    // Any number of the area tells its country.
    let in_area = prefix
        .checked_mul(10_000_000)
        .and_then(|first| E164::from_digits(first + 2_345_678));
    let is_area = (1_000..2_000).contains(&prefix);
    let region = in_area.filter(|_| is_area).and_then(|number| describe(number).region());
    region.is_some_and(|region| !["US", "CA"].contains(&region.as_str()) && region != Region::WORLD)
}

/// The country code of a region, such as 91 for IN; none for [`Region::WORLD`].
#[must_use]
pub fn country_code(region: Region) -> Option<u16> {
    plan::code_of(region)
}

/// Reads a number as a switch or a person wrote it: E.164, national and international forms, `tel` and SIP addresses,
/// words for a withheld number, short and emergency numbers. Numbers without country code belong to `default_region`.
///
/// # Errors
/// [`NumberError`] if the text holds no number, or only the beginning of one. A number of a length that the plan does not
/// know is not an error but [`Validity::UnknownLength`], and a number that cannot exist is [`Validity::Impossible`].
pub fn parse(text: &str, default_region: Option<Region>) -> Result<Parsed, NumberError> {
    switch::parse(text, default_region)
}

/// The service that a call reaches, if its called number is an emergency number or one of public safety, however it was
/// dialled: `911#`, `+1911`, `0049112`, `9-1-1`, `sip:911%23@h.example`, `urn:service:sos`. A caller is read by [`parse`]:
/// nobody calls from 911.
///
/// Only whole numbers count. Some of these forms are possible numbers, and none is a valid number; ask [`parse`] first if
/// a number may become valid.
pub fn emergency_service(
    called: &str,
    default_region: Option<Region>,
    numbers: &EmergencyNumbers,
) -> Option<EmergencyService> {
    switch::emergency_service(called, default_region, numbers)
}

/// Reads a text exactly as libphonenumber does: no forms of switches, no short numbers, no withheld numbers.
///
/// # Errors
/// [`NumberError`] if the text holds no number.
pub fn normalize(text: &str, default_region: Option<Region>) -> Result<ParsedNumber, NumberError> {
    if let Some((plus, digits)) = Written::bare(text) {
        let (code, national) = dialled::resolve(plus, digits.as_bytes(), default_region)?;
        return Ok(ParsedNumber::new(code, national));
    }
    let written = Written::find(text)?;
    let (code, national) = dialled::resolve(written.plus, written.digits.as_bytes(), default_region)?;
    Ok(ParsedNumber::new(code, national).with_extension(written.extension))
}

/// The plan's facts about a number: region, kind, validity, formats. Never fails; a number of a length that the plan does
/// not know is [`Validity::UnknownLength`].
pub fn describe(e164: E164) -> ParsedNumber {
    let (value, len) = e164.national();
    let national = Digits::from_value(value, len).unwrap_or_default();
    ParsedNumber::new(e164.country_code(), national)
}

/// Builds every table that is otherwise built on first use. Called once at the start, so that no lookup waits for it.
pub fn warm_up() {
    plan::warm_up();
    written::warm_up();
    switch::warm_up();
}
