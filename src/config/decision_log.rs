//! Settings of the decision log.

use std::path::PathBuf;

use super::layers::Layers;
use super::{ValueProblem, parse, settings};

/// Settings of the decision log.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionLogSettings {
    /// Where decisions are logged. Default: none; they are not logged.
    pub target: Option<LogTarget>,
    /// Share of the allowed calls that are logged, 0 to 1. Default: 1.
    pub sample: f64,
    /// How numbers are written. Default: masked.
    pub numbers: NumberForm,
    /// File with the key of hashed numbers. Default: none; the key is derived from the store.
    pub key: Option<PathBuf>,
}

/// A place for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// Standard output.
    StandardOutput,
    /// A file, which is appended to.
    File(PathBuf),
}

/// How a log writes numbers. No form shows a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberForm {
    /// Without the last four digits.
    Masked,
    /// As a hash with a key, so that the calls of one number can be found without knowing the number.
    Hashed,
    /// Not at all.
    None,
}

impl DecisionLogSettings {
    pub(super) fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let target = layers.read_if_set(&settings::DECISION_LOG, LogTarget::parse);
        let sample = layers.read(&settings::DECISION_LOG_SAMPLE, parse::whole_share);
        let numbers = layers.read(&settings::DECISION_LOG_NUMBERS, NumberForm::parse);
        let key = layers.read_if_set(&settings::DECISION_LOG_KEY, parse::path);
        Some(Self {
            target: target?,
            sample: sample?,
            numbers: numbers?,
            key: key?,
        })
    }
}

impl LogTarget {
    fn parse(text: &str) -> Result<Self, ValueProblem> {
        match text {
            "-" => Ok(Self::StandardOutput),
            _ => parse::path(text).map(Self::File),
        }
    }
}

impl NumberForm {
    fn parse(text: &str) -> Result<Self, ValueProblem> {
        match text {
            "masked" => Ok(Self::Masked),
            "hashed" => Ok(Self::Hashed),
            "none" => Ok(Self::None),
            _ => Err(ValueProblem::with(
                text,
                "is not a form of numbers in the decision log",
                "masked, hashed, none",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dash_is_standard_output() {
        assert_eq!(LogTarget::parse("-"), Ok(LogTarget::StandardOutput));
        assert_eq!(LogTarget::parse("./-"), Ok(LogTarget::File("./-".into())));
        assert!(LogTarget::parse("").is_err());
    }

    #[test]
    fn numbers_have_three_forms() {
        for (text, form) in [
            ("masked", NumberForm::Masked),
            ("hashed", NumberForm::Hashed),
            ("none", NumberForm::None),
        ] {
            assert_eq!(NumberForm::parse(text), Ok(form));
        }
        assert!(NumberForm::parse("whole").is_err());
    }
}
