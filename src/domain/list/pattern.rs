//! The pattern of a list entry: one number, or all numbers with a prefix.

use std::fmt;

use crate::number::{self, E164, NumberError, Parsed};

/// The most digits of a prefix.
const MAX_PREFIX_DIGITS: u32 = 14;
/// Digits at the end that logs do not show.
const HIDDEN_DIGITS: u32 = 4;

/// A number, or a prefix of numbers.
///
/// Country codes never start with 0, so the integer determines the digits. Patterns are ordered by this integer; if
/// equal, the prefix comes first. `Debug` hides the last digits of a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    digits: u64,
    /// Whether it is one number; otherwise it is a prefix.
    exact: bool,
}

/// Why a text is not a pattern. Never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A prefix in another form.
    #[error("a prefix must be + and 1 to 14 digits that do not start with 0, then *, such as +1415555*")]
    Prefix,
    /// The text is empty.
    #[error("must not be empty")]
    Empty,
    /// The text is not a number.
    #[error("must be a number in E.164, such as +14155550199, or a prefix that ends in *: {0}")]
    NotANumber(NumberError),
    /// A short code, an emergency number, or a word for a withheld number.
    #[error("must be a number in E.164, such as +14155550199; short codes and emergency numbers cannot be listed")]
    NotListed,
    /// No number has that length.
    #[error("no number of its country has this length")]
    Impossible,
}

impl Pattern {
    /// Reads a number in E.164, or a prefix that ends in `*`; white space around it is ignored. A number must be
    /// possible; it need not be assigned.
    ///
    /// # Errors
    /// [`PatternError`].
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if let Some(prefix) = text.strip_suffix('*') {
            let digits = prefix.strip_prefix('+').ok_or(PatternError::Prefix)?;
            let is_decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let value = digits.parse().ok().filter(|_| is_decimal && !digits.starts_with('0'));
            return value.and_then(Self::prefix).ok_or(PatternError::Prefix);
        }
        let digits = text.strip_prefix('+').unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PatternError::NotANumber(NumberError::NotANumber));
        }
        match number::parse(text, None).map_err(PatternError::NotANumber)? {
            Parsed::Number(number) => number.e164().map(Self::number).ok_or(PatternError::Impossible),
            Parsed::Service(_) | Parsed::Anonymous => Err(PatternError::NotListed),
        }
    }

    /// One number.
    #[must_use]
    pub const fn number(number: E164) -> Self {
        Self {
            digits: number.digits(),
            exact: true,
        }
    }

    /// All numbers with these leading digits, country code first; none if there are no digits or more than 14.
    #[must_use]
    pub fn prefix(digits: u64) -> Option<Self> {
        let len = digits.checked_ilog10()? + 1;
        (len <= MAX_PREFIX_DIGITS).then_some(Self { digits, exact: false })
    }

    /// The pattern with this [`Self::key`], if the key is valid.
    #[must_use]
    pub fn from_key(digits: u64, exact: bool) -> Option<Self> {
        if exact {
            E164::from_digits(digits).map(Self::number)
        } else {
            Self::prefix(digits)
        }
    }

    /// Its digits as an integer, and whether it is one number: the sort key of patterns.
    #[must_use]
    pub const fn key(self) -> (u64, bool) {
        (self.digits, self.exact)
    }

    /// How many digits it has.
    #[must_use]
    pub fn digit_count(self) -> u32 {
        self.digits.checked_ilog10().map_or(0, |log| log + 1)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}{}", self.digits, if self.exact { "" } else { "*" })
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.exact {
            return write!(f, "+{}xxxx", self.digits / 10_u64.pow(HIDDEN_DIGITS));
        }
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_prefixes_are_read_and_written() {
        for (text, shown) in [
            ("+14155550199", "+14155550199"),
            (" +14155550199 ", "+14155550199"),
            ("+11234567890", "+11234567890"),
            ("+1415555*", "+1415555*"),
            ("+1*", "+1*"),
            ("+12345678901234*", "+12345678901234*"),
        ] {
            let pattern = Pattern::parse(text).unwrap();
            assert_eq!(pattern.to_string(), shown, "{text}");
            let (digits, exact) = pattern.key();
            assert_eq!(Pattern::from_key(digits, exact), Some(pattern));
        }
        assert_eq!(Pattern::parse("+1415555*").unwrap().digit_count(), 7);
    }

    #[test]
    fn other_patterns_are_refused() {
        for text in [
            "*",
            "+*",
            "+0*",
            "+0123*",
            "1415*",
            "+14 15*",
            "+1415**",
            "+123456789012345*",
            "++1*",
            "+\u{661}*",
        ] {
            assert_eq!(Pattern::parse(text), Err(PatternError::Prefix), "{text}");
        }
        assert_eq!(Pattern::parse("  "), Err(PatternError::Empty));
        for text in [
            "4155550199",
            "soon",
            "+1415",
            "anonymous",
            "+1 415 555 0199",
            "+1415555XXXX",
            "+33 1 62 xx xx xx",
        ] {
            assert!(
                matches!(Pattern::parse(text), Err(PatternError::NotANumber(_))),
                "{text}"
            );
        }
        assert_eq!(Pattern::parse("+4912345678901234567"), Err(PatternError::Impossible));
        for (digits, exact) in [
            (0, false),
            (0, true),
            (123_456_789_012_345, false),
            (2_101_234_567, true),
        ] {
            assert_eq!(Pattern::from_key(digits, exact), None, "{digits} {exact}");
        }
    }

    #[test]
    fn a_prefix_comes_before_the_number_of_the_same_digits() {
        let sorted = ["+1*", "+1415*", "+14155550199*", "+14155550199", "+14155550200"];
        let patterns = sorted.map(|text| Pattern::parse(text).unwrap());
        assert!(patterns.is_sorted());
    }

    #[test]
    fn logs_never_show_a_whole_number() {
        let shown = |text: &str| format!("{:?}", Pattern::parse(text).unwrap());
        assert_eq!(shown("+14155550199"), "+1415555xxxx");
        assert_eq!(shown("+1415555*"), "+1415555*");
    }
}
