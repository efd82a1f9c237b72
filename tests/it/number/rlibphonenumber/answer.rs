//! The answer of a port of libphonenumber to a text, and the difference between two answers.

use ringwarden::number::{self, LineType, NumberError, Region, Validity};

use crate::number::newer;

/// The answer of a port for a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Failure(Failure),
    Number {
        e164: String,
        valid: bool,
        possible: bool,
        region: Option<String>,
        line_type: LineType,
        extension: Option<String>,
        national: String,
        international: String,
    },
}

/// Why libphonenumber finds no number in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    InvalidCountryCode,
    NotANumber,
    TooShortAfterIdd,
    TooShort,
    TooLong,
}

impl Answer {
    /// The region that has the number.
    pub(crate) fn region(&self) -> Option<&str> {
        match self {
            Self::Number { region, .. } => region.as_deref(),
            Self::Failure(_) => None,
        }
    }

    /// The answer with the built-in ranges that are newer than the metadata of the port.
    pub(crate) fn with_newer_ranges(mut self) -> Self {
        if let Self::Number {
            e164,
            valid,
            possible,
            region,
            line_type,
            ..
        } = &mut self
        {
            *possible |= newer::has_length(e164);
            if let Some(range) = newer::range_of(e164) {
                *valid = true;
                *region = Some(range.region.clone());
                *line_type = range.line_type;
            }
        }
        self
    }

    pub(crate) fn ours(text: &str, region: Option<&str>) -> Self {
        let region: Option<Region> = region.map(|region| region.parse().expect("a region"));
        match number::normalize(text, region) {
            Err(error) => Self::Failure(failure(error)),
            Ok(number) => Self::Number {
                e164: number.e164_text(),
                valid: number.validity() == Validity::Valid,
                possible: number.has_known_length(),
                region: number.region().map(|region| region.to_string()),
                line_type: number.line_type(),
                extension: number.extension().map(str::to_owned),
                national: number.national_format(),
                international: number.international_format(),
            },
        }
    }
}

fn failure(error: NumberError) -> Failure {
    match error {
        NumberError::InvalidCountryCode => Failure::InvalidCountryCode,
        NumberError::Empty | NumberError::NotANumber => Failure::NotANumber,
        NumberError::TooShortAfterIdd => Failure::TooShortAfterIdd,
        NumberError::TooShort => Failure::TooShort,
        NumberError::TooLong | NumberError::TooLongNumber => Failure::TooLong,
        NumberError::Masked | NumberError::DecimalNumber => panic!("no error of libphonenumber"),
    }
}
