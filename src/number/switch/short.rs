//! Short numbers that no list knows, or that stand behind a country code or a star: dialled within one country or
//! network, and no numbers of the international plan.

use super::super::error::NumberError;
use super::super::parsed::{Parsed, ParsedNumber};
use super::super::plan::{self, service};
use super::super::region::Region;
use super::super::service_number::{ServiceKind, ServiceNumber};
use super::super::text::written::is_separator;
use super::privacy;
use super::reading::{INTERNATIONAL_PREFIX, is_valid};

/// Fewest digits of a number that a list does not know: fewer may be an area code or a dialling prefix.
const UNLISTED_MIN: usize = 4;

/// Fewest digits behind a star.
pub(super) const STARRED_MIN: usize = 2;

/// Fewest digits of an extension: the user of a host is no area code.
const EXTENSION_MIN: usize = 2;

/// Most digits of a short number that no list knows.
const DIGITS_MAX: usize = 6;

/// Most digits of a number of the international plan (ITU-T E.164).
const NUMBER_MAX: usize = 15;

/// The short code with the digits of a number that is not valid. Its country lists the code, or has no number of so few
/// digits. Emergency numbers behind a country code are not decided here.
pub(super) fn code_of(number: &ParsedNumber) -> Option<ServiceNumber> {
    let (region, digits) = (plan::main_region(number.country_code()), number.national());
    if service::emergency(digits, region).is_some() {
        return None;
    }
    let (fewest, _) = plan::lengths(number.country_code())?;
    let is_unlisted = (UNLISTED_MIN..=DIGITS_MAX).contains(&digits.len())
        && number.significant_len() >= UNLISTED_MIN
        && digits.len() < fewest
        && !number.is_local_only();
    service::short_code(digits, region).or_else(|| is_unlisted.then(|| unlisted(digits, region)))
}

/// The digits of a text such as `*69`, `#250` and `*5287#`; none if it is a code that is dialled before a number.
pub(super) fn digits_behind_star(text: &str) -> Option<String> {
    let keys: String = text.chars().filter(|&char| !is_separator(char)).collect();
    let digits = keys.strip_prefix(['*', '#'])?;
    let digits = digits.strip_prefix('*').unwrap_or(digits);
    let digits = digits.strip_suffix('#').unwrap_or(digits);
    let is_code = privacy::symbol_codes().any(|code| code.trim_matches(['*', '#']) == digits);
    let is_whole =
        (STARRED_MIN..=NUMBER_MAX).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    (is_whole && !is_code).then(|| digits.to_owned())
}

/// The reading of digits behind a star or a number sign: a valid number stays one, and all others are short codes.
pub(super) fn starred(
    parsed: Result<Parsed, NumberError>,
    digits: &str,
    region: Option<Region>,
) -> Result<Parsed, NumberError> {
    match parsed {
        Ok(Parsed::Number(number)) if is_valid(&number) => Ok(Parsed::Number(number)),
        Ok(Parsed::Number(_)) | Err(_) => Ok(Parsed::Service(unlisted(digits, region))),
        other => other,
    }
}

/// The short code in `+972*5287`: a star and a short number behind a country code.
pub(super) fn behind_country_code_and_star(text: &str) -> Option<ServiceNumber> {
    let (before, digits) = text.split_once('*')?;
    let code: String = before
        .strip_prefix('+')?
        .chars()
        .filter(|&char| !is_separator(char))
        .collect();
    let digits: String = digits.chars().filter(|&char| !is_separator(char)).collect();
    let is_short =
        (STARRED_MIN..=DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    let region = plan::region_of_code(&code).filter(|_| is_short)?;
    Some(unlisted(&digits, Some(region)))
}

/// The reading of the user of a host that nothing marks as a telephone number: digits that are none in the region are an
/// extension or an account.
pub(super) fn user_of_host(
    parsed: Result<Parsed, NumberError>,
    digits: &str,
    region: Option<Region>,
) -> Result<Parsed, NumberError> {
    match parsed {
        Ok(Parsed::Number(number)) if is_valid(&number) => Ok(Parsed::Number(number)),
        Ok(Parsed::Number(_)) | Err(NumberError::TooShort | NumberError::InvalidCountryCode)
            if (EXTENSION_MIN..=DIGITS_MAX).contains(&digits.len()) && !digits.starts_with('0') =>
        {
            Ok(Parsed::Service(unlisted(digits, region)))
        }
        Ok(Parsed::Number(number)) if number.is_ruled_out() => Err(NumberError::NotANumber),
        Ok(Parsed::Number(number)) if !number.has_known_length() && !is_international(&number, digits) => {
            Err(NumberError::NotANumber)
        }
        Err(NumberError::TooLongNumber) => Err(NumberError::NotANumber),
        Err(NumberError::InvalidCountryCode) if digits.len() > NUMBER_MAX => Err(NumberError::NotANumber),
        other => other,
    }
}

/// Whether a number is written with 00 and its country code.
fn is_international(number: &ParsedNumber, digits: &str) -> bool {
    let number = number.e164_text();
    digits.strip_prefix(INTERNATIONAL_PREFIX) == Some(number.trim_start_matches('+'))
}

fn unlisted(digits: &str, region: Option<Region>) -> ServiceNumber {
    ServiceNumber::new(digits, region, ServiceKind::ShortCode)
}
