//! The name of a source, and the addresses of its files.

use std::str::FromStr;

use crate::domain::day::Day;

/// What stands for the day in an address.
const DATE: &str = "{date}";

/// Longest name of a source: it is also a label of metrics.
const NAME_BYTES_MAX: usize = 32;

/// A source of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Its name.
    pub(super) name: String,
    /// The address, in which `{date}` stands for a day.
    pub(super) template: String,
}

impl Source {
    /// Whether there is a file for each day.
    pub(super) fn is_daily(&self) -> bool {
        self.template.contains(DATE)
    }

    /// The address of the file of a day.
    pub(super) fn url(&self, day: Day) -> String {
        self.template.replace(DATE, &day.to_string())
    }
}

/// Reads `NAME=URL`.
impl FromStr for Source {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, template) = text.split_once('=').ok_or("expected NAME=URL")?;
        let is_name = !name.is_empty()
            && name.len() <= NAME_BYTES_MAX
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if !is_name {
            return Err("the name must be 1 to 32 letters, digits, - and _");
        }
        let is_url = ["http://", "https://"]
            .iter()
            .any(|scheme| template.starts_with(scheme));
        if !is_url {
            return Err("the address must begin with https:// or http://");
        }
        let rest = template.replace(DATE, "");
        if rest.contains(['{', '}', ' ']) {
            return Err("the address may have {date} and no other braces or spaces");
        }
        if template.contains('@') {
            return Err("the address must not have a password: it is shown in messages");
        }
        Ok(Self {
            name: name.to_owned(),
            template: template.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_have_a_name_and_an_address() {
        let source: Source = "ftc=https://example.org/a_{date}.csv".parse().unwrap();
        assert!(source.is_daily());
        assert_eq!(
            source.url("2026-01-31".parse().unwrap()),
            "https://example.org/a_2026-01-31.csv"
        );
        for text in [
            "https://example.org/a=b",
            "ftc",
            "=https://example.org",
            "ftc=ftp://example.org",
            "ftc=https://example.org/{day}",
            "ftc=https://user:secret@example.org/{date}",
        ] {
            assert!(text.parse::<Source>().is_err(), "{text}");
        }
    }
}
