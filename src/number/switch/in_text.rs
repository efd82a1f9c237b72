//! Finds the number in a text by libphonenumber's rules, but takes neither masks, nor decimal places, nor words behind the
//! number for digits. A bracketed trunk prefix shows that a country code stands before it.

use super::super::error::NumberError;
use super::super::kinds::LineType;
use super::super::plan::{self, service};
use super::super::region::Region;
use super::super::text::decimal::is_decimal;
use super::super::text::masked::{self, Masks};
use super::super::text::note;
use super::super::text::written::{Letters, Written, is_separator, is_start};
use super::reading::{number, valid_number};

/// People write the trunk prefix so behind a country code, and nowhere else.
const BRACKETED_TRUNK_PREFIX: &str = "(0)";

/// From this many digits on, a text behind a number may hold another one. Fewer are a house or a room.
const OTHER_NUMBER_MIN: usize = 6;

/// Signs that join a number with text behind it, as in `/v1/numbers/+14155550199:verb`: the number is only a part.
const JOINTS: [char; 7] = [':', '=', '&', '@', '\\', '_', '%'];

/// The number in a text that belongs to a region, or to a phone context (RFC 3966). Digits of the text are ASCII.
///
/// # Errors
/// [`NumberError`] if there is none, or if it is not shown whole.
pub(super) fn find(text: &str, context: Option<&str>, region: Option<Region>) -> Result<Written, NumberError> {
    if is_decimal(text) {
        return Err(NumberError::DecimalNumber);
    }
    let found = match masked::find(text) {
        Masks::Inside => return Err(NumberError::Masked),
        Masks::Around(between) => unmasked(between, region).ok_or(NumberError::Masked)?,
        Masks::Perhaps(between) => whole(between, region).ok_or(NumberError::Masked)?,
        Masks::None => match context {
            Some(context) => Written::find(&format!("{text};phone-context={context}"))?,
            None => match behind_bracketed_trunk_prefix(text) {
                Some(found) => found,
                None => match before_note(text, region) {
                    Some(found) => found,
                    None => in_words(text, region)?,
                },
            },
        },
    };
    if masked::has_x_between_digits(text) && !is_of_known_length(&found, region) {
        return Err(NumberError::Masked);
    }
    Ok(found)
}

/// Whether a number has a known length, as far as its region is known.
fn is_of_known_length(found: &Written, region: Option<Region>) -> bool {
    number(found.plus, &found.digits, region).map_or(true, |number| number.has_known_length())
}

/// The number beside masks, if they hide none of its digits: it is valid, and its country has no longer ones.
fn unmasked(text: &str, region: Option<Region>) -> Option<Written> {
    let found = in_words(text, region).ok()?;
    if !found.plus && service::emergency(&found.digits, region).is_some() {
        return Some(found);
    }
    let number = valid_number(found.plus, &found.digits, region)?;
    let (_, most) = plan::lengths(number.country_code())?;
    (number.national().len() >= most).then_some(found)
}

/// The number in a text, if it is valid.
fn whole(text: &str, region: Option<Region>) -> Option<Written> {
    let found = in_words(text, region).ok()?;
    valid_number(found.plus, &found.digits, region).map(|_| found)
}

/// The valid number before a short note that has digits of its own.
fn before_note(text: &str, region: Option<Region>) -> Option<Written> {
    whole(note::before(text)?, region)
}

/// The number behind a country code and `(0)`, with a plus sign or without, where the rest is a valid number.
fn behind_bracketed_trunk_prefix(text: &str) -> Option<Written> {
    let (before, after) = text.split_once(BRACKETED_TRUNK_PREFIX)?;
    if !before.chars().all(|char| is_start(char) || is_separator(char)) {
        return None;
    }
    let digits: String = before.chars().filter(char::is_ascii_digit).collect();
    let code = digits.strip_prefix("00").unwrap_or(&digits);
    plan::region_of_code(code)?;
    // Not every country has a trunk prefix, and Italy's zero belongs to the number.
    ["0", ""]
        .iter()
        .filter_map(|zero| in_words(&format!("+{code} {zero}{after}"), None).ok())
        .find(|found| valid_number(true, &found.digits, None).is_some())
}

/// The number, and no word behind it.
fn in_words(text: &str, region: Option<Region>) -> Result<Written, NumberError> {
    match Written::find(text) {
        Err(NumberError::NotANumber) => before_other_text(text, region).ok_or(NumberError::NotANumber),
        Ok(found) => match found.letters {
            Some(letters) => match spelled_with_x(text, &found, region) {
                Some(whole) => Ok(whole),
                None => with_letters(found, letters, region),
            },
            None if found.extension.is_some() => Ok(before_end_of_dialling(text, &found, region).unwrap_or(found)),
            None => Ok(found),
        },
        Err(error) => Err(error),
    }
}

