//! Splits dialled or written digits into country code (ITU-T E.164) and national number, by the rules of
//! libphonenumber's `parse` (`maybeExtractCountryCode`, `maybeStripNationalPrefixAndCarrierCode`).
//!
//! The country code of a number with a plus sign is found before the default region is used: dialling prefixes of that
//! region do not apply to numbers of other countries.

use std::borrow::Cow;

use super::super::digits::Digits;
use super::super::error::NumberError;
use super::super::region::Region;
use super::country::Country;
use super::country_code;
use super::lengths::LengthFit;
use super::territory::Territory;

/// Fewest digits of a national number.
const NATIONAL_MIN: usize = 2;

/// Most digits of a national number: E.164 allows fewer, but some plans have such numbers.
const NATIONAL_MAX: usize = 17;

/// The country code and the national number of ASCII digits; `plus` says whether a plus sign stood before them. Digits
/// without country code belong to the default region.
///
/// # Errors
/// [`NumberError::InvalidCountryCode`], [`NumberError::TooShortAfterIdd`],
/// [`NumberError::TooShort`] or [`NumberError::TooLongNumber`].
pub(in crate::number) fn resolve(
    plus: bool,
    digits: &[u8],
    default_region: Option<Region>,
) -> Result<(u16, Digits), NumberError> {
    let home = default_region.and_then(super::territory);
    if !plus && home.is_none() {
        return Err(NumberError::InvalidCountryCode);
    }
    let split = match split_country_code(plus, digits, home) {
        // A national number or an international prefix follows the plus sign.
        Err(NumberError::InvalidCountryCode) if plus => {
            let again = split_country_code(false, digits, home)?;
            Some(again.ok_or(NumberError::InvalidCountryCode)?)
        }
        split => split?,
    };
    let (territory, national) = match split {
        Some(Split { code, national }) => (super::country(code).map(Country::main), national),
        None => (home, Cow::Borrowed(digits)),
    };
    let territory = territory.ok_or(NumberError::InvalidCountryCode)?;
    Ok((territory.country_code(), national_number(territory, &national)?))
}

/// A country code and the digits after it.
struct Split<'t> {
    code: u16,
    national: Cow<'t, [u8]>,
}

/// Splits off the country code; `None` if the digits have none.
fn split_country_code<'t>(
    plus: bool,
    digits: &'t [u8],
    home: Option<&Territory>,
) -> Result<Option<Split<'t>>, NumberError> {
    let international = if plus {
        Some(digits)
    } else {
        home.and_then(|home| home.strip_international_prefix(digits))
    };
    if let Some(international) = international {
        if international.len() <= NATIONAL_MIN {
            return Err(NumberError::TooShortAfterIdd);
        }
        let (code, national) = country_code::split(international).ok_or(NumberError::InvalidCountryCode)?;
        let national = Cow::Borrowed(national);
        return Ok(Some(Split { code, national }));
    }
    Ok(home.and_then(|home| {
        let code = home.country_code();
        let national = after_own_country_code(digits, home)?;
        Some(Split { code, national })
    }))
}

/// The digits after the territory's own country code, if the digits begin with it and are a number without it rather
/// than with it.
fn after_own_country_code<'t>(digits: &'t [u8], home: &Territory) -> Option<Cow<'t, [u8]>> {
    let (_, rest) = country_code::split(digits).filter(|(code, _)| *code == home.country_code())?;
    let national = home.strip_national_prefix(rest);
    let better = !home.is_general(digits) && home.is_general(&national);
    (better || home.lengths().fit(digits.len()) == LengthFit::TooLong).then_some(national)
}

/// The number without the territory's national prefix, if it is still long enough.
fn national_number(territory: &Territory, digits: &[u8]) -> Result<Digits, NumberError> {
    if digits.len() < NATIONAL_MIN {
        return Err(NumberError::TooShort);
    }
    let stripped = territory.strip_national_prefix(digits);
    let national = match territory.lengths().fit(stripped.len()) {
        LengthFit::Possible | LengthFit::TooLong => &stripped,
        LengthFit::TooShort | LengthFit::LocalOnly | LengthFit::Invalid => digits,
    };
    match national.len() {
        ..NATIONAL_MIN => Err(NumberError::TooShort),
        NATIONAL_MIN..=NATIONAL_MAX => Digits::new(national).ok_or(NumberError::NotANumber),
        _ => Err(NumberError::TooLongNumber),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(plus: bool, digits: &str, place: &str) -> Result<String, NumberError> {
        let region = (!place.is_empty()).then(|| place.parse().unwrap());
        let (code, national) = resolve(plus, digits.as_bytes(), region)?;
        Ok(format!("{code} {}", national.as_str()))
    }

    #[test]
    fn splits_what_is_dialled() {
        for (plus, digits, place, expected) in [
            (true, "490309018201", "US", "49 309018201"),
            (true, "390612345678", "DE", "39 0612345678"),
            (false, "011490309018201", "US", "49 309018201"),
            (false, "14155550199", "US", "1 4155550199"),
            (false, "0012125550199", "US", "1 0012125550199"),
            (false, "493090182012", "DE", "49 3090182012"),
            (false, "0309018201", "DE", "49 309018201"),
            (false, "4151234", "BS", "1 2424151234"),
            (false, "0111541234567", "AR", "54 91141234567"),
            (false, "0343151234567", "AR", "54 93431234567"),
            (false, "0311521234567", "BR", "55 1521234567"),
            (true, "0114930901820", "US", "49 30901820"),
        ] {
            assert_eq!(
                resolved(plus, digits, place).as_deref(),
                Ok(expected),
                "{digits} in {place}"
            );
        }
    }

    #[test]
    fn refuses_what_has_no_country_or_no_length() {
        for (plus, digits, place, error) in [
            (false, "4155550199", "", NumberError::InvalidCountryCode),
            (false, "4155550199", "001", NumberError::InvalidCountryCode),
            (true, "2101", "US", NumberError::InvalidCountryCode),
            (true, "0114930901820", "", NumberError::InvalidCountryCode),
            (false, "01141", "US", NumberError::TooShortAfterIdd),
            (true, "911", "US", NumberError::TooShort),
            (true, "49123456789012345678", "", NumberError::TooLongNumber),
        ] {
            assert_eq!(resolved(plus, digits, place), Err(error), "{digits} in {place}");
        }
    }
}
