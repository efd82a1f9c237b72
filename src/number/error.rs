//! Why a text is not a telephone number.

use thiserror::Error;

/// Why a text is not a telephone number. The texts never repeat the input, which may be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NumberError {
    /// Nothing but white space.
    #[error("there is no number: the text is empty")]
    Empty,
    /// More than 250 characters.
    #[error("the text is longer than 250 characters")]
    TooLong,
    /// The text does not hold three digits in the form of a number.
    #[error("the text is not a telephone number")]
    NotANumber,
    /// No country code in use, or no country code and no default region.
    #[error("the country code is missing or not in use")]
    InvalidCountryCode,
    /// No possible number follows the international prefix.
    #[error("too few digits follow the international prefix")]
    TooShortAfterIdd,
    /// Fewer digits than any national number has, or only a dialling prefix.
    #[error("the number is too short")]
    TooShort,
    /// More digits than any national number has.
    #[error("the number has too many digits")]
    TooLongNumber,
    /// Signs or letters stand in place of some digits, as in `+1415555****`.
    #[error("some digits of the number are masked: it names nobody")]
    Masked,
    /// The text is a decimal number, as in `4155550199.0` and `4.15555E9`.
    #[error("the text is a decimal number, as spreadsheets write it: digits may be lost")]
    DecimalNumber,
}

impl NumberError {
    /// A stable name for programs.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::NotANumber => "not_a_number",
            Self::InvalidCountryCode => "invalid_country_code",
            Self::TooShortAfterIdd => "too_short_after_idd",
            Self::TooShort => "too_short",
            Self::TooLongNumber => "too_long_number",
            Self::Masked => "masked",
            Self::DecimalNumber => "decimal_number",
        }
    }
}
