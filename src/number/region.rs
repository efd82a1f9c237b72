//! Regions: countries and territories with numbers of their own.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Characters of the longest region, `001`.
const LEN_MAX: usize = 3;

/// All regions of two letters, in order. The build script took them from the `phonenumber` crate.
const REGIONS: &[[u8; 2]] = include!(concat!(env!("OUT_DIR"), "/regions.rs"));

/// A region as libphonenumber knows it: an ISO 3166-1 alpha-2 code, or `001`, the world, for
/// country codes that belong to no country (+800, +883, ...).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region {
    /// Upper case ASCII, padded with zero bytes.
    text: [u8; LEN_MAX],
}

/// Names that are often written for a region, each with the region to write: `UK,GB`.
const USUAL_NAMES: &str = include_str!("data/region_names.csv");

/// Countries and territories of ISO 3166-1 that share the numbering plan of another one.
const WITHOUT_PLAN: [&str; 7] = ["AQ", "BV", "GS", "HM", "PN", "TF", "UM"];

/// The text is not a region with a numbering plan. The error never repeats a text of more than two letters, unless it is
/// in the list of usual names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UnknownRegion {
    /// A usual mistake.
    #[error("{name}: write {region}; {EXPECTED}")]
    UsualName {
        /// The name, in upper case.
        name: &'static str,
        /// What to write instead; `GB or US` if there are several.
        region: &'static str,
    },
    /// A country or territory of ISO 3166-1 without a numbering plan of its own.
    #[error("{0} has no telephone numbers of its own: write the region whose numbers are used there")]
    WithoutNumbers(&'static str),
    /// Two other letters.
    #[error("{}{} is not a region: {EXPECTED}", .0[0], .0[1])]
    Letters([char; 2]),
    /// Another text.
    #[error("not a region: {EXPECTED}")]
    Other,
}

/// What a region is.
const EXPECTED: &str = "a region is two letters of ISO 3166-1, such as GB or US, or 001 for the world";

impl UnknownRegion {
    /// The error for a text that is no region, with advice if the text is a usual mistake.
    fn of(text: &str) -> Self {
        let is_text = |name: &str| name.eq_ignore_ascii_case(text);
        if let Some((name, region)) = usual_names().find(|(name, _)| is_text(name)) {
            return Self::UsualName { name, region };
        }
        if let Some(code) = WITHOUT_PLAN.into_iter().find(|code| is_text(code)) {
            return Self::WithoutNumbers(code);
        }
        let mut letters = text.chars().map(|letter| letter.to_ascii_uppercase());
        match (letters.next(), letters.next(), letters.next()) {
            (Some(first @ 'A'..='Z'), Some(second @ 'A'..='Z'), None) => Self::Letters([first, second]),
            _ => Self::Other,
        }
    }
}

fn usual_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = USUAL_NAMES.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(','))
}

impl Region {
    /// The United States.
    pub const US: Self = Self { text: *b"US\0" };

    /// The world.
    pub const WORLD: Self = Self { text: *b"001" };

    /// The code: `US`, `001`.
    pub fn as_str(&self) -> &str {
        let text = self.text.split(|&byte| byte == 0).next().unwrap_or_default();
        // ASCII by construction.
        str::from_utf8(text).unwrap_or_default()
    }
}

/// Reads a region in upper or lower case.
impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut upper = [0; LEN_MAX];
        for (to, from) in upper.iter_mut().zip(text.bytes()) {
            *to = from.to_ascii_uppercase();
        }
        let region = Self { text: upper };
        if !region.as_str().eq_ignore_ascii_case(text) {
            return Err(UnknownRegion::of(text));
        }
        let [first, second, third] = upper;
        let is_known = third == 0 && REGIONS.binary_search(&[first, second]).is_ok();
        (is_known || region == Self::WORLD)
            .then_some(region)
            .ok_or_else(|| UnknownRegion::of(text))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_either_case_and_refuses_the_unknown() {
        assert_eq!("us".parse(), Ok(Region::US));
        assert_eq!("001".parse(), Ok(Region::WORLD));
        assert_eq!("gB".parse::<Region>().unwrap().as_str(), "GB");
        for text in ["", "U", "XX", "U\0", "US\0", "0011", "ÜS", "１", "44", "+44", "en-US"] {
            let error = text.parse::<Region>().unwrap_err();
            assert!(
                matches!(error, UnknownRegion::Letters(_) | UnknownRegion::Other),
                "{text:?}"
            );
        }
        let error = "xx".parse::<Region>().unwrap_err().to_string();
        assert!(
            error.starts_with("XX is not a region: a region is two letters"),
            "{error}"
        );
        for code in WITHOUT_PLAN {
            let error = code.to_lowercase().parse::<Region>().unwrap_err();
            assert_eq!(error, UnknownRegion::WithoutNumbers(code));
        }
    }

    #[test]
    fn usual_mistakes_are_named() {
        for (text, advice) in [
            ("UK", "UK: write GB;"),
            ("uk", "UK: write GB;"),
            ("EL", "EL: write GR;"),
            ("usa", "USA: write US;"),
        ] {
            let error = text.parse::<Region>().unwrap_err().to_string();
            assert!(error.starts_with(advice), "{error}");
        }
        let error = "secret".parse::<Region>().unwrap_err().to_string();
        assert!(
            error.starts_with("not a region:") && !error.contains("secret"),
            "{error}"
        );
    }

    #[test]
    fn every_line_of_the_list_is_a_mistake_with_a_remedy() {
        assert!(usual_names().count() > 250);
        for (name, remedy) in usual_names() {
            assert!(name.parse::<Region>().is_err(), "{name} is a region");
            assert!(
                remedy.split(" or ").all(|region| region.parse::<Region>().is_ok()),
                "{name},{remedy}"
            );
        }
    }

    #[test]
    fn every_region_of_the_plan_is_known() {
        for metadata in phonenumber::metadata::DATABASE.iter() {
            assert_eq!(metadata.id().parse::<Region>().unwrap().as_str(), metadata.id());
        }
    }
}
