//! Classifies a text: a number, a service, or no number at all.

use super::super::error::NumberError;
use super::super::kinds::Validity;
use super::super::parsed::{Parsed, ParsedNumber};
use super::super::plan::{self, service};
use super::super::region::Region;
use super::super::service_number::{ServiceKind, ServiceNumber};
use super::super::text::unicode::{fold, is_corrupt, is_invisible};
use super::super::text::written::{Written, is_separator};
use super::address::{Address, User, UserForm, is_emergency_urn};
use super::certainty::Certainty;
use super::name_addr::{NameAddr, values};
use super::reading::{
    INTERNATIONAL_PREFIX, INTERNATIONAL_PREFIX_NANP, is_part_of_national, is_valid, number, valid_number,
};
use super::{anonymous, in_text, privacy, short};

/// The fewest digits, without leading zeros, of a national number whose length fits no plan. Fewer digits are a
/// dialling prefix or an area code: `+4930` is no caller, not even an impossible one.
const SIGNIFICANT_MIN: usize = 4;

/// The first characters of texts that are a number from the start and need no parsing as an address.
const NUMBER_STARTS: [char; 12] = ['+', '(', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/// See [`parse`](super::super::parse).
pub(in crate::number) fn parse(text: &str, default_region: Option<Region>) -> Result<Parsed, NumberError> {
    if let Some((plus, digits)) = Written::bare(text) {
        return interpret(plus, digits, default_region);
    }
    Written::check_length(text)?;
    if text.chars().any(is_corrupt) {
        return Err(NumberError::NotANumber);
    }
    if is_plain(text)
        && let Ok(written) = in_text::find(text, None, default_region)
    {
        return interpret(written.plus, &written.digits, default_region);
    }
    let text: String = text.chars().filter(|&char| !is_invisible(char)).map(fold).collect();
    if text.trim().is_empty() {
        return Err(NumberError::Empty);
    }
    most_certain(text.trim(), default_region)
}

/// Whether a text is a number from the start, with nothing but punctuation: it needs no parsing as an address.
fn is_plain(text: &str) -> bool {
    let is_plain = |char: char| char.is_ascii() && (char.is_ascii_digit() || char == '+' || is_separator(char));
    text.starts_with(NUMBER_STARTS) && text.chars().all(is_plain)
}

/// The answer for the value of a header that is most certainly a number; the first one of several.
fn most_certain(text: &str, default_region: Option<Region>) -> Result<Parsed, NumberError> {
    let mut best = (Certainty::NoNumber, Err(NumberError::Empty));
    for (place, value) in values(text).enumerate() {
        let (certainty, answer) = read(&value, default_region);
        if place == 0 || certainty > best.0 {
            best = (certainty, answer);
        }
        if best.0 == Certainty::Certain {
            break;
        }
    }
    best.1
}

/// Reads one value of a header, and tells how certain the answer is.
fn read(value: &NameAddr<'_>, default_region: Option<Region>) -> (Certainty, Result<Parsed, NumberError>) {
    if is_emergency_urn(value.address) {
        let service = ServiceNumber::new("", default_region, ServiceKind::Emergency);
        return (Certainty::Service, Ok(Parsed::Service(service)));
    }
    let address = Address::new(value);
    let user = match &address.user {
        User::Anonymous => return (Certainty::NoNumber, Ok(Parsed::Anonymous)),
        User::Name => return (Certainty::NoNumber, Err(NumberError::NotANumber)),
        User::Text(user) => user,
    };
    let is_marked = address.form == UserForm::Phone
        || user.trim_start().starts_with('+')
        || address
            .phone_context
            .as_deref()
            .is_some_and(|context| context.starts_with('+'));
    let answer = match read_user(&address, user, default_region) {
        Err(NumberError::NotANumber) if anonymous::is_word(value.name) => Ok(Parsed::Anonymous),
        answer => answer,
    };
    (Certainty::of(&answer, is_marked), answer)
}

/// Reads the text of an address that may hold a number.
fn read_user(address: &Address, user: &str, default_region: Option<Region>) -> Result<Parsed, NumberError> {
    let user = privacy::behind_symbols(user).unwrap_or(user);
    if anonymous::is_zeros_alone(user) {
        return Ok(Parsed::Anonymous);
    }
    if let Some(service) = short::behind_country_code_and_star(user) {
        return Ok(Parsed::Service(service));
    }
    let has_plus = user.trim_start().starts_with('+');
    let context = address.phone_context.as_deref().filter(|_| !has_plus);
    let context_region = context
        .and_then(|context| context.strip_prefix('+'))
        .and_then(plan::region_of_code);
    let region = context_region.or(default_region);
    if let Some(digits) = short::digits_behind_star(user) {
        return short::starred(interpret(false, &digits, region), &digits, region);
    }
    let written = in_text::find(user, context.filter(|_| context_region.is_none()), region)?;
    let mut parsed = interpret(written.plus, &written.digits, region);
    if user.trim_start().starts_with(['*', '#']) && written.digits.len() > short::STARRED_MIN {
        parsed = short::starred(parsed, &written.digits, region);
    } else if !written.plus && is_of_host(address.form, context) {
        parsed = short::user_of_host(parsed, &written.digits, region);
    }
    let extension = address.extension.as_deref().map(Box::from).or(written.extension);
    Ok(match parsed? {
        Parsed::Number(number) => Parsed::Number(number.with_extension(extension).with_verstat(address.verstat)),
        other @ (Parsed::Service(_) | Parsed::Anonymous) => other,
    })
}

/// Whether digits belong to a host or a domain, which may have numbers of its own, and nothing marks them as a telephone
/// number.
fn is_of_host(form: UserForm, context: Option<&str>) -> bool {
    match context {
        Some(context) => form != UserForm::Phone && !context.starts_with('+'),
        None => form == UserForm::OfHost,
    }
}

/// The meaning of digits that are dialled or shown in a region.
fn interpret(plus: bool, digits: &str, region: Option<Region>) -> Result<Parsed, NumberError> {
    if anonymous::is_placeholder(plus, digits) {
        return Ok(Parsed::Anonymous);
    }
    if !plus && let Some(service) = service::emergency(digits, region) {
        return Ok(Parsed::Service(service));
    }
    if !plus && anonymous::is_no_emergency_zeros(digits) {
        return Ok(Parsed::Anonymous);
    }
    let number = number(plus, digits, region);
    if is_withheld(plus, digits, number.as_ref().ok(), region) {
        return Ok(Parsed::Anonymous);
    }
    if number.as_ref().is_ok_and(is_valid) {
        return number.map(Parsed::Number);
    }
    if !plus && let Some(service) = service::short_code(digits, region) {
        return Ok(Parsed::Service(service));
    }
    let possible = number.as_ref().is_ok_and(ParsedNumber::has_known_length);
    let behind = behind_privacy_code(digits, region)
        .or_else(|| behind_international_prefix(possible, digits, region))
        .or_else(|| behind_doubled_prefix(number.as_ref().ok()?));
    if let Some(number) = behind {
        return Ok(Parsed::Number(number));
    }
    if let Some(service) = number.as_ref().ok().and_then(short::code_of) {
        return Ok(Parsed::Service(service));
    }
    if !plus && let Some(number) = of_unknown_length_abroad(number.as_ref(), digits) {
        return Ok(Parsed::Number(number));
    }
    match number {
        Ok(number) if is_prefix(&number) => Err(NumberError::TooShort),
        Ok(number) if !plus && number.national() == digits => Ok(Parsed::Number(number.in_doubt())),
        Err(NumberError::InvalidCountryCode) if plus => ParsedNumber::of_no_country(digits.as_bytes())
            .map(Parsed::Number)
            .ok_or(NumberError::InvalidCountryCode),
        number => number.map(Parsed::Number),
    }
}

/// Whether digits stand for a withheld number, with a country code or without: zeros, or a word spelled on the keypad. A
/// valid number does not, if it is written as within its country.
fn is_withheld(plus: bool, digits: &str, number: Option<&ParsedNumber>, region: Option<Region>) -> bool {
    let is_number = number.is_some_and(|number| is_valid(number) && (plus || is_part_of_national(number, digits)));
    if !plus && anonymous::is_spelled(digits) {
        return !is_number;
    }
    let Some(number) = number.filter(|number| !is_valid(number)) else {
        return false;
    };
    let behind_own_code = plan::behind_country_code(digits)
        .filter(|(code, ..)| region.and_then(plan::code_of) == Some(*code))
        .map(|(_, _, rest)| rest);
    anonymous::is_many_zeros(number.national())
        || behind_own_code.is_some_and(|rest| anonymous::is_many_zeros(rest) || anonymous::is_spelled(rest))
        || anonymous::is_spelled(number.national())
        || (!plus && anonymous::is_spelled(number.e164_text().trim_start_matches('+')))
}

/// The called number after a code that shows or hides the caller's number.
fn behind_privacy_code(digits: &str, region: Option<Region>) -> Option<ParsedNumber> {
    privacy::behind_digits(digits, region?).find_map(|rest| valid_number(false, rest, region))
}

/// The number after an international prefix that is not the region's own: gateways write their own prefix instead of
/// the local one. If the region is known, only a valid number is accepted, and North America's prefix counts only if
/// the digits are no possible number of the region.
fn behind_international_prefix(possible: bool, digits: &str, region: Option<Region>) -> Option<ParsedNumber> {
    let rest = match digits.strip_prefix(INTERNATIONAL_PREFIX) {
        None if !possible => digits.strip_prefix(INTERNATIONAL_PREFIX_NANP),
        rest => rest,
    };
    if region.is_some() {
        return valid_number(true, rest?, None);
    }
    number(true, rest?, None).ok().filter(|number| !is_prefix(number))
}

/// The number after an international prefix that itself follows a country code: gateways write their country code
/// before all dialled digits, as in `+1 011 49 30 901820`.
fn behind_doubled_prefix(written: &ParsedNumber) -> Option<ParsedNumber> {
    let (code, national) = (written.country_code(), written.national());
    valid_number(true, plan::behind_international_prefix(code, national)?, None)
}

/// The number behind 00 and a country code, valid or not, where the region has no number of these digits: the 00 is then
/// the prefix of another country.
fn of_unknown_length_abroad(read: Result<&ParsedNumber, &NumberError>, digits: &str) -> Option<ParsedNumber> {
    let is_of_region = match read {
        Ok(number) => number.has_known_length() && !number.is_ruled_out(),
        Err(error) => *error != NumberError::TooLongNumber,
    };
    let rest = digits.strip_prefix(INTERNATIONAL_PREFIX).filter(|_| !is_of_region)?;
    number(true, rest, None)
        .ok()
        .filter(|number| !is_prefix(number) && !number.is_ruled_out())
}

/// Whether a number is only the beginning of longer numbers.
fn is_prefix(number: &ParsedNumber) -> bool {
    let no_length = number.is_local_only() || !number.has_known_length();
    // With the national prefix, `0171` has the length of a number in some plans.
    let is_short = no_length || (number.validity() == Validity::Possible && number.national().len() <= SIGNIFICANT_MIN);
    is_short && number.significant_len() < SIGNIFICANT_MIN
}

#[cfg(test)]
mod tests {
    use super::super::super::kinds::{AttestationLevel, LineType, VerstatParameter};
    use super::super::super::service_number::ServiceKind;
    use super::*;

    fn region(text: &str) -> Option<Region> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    fn e164(text: &str, place: &str) -> Option<String> {
        match parse(text, region(place)) {
            Ok(Parsed::Number(number)) => number.e164().map(|number| number.to_string()),
            other => panic!("{text:?} in {place:?} is {other:?}"),
        }
    }

    #[test]
    fn one_number_in_many_forms() {
        for (text, place) in [
            ("+14155550199", ""),
            ("14155550199", "US"),
            ("4155550199", "US"),
            ("4155550199", "CA"),
            ("(415) 555-0199", "US"),
            ("+1.415.555.0199", "DE"),
            ("0014155550199", "DE"),
            ("0014155550199", ""),
            ("01114155550199", ""),
            ("01114155550199", "US"),
            ("0014155550199", "US"),
            ("tel:+1-415-555-0199", ""),
            ("tel:415-555-0199;phone-context=+1", "DE"),
            ("tel:555-0199;phone-context=+1415", "DE"),
            ("tel:+1-415-555-0199;phone-context=+49", "DE"),
            ("tel:415-555-0199;phone-context=carrier.example", "US"),
            ("sip:+14155550199@carrier.example;user=phone", ""),
            ("sip:4155550199;phone-context=+1@carrier.example;user=phone", ""),
            ("\"Bob 7\" <sip:+14155550199@10.0.0.1:5060>;party=calling", "DE"),
            ("sip:%2b14155550199@carrier.example", ""),
            ("+14155550199;verstat=TN-Validation-Passed", ""),
            ("+14155550199;npdi;rn=+14155550000", ""),
            ("\u{202a}+1 (415)\u{2066} 555\u{200b}\u{2011}0199\u{202c}", ""),
            ("\u{feff}＋１４１５５５５０１９９", "DE"),
            ("+١٤١٥٥٥٥٠١٩٩", ""),
            ("+1 415 555 0199 ext. 12", ""),
            ("Tel: +1 415 555 0199", ""),
        ] {
            assert_eq!(
                e164(text, place).as_deref(),
                Some("+14155550199"),
                "{text:?} in {place:?}"
            );
        }
    }

    #[test]
    fn the_default_region_never_touches_foreign_numbers() {
        assert_eq!(e164("+49 177 99 1234567", "US").unwrap(), "+49177991234567");
        assert_eq!(e164("+39 06 1234 5678", "DE").unwrap(), "+390612345678");
        assert_eq!(e164("+44 (0)20 7946 0018", "US").unwrap(), "+442079460018");
        assert_eq!(e164("030 901820", "DE").unwrap(), "+4930901820");
        assert_eq!(e164("1-800-FLOWERS", "US").unwrap(), "+18003569377");
    }

    #[test]
    fn a_number_of_unknown_length_has_a_key_up_to_15_digits() {
        for (text, place, key) in [
            ("+1415555019", "", Some("+1415555019")),
            ("415555019912", "US", Some("+1415555019912")),
            ("+4420794600181234", "", None),
            ("12345678", "FR", Some("+3312345678")),
            ("+123456789012345", "", Some("+123456789012345")),
            ("+1234567890123456", "", None),
        ] {
            assert_eq!(e164(text, place).as_deref(), key, "{text} in {place}");
            let Ok(Parsed::Number(number)) = parse(text, region(place)) else {
                panic!("a number");
            };
            assert_eq!(number.validity(), Validity::UnknownLength, "{text} in {place}");
        }
    }

    #[test]
    fn ten_digits_without_country_code_are_never_impossible() {
        for (text, validity) in [
            ("4930901820", Validity::Possible),
            ("+14930901820", Validity::Impossible),
            ("14930901820", Validity::Impossible),
            ("1234567890", Validity::Possible),
            ("0612345678", Validity::Possible),
            ("0501234567", Validity::Possible),
            ("4420794600", Validity::Possible),
            ("10175550123", Validity::Impossible),
            ("+10612345678", Validity::Impossible),
            ("0033612345", Validity::UnknownLength),
            ("sip:0033612345@gw.example", Validity::UnknownLength),
        ] {
            let Ok(Parsed::Number(number)) = parse(text, region("US")) else {
                panic!("a number");
            };
            assert_eq!(number.validity(), validity, "{text}");
        }
    }

    #[test]
    fn a_country_code_of_nobody_makes_a_number_impossible() {
        for text in [
            "+999 123 456 789",
            "+2101234567",
            "+8301234567",
            "tel:+999123456789",
            "sip:+999123456789@carrier.example",
        ] {
            for place in ["", "US", "DE"] {
                let Ok(Parsed::Number(number)) = parse(text, region(place)) else {
                    panic!("{text} in {place} is a number");
                };
                assert_eq!(
                    (number.validity(), number.e164()),
                    (Validity::Impossible, None),
                    "{text} in {place}"
                );
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                assert_eq!(number.e164_text(), format!("+{digits}"));
                assert_eq!(number.international_format(), format!("+{digits}"));
            }
        }
    }

    #[test]
    fn local_numbers_are_told_apart() {
        let Ok(Parsed::Number(number)) = parse("555-0199", region("US")) else {
            panic!("a number");
        };
        assert!(number.is_local_only());
        assert_eq!(number.validity(), Validity::Possible);
    }

    #[test]
    fn services_are_no_numbers() {
        for (text, place, kind) in [
            ("911", "US", ServiceKind::Emergency),
            ("911", "", ServiceKind::Emergency),
            ("tel:911;phone-context=+1", "DE", ServiceKind::Emergency),
            ("sip:112@carrier.example", "FR", ServiceKind::Emergency),
            ("1-1-2", "DE", ServiceKind::Emergency),
            ("０００", "AU", ServiceKind::Emergency),
            ("411", "US", ServiceKind::ShortCode),
            ("*611", "US", ServiceKind::ShortCode),
            ("72345", "US", ServiceKind::ShortCode),
            ("118 18", "DE", ServiceKind::ShortCode),
            ("12345", "FR", ServiceKind::ShortCode),
        ] {
            match parse(text, region(place)) {
                Ok(Parsed::Service(service)) => {
                    assert_eq!(service.kind(), kind, "{text} in {place}")
                }
                other => panic!("{text} in {place} is {other:?}"),
            }
        }
    }

    #[test]
    fn callers_without_a_number() {
        for text in [
            "anonymous",
            "Restricted",
            "UNAVAILABLE",
            "anonymous@anonymous.invalid",
            "sip:anonymous@anonymous.invalid",
            "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=7",
            "\"Coin line/payphone\" <sip:unavailable@unknown.invalid>",
            "sip:@carrier.example",
            "sip:carrier.example",
            "<sip:10.0.0.1>",
            "tel:",
            "0000000000",
            "+266696687",
        ] {
            for place in ["", "US", "DE"] {
                assert_eq!(parse(text, region(place)), Ok(Parsed::Anonymous), "{text} in {place}");
            }
        }
    }

    #[test]
    fn text_without_a_number_is_an_error() {
        for (text, place, error) in [
            ("", "US", NumberError::Empty),
            (" \u{200e}\t", "US", NumberError::Empty),
            ("hello", "US", NumberError::NotANumber),
            ("sip:alice77@carrier.example", "US", NumberError::NotANumber),
            ("bob4155550199@carrier.example", "US", NumberError::NotANumber),
            ("+", "US", NumberError::NotANumber),
            ("+49", "DE", NumberError::NotANumber),
            ("+4930", "US", NumberError::TooShort),
            ("030", "DE", NumberError::TooShort),
            ("+911", "US", NumberError::TooShort),
            ("+112", "US", NumberError::TooShort),
            ("00", "DE", NumberError::TooShortAfterIdd),
            ("4155550199", "", NumberError::InvalidCountryCode),
            ("4155550199", "001", NumberError::InvalidCountryCode),
            ("+210123", "US", NumberError::InvalidCountryCode),
            ("+379123456789", "", NumberError::InvalidCountryCode),
            ("+9991234567890123", "", NumberError::InvalidCountryCode),
            ("+0123456789", "", NumberError::InvalidCountryCode),
            ("999123456789", "", NumberError::InvalidCountryCode),
            ("+4912345678901234567890", "", NumberError::TooLongNumber),
        ] {
            assert_eq!(parse(text, region(place)), Err(error), "{text:?} in {place:?}");
        }
        assert_eq!(parse(&"1".repeat(251), region("US")), Err(NumberError::TooLong));
        assert_eq!(parse(&"(".repeat(251), region("US")), Err(NumberError::TooLong));
    }

    #[test]
    fn an_extension_and_a_signature_stay_beside_the_number() {
        let text = "<sip:+14155550199;ext=77@carrier.example>;verstat=TN-Validation-Passed-B";
        let Ok(Parsed::Number(number)) = parse(text, None) else {
            panic!("a number");
        };
        assert_eq!(number.extension(), Some("77"));
        assert_eq!(
            number.verstat(),
            Some(VerstatParameter::Passed(Some(AttestationLevel::B)))
        );
        assert_eq!(number.line_type(), LineType::FixedLineOrMobile);
        assert_eq!(number.region(), Some(Region::US));
    }
}
