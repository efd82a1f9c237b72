//! A short code, as a caller shows it or a list names it.

use std::fmt;

/// The fewest and the most digits.
const DIGITS: std::ops::RangeInclusive<usize> = 2..=15;

/// A short code: 2 to 15 digits, with their leading zeros.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortCode {
    /// The digits behind a 1, which keeps their leading zeros.
    marked: u64,
}

impl ShortCode {
    /// The short code with these digits; none if the text has other characters, or too few or too many digits.
    #[must_use]
    pub fn parse(digits: &str) -> Option<Self> {
        let is_code = DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        let marked = is_code.then(|| format!("1{digits}").parse().ok()).flatten()?;
        Some(Self { marked })
    }

    /// Its digits behind a 1, which keeps their leading zeros: different codes have different integers.
    #[must_use]
    pub const fn marked(self) -> u64 {
        self.marked
    }
}

impl fmt::Display for ShortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let marked = self.marked.to_string();
        f.write_str(marked.get(1..).unwrap_or_default())
    }
}

/// Short codes are public.
impl fmt::Debug for ShortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_count() {
        for digits in ["08", "000", "911", "2001", "123456789012345"] {
            let code = ShortCode::parse(digits).unwrap();
            assert_eq!(code.to_string(), digits);
        }
        assert_ne!(ShortCode::parse("08"), ShortCode::parse("008"));
        for other in ["", "1", "1234567890123456", "*611", "9 1 1", "\u{661}\u{661}"] {
            assert_eq!(ShortCode::parse(other), None, "{other:?}");
        }
    }
}
