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

/// The text is not a region with a numbering plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a region: two letters of ISO 3166-1, or 001, are expected")]
pub struct UnknownRegion;

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
            return Err(UnknownRegion);
        }
        let [first, second, third] = upper;
        let is_known = third == 0 && REGIONS.binary_search(&[first, second]).is_ok();
        (is_known || region == Self::WORLD)
            .then_some(region)
            .ok_or(UnknownRegion)
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
        for text in ["", "U", "USA", "XX", "U\0", "US\0", "0011", "ÜS", "１"] {
            assert_eq!(text.parse::<Region>(), Err(UnknownRegion), "{text:?}");
        }
    }

    #[test]
    fn every_region_of_the_plan_is_known() {
        for metadata in phonenumber::metadata::DATABASE.iter() {
            assert_eq!(metadata.id().parse::<Region>().unwrap().as_str(), metadata.id());
        }
    }
}
