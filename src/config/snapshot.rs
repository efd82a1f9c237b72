//! The settings of snapshots: where they are kept, how often they are written, and how old one may be.

use std::path::PathBuf;
use std::time::Duration;

use super::fault::ValueProblem;
use super::layers::Layers;
use super::{parse, settings};

const AGES: &str =
    "a number and a unit of m, h or d, such as 12h or 7d, at least 1m and at most 365d, or 0 for any age";
const AGE_MAX: Duration = Duration::from_secs(365 * 86_400);

/// Where a server keeps the snapshot of its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotSettings {
    /// The directory. Default: none; no snapshots.
    pub directory: PathBuf,
    /// Time from one snapshot to the next. Default: 5 minutes.
    pub interval: Duration,
    /// The oldest data of a snapshot that is served at a start without the store; `None` for any age. Default: 7 days.
    pub max_age: Option<Duration>,
}

impl SnapshotSettings {
    /// `Some(None)` if no directory is set.
    pub(super) fn read(layers: &mut Layers<'_>) -> Option<Option<Self>> {
        let directory = layers.read_if_set(&settings::SNAPSHOT, directory);
        let interval = layers.read(&settings::SNAPSHOT_INTERVAL, parse::time);
        let max_age = layers.read(&settings::SNAPSHOT_MAX_AGE, age);
        let (directory, interval, max_age) = (directory?, interval?, max_age?);
        Some(directory.map(|directory| Self {
            directory,
            interval,
            max_age,
        }))
    }
}

fn directory(text: &str) -> Result<PathBuf, ValueProblem> {
    if text.is_empty() {
        return Err(ValueProblem::with(text, "is empty", "the path of a directory"));
    }
    Ok(PathBuf::from(text))
}

/// An age in minutes, hours or days; `None` for 0, which means any age.
fn age(text: &str) -> Result<Option<Duration>, ValueProblem> {
    if text == "0" {
        return Ok(None);
    }
    let parsed = text
        .split_at_checked(text.len().saturating_sub(1))
        .and_then(|(number, unit)| {
            let number: u64 = number.parse().ok()?;
            let seconds = match unit {
                "m" => 60,
                "h" => 3_600,
                "d" => 86_400,
                _ => return None,
            };
            number.checked_mul(seconds).map(Duration::from_secs)
        });
    let accepted = |age: &Duration| !age.is_zero() && *age <= AGE_MAX;
    parsed
        .filter(accepted)
        .map(Some)
        .ok_or_else(|| ValueProblem::with(text, "is not a valid age", AGES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_a_unit_and_a_range() {
        assert_eq!(age("7d").unwrap(), Some(Duration::from_secs(604_800)));
        assert_eq!(age("90m").unwrap(), Some(Duration::from_secs(5_400)));
        assert_eq!(age("0").unwrap(), None);
        for wrong in [
            "",
            "7",
            "d",
            "0d",
            "-1d",
            "366d",
            "5s",
            "7 d",
            "7ä",
            "99999999999999999999d",
        ] {
            assert!(age(wrong).unwrap_err().accepted.contains("365d"), "{wrong}");
        }
    }
}
