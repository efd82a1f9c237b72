//! The pattern of a list entry: one number, all numbers with a prefix, a short code as a caller, or callers who withhold
//! their number.

use std::fmt;

use super::short_code::ShortCode;
use crate::number::{self, E164, NumberError, Parsed, Region, UnknownRegion};

/// The most digits of a prefix.
pub(super) const MAX_PREFIX_DIGITS: u32 = 14;
/// Digits at the end that logs do not show.
const HIDDEN_DIGITS: u32 = 4;
/// The word for callers who withhold their number.
const ANONYMOUS: &str = "anonymous";
/// The word before a short code.
const SHORT: &str = "short:";

/// The callers that a list entry holds for. Patterns are ordered: numbers and prefixes, then short codes, then
/// [`Pattern::Anonymous`]. `Debug` hides the last digits of a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// A number or a prefix of numbers.
    Digits(DigitPattern),
    /// A short code that calls; of any region if there is none.
    Short(ShortCode, Option<Region>),
    /// A caller who withholds the number.
    Anonymous,
}

/// A number, or a prefix of numbers.
///
/// Country codes never start with 0, so the integer determines the digits. Patterns are ordered by this integer; if
/// equal, the prefix comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(Rust, packed)] // 9 bytes instead of 16, which also makes a `Pattern` 8 bytes smaller: a list has 200,000 of them
pub struct DigitPattern {
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
    /// The text has another form.
    #[error(
        "must be a number in E.164 (+ and digits only, such as +14155550199), a prefix such as +1415555*, anonymous, or a \
         short code such as short:2001 or short:US:2001"
    )]
    Form,
    /// The digits are not a number.
    #[error("must be a number in E.164, such as +14155550199, or a prefix that ends in *: {0}")]
    NotANumber(NumberError),
    /// The digits stand for a withheld number.
    #[error("stands for a withheld number: write anonymous")]
    Withheld,
    /// The country code belongs to nobody, or there are more than 15 digits.
    #[error("has a country code that belongs to nobody, or more than 15 digits; a prefix such as +999* may be listed")]
    Impossible,
    /// A short code in another form.
    #[error(
        "a short code must be short: and 2 to 15 digits, such as short:2001, or with a region, such as short:US:2001"
    )]
    Short,
    /// A short code of a region that does not exist.
    #[error("the region of the short code: {0}")]
    ShortRegion(UnknownRegion),
}

impl Pattern {
    /// Reads a number in E.164, a prefix that ends in `*`, `anonymous`, `short:2001` or `short:US:2001`; white space around
    /// it is ignored. Nothing else is read: a list names callers exactly. A number need not be assigned, and its length
    /// need not be known to the numbering plan.
    ///
    /// # Errors
    /// [`PatternError`].
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.eq_ignore_ascii_case(ANONYMOUS) {
            return Ok(Self::Anonymous);
        }
        if let Some((word, rest)) = text.split_at_checked(SHORT.len())
            && word.eq_ignore_ascii_case(SHORT)
        {
            return short(rest);
        }
        if let Some(prefix) = text.strip_suffix('*') {
            let digits = digits(prefix).filter(|digits| !digits.starts_with('0'));
            let value = digits.and_then(|digits| digits.parse().ok());
            return value.and_then(Self::prefix).ok_or(PatternError::Prefix);
        }
        digits(text).ok_or(PatternError::Form)?;
        match number::parse(text, None).map_err(PatternError::NotANumber)? {
            Parsed::Number(number) => number.e164().map(Self::number).ok_or(PatternError::Impossible),
            Parsed::Anonymous => Err(PatternError::Withheld),
            Parsed::Service(_) => Err(PatternError::Form),
        }
    }

    /// One number.
    #[must_use]
    pub const fn number(number: E164) -> Self {
        Self::Digits(DigitPattern {
            digits: number.digits(),
            exact: true,
        })
    }

    /// All numbers with these leading digits, country code first; none if there are no digits or more than 14.
    #[must_use]
    pub fn prefix(digits: u64) -> Option<Self> {
        let len = digits.checked_ilog10()? + 1;
        let prefix = DigitPattern { digits, exact: false };
        (len <= MAX_PREFIX_DIGITS).then_some(Self::Digits(prefix))
    }

    /// The number or prefix with this [`DigitPattern::key`], if the key is valid.
    #[must_use]
    pub fn from_key(digits: u64, exact: bool) -> Option<Self> {
        if exact {
            E164::from_digits(digits).map(Self::number)
        } else {
            Self::prefix(digits)
        }
    }

    /// Whether it holds for all numbers of a country.
    #[must_use]
    pub fn covers_country(self) -> bool {
        let prefix = self.digits().map(DigitPattern::key).filter(|(_, is_number)| !is_number);
        prefix.is_some_and(|(digits, _)| number::covers_country(digits))
    }

    /// The number or prefix; none for callers without a number.
    #[must_use]
    pub const fn digits(self) -> Option<DigitPattern> {
        match self {
            Self::Digits(digits) => Some(digits),
            Self::Short(..) | Self::Anonymous => None,
        }
    }
}

impl DigitPattern {
    /// Its digits as an integer, and whether it is one number: the sort key of numbers and prefixes.
    #[must_use]
    pub const fn key(self) -> (u64, bool) {
        (self.digits, self.exact)
    }

    /// How many digits it has.
    #[must_use]
    pub fn digit_count(self) -> u32 {
        let (digits, _) = self.key();
        digits.checked_ilog10().map_or(0, |log| log + 1)
    }
}

