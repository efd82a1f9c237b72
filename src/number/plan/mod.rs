//! The numbering plans of the world: which numbers exist, where, and for which use.
//!
//! The facts are those of the `phonenumber` crate (libphonenumber's metadata 9.0.33), extracted by the build script.
//! The crate's own matchers are not used: they share one locked cache of regular expressions, and they decide validity
//! and kind differently from libphonenumber for some hundred ranges.

mod class;
mod country;
pub(super) mod country_code;
pub(super) mod dialled;
mod format;
mod lengths;
mod metadata;
mod pattern;
pub(super) mod same_line;
pub(super) mod service;
mod territory;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::digits::Digits;
use super::kinds::{LineType, Validity};
use super::region::Region;

use country::Country;
use lengths::LengthFit;
use metadata::COUNTRIES;
use territory::Territory;

/// No country code is longer than three digits.
const COUNTRY_CODES: u16 = 1_000;

static PLAN: LazyLock<NumberingPlan> = LazyLock::new(NumberingPlan::load);

/// The plan's facts about a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlanClassification {
    pub(super) region: Option<Region>,
    pub(super) line_type: LineType,
    pub(super) validity: Validity,
    /// Its length is only that of numbers dialled within one area.
    pub(super) local_only: bool,
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

/// The country code of a region.
pub(super) fn code_of(region: Region) -> Option<u16> {
    territory(region).map(Territory::country_code)
}

/// The region whose rules hold for a country code, and the digits after it, if the digits begin with one. No region for
/// codes of no country.
pub(super) fn behind_country_code(digits: &str) -> Option<(u16, Option<Region>, &str)> {
    let (code, rest) = country_code::split(digits.as_bytes())?;
    Some((code, main_region(code), str::from_utf8(rest).ok()?))
}

/// The region whose rules hold for a country code; none for codes of no country.
pub(super) fn main_region(code: u16) -> Option<Region> {
    let region = country(code)?.main().region();
    (region != Region::WORLD).then_some(region)
}

/// The country of a country code.
fn country(code: u16) -> Option<&'static Country> {
    PLAN.by_code.get(usize::from(code))?.as_ref()
}

/// The territory of a region; none for `001`, which stands for many.
fn territory(region: Region) -> Option<&'static Territory> {
    let code = *PLAN.code_of.get(&region)?;
    country(code)?
        .territories()
        .find(|territory| territory.region() == region)
}

/// The plan's facts about the number with these digits after the country code.
pub(super) fn classify(code: u16, national: &[u8]) -> PlanClassification {
    let Some(country) = country(code) else {
        return PlanClassification {
            region: None,
            line_type: LineType::Unknown,
            validity: Validity::Impossible,
            local_only: false,
        };
    };
    let class = country.class(national);
    let fit = country.main().lengths().fit(national.len());
    PlanClassification {
        region: class.region,
        line_type: class.line_type,
        validity: match fit {
            _ if class.line_type != LineType::Unknown => Validity::Valid,
            LengthFit::Possible | LengthFit::LocalOnly => Validity::Possible,
            LengthFit::TooShort | LengthFit::Invalid | LengthFit::TooLong => Validity::Impossible,
        },
        local_only: fit == LengthFit::LocalOnly,
    }
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
        None => format!("+{code} {}", national.as_str()),
    }
}

/// Reads the plan and builds what is otherwise built on the first number of each country.
pub(super) fn warm_up() {
    for country in PLAN.by_code.iter().flatten() {
        country.classes();
        country.formats();
    }
    service::warm_up();
    same_line::warm_up();
}

impl NumberingPlan {
    fn load() -> Self {
        let mut by_code: Vec<Option<Country>> = (0..COUNTRY_CODES).map(|_| None).collect();
        for &(code, metadata) in COUNTRIES {
            let country = Country::new(code, metadata);
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
}

#[cfg(test)]
mod tests;
