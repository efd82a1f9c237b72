//! A short string of ASCII digits on the stack.

use std::fmt;
use std::ops::Deref;

/// The most digits of a national number that is not refused, with some to spare.
const CAPACITY: usize = 20;

/// Up to 20 ASCII digits. `Debug` shows only their count.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Digits {
    bytes: [u8; CAPACITY],
    len: u8,
}

impl Digits {
    /// The digits of `text`; `None` if there are more than fit, or other characters.
    pub(super) fn new(text: &[u8]) -> Option<Self> {
        let mut digits = Self::default();
        digits.bytes.get_mut(..text.len())?.copy_from_slice(text);
        digits.len = u8::try_from(text.len()).ok()?;
        text.iter().all(u8::is_ascii_digit).then_some(digits)
    }

    /// `value` in `len` digits, padded with leading zeros; `None` if it has more.
    pub(super) fn from_value(value: u64, len: u32) -> Option<Self> {
        let mut digits = Self {
            len: u8::try_from(len).ok()?,
            ..Self::default()
        };
        let mut rest = value;
        for byte in digits.bytes.get_mut(..usize::try_from(len).ok()?)?.iter_mut().rev() {
            *byte = b'0' + u8::try_from(rest % 10).ok()?;
            rest /= 10;
        }
        (rest == 0).then_some(digits)
    }

    /// Adds ASCII digits at the end; `None` if there are more than fit.
    pub(super) fn extend(&mut self, digits: &[u8]) -> Option<()> {
        let start = usize::from(self.len);
        let end = start.checked_add(digits.len())?;
        self.bytes.get_mut(start..end)?.copy_from_slice(digits);
        self.len = u8::try_from(end).ok()?;
        Some(())
    }

    pub(super) fn as_str(&self) -> &str {
        // ASCII by construction.
        str::from_utf8(self).unwrap_or_default()
    }
}

impl Deref for Digits {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} digits", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_digits_and_nothing_else() {
        assert_eq!(Digits::new(b"0123").unwrap().as_str(), "0123");
        assert_eq!(Digits::new(b""), Some(Digits::default()));
        assert_eq!(Digits::new(b"12a"), None);
        assert!(Digits::new(&[b'7'; CAPACITY]).is_some());
        assert_eq!(Digits::new(&[b'7'; CAPACITY + 1]), None);
    }

    #[test]
    fn writes_values_with_leading_zeros() {
        assert_eq!(Digits::from_value(612_345, 8).unwrap().as_str(), "00612345");
        assert_eq!(Digits::from_value(0, 0).unwrap().as_str(), "");
        assert_eq!(Digits::from_value(123, 2), None, "too many digits");
        assert_eq!(Digits::from_value(1, 21), None, "no room");
    }

    #[test]
    fn debug_hides_the_digits() {
        assert_eq!(format!("{:?}", Digits::new(b"4155550199").unwrap()), "10 digits");
    }
}
