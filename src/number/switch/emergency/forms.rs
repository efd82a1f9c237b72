//! The forms in which an emergency number is dialled, and which of them a string of keys is.
//!
//! `expression.rs` writes the same rules as regular expressions for a switch; tests compare the two.

use super::super::super::kinds::Validity;
use super::super::super::plan::emergency::{EmergencyNumbers, EmergencyService};
use super::super::super::plan::{self, dialled, service};
use super::super::super::region::Region;
use super::super::privacy;

/// The fewest digits of a number behind a prefix that may also be the beginning of an extension or a local number.
pub(super) const LONG: usize = 3;

/// The international prefix that gateways write in every country.
pub(super) const INTERNATIONAL_PREFIX: &str = "00";

/// The international prefix of North America. In other regions many numbers begin with it.
pub(super) const INTERNATIONAL_PREFIX_NANP: &str = "011";

/// The keys that are no digits.
pub(super) const SYMBOLS: [char; 2] = ['*', '#'];

/// Mexican prefixes for calls to other areas and to mobiles until 3 August 2019, which are still dialled.
pub(super) const OLD_PREFIXES_MX: [&str; 3] = ["01", "044", "045"];

/// The digits dialled for an outside line.
pub(super) const OUTSIDE_LINE: [char; 2] = ['0', '9'];

/// The national prefix if the region is not known: that of North America. 0, that of most countries, is also the digit
/// for an outside line.
pub(super) const UNKNOWN_NATIONAL_PREFIX: &str = "1";

/// The service that these keys reach in a region.
pub(super) fn service(keys: &str, region: Option<Region>, numbers: &EmergencyNumbers) -> Option<EmergencyService> {
    let keys = behind_privacy_code(keys).unwrap_or(keys);
    let keys = keys.trim_matches(SYMBOLS);
    let digits = keys.trim_start_matches('+');
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let here = Dialled { region, numbers };
    let plus = digits.len() < keys.len();
    let anywhere = || service::is_emergency_anywhere(digits).then_some(EmergencyService::Emergency);
    let abroad = |rest| here.abroad(rest);
    here.own(digits)
        .or_else(anywhere)
        .or_else(|| here.behind_a_prefix(digits))
        .or_else(|| abroad(digits).filter(|_| plus))
        .or_else(|| here.behind_international_prefixes(digits).find_map(abroad))
}

/// The keys behind a code that hides or shows the caller's number, with any symbols around the digits of the code: a
/// person in danger may write `*31*112` or `*67#112`.
fn behind_privacy_code(keys: &str) -> Option<&str> {
    let inner = keys.trim_start_matches(SYMBOLS);
    if inner.len() == keys.len() {
        return None;
    }
    privacy::symbol_codes().find_map(|code| {
        let rest = inner.strip_prefix(code.trim_matches(SYMBOLS))?;
        let behind = rest.trim_start_matches(SYMBOLS);
        (behind.len() < rest.len() || !code.ends_with(SYMBOLS)).then_some(behind)
    })
}

/// Whether digits, dialled in a region, are a valid number: some are as short as an emergency number
/// behind a prefix, such as 011 6000 in Turin, or 298 112 on the Faroe Islands.
pub(super) fn is_valid_number(digits: &str, region: Region) -> bool {
    let resolved = dialled::resolve(false, digits.as_bytes(), Some(region));
    resolved.is_ok_and(|(code, national)| plan::classify(code, &national).validity == Validity::Valid)
}

/// The prefixes that were dialled in a region under an older plan.
pub(super) fn old_prefixes(region: Region) -> &'static [&'static str] {
    if region.as_str() == "MX" { &OLD_PREFIXES_MX } else { &[] }
}

/// Whether digits behind a country code are a valid number.
pub(super) fn is_valid_in(code: u16, national: &str) -> bool {
    plan::classify(code, national.as_bytes()).validity == Validity::Valid
}

/// Whether digits are an emergency number in many countries, and not one that is too short to stand behind a prefix.
fn is_long_anywhere(digits: &str) -> bool {
    digits.len() >= LONG && service::is_emergency_anywhere(digits)
}

/// Where a call is dialled.
struct Dialled<'n> {
    region: Option<Region>,
    numbers: &'n EmergencyNumbers,
}

