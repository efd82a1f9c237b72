//! Short numbers: emergency calls and services of one region, outside any international plan.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::region::Region;
use super::super::service_number::{ServiceKind, ServiceNumber};
use super::pattern::Program;

/// `region;emergency;short code` a line, after comment lines; an empty pattern matches nothing.
const TABLE: &str = include_str!("../data/service_numbers.csv");

/// Most digits of a short number.
const DIGITS_MAX: usize = 9;

/// Emergency numbers on every mobile network (3GPP TS 22.101 section 10.1).
const EMERGENCY_EVERYWHERE: [&str; 2] = ["112", "911"];

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

/// The emergency number that `digits` are in a region, dialled as they are.
pub(in crate::number) fn emergency(digits: &str, region: Option<Region>) -> Option<ServiceNumber> {
    let listed = EMERGENCY_EVERYWHERE.contains(&digits)
        || match region.and_then(|region| SERVICES.get(&region)) {
            Some(services) => matches(services.emergency.as_ref(), digits),
            None => EMERGENCY_SOMEWHERE.contains(&digits),
        };
    listed.then(|| ServiceNumber::new(digits, region, ServiceKind::Emergency))
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
