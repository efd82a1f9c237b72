//! The numbering plans of the world: which numbers exist, where, and for which use.
//!
//! The facts are those of the `phonenumber` crate (libphonenumber's metadata 9.0.33), extracted by the build script, and
//! newer ones that are laid over them (`newer`).
//! The crate's own matchers are not used: they share one locked cache of regular expressions, and they decide validity
//! and kind differently from libphonenumber for some hundred ranges.

mod class;
mod country;
pub(super) mod country_code;
pub(super) mod dialled;
pub(super) mod emergency;
mod format;
mod lengths;
mod metadata;
mod nanp;
pub(super) mod newer;
mod pattern;
pub(super) mod same_line;
pub(super) mod service;
mod territory;

use std::collections::HashMap;
use std::sync::OnceLock;

use super::digits::Digits;
use super::kinds::{LineType, Validity};
use super::region::Region;

use country::Country;
use lengths::LengthFit;
use metadata::COUNTRIES;
use newer::NewerRange;
use territory::Territory;

/// No country code is longer than three digits.
const COUNTRY_CODES: u16 = 1_000;

static PLAN: OnceLock<NumberingPlan> = OnceLock::new();

/// The plan's facts about a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlanClassification {
    pub(super) region: Option<Region>,
    pub(super) line_type: LineType,
    pub(super) validity: Validity,
    /// Whether the plan has numbers of its length, also if only for calls within one area.
    pub(super) known_length: bool,
    /// Its length is only that of numbers dialled within one area.
    pub(super) local_only: bool,
}

impl PlanClassification {
    /// The facts about a number whose country code belongs to nobody.
    const NO_COUNTRY: Self = Self {
        region: None,
        line_type: LineType::Unknown,
        validity: Validity::Impossible,
        known_length: false,
        local_only: false,
    };
}

/// The plans of all countries.
struct NumberingPlan {
    /// By country code; a slot is empty where no country has the code.
    by_code: Vec<Option<Country>>,
    code_of: HashMap<Region, u16, foldhash::fast::RandomState>,
}

/// The region whose rules hold for a country code, if `digits` are nothing but that code; none for codes of no country.
pub(super) fn region_of_code(digits: &str) -> Option<Region> {
    let (code, rest) = country_code::split(digits.as_bytes())?;
    main_region(code).filter(|_| rest.is_empty())
}

/// The fewest and the most digits of a country code's national numbers, area code included.
pub(super) fn lengths(code: u16) -> Option<(usize, usize)> {
    country(code).map(|country| country.main().lengths().range())
}

/// The digits after the country's international prefix, if a national number begins with it.
pub(super) fn behind_international_prefix(code: u16, national: &str) -> Option<&str> {
    let rest = country(code)?.main().strip_international_prefix(national.as_bytes())?;
    str::from_utf8(rest).ok()
}

/// The region whose rules hold for a country code, and the digits after it, if the digits begin with one. No region for
/// codes of no country.
pub(super) fn behind_country_code(digits: &str) -> Option<(u16, Option<Region>, &str)> {
    let (code, rest) = country_code::split(digits.as_bytes())?;
    Some((code, main_region(code), str::from_utf8(rest).ok()?))
}

/// The country code of a region.
pub(super) fn code_of(region: Region) -> Option<u16> {
    territory(region).map(Territory::country_code)
}

/// The region whose rules hold for a country code; none for codes of no country.
pub(super) fn main_region(code: u16) -> Option<Region> {
    let region = country(code)?.main().region();
    (region != Region::WORLD).then_some(region)
}

/// The digits dialled before a number within a region: its national prefix.
pub(super) fn national_prefix(region: Region) -> Option<&'static str> {
    territory(region)?.written_national_prefix()
}

/// The digits after the international prefix of a region, with any digits behind it.
pub(super) fn behind_prefix_of(region: Region, digits: &str) -> Option<&str> {
    str::from_utf8(territory(region)?.behind_international_prefix(digits.as_bytes())?).ok()
}

/// The international prefix of a region as a pattern over digits.
pub(super) fn international_prefix(region: Region) -> Option<&'static str> {
    let country = country(code_of(region)?)?;
    country.metadata_of(region)?.international_prefix
}

