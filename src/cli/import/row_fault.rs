//! Reasons to reject a row of a file.

use thiserror::Error;

use crate::number::{self, E164, NumberError, Parsed, Region};

/// Why a row is rejected. The texts quote nothing of the row, because it may be personal data.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RowFault {
    /// The row has not as many columns as the header.
    #[error("wrong number of columns")]
    Columns,
    /// The field for the number is empty.
    #[error("no number")]
    NoNumber,
    /// The field does not hold a number.
    #[error("{0}")]
    NotANumber(NumberError),
    /// The number has no country code, and no region is given.
    #[error("the number has no country code: give --region XX, such as --region US")]
    NoRegion,
    /// The number has no area code.
    #[error("the number has no area code")]
    LocalOnly,
    /// No US number has this length, or the number has more than 15 digits or a country code of nobody.
    #[error("no number has this length or this country code")]
    Impossible,
    /// The number is a short code or an emergency number.
    #[error("the number is a short code or an emergency number")]
    Service,
    /// The field says that the number was withheld.
    #[error("the number was withheld")]
    Anonymous,
    /// The date is missing or does not exist.
    #[error("the date is missing, or there is no such day or time")]
    Date,
    /// The column of dates has no date in this row.
    #[error("the date is missing")]
    NoDate,
    /// The date is a typing error.
    #[error("the date is before the year 2000")]
    TooEarly,
    /// The date is a typing error, or the clock of this machine is wrong.
    #[error("the date lies more than 5 minutes ahead of the clock")]
    TooLate,
    /// The date has another form: 9 stands for a digit, `A` and `a` for letters.
    #[error("the date has the form {0:?}; expected YYYY-MM-DD or M/D/YYYY, alone or with a time")]
    DateForm(String),
    /// A quotation mark is not closed, or stands inside a quoted field.
    #[error("a quotation mark is not closed, or stands inside a quoted field without being doubled")]
    Quote,
    /// A field is not UTF-8: its letters are not known.
    #[error("{column}: not UTF-8; save the file as UTF-8, or name its encoding, such as --encoding windows-1252")]
    NotUtf8 {
        /// Name of the column in the header.
        column: String,
    },
    /// The field is a decimal number, as spreadsheets write telephone numbers.
    #[error("the number has a decimal point or an exponent, as a spreadsheet writes it")]
    Decimal,
    /// The name of the letter is missing.
    #[error("the name of the letter is missing")]
    Letter,
    /// A field of a list entry is not valid.
    #[error("{column}: {problem}")]
    Entry {
        /// Name of the column in the header.
        column: &'static str,
        /// What is wrong with the field.
        problem: String,
    },
    /// The server rejected the row, for this reason.
    #[error("server: {0}")]
    Server(String),
}

/// Parses the number in a field. A number without a country code is a US number.
///
/// # Errors
/// If the field has no number. A number in an unassigned range is accepted, because spoofers use such numbers. A length
/// that the plan does not know is a fault of the row, unless the field has a plus sign.
pub(super) fn number(field: &[u8]) -> Result<E164, RowFault> {
    number_in(field, Some(Region::US))
}

/// As [`number()`], where a number without a country code is one of this region.
///
/// # Errors
/// As [`number()`], and [`RowFault::NoRegion`] for a number without a country code if there is no region.
pub(super) fn number_in(field: &[u8], region: Option<Region>) -> Result<E164, RowFault> {
    let text = str::from_utf8(field).map_err(|_| RowFault::NotANumber(NumberError::NotANumber))?;
    let text = text.trim();
    if text.is_empty() {
        return Err(RowFault::NoNumber);
    }
    if is_decimal(text) {
        return Err(RowFault::Decimal);
    }
    match number::parse(text, region) {
        Err(NumberError::InvalidCountryCode) if region.is_none() && !text.starts_with('+') => Err(RowFault::NoRegion),
        Err(error) => Err(RowFault::NotANumber(error)),
        Ok(Parsed::Anonymous) => Err(RowFault::Anonymous),
        Ok(Parsed::Service(_)) => Err(RowFault::Service),
        Ok(Parsed::Number(number)) if number.is_local_only() => Err(RowFault::LocalOnly),
        Ok(Parsed::Number(number)) if !number.has_known_length() && !text.starts_with('+') => Err(RowFault::Impossible),
        Ok(Parsed::Number(number)) => number.e164().ok_or(RowFault::Impossible),
    }
}

/// Whether the text is a decimal number such as `2125550123.0` or `2.125550123E+09`. Points between groups of digits,
/// as in `212.555.0123`, are no such number.
fn is_decimal(text: &str) -> bool {
    const FRACTION_MAX: usize = 2;
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let Some((mantissa, exponent)) = unsigned.split_once(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let is_mantissa = mantissa
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
        return is_mantissa && !mantissa.is_empty() && !exponent.is_empty() && are_digits(exponent);
    }
    let is_fraction = |(whole, fraction): (&str, &str)| {
        !whole.is_empty() && are_digits(whole) && are_digits(fraction) && fraction.len() <= FRACTION_MAX
    };
    unsigned.split_once(['.', ',']).is_some_and(is_fraction)
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
        assert_eq!(kept(""), Err(RowFault::NoNumber));
        for decimal in [
            "2125550123.0",
            "631627197.0",
            "2125550123.00",
            "2125550123,0",
            "2125550123.",
            "+12125550123.0",
            "2.125550123E+09",
            "2.125550123e9",
            "2125550123E0",
        ] {
            assert_eq!(kept(decimal), Err(RowFault::Decimal), "{decimal}");
        }
        assert_eq!(kept("212.555.0123").unwrap(), "+12125550123");
        assert_eq!(kept("5550123"), Err(RowFault::LocalOnly));
        assert_eq!(kept("911"), Err(RowFault::Service));
        for broken in [
            "123456789012345",
            "212555012",
            "212555012345",
            "+1234567890123456",
            "+999123456789",
        ] {
            assert_eq!(kept(broken), Err(RowFault::Impossible), "{broken}");
        }
        assert_eq!(kept("+220833212345").unwrap(), "+220833212345");
        assert_eq!(
            kept("+22083321234").unwrap(),
            "+22083321234",
            "the plan may be older than the number"
        );
        assert_eq!(kept("__________"), Err(RowFault::NotANumber(NumberError::NotANumber)));
        assert_eq!(number(b"\xff\xfe"), Err(RowFault::NotANumber(NumberError::NotANumber)));
    }
}
