//! The faults of a configuration. All of them are reported at once, so that an operator can correct them in one step.

use std::fmt;
use std::path::PathBuf;

use super::LogFormat;

/// The place where a value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingOrigin {
    /// A flag, without the dashes in front.
    Flag(&'static str),
    /// An environment variable.
    Variable(String),
    /// A key in the file.
    Key {
        /// Path of the file.
        file: PathBuf,
        /// Section and name, such as `store.url`.
        key: String,
    },
    /// The file as a whole.
    File(PathBuf),
    /// The default of this key. A test checks that all defaults are valid.
    Default(&'static str),
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "--{flag}"),
            Self::Variable(variable) => f.write_str(variable),
            Self::Key { file, key } => write!(f, "{}: {key}", file.display()),
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Default(key) => write!(f, "{key} (default)"),
        }
    }
}

/// Why a value is not valid, and which values are. Neither text quotes a value that may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueProblem {
    /// What is wrong with the value.
    pub wrong: String,
    /// Which values are accepted.
    pub accepted: String,
}

impl ValueProblem {
    /// A problem whose text quotes the value. Only for values that hold no secret.
    pub(super) fn with(value: &str, wrong: &str, accepted: &str) -> Self {
        Self {
            wrong: format!("{value:?} {wrong}"),
            accepted: accepted.to_owned(),
        }
    }
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// Where the value was set.
    pub origin: SettingOrigin,
    /// What is wrong with the value.
    pub problem: ValueProblem,
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ValueProblem { wrong, accepted } = &self.problem;
        write!(f, "{}: {wrong}; accepted: {accepted}", self.origin)
    }
}

/// All faults of a configuration; at least one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigFaults {
    faults: Vec<ConfigFault>,
    log_format: LogFormat,
}

impl ConfigFaults {
    pub(super) fn new(faults: Vec<ConfigFault>, log_format: LogFormat) -> Self {
        debug_assert!(!faults.is_empty());
        Self { faults, log_format }
    }

    /// The format of the log that the configuration asks for, in which its faults should be told; text if it is not
    /// valid itself.
    #[must_use]
    pub const fn log_format(&self) -> LogFormat {
        self.log_format
    }

    /// The faults, in the order of the settings.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &ConfigFault> {
        self.faults.iter()
    }
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not valid:")?;
        for fault in &self.faults {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}