/// All country codes, each with the region whose rules hold for it; none for codes of no country.
pub(super) fn country_codes() -> impl Iterator<Item = (u16, Option<Region>)> {
    let assigned = (1..COUNTRY_CODES).filter(|&code| country_code::is_assigned(code));
    assigned.map(|code| (code, main_region(code)))
}

/// All regions, by country code.
pub(super) fn regions() -> impl Iterator<Item = Region> {
    let territories = plan().by_code.iter().flatten().flat_map(Country::territories);
    territories
        .map(Territory::region)
        .filter(|&region| region != Region::WORLD)
}

/// Lays the ranges of a file over the plans. Returns how many there are.
///
/// # Errors
/// If the file is wrong, or the plans are in use.
pub(super) fn extend(text: &str) -> Result<usize, newer::PlanFileError> {
    if PLAN.get().is_some() {
        return Err(newer::PlanFileError::InUse);
    }
    newer::extend(text)
}

/// The plans in force, built on first use.
fn plan() -> &'static NumberingPlan {
    PLAN.get_or_init(|| NumberingPlan::load(&newer::in_force()))
}

/// The country of a country code.
fn country(code: u16) -> Option<&'static Country> {
    plan().country(code)
}

impl NumberingPlan {
    fn country(&self, code: u16) -> Option<&Country> {
        self.by_code.get(usize::from(code))?.as_ref()
    }
}

/// The territory of a region; none for `001`, which stands for many.
fn territory(region: Region) -> Option<&'static Territory> {
    let code = *plan().code_of.get(&region)?;
    country(code)?
        .territories()
        .find(|territory| territory.region() == region)
}

/// The plan's facts about the number with these digits after the country code.
pub(super) fn classify(code: u16, national: &[u8]) -> PlanClassification {
    plan().classify(code, national)
}

/// The national format: `(415) 555-0199`.
pub(super) fn national_format(code: u16, national: &Digits) -> String {
    match country(code) {
        Some(country) => country.formats().national(national),
        None => national.as_str().to_owned(),
    }
}

/// The international format: `+1 415-555-0199`.
pub(super) fn international_format(code: u16, national: &Digits) -> String {
    match country(code) {
        Some(country) => format!("+{code} {}", country.formats().international(national)),
        None if code == 0 => format!("+{}", national.as_str()),
        None => format!("+{code} {}", national.as_str()),
    }
}

/// Reads the plan and builds what is otherwise built on the first number of each country.
pub(super) fn warm_up() {
    for country in plan().by_code.iter().flatten() {
        country.classes();
        country.formats();
    }
    service::warm_up();
    same_line::warm_up();
    emergency::warm_up();
}

impl NumberingPlan {
    /// The plans with newer ranges, the more important first.
    fn load(newer: &[NewerRange]) -> Self {
        let mut by_code: Vec<Option<Country>> = (0..COUNTRY_CODES).map(|_| None).collect();
        for &(code, metadata) in COUNTRIES {
            let newer = newer.iter().filter(|range| range.country_code == code).cloned();
            let country = Country::new(code, metadata, newer.collect());
            debug_assert!(country.is_ok(), "a test reads every pattern of the plan");
            if let Some(place) = by_code.get_mut(usize::from(code)) {
                *place = country.unwrap_or_default();
            }
        }
        let code_of = by_code
            .iter()
            .flatten()
            .flat_map(|country| country.territories().map(|one| (one.region(), country.code())))
            .filter(|&(region, _)| region != Region::WORLD)
            .collect();
        Self { by_code, code_of }
    }

    fn classify(&self, code: u16, national: &[u8]) -> PlanClassification {
        let Some(country) = self.country(code) else {
            return PlanClassification::NO_COUNTRY;
        };
        let class = country.class(national);
        let fit = country.main().lengths().fit(national.len());
        let known_length = matches!(fit, LengthFit::Possible | LengthFit::LocalOnly);
        PlanClassification {
            region: class.region,
            line_type: class.line_type,
            validity: if class.line_type != LineType::Unknown {
                Validity::Valid
            } else if nanp::is_ruled_out(code, national) {
                Validity::Impossible
            } else if known_length {
                Validity::Possible
            } else {
                Validity::UnknownLength
            },
            known_length,
            local_only: fit == LengthFit::LocalOnly,
        }
    }
}

#[cfg(test)]
mod tests;
