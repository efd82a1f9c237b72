//! Arguments and functions that several commands share.

use std::ffi::OsString;
use std::path::Path;
use std::str::FromStr as _;

use clap::Args;

use crate::domain::day::{Day, NotADay};
use crate::number::{Region, UnknownRegion};

/// Time budget of a lookup by a person, in milliseconds: the maximum that the server accepts. No call waits for this
/// answer.
pub(super) const PATIENCE_MS: u32 = 10_000;

/// The environment variables of this process, as the settings of a server read them. A value that is not Unicode becomes
/// one that is not valid, and is not ignored.
pub(super) fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
}

/// Parses a day.
pub(super) fn day(text: &str) -> Result<Day, NotADay> {
    text.parse()
}

/// The region of numbers without a country code.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct InRegion {
    /// Region of numbers without a country code, such as US [default: none]
    #[arg(long, value_name = "XX", value_parser = region)]
    pub region: Option<Region>,
}

impl InRegion {
    /// The region as text for a request; empty if it is not given.
    pub(super) fn for_wire(&self) -> String {
        self.region.map(|region| region.to_string()).unwrap_or_default()
    }
}

/// Newer ranges of numbers.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct NumberingPlan {
    /// File with ranges of numbers that are newer than this release (CSV) [default: none]
    #[arg(long, value_name = "FILE", env = "RINGWARDEN_NUMBERING_PLAN", global = true)]
    numbering_plan: Option<OsString>,
}

impl NumberingPlan {
    /// The file; none if the variable is set to nothing.
    pub(super) fn file(&self) -> Option<&Path> {
        let path = self.numbering_plan.as_ref().filter(|path| !path.is_empty())?;
        Some(Path::new(path))
    }
}

/// Who makes a change, and its request id.
#[derive(Args, Clone, Debug)]
pub(super) struct Change {
    /// Name of the person who makes the change [default: your login name]
    #[arg(long, value_name = "NAME", env = "RINGWARDEN_ACTOR")]
    actor: Option<String>,
    /// Id of this request; it is safe to repeat a request with the same id [default: random]
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
}

impl Change {
    /// The name of the person who makes the change.
    pub(super) fn actor(&self) -> String {
        actor(self.actor.clone())
    }
}

/// Who makes a change: the given name, or else the login name, or else the name of the program.
pub(super) fn actor(given: Option<String>) -> String {
    given
        .or_else(|| {
            ["USER", "LOGNAME", "USERNAME"]
                .iter()
                .find_map(|name| std::env::var(name).ok())
        })
        .filter(|name| !name.trim().is_empty())
        .unwrap_or_else(|| "ringwarden command line".to_owned())
}

/// Parses a region.
pub(super) fn region(text: &str) -> Result<Region, UnknownRegion> {
    Region::from_str(text)
}

/// Parses a fraction from 0 to 1.
pub(super) fn fraction(text: &str) -> Result<f64, &'static str> {
    in_range(text, 1.0).ok_or("expected a number from 0 to 1")
}

/// Parses a score from 0 to 100.
pub(super) fn score(text: &str) -> Result<f64, &'static str> {
    in_range(text, 100.0).ok_or("expected a number from 0 to 100")
}

fn in_range(text: &str, max: f64) -> Option<f64> {
    text.parse().ok().filter(|value| (0.0..=max).contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_bounded() {
        assert_eq!(fraction("0.9"), Ok(0.9));
        for text in ["-0.1", "1.1", "NaN", "x", ""] {
            assert!(fraction(text).is_err(), "{text}");
        }
    }
}