impl Dialled<'_> {
    fn own(&self, digits: &str) -> Option<EmergencyService> {
        self.numbers.own(self.region, digits)
    }

    fn own_long(&self, digits: &str) -> Option<EmergencyService> {
        if digits.len() < LONG { None } else { self.own(digits) }
    }

    /// Behind a prefix that is dialled in the region, unless the digits are a valid number there.
    fn behind_a_prefix(&self, digits: &str) -> Option<EmergencyService> {
        let found = self.behind_national_prefix(digits);
        let found = found.or_else(|| self.behind_other_prefix(digits))?;
        let is_free = self.region.is_none_or(|region| !is_valid_number(digits, region));
        is_free.then_some(found)
    }

    /// Behind the national prefix of the region, or 0, with which most countries and most company switches begin.
    fn behind_national_prefix(&self, digits: &str) -> Option<EmergencyService> {
        let behind_zero = digits.strip_prefix('0').and_then(|rest| {
            let in_many = || self.region.is_none() && is_long_anywhere(rest);
            let own = self.own(rest);
            own.or_else(|| in_many().then_some(EmergencyService::Emergency))
        });
        behind_zero.or_else(|| self.own(self.strip_national_prefix(digits)?))
    }

    /// Behind the digit for an outside line, a code for the display of the caller's number, an international prefix, or
    /// the region's own country code.
    fn behind_other_prefix(&self, digits: &str) -> Option<EmergencyService> {
        let with_national_prefix = |rest: &str| {
            let bare = self.own_long(rest);
            bare.or_else(|| self.own_long(self.strip_national_prefix(rest)?))
        };
        let outside = digits.strip_prefix(OUTSIDE_LINE).and_then(with_national_prefix);
        outside
            .or_else(|| privacy::behind_digits(digits, self.region?).find_map(|rest| self.own(rest)))
            .or_else(|| {
                let old = old_prefixes(self.region?).iter();
                old.filter_map(|prefix| digits.strip_prefix(prefix))
                    .find_map(|rest| self.own(rest))
            })
            .or_else(|| {
                self.behind_international_prefixes(digits)
                    .find_map(|rest| self.own_long(rest))
            })
            .or_else(|| {
                let (code, _, rest) = plan::behind_country_code(digits)?;
                let is_own = self.region.and_then(plan::code_of) == Some(code);
                with_national_prefix(rest).filter(|_| is_own)
            })
    }

    /// Behind a country code, which a plus sign or an international prefix announces: a number of that country, or one
    /// that is dialled in many.
    fn abroad(&self, digits: &str) -> Option<EmergencyService> {
        let (code, main, national) = plan::behind_country_code(digits)?;
        let is_own = self.region.and_then(plan::code_of) == Some(code);
        let of = |digits: &str| {
            let there = main.and_then(|main| self.numbers.own(Some(main), digits));
            there.or_else(|| self.own(digits).filter(|_| is_own))
        };
        let behind_national_prefix = || of(national.strip_prefix(plan::national_prefix(main?)?)?);
        // People write 0 behind any country code, as in +1 (0) 911. In Italy it may begin a valid number.
        let behind_zero = || {
            let found = of(national.strip_prefix('0')?)?;
            (!is_valid_in(code, national)).then_some(found)
        };
        of(national)
            .or_else(behind_national_prefix)
            .or_else(behind_zero)
            .or_else(|| is_long_anywhere(national).then_some(EmergencyService::Emergency))
    }

    /// The digits behind each international prefix that they begin with.
    fn behind_international_prefixes<'t>(&self, digits: &'t str) -> impl Iterator<Item = &'t str> + use<'t> {
        let own = match self.region {
            Some(region) => plan::behind_prefix_of(region, digits),
            None => digits.strip_prefix(INTERNATIONAL_PREFIX_NANP),
        };
        own.into_iter().chain(digits.strip_prefix(INTERNATIONAL_PREFIX))
    }

    fn strip_national_prefix<'t>(&self, digits: &'t str) -> Option<&'t str> {
        let prefix = match self.region {
            Some(region) => plan::national_prefix(region)?,
            None => UNKNOWN_NATIONAL_PREFIX,
        };
        digits.strip_prefix(prefix)
    }
}
