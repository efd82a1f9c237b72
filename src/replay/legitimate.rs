//! Legitimate numbers and their kinds, such as `bank` or `hospital`.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::domain::ids::NameError;
use crate::number::E164;

/// The kind of all numbers whose file names none.
const UNSPECIFIED: &str = "unspecified";

/// A number that is known to be legitimate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegitimateNumber {
    /// The number.
    pub number: E164,
    /// Its kind.
    pub kind: KindName,
}

/// The name of a kind of legitimate numbers: at most 32 bytes, letters in lower case, digits, `-` and `_`. A copy is
/// cheap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindName(Arc<str>);

/// Why a text is not the name of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KindNameError {
    /// Its form is wrong.
    #[error(transparent)]
    Form(#[from] NameError),
    /// Figures have this name for another group of numbers.
    #[error("must not be one of toll_free and geographic: the figures use these names for other groups")]
    Reserved,
}

impl KindName {
    /// The most bytes of a name.
    pub const MAX_BYTES: usize = 32;
    /// Names of groups of numbers that are not kinds.
    pub const RESERVED: [&'static str; 2] = ["toll_free", "geographic"];

    /// Checks a text, trimmed of white space. Capital letters become small letters.
    ///
    /// # Errors
    /// If nothing is left, if the text is too long, if it has other characters, or if the name is reserved.
    pub fn parse(text: &str) -> Result<Self, KindNameError> {
        let text = text.trim().to_ascii_lowercase();
        if text.is_empty() {
            return Err(NameError::Empty.into());
        }
        if text.len() > Self::MAX_BYTES {
            let max_bytes = Self::MAX_BYTES;
            return Err(NameError::TooLong { max_bytes }.into());
        }
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            let allowed = "letters, digits, - and _";
            return Err(NameError::Character { allowed }.into());
        }
        if Self::RESERVED.contains(&text.as_str()) {
            return Err(KindNameError::Reserved);
        }
        Ok(Self(text.into()))
    }

    /// The kind of numbers without a kind: `unspecified`.
    #[must_use]
    pub fn unspecified() -> Self {
        Self(UNSPECIFIED.into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_kinds_are_short_words() {
        assert_eq!(KindName::parse(" Bank ").unwrap().as_str(), "bank");
        assert_eq!(KindName::parse("health-plan_2").unwrap().to_string(), "health-plan_2");
        assert_eq!(KindName::unspecified(), KindName::parse("unspecified").unwrap());
        for (text, wanted) in [
            ("", "must not be empty"),
            ("a b", "must hold letters"),
            ("bank.toll_free", "must hold letters"),
            ("Toll_Free", "must not be one of"),
        ] {
            let said = KindName::parse(text).unwrap_err().to_string();
            assert!(said.contains(wanted), "{text:?}: {said}");
        }
        assert!(KindName::parse(&"k".repeat(32)).is_ok());
        assert!(KindName::parse(&"k".repeat(33)).is_err());
    }
}
