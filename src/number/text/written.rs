//! Finds the number in a text that a person wrote, by the rules of libphonenumber's `parse` (its
//! `extractPossibleNumber`, `isViablePhoneNumber` and `maybeStripExtension`) and RFC 3966.

use std::sync::LazyLock;

use regex::Regex;

use super::super::error::NumberError;
use super::unicode::{ascii_digit, is_plus};

/// Most characters of a text.
const CHARS_MAX: usize = 250;

/// Fewest digits of a number in a text, except that two digits alone are a number.
const DIGITS_MIN: usize = 3;

/// From this many letters on, a number is spelled in letters, as on a keypad.
const VANITY_LETTERS_MIN: usize = 3;

/// The parameter that names the country or network to which a local number belongs (RFC 3966).
const PHONE_CONTEXT: &str = ";phone-context=";

/// The parameter that names one device behind a number (RFC 3966).
const SUBADDRESS: &str = ";isub=";

/// A number found in a text, not yet split into country code and national number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::number) struct Written {
    /// Whether it began with a plus sign: a country code follows.
    pub(in crate::number) plus: bool,
    /// ASCII digits, at most 250.
    pub(in crate::number) digits: String,
    pub(in crate::number) extension: Option<Box<str>>,
    /// None if the number was written without letters.
    pub(in crate::number) letters: Option<Letters>,
}

/// Letters in a written number: spelled digits, or words behind the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::number) struct Letters {
    /// How many digits stand before the first letter.
    pub(in crate::number) digits_before: usize,
    /// How many digits, letters not counted, stand behind it.
    pub(in crate::number) digits_after: usize,
    /// How many of the number's last digits are letters.
    pub(in crate::number) at_end: usize,
}

impl Written {
    /// The number in `text`.
    ///
    /// # Errors
    /// [`NumberError::Empty`], [`NumberError::TooLong`] or [`NumberError::NotANumber`].
    pub(in crate::number) fn find(text: &str) -> Result<Self, NumberError> {
        Self::check_length(text)?;
        if text.trim().is_empty() {
            return Err(NumberError::Empty);
        }
        match Self::tidy(text) {
            Some(written) => Ok(written),
            None => Self::untidy(text),
        }
    }

    /// Refuses a text that is longer than any that holds one number.
    pub(in crate::number) fn check_length(text: &str) -> Result<(), NumberError> {
        let too_long = text.len() > CHARS_MAX && text.chars().nth(CHARS_MAX).is_some();
        if too_long { Err(NumberError::TooLong) } else { Ok(()) }
    }

    /// The plus sign and the digits of a text that holds nothing else. Programs send this form, so it allocates no
    /// memory.
    pub(in crate::number) fn bare(text: &str) -> Option<(bool, &str)> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let bare =
            (DIGITS_MIN..=CHARS_MAX - 1).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        bare.then_some((digits.len() < text.len(), digits))
    }

    /// The number, if only digits and punctuation follow its first digit or plus sign: then there is no extension and
    /// no letter. Nearly every number takes this path, without regular expressions.
    pub(in crate::number) fn tidy(text: &str) -> Option<Self> {
        let start = text.find(is_start)?;
        let rest = text.split_at_checked(start)?.1.trim_end_matches(is_unwanted_end);
        let mut written = Self::default();
        for char in rest.chars() {
            match ascii_digit(char) {
                Some(digit) => written.digits.push(char::from(digit)),
                None if is_plus(char) && written.digits.is_empty() => written.plus = true,
                None if is_separator(char) => {}
                None => return None,
            }
        }
        // The full rules decide on a separator between plus signs.
        let pluses = rest.chars().filter(|&char| is_plus(char)).count();
        let leading = rest.chars().take_while(|&char| is_plus(char)).count();
        (pluses == leading && written.digits.len() >= DIGITS_MIN).then_some(written)
    }

    /// The number in `text`, where no letter or sign begins an extension.
    pub(in crate::number) fn find_without_extension(text: &str) -> Option<Self> {
        let number = number_part(text).ok().filter(|number| VIABLE.is_match(number))?;
        Some(Self::of_part(&number, None))
    }

    fn untidy(text: &str) -> Result<Self, NumberError> {
        let mut number = number_part(text)?;
        if !VIABLE.is_match(&number) {
            return Err(NumberError::NotANumber);
        }
        let extension = take_extension(&mut number);
        Ok(Self::of_part(&number, extension))
    }

    fn of_part(number: &str, extension: Option<Box<str>>) -> Self {
        Self {
            plus: number.starts_with(is_plus),
            digits: digits_of(number),
            extension,
            letters: Letters::of(number),
        }
    }
}

