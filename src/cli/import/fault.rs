//! Why one row of a file is not taken.

use thiserror::Error;

use crate::number::{self, E164, NumberError, Parsed, Region};

/// Why one row is not taken. The texts hold nothing of the row, which may be personal data.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// Not as many columns as the header.
    #[error("wrong number of columns")]
    Columns,
    /// The field of the number is empty.
    #[error("no number")]
    NoNumber,
    /// It holds something else.
    #[error("{0}")]
    NotANumber(NumberError),
    /// A number without area code.
    #[error("the number has no area code")]
    LocalOnly,
    /// No number has that length.
    #[error("no number has this length")]
    Impossible,
    /// A short code or an emergency number.
    #[error("a short code or an emergency number")]
    Service,
    /// A word for a withheld number.
    #[error("the number was withheld")]
    Anonymous,
    /// No date that can be read.
    #[error("no date, or not one in the form YYYY-MM-DD")]
    Date,
    /// A letter without a name.
    #[error("no name of a letter")]
    Letter,
    /// A field of a list's entry.
    #[error("{column}: {problem}")]
    Entry {
        /// The column, as the header names it.
        column: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The server's reason.
    #[error("server: {0}")]
    Server(String),
}

/// The number of a field: US numbers may go without country code.
///
/// # Errors
/// If the field holds no number that can be kept. One that is possible but in no known range can be: spoofers use
/// such numbers.
pub(super) fn number(field: &[u8]) -> Result<E164, Fault> {
    let text = str::from_utf8(field).map_err(|_| Fault::NotANumber(NumberError::NotANumber))?;
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::NoNumber);
    }
    match number::parse(text, Some(Region::US)) {
        Err(error) => Err(Fault::NotANumber(error)),
        Ok(Parsed::Anonymous) => Err(Fault::Anonymous),
        Ok(Parsed::Service(_)) => Err(Fault::Service),
        Ok(Parsed::Number(number)) if number.is_local_only() => Err(Fault::LocalOnly),
        Ok(Parsed::Number(number)) => number.e164().ok_or(Fault::Impossible),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_complaints() {
        let kept = |text: &str| number(text.as_bytes()).map(|number| number.to_string());
        assert_eq!(kept("2125550123").unwrap(), "+12125550123");
        assert_eq!(kept(" 1-212-555-0123 ").unwrap(), "+12125550123");
        assert_eq!(
            kept("1234567890").unwrap(),
            "+11234567890",
            "possible, not valid: spoofers use it"
        );
        assert_eq!(kept(""), Err(Fault::NoNumber));
        assert_eq!(kept("5550123"), Err(Fault::LocalOnly));
        assert_eq!(kept("911"), Err(Fault::Service));
        assert_eq!(kept("123456789012345"), Err(Fault::Impossible));
        assert_eq!(kept("__________"), Err(Fault::NotANumber(NumberError::NotANumber)));
        assert_eq!(number(b"\xff\xfe"), Err(Fault::NotANumber(NumberError::NotANumber)));
    }
}
