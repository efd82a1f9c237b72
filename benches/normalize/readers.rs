//! The same work done by three libraries: read a text, say whether the number is valid, where it belongs and what kind
//! it is, and give its E.164 form.

use std::hint::black_box;

use phonenumber::metadata::DATABASE;
use ringwarden::number::{self, Parsed, Validity};
use rlibphonenumber::{PhoneNumber, PhoneNumberFormat};

use super::inputs::Input;

/// A library that reads numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// This package. Its E.164 form is a key, not a text.
    Ours,
    /// The crate `phonenumber`, by itself.
    Bare,
    /// The crate `rlibphonenumber`.
    Rlib,
}

impl Reader {
    pub const ALL: [Self; 3] = [Self::Ours, Self::Bare, Self::Rlib];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ringwarden",
            Self::Bare => "phonenumber",
            Self::Rlib => "rlibphonenumber",
        }
    }

    /// Reads all inputs, once each.
    pub fn pass(self, inputs: &[Input]) {
        match self {
            Self::Ours => inputs.iter().for_each(ours),
            Self::Bare => inputs.iter().for_each(bare),
            Self::Rlib => inputs.iter().for_each(rlib),
        }
    }

    /// The E.164 form that it finds; none if it finds no number.
    pub fn e164(self, input: &Input) -> Option<String> {
        match self {
            Self::Ours => match number::parse(&input.text, input.region).ok()? {
                Parsed::Number(number) => Some(number.e164_text()),
                Parsed::Service(_) | Parsed::Anonymous => None,
            },
            Self::Bare => {
                let number = phonenumber::parse(input.bare_region, &input.text).ok()?;
                Some(number.format().mode(phonenumber::Mode::E164).to_string())
            }
            Self::Rlib => {
                let number = PhoneNumber::parse(&input.text, input.rlib_region).ok()?;
                Some(number.format_as(PhoneNumberFormat::E164).into_owned())
            }
        }
    }
}

fn ours(input: &Input) {
    if let Ok(Parsed::Number(number)) = number::parse(black_box(&input.text), input.region) {
        let valid = number.validity() == Validity::Valid;
        black_box((valid, number.region(), number.line_type(), number.e164()));
    }
}

fn bare(input: &Input) {
    if let Ok(number) = phonenumber::parse(input.bare_region, black_box(&input.text)) {
        let e164 = number.format().mode(phonenumber::Mode::E164).to_string();
        black_box((
            number.is_valid(),
            number.country().id(),
            number.number_type(&DATABASE),
            e164,
        ));
    }
}

fn rlib(input: &Input) {
    if let Ok(number) = PhoneNumber::parse(black_box(&input.text), input.rlib_region) {
        let e164 = number.format_as(PhoneNumberFormat::E164);
        black_box((number.is_valid(), number.get_region_code(), number.get_type(), e164));
    }
}