impl Letters {
    fn of(number: &str) -> Option<Self> {
        let first = number.find(|char: char| char.is_ascii_alphabetic())?;
        let (before, after) = number.split_at_checked(first)?;
        let digits = |text: &str| text.chars().filter(|&char| ascii_digit(char).is_some()).count();
        let at_end = number
            .chars()
            .rev()
            .take_while(|&char| ascii_digit(char).is_none())
            .filter(char::is_ascii_alphabetic)
            .count();
        Some(Self {
            digits_before: digits(before),
            digits_after: digits(after),
            at_end: if is_spelled(number) { at_end } else { 0 },
        })
    }
}

/// The digit on a telephone's keypad for a letter of either case (ITU-T E.161).
pub(in crate::number) fn keypad_digit(letter: char) -> Option<char> {
    match letter.to_uppercase().next()? {
        'A'..='C' => Some('2'),
        'D'..='F' => Some('3'),
        'G'..='I' => Some('4'),
        'J'..='L' => Some('5'),
        'M'..='O' => Some('6'),
        'P'..='S' => Some('7'),
        'T'..='V' => Some('8'),
        'W'..='Z' => Some('9'),
        _ => None,
    }
}

/// Compiles the expressions that are otherwise compiled on first use.
pub(in crate::number) fn warm_up() {
    for expression in [&VIABLE, &EXTENSION, &LETTER_OR_NUMBER, &GLOBAL_CONTEXT, &DOMAIN_CONTEXT] {
        LazyLock::force(expression);
    }
}

/// The part of a text that may be a number: parameters applied, surroundings removed.
fn number_part(text: &str) -> Result<String, NumberError> {
    let mut part = match text.split_once(PHONE_CONTEXT) {
        None => possible_number(text).to_owned(),
        Some((before, after)) => {
            let context = after.split(';').next().unwrap_or_default();
            let local = before.split_once("tel:").map_or(before, |(_, local)| local);
            if GLOBAL_CONTEXT.is_match(context) {
                format!("{context}{local}")
            } else if DOMAIN_CONTEXT.is_match(context) {
                local.to_owned()
            } else {
                return Err(NumberError::NotANumber);
            }
        }
    };
    if let Some(at) = part.find(SUBADDRESS).filter(|&at| at > 0) {
        part.truncate(at);
    }
    Ok(part)
}

/// The text from the first digit or plus sign to the last letter or digit, without a second number.
fn possible_number(text: &str) -> &str {
    let rest = text
        .find(is_start)
        .and_then(|start| text.split_at_checked(start))
        .map_or("", |(_, rest)| rest);
    let rest = rest.trim_end_matches(is_unwanted_end);
    let second = rest.match_indices(['/', '\\']).find(|(at, _)| {
        let after = rest.split_at_checked(at + 1).map_or("", |(_, after)| after);
        after.trim_start_matches(' ').starts_with('x')
    });
    second
        .and_then(|(at, _)| rest.split_at_checked(at))
        .map_or(rest, |(first, _)| first)
}

/// Cuts off the extension, if the rest is a number.
fn take_extension(number: &mut String) -> Option<Box<str>> {
    let captures = EXTENSION.captures(number)?;
    let start = captures.get(0)?.start();
    let extension: Box<str> = captures
        .iter()
        .skip(1)
        .flatten()
        .find(|group| !group.is_empty())?
        .as_str()
        .into();
    if !VIABLE.is_match(number.get(..start)?) {
        return None;
    }
    number.truncate(start);
    Some(extension)
}

