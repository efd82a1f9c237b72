//! Short numbers: emergency calls and services of one region, outside any international plan.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::region::Region;
use super::super::service_number::{ServiceKind, ServiceNumber};
use super::emergency;
use super::pattern::Program;

/// `region;emergency;short code` a line, after comment lines; an empty pattern matches nothing.
const TABLE: &str = include_str!("../data/service_numbers.csv");

/// Most digits of a short number.
const DIGITS_MAX: usize = 9;

/// Emergency numbers on every mobile network (3GPP TS 22.101 section 10.1).
pub(super) const EMERGENCY_EVERYWHERE: [&str; 2] = ["112", "911"];

/// Emergency numbers that every handset without a SIM treats as such (3GPP TS 22.101 section 10.1): used if the region
/// is not known.
const EMERGENCY_SOMEWHERE: [&str; 6] = ["000", "08", "110", "118", "119", "999"];

static SERVICES: LazyLock<HashMap<Region, ServiceNumbers, foldhash::fast::RandomState>> =
    LazyLock::new(|| TABLE.lines().filter_map(ServiceNumbers::read).collect());

/// The short numbers of one region.
struct ServiceNumbers {
    emergency: Option<Program>,
    short_code: Option<Program>,
}

/// The most digits of an emergency number that only libphonenumber lists.
const PATTERN_DIGITS_MAX: u32 = 4;

/// The emergency number that `digits` are in a region, dialled as they are.
pub(in crate::number) fn emergency(digits: &str, region: Option<Region>) -> Option<ServiceNumber> {
    let listed = is_emergency_everywhere(digits)
        || match region.filter(|region| SERVICES.contains_key(region)) {
            Some(region) => is_emergency_in(region, digits) || emergency::is_listed(region, digits),
            None => EMERGENCY_SOMEWHERE.contains(&digits),
        };
    listed.then(|| ServiceNumber::new(digits, region, ServiceKind::Emergency))
}

/// Whether every mobile network treats these digits as an emergency number.
pub(super) fn is_emergency_everywhere(digits: &str) -> bool {
    EMERGENCY_EVERYWHERE.contains(&digits)
}

/// Whether a network somewhere treats these digits as an emergency number without knowing the region.
pub(in crate::number) fn is_emergency_anywhere(digits: &str) -> bool {
    is_emergency_everywhere(digits) || EMERGENCY_SOMEWHERE.contains(&digits)
}

/// All numbers for which [`is_emergency_anywhere`] holds.
pub(in crate::number) fn emergency_numbers_anywhere() -> impl Iterator<Item = &'static str> {
    EMERGENCY_EVERYWHERE.into_iter().chain(EMERGENCY_SOMEWHERE)
}

/// Whether libphonenumber lists these digits as an emergency number of a region.
pub(super) fn is_emergency_in(region: Region, digits: &str) -> bool {
    let services = SERVICES.get(&region);
    services.is_some_and(|services| matches(services.emergency.as_ref(), digits))
}

/// All emergency numbers of a region that libphonenumber lists. Slow: it tries every number.
pub(super) fn emergency_numbers_of(region: Region) -> Vec<String> {
    let widths = 2..=PATTERN_DIGITS_MAX;
    let all = widths.flat_map(|width| {
        let digits = usize::try_from(width).unwrap_or_default();
        (0..10_u32.pow(width)).map(move |number| format!("{number:0digits$}"))
    });
    all.filter(|digits| is_emergency_in(region, digits)).collect()
}

/// The short code that `digits` are in a region, dialled as they are.
pub(in crate::number) fn short_code(digits: &str, region: Option<Region>) -> Option<ServiceNumber> {
    let services = SERVICES.get(&region?)?;
    matches(services.short_code.as_ref(), digits).then(|| ServiceNumber::new(digits, region, ServiceKind::ShortCode))
}

/// Reads the table that is otherwise read on the first short number.
pub(in crate::number) fn warm_up() {
    LazyLock::force(&SERVICES);
}

fn matches(pattern: Option<&Program>, digits: &str) -> bool {
    digits.len() <= DIGITS_MAX && pattern.is_some_and(|pattern| pattern.match_all(digits.as_bytes()).is_some())
}

impl ServiceNumbers {
    fn read(line: &str) -> Option<(Region, Self)> {
        let mut columns = line.split(';');
        let region = columns.next()?.parse().ok()?;
        let mut pattern = || {
            columns
                .next()
                .filter(|text| !text.is_empty())
                .and_then(|text| Program::new(text).ok())
        };
        Some((
            region,
            Self {
                emergency: pattern(),
                short_code: pattern(),
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(text: &str) -> Option<Region> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines: Vec<&str> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(SERVICES.len(), lines.len());
        for line in lines {
            let columns: Vec<&str> = line.split(';').collect();
            let services = &SERVICES[&columns[0].parse().unwrap()];
            assert_eq!(columns.len(), 3, "{line}");
            assert_eq!(services.emergency.is_some(), !columns[1].is_empty(), "{line}");
            assert_eq!(services.short_code.is_some(), !columns[2].is_empty(), "{line}");
        }
    }

    #[test]
    fn emergency_numbers_depend_on_the_region() {
        for (digits, place, is) in [
            ("197", region("FR"), true),
            ("116123", region("FR"), false),
            ("911", region("US"), true),
            ("112", region("DE"), true),
            ("110", region("DE"), true),
            ("000", region("AU"), true),
            ("999", region("GB"), true),
            ("999", region("US"), false),
            ("112", region("001"), true),
            ("911", None, true),
            ("999", None, true),
            ("000", None, true),
            ("411", None, false),
            ("9111", region("US"), false),
        ] {
            let found = emergency(digits, place);
            assert_eq!(found.is_some(), is, "{digits} {place:?}");
            assert!(found.is_none_or(|found| found.kind() == ServiceKind::Emergency && found.digits() == digits));
        }
    }

    #[test]
    fn short_codes_depend_on_the_region() {
        assert_eq!(
            short_code("411", region("US")).map(|found| found.kind()),
            Some(ServiceKind::ShortCode)
        );
        assert!(short_code("411", region("DE")).is_none());
        assert!(short_code("411", None).is_none());
        assert!(short_code("4155550199", region("US")).is_none());
    }
}