/// The number in `415-555-0199#`, whose last digits look like an extension because of the sign that ends dialling.
fn before_end_of_dialling(text: &str, found: &Written, region: Option<Region>) -> Option<Written> {
    let text = text.trim_end().strip_suffix('#')?;
    if valid_number(found.plus, &found.digits, region).is_some() {
        return None;
    }
    let whole = Written::find(text).ok()?;
    valid_number(whole.plus, &whole.digits, region).map(|_| whole)
}

/// The number in `1-800-LINUX-00`, whose x is a part of the word, though digits behind an x look like an extension.
fn spelled_with_x(text: &str, found: &Written, region: Option<Region>) -> Option<Written> {
    if found.extension.is_none() || valid_number(found.plus, &found.digits, region).is_some() {
        return None;
    }
    let whole = Written::find_without_extension(text)?;
    valid_number(whole.plus, &whole.digits, region).map(|_| whole)
}

/// A number with letters. Behind a valid number they are words; else they are spelled digits, as libphonenumber reads
/// them. A word that is longer than the number is cut, as the network does, if the number is one of a company.
fn with_letters(found: Written, letters: Letters, region: Option<Region>) -> Result<Written, NumberError> {
    let is_of_number = |digits: &str| valid_number(found.plus, digits, region).is_some();
    let before = found.digits.get(..letters.digits_before).unwrap_or_default();
    if is_of_number(before) {
        if letters.digits_after < OTHER_NUMBER_MIN {
            return Ok(Written {
                digits: before.to_owned(),
                ..found
            });
        }
        let is_too_long = number(found.plus, &found.digits, region).is_err();
        return if is_too_long {
            Ok(found)
        } else {
            Err(NumberError::NotANumber)
        };
    }
    if is_of_number(&found.digits) {
        return Ok(found);
    }
    let shorter = (1..=letters.at_end).find_map(|cut| {
        let digits = found.digits.get(..found.digits.len().checked_sub(cut)?)?;
        let number = valid_number(found.plus, digits, region)?;
        is_of_company(number.line_type()).then(|| digits.to_owned())
    });
    Ok(match shorter {
        Some(digits) => Written { digits, ..found },
        None => found,
    })
}

/// Whether lines of this kind are advertised with words.
fn is_of_company(line_type: LineType) -> bool {
    matches!(
        line_type,
        LineType::TollFree | LineType::SharedCost | LineType::PremiumRate | LineType::Uan
    )
}

/// A valid number with text behind it that has characters of no number: other scripts, quotation marks, commas.
fn before_other_text(text: &str, region: Option<Region>) -> Option<Written> {
    let (_, rest) = text.split_at_checked(text.find(is_start)?)?;
    let end = rest.find(|char| !is_start(char) && !is_separator(char))?;
    let (before, behind) = rest.split_at_checked(end)?;
    let digits = behind.chars().filter(char::is_ascii_digit).count();
    if behind.contains('+') || behind.starts_with(JOINTS) || digits >= OTHER_NUMBER_MIN {
        return None;
    }
    let found = Written::tidy(before)?;
    valid_number(found.plus, &found.digits, region).map(|_| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str, place: &str) -> Result<(bool, String), NumberError> {
        let region = (!place.is_empty()).then(|| place.parse().unwrap());
        find(text, None, region).map(|found| (found.plus, found.digits))
    }

    #[test]
    fn words_are_no_digits() {
        for (text, place, plus, expected) in [
            ("+14155550199 ext.", "", true, "14155550199"),
            ("070 123 45 67 (Axel)", "SE", false, "0701234567"),
            ("070 123 45 67 (\u{c5}sa)", "SE", false, "0701234567"),
            ("+33 1 62 34 56 78, bureau", "", true, "33162345678"),
            ("1-800-FLOWERS", "US", false, "18003569377"),
            ("1800 MICROSOFT", "US", false, "18006427676"),
            ("+49(0)30 901820", "", true, "49030901820"),
            ("49(0)30 901820", "US", true, "49030901820"),
            ("1 (0)415 555 0199", "", true, "14155550199"),
        ] {
            assert_eq!(digits(text, place), Ok((plus, expected.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_number_that_is_not_shown_whole_is_refused() {
        for (text, place, error) in [
            ("415-555-XXXX", "US", NumberError::Masked),
            ("415-555-01X9", "US", NumberError::Masked),
            ("+49 30 901820 xxx", "", NumberError::Masked),
            ("631627197.0", "US", NumberError::DecimalNumber),
            ("+14155550199 and +14155550123", "", NumberError::NotANumber),
            ("+14155550199:verb", "", NumberError::NotANumber),
            ("030 90182 or 030 90183", "DE", NumberError::NotANumber),
        ] {
            assert_eq!(digits(text, place), Err(error), "{text}");
        }
        assert_eq!(digits("+14155550199 xxx", ""), Ok((true, "14155550199".to_owned())));
    }
}