/// The digits of `+` and ASCII digits.
fn digits(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('+')?;
    let is_decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_decimal.then_some(digits)
}

/// Reads `2001` or `US:2001`.
fn short(text: &str) -> Result<Pattern, PatternError> {
    let (region, code) = match text.split_once(':') {
        Some((region, code)) => (Some(region), code),
        None => (None, text),
    };
    let code = ShortCode::parse(code).ok_or(PatternError::Short)?;
    let region = region.map(str::parse).transpose().map_err(PatternError::ShortRegion)?;
    Ok(Pattern::Short(code, region))
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits(pattern) => {
                let (digits, exact) = pattern.key();
                write!(f, "+{digits}{}", if exact { "" } else { "*" })
            }
            Self::Short(code, Some(region)) => write!(f, "{SHORT}{region}:{code}"),
            Self::Short(code, None) => write!(f, "{SHORT}{code}"),
            Self::Anonymous => f.write_str(ANONYMOUS),
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits(pattern) if pattern.exact => {
                let (digits, _) = pattern.key();
                write!(f, "+{}xxxx", digits / 10_u64.pow(HIDDEN_DIGITS))
            }
            Self::Digits(_) | Self::Short(..) | Self::Anonymous => fmt::Display::fmt(self, f),
        }
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
            ("+1617555012", "+1617555012"),
            ("+220833212345", "+220833212345"),
            ("+1415555*", "+1415555*"),
            ("+1*", "+1*"),
            ("+999*", "+999*"),
            ("+12345678901234*", "+12345678901234*"),
        ] {
            let pattern = Pattern::parse(text).unwrap();
            assert_eq!(pattern.to_string(), shown, "{text}");
            let (digits, exact) = pattern.digits().unwrap().key();
            assert_eq!(Pattern::from_key(digits, exact), Some(pattern));
        }
        assert_eq!(Pattern::parse("+1415555*").unwrap().digits().unwrap().digit_count(), 7);
    }

    #[test]
    fn callers_without_a_number_are_read_and_written() {
        for (text, shown) in [
            ("anonymous", "anonymous"),
            (" Anonymous ", "anonymous"),
            ("short:2001", "short:2001"),
            ("short:08", "short:08"),
            ("SHORT:us:911", "short:US:911"),
        ] {
            let pattern = Pattern::parse(text).unwrap();
            assert_eq!(pattern.to_string(), shown, "{text}");
            assert_eq!(Pattern::parse(shown), Ok(pattern));
            assert!(pattern.digits().is_none());
        }
        for text in [
            "short:",
            "short:1",
            "short:US:",
            "short:UK:",
            "short:20a1",
            "short:*611",
            "short:US:2001*",
        ] {
            assert_eq!(Pattern::parse(text), Err(PatternError::Short), "{text}");
        }
        for (text, said) in [
            ("short:UK:2001", "UK: write GB;"),
            ("short:uk:2001", "UK: write GB;"),
            ("short:EL:2001", "EL: write GR;"),
            ("short:usa:2001", "USA: write US;"),
            ("short:XX:2001", "XX is not a region:"),
            ("short:TF:2001", "TF has no telephone numbers of its own:"),
            ("short::2001", "not a region:"),
            ("short:+14155550199:2001", "not a region:"),
        ] {
            let error = Pattern::parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with("the region of the short code: ") && error.contains(said),
                "{text}: {error}"
            );
            assert!(!error.contains("4155550199"), "{error}");
        }
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
            "anonymous*",
        ] {
            assert_eq!(Pattern::parse(text), Err(PatternError::Prefix), "{text}");
        }
        assert_eq!(Pattern::parse("  "), Err(PatternError::Empty));
        for text in [
            "4155550199",
            "soon",
            "911",
            "withheld",
            "+1415555XXXX",
            "+1415*5550123",
            "+1 (415) 555-0199",
            "+33 1 62 xx xx xx",
            "+49 30 90XXXX",
            "tel:+14155550199",
            "+14155550199 ext. 7",
            "++14155550199",
            "+",
            "+\u{661}4155550199",
            "short",
        ] {
            assert_eq!(Pattern::parse(text), Err(PatternError::Form), "{text}");
        }
        for text in ["+1415", "+4930", "+012345678"] {
            assert!(
                matches!(Pattern::parse(text), Err(PatternError::NotANumber(_))),
                "{text}"
            );
        }
        for text in ["+4912345678901234567", "+999123456789", "+2101234567"] {
            assert_eq!(Pattern::parse(text), Err(PatternError::Impossible), "{text}");
        }
        assert_eq!(Pattern::parse("+266696687"), Err(PatternError::Withheld));
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
    fn patterns_have_an_order() {
        let sorted = [
            "+1*",
            "+1415*",
            "+14155550199*",
            "+14155550199",
            "+14155550200",
            "short:08",
            "short:2001",
            "short:DE:2001",
            "short:US:2001",
            "anonymous",
        ];
        let patterns = sorted.map(|text| Pattern::parse(text).unwrap());
        assert!(patterns.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn logs_never_show_a_whole_number() {
        let shown = |text: &str| format!("{:?}", Pattern::parse(text).unwrap());
        assert_eq!(shown("+14155550199"), "+1415555xxxx");
        assert_eq!(shown("+1415555*"), "+1415555*");
        assert_eq!(shown("short:2001"), "short:2001");
    }
}
