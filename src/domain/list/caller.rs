//! A caller, as lists see it.

use super::pattern::{MAX_PREFIX_DIGITS, Pattern};
use super::short_code::ShortCode;
use crate::number::{E164, Parsed, Region};

/// A caller that lists can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListedCaller {
    /// A number.
    Number(E164),
    /// A number without a key, such as one with more than 15 digits: prefixes may hold it. Its first digits.
    Leading(u64),
    /// A short code, in a region if it is known.
    Short(ShortCode, Option<Region>),
    /// A caller who withholds the number.
    Anonymous,
}

impl ListedCaller {
    /// The caller; none for a service that is named without digits.
    #[must_use]
    pub fn of(parsed: &Parsed) -> Option<Self> {
        match parsed {
            Parsed::Number(number) => Some(match number.e164() {
                Some(e164) => Self::Number(e164),
                None => Self::Leading(number.leading_digits(MAX_PREFIX_DIGITS)),
            }),
            Parsed::Service(short) => {
                let digits = short.digits().trim_start_matches('*');
                ShortCode::parse(digits).map(|code| Self::Short(code, short.region()))
            }
            Parsed::Anonymous => Some(Self::Anonymous),
        }
    }

    /// The digits that prefixes are compared with, and how many there are; none for callers without a number.
    #[must_use]
    pub fn digits(self) -> (u64, u32) {
        let digits = match self {
            Self::Number(number) => number.digits(),
            Self::Leading(digits) => digits,
            Self::Short(..) | Self::Anonymous => 0,
        };
        (digits, digits.checked_ilog10().map_or(0, |log| log + 1))
    }

    /// The patterns that name it, apart from numbers and prefixes; the closest first.
    #[must_use]
    pub fn words(self) -> [Option<Pattern>; 2] {
        match self {
            Self::Number(_) | Self::Leading(_) => [None, None],
            Self::Short(code, None) => [Some(Pattern::Short(code, None)), None],
            Self::Short(code, region) => [Some(Pattern::Short(code, region)), Some(Pattern::Short(code, None))],
            Self::Anonymous => [Some(Pattern::Anonymous), None],
        }
    }
}
