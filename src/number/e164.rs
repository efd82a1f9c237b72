//! The key of everything: a telephone number in the form of ITU-T E.164.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::error::NumberError;
use super::plan::country_code;

/// Fewest digits, country code included.
const DIGITS_MIN: u32 = 4;

/// Most digits: every number of 19 digits fits a `u64`. E.164 allows 15, and national plans reach 17.
const DIGITS_MAX: u32 = 19;

/// Digits at the end that logs do not show.
const HIDDEN_DIGITS: usize = 4;

/// Toll-free area codes of the North American numbering plan (Industry Numbering Committee).
const NANP_TOLL_FREE: [u64; 8] = [800, 822, 833, 844, 855, 866, 877, 888];

/// A number in E.164 form: a country code in use and 4 to 19 digits in all.
///
/// The digits are held as an integer: country codes never start with 0, so it is unique, and its
/// order is the order in which blocks of numbers are assigned. `Debug` hides the last digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct E164(u64);

impl E164 {
    /// The most digits of a number by ITU-T E.164 section 6.2.1. Some national plans have more.
    pub(super) const DIGITS_MAX_STANDARD: u32 = 15;

    /// The number with these digits, country code first.
    ///
    /// `None` if no country code in use starts it, or if it has fewer than 4 or more than 19 digits.
    pub fn from_digits(digits: u64) -> Option<Self> {
        let len = decimal_len(digits);
        if !(DIGITS_MIN..=DIGITS_MAX).contains(&len) {
            return None;
        }
        country_code::leading(digits, len).map(|_| Self(digits))
    }

    /// All digits as an integer.
    pub const fn digits(self) -> u64 {
        self.0
    }

    /// How many digits there are, country code included.
    #[expect(clippy::len_without_is_empty, reason = "a number is never empty")]
    pub fn len(self) -> u32 {
        decimal_len(self.0)
    }

    /// The country code: `1`, `49`, `423`, ...
    pub fn country_code(self) -> u16 {
        self.code_and_len().0
    }

    /// How many digits follow the country code.
    pub fn national_len(self) -> u32 {
        self.len() - self.code_and_len().1
    }

    /// Whether this is a number of a toll-free area code of the North American numbering plan,
    /// assigned or not. Toll-free numbers of other plans have no common shape.
    pub fn is_toll_free_shape(self) -> bool {
        self.0 / 10_u64.pow(10) == 1 && NANP_TOLL_FREE.contains(&(self.0 / 10_u64.pow(7) % 1_000))
    }

    /// The digits without the last `n`; 0 if none are left.
    pub fn without_last(self, n: u32) -> u64 {
        10_u64.checked_pow(n).map_or(0, |block| self.0 / block)
    }

    /// The number for logs, without its last four digits: `+1415555xxxx`.
    pub fn redacted(self) -> impl Display + use<> {
        Redacted(self)
    }

    /// The digits after the country code, and how many there are (leading zeros count).
    pub(super) fn national(self) -> (u64, u32) {
        let len = self.national_len();
        (self.0 % 10_u64.pow(len), len)
    }

    fn code_and_len(self) -> (u16, u32) {
        let found = country_code::leading(self.0, self.len());
        debug_assert!(found.is_some(), "every constructor has checked the country code");
        found.unwrap_or_default()
    }
}

impl Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Redacted(*self).fmt(f)
    }
}

/// Reads the output of `Display`, also without `+`: digits only, no leading zero. This is for text that this program
/// wrote; text of people and switches goes through [`super::parse`].
impl FromStr for E164 {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        if digits.is_empty() {
            return Err(NumberError::Empty);
        }
        if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NumberError::NotANumber);
        }
        match u32::try_from(digits.len()).unwrap_or(u32::MAX) {
            0..DIGITS_MIN => Err(NumberError::TooShort),
            DIGITS_MIN..=DIGITS_MAX => digits
                .parse()
                .ok()
                .and_then(Self::from_digits)
                .ok_or(NumberError::InvalidCountryCode),
            _ => Err(NumberError::TooLongNumber),
        }
    }
}

impl Serialize for E164 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for E164 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct E164Visitor;

        impl de::Visitor<'_> for E164Visitor {
            type Value = E164;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a telephone number as `+` and digits")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<E164, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(E164Visitor)
    }
}

struct Redacted(E164);

impl Display for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}{:x<HIDDEN_DIGITS$}", self.0.without_last(4), "")
    }
}

/// How many decimal digits `value` has; 0 for 0, which is no number.
fn decimal_len(value: u64) -> u32 {
    value.checked_ilog10().map_or(0, |log| log + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(digits: u64) -> E164 {
        E164::from_digits(digits).expect("a number")
    }

    #[test]
    fn parts_of_a_number() {
        let us = number(14_155_550_199);
        assert_eq!((us.len(), us.country_code(), us.national_len()), (11, 1, 10));
        assert_eq!(us.without_last(4), 1_415_555);
        assert_eq!(us.without_last(11), 0);
        assert_eq!(us.without_last(40), 0);
        let italian = number(39_0612345678);
        assert_eq!(italian.national(), (612_345_678, 10));
        assert_eq!(number(423_2342090).country_code(), 423);
    }

    #[test]
    fn refuses_what_is_no_number() {
        assert_eq!(E164::from_digits(0), None);
        assert_eq!(E164::from_digits(491), None, "too short");
        assert_eq!(E164::from_digits(2_101_234_567), None, "no such country code");
        assert!(E164::from_digits(4_912_345_678_901_234_567).is_some(), "19 digits");
        assert_eq!(E164::from_digits(14_912_345_678_901_234_567), None, "20 digits");
    }

    #[test]
    fn text_round_trips_and_nothing_else_is_read() {
        let us = number(14_155_550_199);
        assert_eq!(us.to_string(), "+14155550199");
        assert_eq!("+14155550199".parse(), Ok(us));
        assert_eq!("14155550199".parse(), Ok(us));
        for (text, error) in [
            ("", NumberError::Empty),
            ("+", NumberError::Empty),
            ("++14155550199", NumberError::NotANumber),
            ("+1 4155550199", NumberError::NotANumber),
            ("014155550199", NumberError::NotANumber),
            ("+14\u{0661}5550199", NumberError::NotANumber),
            ("+491", NumberError::TooShort),
            ("+2101234567", NumberError::InvalidCountryCode),
            ("+49123456789012345678", NumberError::TooLongNumber),
        ] {
            assert_eq!(text.parse::<E164>(), Err(error), "{text}");
        }
    }

    #[test]
    fn json_is_a_string() {
        let us = number(14_155_550_199);
        assert_eq!(serde_json::to_string(&us).unwrap(), "\"+14155550199\"");
        assert_eq!(serde_json::from_str::<E164>("\"+14155550199\"").unwrap(), us);
        assert!(serde_json::from_str::<E164>("14155550199").is_err());
    }

    #[test]
    fn logs_never_show_the_whole_number() {
        let us = number(14_155_550_199);
        assert_eq!(us.redacted().to_string(), "+1415555xxxx");
        assert_eq!(format!("{us:?}"), "+1415555xxxx");
        assert_eq!(format!("{:?}", number(4912)), "+0xxxx");
    }

    #[test]
    fn only_north_american_numbers_are_toll_free() {
        assert!(number(18_005_550_199).is_toll_free_shape());
        assert!(number(18_225_550_199).is_toll_free_shape());
        assert!(!number(14_155_550_199).is_toll_free_shape());
        assert!(!number(80_012_345_678).is_toll_free_shape(), "+800 is international");
        assert!(!number(448_001_111_111).is_toll_free_shape());
    }
}
