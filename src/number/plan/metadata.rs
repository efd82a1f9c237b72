//! The facts of the plan: text that the build script (`build/plan.rs`) took from the `phonenumber` crate.

use super::super::kinds::LineType;

/// The territories behind each country code in use, by code. The first is the one whose rules hold for the code as a
/// whole.
pub(super) static COUNTRIES: &[(u16, &[Metadata])] = include!(concat!(env!("OUT_DIR"), "/plan.rs"));

/// What is known of a territory. Patterns are regular expressions over digits.
#[derive(Debug)]
pub(super) struct Metadata {
    /// The region.
    pub(super) id: &'static str,
    pub(super) country_code: u16,
    /// What all its numbers have in common.
    pub(super) general: &'static str,
    /// In the order in which libphonenumber asks for them.
    pub(super) kinds: &'static [Kind],
    /// With what its numbers begin, where other territories share the code.
    pub(super) leading_digits: Option<&'static str>,
    /// What is dialled before a country code.
    pub(super) international_prefix: Option<&'static str>,
    /// What is dialled before a number within the country: digits.
    pub(super) national_prefix: Option<&'static str>,
    /// The same as a pattern, carrier codes included.
    pub(super) national_prefix_for_parsing: Option<&'static str>,
    /// What to write instead of such a prefix.
    pub(super) national_prefix_transform_rule: Option<&'static str>,
    pub(super) formats: &'static [Format],
    /// Those for use abroad, where they differ.
    pub(super) international_formats: &'static [Format],
}

/// One kind of number of a territory.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) line_type: LineType,
    pub(super) pattern: &'static str,
    /// In digits; those of all numbers of the territory if there are none.
    pub(super) lengths: &'static [u16],
    /// Those of numbers that are dialled only within one area.
    pub(super) local_lengths: &'static [u16],
}

/// How some of the numbers are written.
#[derive(Debug)]
pub(super) struct Format {
    pub(super) pattern: &'static str,
    /// The number with `$1` and so on for the groups of the pattern.
    pub(super) format: &'static str,
    /// The digits with which these numbers begin.
    pub(super) leading_digits: Option<&'static str>,
    /// How the first group is written within the country.
    pub(super) national_prefix: Option<&'static str>,
}
