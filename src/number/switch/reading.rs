//! From digits to a number: the country code where no plus sign stands before it, and the key of the line.

use super::super::error::NumberError;
use super::super::kinds::Validity;
use super::super::parsed::ParsedNumber;
use super::super::plan::{self, dialled, same_line};
use super::super::region::Region;

/// The prefixes dialled before a country code, in most countries and in North America.
pub(super) const INTERNATIONAL_PREFIX: &str = "00";
pub(super) const INTERNATIONAL_PREFIX_NANP: &str = "011";

/// The number with these digits, under the key of its line.
///
/// # Errors
/// As [`dialled::resolve`].
pub(super) fn number(plus: bool, digits: &str, region: Option<Region>) -> Result<ParsedNumber, NumberError> {
    let (code, national) = dialled::resolve(plus, digits.as_bytes(), region)?;
    let number = ParsedNumber::new(code, national);
    let other = if plus {
        None
    } else {
        behind_own_country_code(&number, digits)
    };
    Ok(under_key(other.unwrap_or(number)))
}

/// The number, if it is valid.
pub(super) fn valid_number(plus: bool, digits: &str, region: Option<Region>) -> Option<ParsedNumber> {
    number(plus, digits, region).ok().filter(is_valid)
}

pub(super) fn is_valid(number: &ParsedNumber) -> bool {
    number.validity() == Validity::Valid
}

/// Whether digits are a number as it is written within its country. If not, they lack the national prefix there.
fn is_national_form(number: &ParsedNumber, digits: &str) -> bool {
    let written = number.national_format();
    written.bytes().filter(u8::is_ascii_digit).eq(digits.bytes())
}

/// Whether digits are a number as it is written within its country, or as it is dialled within its area code.
pub(super) fn is_part_of_national(number: &ParsedNumber, digits: &str) -> bool {
    let is_in_area = digits.len() < number.national().len() && number.national().ends_with(digits);
    is_in_area || is_national_form(number, digits)
}

/// Another reading of digits that are a national number without its national prefix, and that begin with the region's
/// own country code: the number after this code, if it is valid too. libphonenumber takes `4915123233241` in Germany
/// for area code 0491. People there write the 0 of an area code; switches leave out the plus sign.
fn behind_own_country_code(number: &ParsedNumber, digits: &str) -> Option<ParsedNumber> {
    let (code, ..) = plan::behind_country_code(digits)?;
    if code != number.country_code() || number.national() != digits || !is_valid(number) {
        return None;
    }
    valid_number(true, digits, None).filter(|_| !is_national_form(number, digits))
}

/// The number under the key of its line, if the line has several numbers.
fn under_key(number: ParsedNumber) -> ParsedNumber {
    let key = same_line::keys(number.country_code(), number.national())
        .filter(|key| key.always || !is_valid(&number))
        .map(|key| ParsedNumber::new(key.country_code, key.national))
        .find(is_valid);
    key.unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(plus: bool, digits: &str, place: &str) -> String {
        let region = (!place.is_empty()).then(|| place.parse().unwrap());
        number(plus, digits, region).unwrap().e164_text()
    }

    #[test]
    fn a_country_code_without_plus_sign_is_known_where_nobody_leaves_out_the_national_prefix() {
        for (digits, place, number) in [
            ("4915123233241", "DE", "+4915123233241"),
            ("491622897306", "DE", "+491622897306"),
            ("49345279580", "DE", "+49345279580"),
            ("049345279580", "DE", "+4949345279580"),
            ("30901820", "DE", "+4930901820"),
            ("38328012345", "XK", "+38328012345"),
            ("5540021703", "BR", "+555540021703"),
            ("393123456789", "IT", "+393123456789"),
            ("3906123456", "IT", "+393906123456"),
        ] {
            assert_eq!(read(false, digits, place), number, "{digits} in {place}");
        }
    }

    #[test]
    fn a_line_with_several_numbers_has_one_key() {
        for (plus, digits, place, number) in [
            (false, "04890246609", "IE", "+442890246609"),
            (true, "3534890246609", "", "+442890246609"),
            (true, "390549886377", "", "+3780549886377"),
            (false, "0549886377", "IT", "+3780549886377"),
            (true, "378886377", "", "+3780549886377"),
            (false, "0262204060", "FR", "+262262204060"),
            (false, "0692123456", "FR", "+262692123456"),
            (false, "0596505050", "FR", "+596596505050"),
            (false, "0508412345", "FR", "+508412345"),
            (true, "972591234567", "", "+970591234567"),
            (true, "5215512345678", "", "+525512345678"),
            (false, "0445512345678", "MX", "+525512345678"),
            (true, "549111555551234", "", "+5491155551234"),
            (true, "551187654321", "", "+5511987654321"),
            (true, "551511987654321", "", "+5511987654321"),
            (true, "551133334444", "", "+551133334444"),
            (true, "5712345678", "", "+576012345678"),
            (true, "22997123456", "", "+2290197123456"),
            (true, "4001234567", "", "+864001234567"),
        ] {
            assert_eq!(read(plus, digits, place), number, "{digits} in {place}");
        }
    }
}
