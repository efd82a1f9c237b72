//! The facts of the plan, which the build script (`build/plan.rs`) took from the `phonenumber` crate.

use super::super::kinds::LineType;

/// The territories behind each country code in use, by code. The rules of the first one hold for the code as a whole.
pub(super) static COUNTRIES: &[(u16, &[TerritoryMetadata])] = include!(concat!(env!("OUT_DIR"), "/plan.rs"));

/// The facts about a territory. Patterns are regular expressions over digits.
#[derive(Debug)]
pub(super) struct TerritoryMetadata {
    /// The region.
    pub(super) id: &'static str,
    pub(super) country_code: u16,
    /// The general form of all its numbers.
    pub(super) general: &'static str,
    /// In the order in which libphonenumber tries them.
    pub(super) kinds: &'static [LineTypeMetadata],
    /// The leading digits of its numbers, where other territories share the code.
    pub(super) leading_digits: Option<&'static str>,
    /// The prefix dialled before a country code.
    pub(super) international_prefix: Option<&'static str>,
    /// The prefix dialled before a number within the country: digits.
    pub(super) national_prefix: Option<&'static str>,
    /// The same as a pattern, with carrier codes.
    pub(super) national_prefix_for_parsing: Option<&'static str>,
    /// The replacement for this prefix.
    pub(super) national_prefix_transform_rule: Option<&'static str>,
    pub(super) formats: &'static [FormatMetadata],
    /// The formats for use abroad, where they differ.
    pub(super) international_formats: &'static [FormatMetadata],
}

/// One kind of number of a territory.
#[derive(Debug)]
pub(super) struct LineTypeMetadata {
    pub(super) line_type: LineType,
    pub(super) pattern: &'static str,
    /// In digits; if empty, those of all numbers of the territory.
    pub(super) lengths: &'static [u16],
    /// The lengths of numbers that are dialled only within one area.
    pub(super) local_lengths: &'static [u16],
}

/// The format of some numbers.
#[derive(Debug)]
pub(super) struct FormatMetadata {
    pub(super) pattern: &'static str,
    /// The number with `$1` and so on for the groups of the pattern.
    pub(super) format: &'static str,
    /// The leading digits of these numbers.
    pub(super) leading_digits: Option<&'static str>,
    /// How the first group is written within the country.
    pub(super) national_prefix: Option<&'static str>,
}
