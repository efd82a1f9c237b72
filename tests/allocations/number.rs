//! Allocations when numbers are read. After [`number::warm_up`] everything is built: the first number of a country
//! costs the same as the next ones.

use std::hint::black_box;

use allocation_counter::measure;
use phonenumber::metadata::DATABASE;
use ringwarden::number::{self, E164, EmergencyNumbers, NumberError, Parsed, Region};

/// National numbers, cut to every length.
const DIGITS: &str = "2135550199427";

/// Fewest digits of a national number.
const DIGITS_MIN: usize = 2;

/// A number of every country code and length, most of them not valid, and whether its country writes other digits in
/// place of a national prefix, which takes memory for the new number.
fn numbers() -> impl Iterator<Item = (String, bool)> {
    (1..=999_u16).flat_map(|code| {
        let territories = DATABASE.by_code(&code).unwrap_or_default();
        let rewrites = territories
            .first()
            .is_some_and(|main| main.national_prefix_transform_rule().is_some());
        let lengths = if territories.is_empty() {
            0..0
        } else {
            DIGITS_MIN..DIGITS.len() + 1
        };
        lengths.map(move |len| (format!("+{code}{}", &DIGITS[..len]), rewrites))
    })
}

/// The allocations of one call.
fn allocations<T>(call: impl FnOnce() -> T) -> u64 {
    measure(|| drop(black_box(call()))).count_total
}

#[test]
fn e164_takes_no_memory_not_even_the_first_time() {
    number::warm_up();
    let mut read = 0;
    for (text, rewrites) in numbers() {
        let mut parsed = Err(NumberError::Empty);
        let taken = measure(|| parsed = number::parse(&text, None)).count_total;
        let again = allocations(|| number::parse(&text, None));
        assert_eq!(taken, again, "{text}");
        // A short code behind a country code keeps its digits.
        let short = matches!(parsed, Ok(Parsed::Service(_)));
        assert!(taken == u64::from(short) || rewrites, "{text} takes {taken}");
        read += usize::from(matches!(parsed, Ok(Parsed::Number(_))));
    }
    assert!(read > 1_000, "only {read} of the texts are numbers");
}

#[test]
fn formats_and_words_are_there_before_they_are_asked_for() {
    number::warm_up();
    for (text, _) in numbers() {
        let Ok(Parsed::Number(number)) = number::parse(&text, None) else {
            continue;
        };
        let first = allocations(|| number.international_format());
        assert_eq!(first, allocations(|| number.international_format()), "{text}");
    }
    for text in ["anonymous", "911", "(212) 555-0123", "sip:+12125550123@example.com"] {
        let region = Some("US".parse().unwrap());
        let first = allocations(|| number::parse(text, region));
        assert_eq!(first, allocations(|| number::parse(text, region)), "{text}");
    }
}

#[test]
fn describing_takes_no_memory() {
    number::warm_up();
    let number = E164::from_digits(12_125_550_123).unwrap();
    assert_eq!(allocations(|| number::describe(number)), 0);
}

#[test]
fn a_call_for_help_is_recognised_without_memory() {
    number::warm_up();
    let numbers = EmergencyNumbers::with_additions("CH,1414").unwrap();
    for (text, is) in [
        ("911#", true),
        ("sip:911%23@h.example;user=phone", true),
        ("tel:112;phone-context=+49", true),
        ("+44999", true),
        ("01149112", true),
        ("9911", true),
        ("+411414", true),
        ("4155550199", false),
        ("sip:+14155550199@h.example", false),
        ("+911126123456", false),
    ] {
        let mut found = None;
        let taken = measure(|| found = number::emergency_service(text, Some(Region::US), &numbers)).count_total;
        assert_eq!((found.is_some(), taken), (is, 0), "{text}");
    }
}