/// The digits of a number; letters are read as on a keypad if there are at least three. A spelled number loses its
/// digits of other scripts, as in libphonenumber.
fn digits_of(number: &str) -> String {
    let spelled = is_spelled(number);
    let digit = |char: char| match char {
        '0'..='9' => Some(char),
        other if spelled => keypad_digit(other),
        other => ascii_digit(other).map(char::from),
    };
    number.chars().filter_map(digit).collect()
}

/// Whether the letters of a number stand for digits.
fn is_spelled(number: &str) -> bool {
    number.chars().filter(char::is_ascii_alphabetic).count() >= VANITY_LETTERS_MIN
}

/// Whether a number may begin with this character.
pub(in crate::number) fn is_start(char: char) -> bool {
    is_plus(char) || ascii_digit(char).is_some()
}

/// Whether this character is cut off at the end of a number: not a letter, a digit or other number, nor `#`, which may
/// end an extension.
fn is_unwanted_end(char: char) -> bool {
    if char.is_ascii() || !char.is_alphanumeric() {
        return !char.is_alphanumeric() && char != '#';
    }
    // The standard library counts some marks and symbols among the letters.
    !LETTER_OR_NUMBER.is_match(char.encode_utf8(&mut [0; 4]))
}

/// Punctuation in numbers that never begins an extension.
pub(in crate::number) fn is_separator(char: char) -> bool {
    matches!(
        char,
        '-' | ' ' | '(' | ')' | '.' | '[' | ']' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}'
            | '\u{FF0D}'..='\u{FF0F}' | '\u{A0}' | '\u{AD}' | '\u{200B}' | '\u{2060}' | '\u{3000}' | '\u{FF08}'
            | '\u{FF09}' | '\u{FF3B}' | '\u{FF3D}'
    )
}

/// Punctuation in numbers, for a class of a regular expression.
const PUNCTUATION: &str = r"\-x\u{2010}-\u{2015}\u{2212}\u{30FC}\u{FF0D}-\u{FF0F} \u{A0}\u{AD}\u{200B}\u{2060}\u{3000}()\u{FF08}\u{FF09}\u{FF3B}\u{FF3D}.\[\]/~\u{2053}\u{223C}\u{FF5E}";

static VIABLE: LazyLock<Regex> = LazyLock::new(|| {
    let extension = extension_pattern();
    expression(&format!(
        r"(?i)^(?:\d{{2}}|[+\u{{FF0B}}]*(?:[{PUNCTUATION}*]*\d){{3,}}[{PUNCTUATION}*A-Za-z\d]*(?:{extension})?)$"
    ))
});

static EXTENSION: LazyLock<Regex> = LazyLock::new(|| expression(&format!("(?i)(?:{})$", extension_pattern())));

static LETTER_OR_NUMBER: LazyLock<Regex> = LazyLock::new(|| expression(r"^[\p{L}\p{N}]$"));

/// A phone context that is a number with country code (RFC 3966).
static GLOBAL_CONTEXT: LazyLock<Regex> = LazyLock::new(|| expression(r"^\+[\d\-.()]*\d[\d\-.()]*$"));

/// A phone context that is a domain (RFC 3966).
static DOMAIN_CONTEXT: LazyLock<Regex> =
    LazyLock::new(|| expression(r"^(?:[A-Za-z\d]+(?:-*[A-Za-z\d])*\.)*[A-Za-z]+(?:-*[A-Za-z\d])*\.?$"));

