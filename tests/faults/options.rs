//! The arguments of the harness.

use std::path::PathBuf;
use std::time::Duration;

/// Which rows are played, and how.
#[derive(Debug)]
pub struct Options {
    /// A row is played if its name has one of these texts in it, or if there are none.
    pub only: Vec<String>,
    /// Rounds of each row, in the place of its own numbers.
    pub rounds: Option<usize>,
    pub seed: u64,
    pub is_long: bool,
    pub is_list: bool,
    /// Whether only ignored tests are wanted.
    plays_none: bool,
    /// How long faults are played in a random order, in the place of the rows.
    pub soak: Option<Duration>,
    /// The document whose table is replaced.
    pub table: Option<PathBuf>,
}

impl Options {
    /// Reads arguments. Those of other test programs that mean nothing here are taken and ignored: `cargo test` gives the
    /// same to all. No row is ignored, so `--ignored` plays none.
    pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            only: Vec::new(),
            rounds: None,
            seed: getrandom::u64().map_err(|error| error.to_string())?,
            is_long: false,
            is_list: false,
            plays_none: false,
            soak: None,
            table: None,
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--only" => options.only.push(value()?),
                "--rounds" => options.rounds = Some(number(&argument, &value()?)?),
                "--seed" => options.seed = number(&argument, &value()?)?,
                "--soak" => options.soak = Some(duration(&value()?)?),
                "--table" => options.table = Some(value()?.into()),
                "--long" => options.is_long = true,
                "--ignored" => options.plays_none = true,
                "--list" => options.is_list = true,
                "--nocapture" | "--show-output" | "--quiet" | "-q" | "--exact" | "--include-ignored" => {}
                "--test-threads" | "--format" | "--color" | "--skip" => drop(value()?),
                other if other.starts_with("--test-threads=") || other.starts_with("--format=") => {}
                other if other.starts_with('-') => return Err(format!("unknown argument {other}")),
                _ => options.only.push(argument),
            }
        }
        Ok(options)
    }

    pub fn chooses(&self, name: &str) -> bool {
        !self.plays_none && (self.only.is_empty() || self.only.iter().any(|text| name.contains(text)))
    }
}

fn number<T: std::str::FromStr>(argument: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{argument} {text}: not a number"))
}

/// A time such as `90s`, `30m` or `2h`.
fn duration(text: &str) -> Result<Duration, String> {
    let (count, unit) = text.split_at(text.len().saturating_sub(1));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err(format!("{text}: no time, such as 90s, 30m or 2h")),
    };
    Ok(Duration::from_secs(number::<u64>("--soak", count)? * seconds))
}
