//! The numbers that advice tells people to call. A person who follows it must reach them: nobody is warned of them, and a
//! report on one accuses nobody.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::places;
use crate::number::{self, E164, Parsed, Region};

/// The numbers, as they are read in their regions.
static ADVISED: LazyLock<Advised> = LazyLock::new(Advised::read);

struct Advised {
    /// With their country codes, also those that are no numbers of the plan, such as 1930 behind +91.
    numbers: HashSet<E164, foldhash::fast::RandomState>,
    /// Digits that are dialled as they are, in a region.
    short: Vec<(Region, String)>,
}

/// Whether advice tells people to use this number, in the region in which it is read.
#[must_use]
pub fn is_advised(number: &Parsed) -> bool {
    match number {
        Parsed::Number(number) => number.e164().is_some_and(|number| ADVISED.numbers.contains(&number)),
        Parsed::Service(service) => {
            let digits = keys(service.digits());
            let is_here = |region: Region| service.region().is_none_or(|own| own == region);
            let mut short = ADVISED.short.iter();
            short.any(|(region, known)| is_here(*region) && *known == digits)
        }
        Parsed::Anonymous => false,
    }
}

/// Whether a text that names no caller is a number of advice, such as 7726 in Great Britain, which is read as a local
/// number, and `114#`.
#[must_use]
pub fn is_advised_text(text: &str, region: Option<Region>) -> bool {
    let Some(region) = region else {
        return false;
    };
    if number::parse(text, Some(region)).is_ok_and(|read| is_advised(&read)) {
        return true;
    }
    let text = dialled(text);
    let is_dialled = |c: char| c.is_ascii_digit() || matches!(c, '+' | '#' | '*' | ' ' | '-');
    let digits = keys(text);
    let code = number::country_code(region).unwrap_or_default().to_string();
    let behind_code = digits.trim_start_matches('0').strip_prefix(&code);
    let mut short = ADVISED.short.iter().filter(|(known, _)| *known == region);
    text.chars().all(is_dialled) && short.any(|(_, number)| *number == digits || Some(number.as_str()) == behind_code)
}

/// Reads the table.
pub(super) fn warm_up() {
    LazyLock::force(&ADVISED);
}

impl Advised {
    fn read() -> Self {
        let mut advised = Self {
            numbers: HashSet::default(),
            short: Vec::new(),
        };
        for (region, written) in places::numbers() {
            let digits = keys(written);
            let code = number::country_code(region).unwrap_or_default();
            for form in [
                written.to_owned(),
                format!("+{code}{digits}"),
                format!("00{code}{digits}"),
            ] {
                match number::parse(&form, Some(region)) {
                    Ok(Parsed::Number(number)) => advised.numbers.extend(number.e164()),
                    Ok(Parsed::Service(_) | Parsed::Anonymous) | Err(_) => {}
                }
            }
            advised.short.push((region, digits));
        }
        advised
    }
}

/// What is dialled in a `tel` or `sip` address (RFC 3966, RFC 3261); any other text as it is.
fn dialled(text: &str) -> &str {
    let user = ["tel:", "sip:", "sips:"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    user.map_or(text, |user| user.split(['@', ';']).next().unwrap_or(user))
}

/// The digits of a text in which nothing else is dialled.
fn keys(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(text: &str) -> Option<Region> {
        text.parse().ok()
    }

    #[test]
    fn each_number_is_found_in_its_region_alone() {
        for (text, place, is) in [
            ("1930", "IN", true),
            ("+911930", "IN", true),
            ("+91 1930", "US", true),
            ("1930", "US", false),
            ("7726", "GB", true),
            ("7726", "DE", false),
            ("1-888-495-8501", "CA", true),
            ("+1 888 495 8501", "DE", true),
            ("02800", "NO", true),
            ("#9110", "JP", true),
            ("+14155550123", "US", false),
        ] {
            let read = number::parse(text, region(place)).unwrap();
            assert_eq!(is_advised(&read), is, "{text} in {place}");
        }
        for (text, place, is) in [
            ("114#", "DK", true),
            ("+45114", "DK", true),
            ("0045 114", "DK", true),
            ("sip:+45114@example.org;user=phone", "DK", true),
            ("114", "NO", false),
            ("", "DK", false),
            ("call 114 now", "DK", false),
        ] {
            assert_eq!(is_advised_text(text, region(place)), is, "{text} in {place}");
        }
        assert!(!is_advised_text("114", None));
        assert!(!is_advised(&Parsed::Anonymous));
    }
}
