//! One territory of the plan: how numbers are written and dialled within it.

use std::borrow::Cow;

use super::super::region::Region;
use super::format::Template;
use super::lengths::Lengths;
use super::metadata::TerritoryMetadata;
use super::newer::NewerRange;
use super::pattern::{PatternSyntaxError, Program};

/// A country or a part of one with its own dialling rules.
#[derive(Debug)]
pub(super) struct Territory {
    region: Region,
    country_code: u16,
    lengths: Lengths,
    /// The general form of all its numbers. Coarser than the kinds of number.
    general: Program,
    /// The ranges that are newer than the metadata.
    newer: Vec<NewerRange>,
    /// The prefix dialled before a country code.
    international_prefix: Option<Program>,
    national_prefix: Option<NationalPrefix>,
    /// The same as it is written, without carrier codes.
    written_national_prefix: Option<&'static str>,
}

/// The prefix dialled before a number within the country, with carrier codes.
#[derive(Debug)]
struct NationalPrefix {
    pattern: Program,
    /// The replacement if the last group matched, where the prefix stands for digits of the number.
    rewrite: Option<Template>,
}

impl Territory {
    /// The territory with its newer ranges.
    pub(super) fn new(metadata: &TerritoryMetadata, newer: Vec<NewerRange>) -> Result<Self, PatternSyntaxError> {
        let prefix = metadata.national_prefix_for_parsing.or(metadata.national_prefix);
        Ok(Self {
            region: metadata.id.parse().unwrap_or(Region::WORLD),
            country_code: metadata.country_code,
            lengths: newer
                .iter()
                .fold(Lengths::of(metadata), |lengths, range| lengths.and(range.lengths)),
            general: Program::new(metadata.general)?,
            newer,
            international_prefix: metadata.international_prefix.map(Program::new).transpose()?,
            national_prefix: match prefix {
                None => None,
                Some(pattern) => Some(NationalPrefix {
                    pattern: Program::new(pattern)?,
                    rewrite: metadata.national_prefix_transform_rule.map(Template::new),
                }),
            },
            written_national_prefix: metadata.national_prefix,
        })
    }

    pub(super) fn region(&self) -> Region {
        self.region
    }

    pub(super) fn country_code(&self) -> u16 {
        self.country_code
    }

    /// The digits dialled before a number within the country.
    pub(super) fn written_national_prefix(&self) -> Option<&'static str> {
        self.written_national_prefix
    }

    pub(super) fn lengths(&self) -> Lengths {
        self.lengths
    }

    /// Whether a number has the general form of the territory.
    pub(super) fn is_general(&self, national: &[u8]) -> bool {
        self.general.match_all(national).is_some() || self.newer.iter().any(|range| range.has(national))
    }

    /// The digits after the international prefix. `None` if the digits do not begin with one, or if a 0 follows: no
    /// country code begins with 0.
    pub(super) fn strip_international_prefix<'t>(&self, digits: &'t [u8]) -> Option<&'t [u8]> {
        let rest = self.behind_international_prefix(digits)?;
        (rest.first() != Some(&b'0')).then_some(rest)
    }

    /// The digits after the international prefix, with any digits behind it.
    pub(super) fn behind_international_prefix<'t>(&self, digits: &'t [u8]) -> Option<&'t [u8]> {
        let end = self.international_prefix.as_ref()?.match_start(digits)?.end;
        digits.get(end..)
    }

    /// The number without its national prefix: the same digits if there is no such prefix, or if they are a number only
    /// with it.
    pub(super) fn strip_national_prefix<'t>(&self, digits: &'t [u8]) -> Cow<'t, [u8]> {
        self.without_national_prefix(digits)
            .filter(|rest| !self.is_general(digits) || self.is_general(rest))
            .unwrap_or(Cow::Borrowed(digits))
    }

    fn without_national_prefix<'t>(&self, digits: &'t [u8]) -> Option<Cow<'t, [u8]>> {
        let prefix = self.national_prefix.as_ref()?;
        let found = prefix.pattern.match_start(digits)?;
        let rest = digits.get(found.end..)?;
        let groups = prefix.pattern.groups();
        match &prefix.rewrite {
            Some(rewrite) if groups == 0 || found.group(groups, digits).is_some() => {
                let mut rewritten = rewrite.fill(&found, digits).into_bytes();
                rewritten.extend_from_slice(rest);
                Some(Cow::Owned(rewritten))
            }
            _ => Some(Cow::Borrowed(rest)),
        }
    }
}