/// All ways to write an extension, with its digits in a group. The vaguer the sign, the fewer digits.
fn extension_pattern() -> String {
    const BEFORE: &str = r"[ \u{A0}\t,]*";
    const BEFORE_NO_COMMA: &str = r"[ \u{A0}\t]*";
    const AFTER: &str = r"[:.\u{FF0E}]?[ \u{A0}\t,\-]*";
    const LABEL: &str =
        r"(?:e?xt(?:ensi(?:o\u{301}?|\u{F3}))?n?|\u{FF45}?\u{FF58}\u{FF54}\u{FF4E}?|\u{434}\u{43E}\u{431}|anexo)";
    const VAGUE_LABEL: &str = r"(?:[x\u{FF58}#\u{FF03}~\u{FF5E}]|int|\u{FF49}\u{FF4E}\u{FF54})";
    [
        r";ext=(\d{1,20})".to_owned(),
        format!(r"{BEFORE}{LABEL}{AFTER}(\d{{1,20}})#?"),
        format!(r"{BEFORE}{VAGUE_LABEL}{AFTER}(\d{{1,9}})#?"),
        r"[\- ]+(\d{1,6})#".to_owned(),
        format!(r"{BEFORE_NO_COMMA}(?:,{{2}}|;){AFTER}(\d{{1,15}})#?"),
        format!(r"{BEFORE_NO_COMMA},+{AFTER}(\d{{1,9}})#?"),
    ]
    .join("|")
}

#[expect(
    clippy::expect_used,
    reason = "only called with the expressions of this file, all of which a test compiles"
)]
fn expression(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the expressions of this file are well formed")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> (bool, String, Option<String>) {
        let written = Written::find(text).unwrap();
        (written.plus, written.digits, written.extension.map(String::from))
    }

    #[test]
    fn every_expression_is_well_formed() {
        warm_up();
    }

    #[test]
    fn finds_the_number_and_its_extension() {
        for (text, plus, digits, extension) in [
            ("+1 (415) 555-0199", true, "14155550199", None),
            ("Tel: ++49\u{2011}30", true, "4930", None),
            ("15", false, "15", None),
            ("415-555-0199 x302/x2303", false, "4155550199", Some("302")),
            ("415 555 0199 extensi\u{F3}n 77#", false, "4155550199", Some("77")),
            ("4155550199,,123456", false, "4155550199", Some("123456")),
            ("4155550199 - 503#", false, "4155550199", Some("503")),
            ("tel:555-0199;isub=12;phone-context=+1415", true, "14155550199", None),
            (
                "tel:415-555-0199;phone-context=carrier.example",
                false,
                "4155550199",
                None,
            ),
            ("1-800-FLOWERS", false, "18003569377", None),
            ("415 555 01 ab", false, "41555501", None),
        ] {
            let expected = (plus, digits.to_owned(), extension.map(str::to_owned));
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        for (text, error) in [
            ("", NumberError::Empty),
            ("\u{a0} ", NumberError::Empty),
            ("1", NumberError::NotANumber),
            ("1 5", NumberError::NotANumber),
            ("+15", NumberError::NotANumber),
            ("12. March", NumberError::NotANumber),
            ("415+555+0199", NumberError::NotANumber),
            ("4155550199;phone-context=+", NumberError::NotANumber),
            ("4155550199;phone-context=", NumberError::NotANumber),
        ] {
            assert_eq!(Written::find(text), Err(error), "{text}");
        }
        assert_eq!(
            Written::find(&"\u{665}".repeat(250)).map(|found| found.digits.len()),
            Ok(250)
        );
        assert_eq!(Written::find(&"\u{665}".repeat(251)), Err(NumberError::TooLong));
    }

    proptest! {
        #[test]
        fn the_short_path_agrees_with_the_long_path(text in "[+\u{FF0B}]{0,2}[0-9\u{660}-\u{669} ().x#/-]{0,16}[\u{200B}+; ]?") {
            if let Some(written) = Written::tidy(&text) {
                prop_assert_eq!(Written::untidy(&text), Ok(written));
            }
            if let Some((plus, digits)) = Written::bare(&text) {
                let written = Written { plus, digits: digits.to_owned(), ..Written::default() };
                prop_assert_eq!(Written::untidy(&text), Ok(written));
            }
        }
    }
}
