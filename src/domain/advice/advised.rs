//! The numbers that advice tells people to call. A person who follows it must reach them: nobody is warned of them, and a
//! report on one accuses nobody.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::places;
use crate::number::{self, E164, Parsed, Region};

/// The country code of the regions whose international prefix is 011 and not 00 (ITU-T E.164; North American plan).
const AMERICAN_CODE: u16 = 1;

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

/// Whether a text that names no valid number is a number of advice: one that is read as a local number, such as 7726 in Great
/// Britain, or that is dialled in a way of its own, such as `114#`, 07726, and 7726 behind a country code.
///
/// A number without a country code belongs to the region. If the region is not known, it is a number of advice where any
/// region has it: the person who dials it is not warned of it, and nothing else follows from that.
#[must_use]
pub fn is_advised_text(text: &str, region: Option<Region>) -> bool {
    if region.is_some() && number::parse(text, region).is_ok_and(|read| is_advised(&read)) {
        return true;
    }
    let Some(dialled) = Dialled::read(text, region) else {
        return false;
    };
    ADVISED
        .short
        .iter()
        .any(|(of, number)| dialled.is(*of, number) && dialled.may_belong_to(*of, region))
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

/// The digits of a text in which a short number is dialled.
struct Dialled {
    digits: String,
    /// Whether they begin with a country code: the text has a plus sign, an international prefix, or a context.
    with_code: bool,
}

impl Dialled {
    /// Reads a number as people dial it, or the `tel` or `sip` address of one (RFC 3966, RFC 3261); none if there is other
    /// text.
    fn read(text: &str, region: Option<Region>) -> Option<Self> {
        let address = ["tel:", "sip:", "sips:"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        let parts = address.map(|address| address.split('@').next().unwrap_or(address));
        let (user, parameters) = match parts.map(|user| user.split_once(';').unwrap_or((user, ""))) {
            Some(user_and_parameters) => user_and_parameters,
            None => (text.trim(), ""),
        };
        let is_dialled = |c: char| c.is_ascii_digit() || matches!(c, '+' | '#' | '*' | ' ' | '-' | '.' | '(' | ')');
        if !user.chars().all(is_dialled) {
            return None;
        }
        let digits = keys(user);
        let context = parameters
            .split(';')
            .find_map(|parameter| parameter.strip_prefix("phone-context=+"));
        if let Some(code) = context.filter(|_| !user.starts_with('+')) {
            return Some(Self {
                digits: keys(code) + digits.trim_start_matches('0'),
                with_code: true,
            });
        }
        let is_american = region.and_then(number::country_code) == Some(AMERICAN_CODE);
        let behind_prefix = if is_american {
            digits.strip_prefix("011")
        } else {
            digits.strip_prefix("00")
        };
        Some(match behind_prefix {
            Some(rest) if !user.starts_with('+') => Self {
                digits: rest.to_owned(),
                with_code: true,
            },
            Some(_) | None => Self {
                with_code: user.starts_with('+'),
                digits,
            },
        })
    }

    /// Whether these digits are a short number of a region, also behind a 0 that is dialled before other numbers, or behind the
    /// country code of the region.
    fn is(&self, region: Region, number: &str) -> bool {
        let code = number::country_code(region).unwrap_or_default().to_string();
        let is_number = |digits: &str| digits == number || digits.strip_prefix('0') == Some(number);
        let behind_code = self.digits.trim_start_matches('0').strip_prefix(&code);
        (!self.with_code && is_number(&self.digits)) || behind_code.is_some_and(is_number)
    }

    /// Whether a number of `owner` may be dialled so in a region. Digits with a country code are dialled anywhere.
    fn may_belong_to(&self, owner: Region, region: Option<Region>) -> bool {
        self.with_code || region.is_none_or(|region| region == owner)
    }
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
        for (text, place, is) in [
            ("7726", None, true),
            ("1930", None, true),
            ("33700", None, true),
            ("1931", None, false),
            ("+447726", None, true),
            ("+44 07726", None, true),
            ("+44 (0) 7726", None, true),
            ("0044 7726", None, true),
            ("tel:7726;phone-context=+44", None, true),
            ("sip:1930;phone-context=+91@example.org;user=phone", Some("DE"), true),
            ("tel:1930;phone-context=+49", None, false),
            ("+911930", Some("US"), true),
            ("011 91 1930", Some("US"), true),
            ("+491930", Some("IN"), false),
            ("07726", Some("GB"), true),
            ("447726", Some("GB"), true),
            ("17726", Some("US"), true),
            ("07726", Some("DE"), false),
            ("7726 or 159", None, false),
            ("", None, false),
        ] {
            assert_eq!(is_advised_text(text, place.and_then(region)), is, "{text} in {place:?}");
        }
        assert!(!is_advised(&Parsed::Anonymous));
    }
}
