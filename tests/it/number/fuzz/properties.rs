//! Properties that hold for every text.

use ringwarden::number::{self, E164, NumberError, Parsed, ParsedNumber, Region, Validity};

use super::outcome::Outcome;

/// Most characters of a text that is read at all.
const CHARS_MAX: usize = 250;

/// A country code and the length of a number stand in `Debug`; more digits in a row would be a number.
const DIGITS_SHOWN_MAX: usize = 3;

/// Ways to write an extension that both readers know behind any number.
const EXTENSIONS: [&str; 4] = [";ext=4321", " ext. 4321", " x4321", ",,4321#"];

/// Reads a text both ways and checks all that must hold of the answers.
pub(crate) fn check(text: &str, region: Option<Region>) -> Outcome {
    let parsed = number::parse(text, region);
    let normalized = number::normalize(text, region);
    assert_eq!(
        number::parse(text, region),
        parsed,
        "parse answers differently the second time"
    );
    assert_eq!(
        number::normalize(text, region),
        normalized,
        "normalize answers differently the second time"
    );
    if text.chars().nth(CHARS_MAX).is_some() {
        assert_eq!(parsed, Err(NumberError::TooLong));
        assert_eq!(normalized, Err(NumberError::TooLong));
    }
    for number in normalized.iter().chain(number_of(&parsed)) {
        check_number(number);
    }
    if let Some(number) = number_of(&parsed) {
        check_key(number, region);
    }
    Outcome::new(&parsed, &normalized)
}

fn number_of(parsed: &Result<Parsed, NumberError>) -> Option<&ParsedNumber> {
    match parsed {
        Ok(Parsed::Number(number)) => Some(number),
        Ok(Parsed::Service(_) | Parsed::Anonymous) | Err(_) => None,
    }
}

fn check_number(number: &ParsedNumber) {
    let shown = format!("{number:?}");
    let most = shown.split(|char: char| !char.is_ascii_digit()).map(str::len).max();
    assert!(most.is_none_or(|most| most <= DIGITS_SHOWN_MAX), "Debug shows digits");
    let text = number.e164_text();
    assert!(
        text.strip_prefix('+')
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
    );
    assert!(!number.national_format().is_empty());
    assert!(number.international_format().starts_with('+'));
    match number.e164() {
        None if number.validity() == Validity::Impossible => {}
        None => {
            assert_eq!(number.validity(), Validity::UnknownLength);
            assert!(!("+".len() + 4..="+".len() + 15).contains(&text.len()));
        }
        Some(key) => {
            assert_eq!(key.to_string(), text);
            assert!(!format!("{key:?}").contains(&text), "Debug shows a key");
            assert_eq!(text.parse::<E164>(), Ok(key));
            let described = number::describe(key);
            assert_eq!(described.e164(), Some(key));
            let is_in_doubt = number.validity() == Validity::Possible && described.validity() == Validity::Impossible;
            assert!(described.validity() == number.validity() || is_in_doubt);
            assert_eq!(described.region(), number.region());
            assert_eq!(described.line_type(), number.line_type());
            assert_eq!(described.is_local_only(), number.is_local_only());
            assert_eq!(described.national_format(), number.national_format());
            assert_eq!(described.international_format(), number.international_format());
        }
    }
}

/// A valid key is read as itself, and no extension changes what is read. A key that is only possible may begin
/// with what is dialled before national numbers, which libphonenumber strips each time that it reads the key.
fn check_key(number: &ParsedNumber, region: Option<Region>) {
    let Some(key) = number.e164() else {
        return;
    };
    for region in [None, region] {
        let again = number::parse(&key.to_string(), region);
        if number.validity() == Validity::Valid {
            assert_eq!(
                number_of(&again).and_then(ParsedNumber::e164),
                Some(key),
                "a key is read as another"
            );
        }
        for extension in EXTENSIONS {
            let extended = number::parse(&format!("{key}{extension}"), region);
            let (plain, extended) = (number_of(&again), number_of(&extended));
            assert_eq!(
                extended.map(ParsedNumber::e164_text),
                plain.map(ParsedNumber::e164_text),
                "an extension changes a number"
            );
            assert!(
                extended.is_none_or(|number| number.extension() == Some("4321")),
                "an extension is lost"
            );
        }
    }
}
