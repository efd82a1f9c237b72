//! What is wrong with a configuration, said so that it can be put right in one go.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag, without its dashes.
    Flag(&'static str),
    /// An environment variable.
    Variable(String),
    /// A key of the file.
    Key {
        /// The file.
        file: PathBuf,
        /// Section and name.
        key: String,
    },
    /// The file as a whole.
    File(PathBuf),
    /// Nobody said anything. A test sees to it that defaults are accepted.
    Default(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "--{flag}"),
            Self::Variable(variable) => f.write_str(variable),
            Self::Key { file, key } => write!(f, "{}: {key}", file.display()),
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Default(key) => write!(f, "{key} (by default)"),
        }
    }
}

/// Why a value is not accepted, and what would be. Neither part ever quotes a value that may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub wrong: String,
    /// What is accepted.
    pub accepted: String,
}

impl Problem {
    /// A problem with a value that is not secret.
    pub(super) fn with(value: &str, wrong: &str, accepted: &str) -> Self {
        Self {
            wrong: format!("{value:?} {wrong}"),
            accepted: accepted.to_owned(),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it was said.
    pub origin: Origin,
    /// What is wrong with it.
    pub problem: Problem,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { wrong, accepted } = &self.problem;
        write!(f, "{}: {wrong}; accepted: {accepted}", self.origin)
    }
}

/// Everything that is wrong, at least one thing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigFaults(Vec<Fault>);

impl ConfigFaults {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        debug_assert!(!faults.is_empty());
        Self(faults)
    }

    /// The faults, in the order of the settings.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Fault> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not accepted:")?;
        for fault in &self.0 {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}
