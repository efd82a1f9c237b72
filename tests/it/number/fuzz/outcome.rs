//! The outcome of an input: the shapes of both answers, without their digits and regions.

use ringwarden::number::{NumberError, Parsed, ParsedNumber, ServiceKind};

/// The names of all errors.
pub(crate) const ERRORS: [&str; 9] = [
    NumberError::Empty.kind(),
    NumberError::TooLong.kind(),
    NumberError::NotANumber.kind(),
    NumberError::InvalidCountryCode.kind(),
    NumberError::TooShortAfterIdd.kind(),
    NumberError::TooShort.kind(),
    NumberError::TooLongNumber.kind(),
    NumberError::Masked.kind(),
    NumberError::DecimalNumber.kind(),
];

/// The names of the errors that libphonenumber does not have.
pub(crate) const ERRORS_OF_PARSE: [&str; 2] = [NumberError::Masked.kind(), NumberError::DecimalNumber.kind()];

/// The answers of both ways to read a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Outcome {
    parsed: String,
    normalized: String,
}

impl Outcome {
    /// The answer of each reader, with its name.
    pub(crate) fn shapes(&self) -> [String; 2] {
        [
            format!("parse: {}", self.parsed),
            format!("normalize: {}", self.normalized),
        ]
    }

    pub(crate) fn new(parsed: &Result<Parsed, NumberError>, normalized: &Result<ParsedNumber, NumberError>) -> Self {
        Self {
            parsed: match parsed {
                Err(error) => error.kind().to_owned(),
                Ok(Parsed::Anonymous) => "anonymous".to_owned(),
                Ok(Parsed::Service(service)) => match service.kind() {
                    ServiceKind::Emergency => "emergency".to_owned(),
                    ServiceKind::ShortCode => "short code".to_owned(),
                },
                Ok(Parsed::Number(number)) => shape(number),
            },
            normalized: match normalized {
                Err(error) => error.kind().to_owned(),
                Ok(number) => shape(number),
            },
        }
    }
}

fn shape(number: &ParsedNumber) -> String {
    format!(
        "{:?} {:?} region {} local {} extension {} {:?}",
        number.validity(),
        number.line_type(),
        number.region().is_some(),
        number.is_local_only(),
        number.extension().is_some(),
        number.verstat(),
    )
}
