//! Numbers of emergency services and of public safety, by region: those that regulators list, and those that an
//! operator adds.

use std::sync::LazyLock;

use thiserror::Error;

use super::super::region::{Region, UnknownRegion};
use super::service;

/// `region,number,service,meaning,source,checked` a line, after comment lines.
const TABLE: &str = include_str!("../data/emergency_numbers.csv");

/// The fewest and the most digits of such a number.
const DIGITS: std::ops::RangeInclusive<usize> = 2..=6;

/// The most numbers of an operator's file.
const MAX_ADDED: usize = 1_000;

/// The columns that are read; further ones say where a line comes from.
const HEAD: &str = "region,number";

static SHIPPED: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let (entries, error) = read(TABLE);
    debug_assert!(error.is_none(), "a test reads every line of the table");
    entries
});

/// The service that a number of an emergency reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmergencyService {
    /// Police, fire brigade, ambulance, rescue, or what the regulator lists as an emergency number.
    Emergency,
    /// A helpline for people in danger or in a crisis, or a police or health service that is no emergency.
    PublicSafety,
}

/// The numbers of emergency services and of public safety, by region.
///
/// They are those of `data/emergency_numbers.csv`, in other regions those of libphonenumber, and those that the operator
/// of this server adds.
#[derive(Clone, Debug, Default)]
pub struct EmergencyNumbers {
    /// In the order of [`Entry::key`]. They come before the shipped ones.
    added: Vec<Entry>,
}

/// Why a file of emergency numbers cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EmergencyNumbersError {
    /// There is no number.
    #[error("there is no number in it: lines of region,number,service are expected, such as DE,110,emergency")]
    Empty,
    /// The file is longer than [`EmergencyNumbers::MAX_BYTES`], or has more numbers than are kept.
    #[error(
        "it has more than {MAX_ADDED} numbers or more than {} bytes",
        EmergencyNumbers::MAX_BYTES
    )]
    TooMany,
    /// A line has no region of the numbering plan.
    #[error("line {line}: region: {problem}")]
    Region {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with the region.
        problem: UnknownRegion,
    },
    /// A line has no short number.
    #[error("line {line}: the number is not 2 to 6 digits")]
    Number {
        /// Which line, from 1.
        line: usize,
    },
    /// A line names another service.
    #[error("line {line}: the service is neither emergency nor public-safety")]
    Service {
        /// Which line, from 1.
        line: usize,
    },
    /// A number stands in the file twice for its region.
    #[error("line {line}: the number stands there before for this region")]
    Twice {
        /// Which line, from 1.
        line: usize,
    },
}

/// One number of one region.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    region: Region,
    number: Box<str>,
    service: EmergencyService,
}

impl Entry {
    fn key(&self) -> (Region, &str) {
        (self.region, &self.number)
    }
}

impl EmergencyNumbers {
    /// The most bytes of an operator's file.
    pub const MAX_BYTES: usize = 128 << 10;

    /// The shipped numbers and those of an operator's file: lines of `region,number,service`, where the service is
    /// `emergency` (also if it is missing) or `public-safety`. Lines that are empty or begin with `#`, and further
    /// columns, mean nothing; the first line may name the columns. What the file says of a number counts more than what
    /// is shipped.
    ///
    /// # Errors
    /// [`EmergencyNumbersError`], with the first line that cannot be read.
    pub fn with_additions(text: &str) -> Result<Self, EmergencyNumbersError> {
        if text.len() > Self::MAX_BYTES {
            return Err(EmergencyNumbersError::TooMany);
        }
        match read(text) {
            (_, Some(error)) => Err(error),
            (added, None) if added.is_empty() => Err(EmergencyNumbersError::Empty),
            (added, None) if added.len() > MAX_ADDED => Err(EmergencyNumbersError::TooMany),
            (added, None) => Ok(Self { added }),
        }
    }

    /// The service that a region's own number reaches, dialled as it is. Without region, only the numbers that work on
    /// every mobile network.
    pub(in crate::number) fn own(&self, region: Option<Region>, digits: &str) -> Option<EmergencyService> {
        let Some(region) = region else {
            return service::is_emergency_everywhere(digits).then_some(EmergencyService::Emergency);
        };
        let listed = find(&self.added, region, digits).or_else(|| find(&SHIPPED, region, digits));
        let by_pattern = || !is_shipped(region) && service::is_emergency_in(region, digits);
        listed.or_else(|| by_pattern().then_some(EmergencyService::Emergency))
    }

    /// The numbers of a region, in order, for an expression that must match all of them.
    pub(in crate::number) fn all_of(&self, region: Option<Region>) -> Vec<String> {
        let mut numbers: Vec<String> = match region {
            None => service::EMERGENCY_EVERYWHERE.map(str::to_owned).into(),
            Some(region) => {
                let listed = self.added.iter().chain(SHIPPED.iter());
                let listed = listed.filter(|entry| entry.region == region);
                let by_pattern = (!is_shipped(region)).then(|| service::emergency_numbers_of(region));
                listed
                    .map(|entry| entry.number.to_string())
                    .chain(by_pattern.into_iter().flatten())
                    .collect()
            }
        };
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// Whether a regulator lists these digits as an emergency number of a region.
pub(super) fn is_listed(region: Region, digits: &str) -> bool {
    find(&SHIPPED, region, digits) == Some(EmergencyService::Emergency)
}

/// Reads the table that is otherwise read on the first call.
pub(super) fn warm_up() {
    LazyLock::force(&SHIPPED);
}

/// Whether the shipped table has the numbers of a region.
fn is_shipped(region: Region) -> bool {
    SHIPPED.binary_search_by_key(&region, |entry| entry.region).is_ok()
}

fn find(entries: &[Entry], region: Region, digits: &str) -> Option<EmergencyService> {
    let at = entries
        .binary_search_by(|entry| entry.key().cmp(&(region, digits)))
        .ok()?;
    entries.get(at).map(|entry| entry.service)
}

/// The numbers of a text in the order of their keys, and the first fault.
fn read(text: &str) -> (Vec<Entry>, Option<EmergencyNumbersError>) {
    let mut entries: Vec<Entry> = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (place, line) in text.lines().enumerate() {
        let written = line.trim();
        if written.is_empty() || written.starts_with('#') || (place == 0 && written.starts_with(HEAD)) {
            continue;
        }
        let entry = match entry(written, place + 1) {
            Ok(entry) => entry,
            Err(error) => return (entries, Some(error)),
        };
        match entries.binary_search_by(|other| other.key().cmp(&entry.key())) {
            Ok(_) => return (entries, Some(EmergencyNumbersError::Twice { line: place + 1 })),
            Err(at) => entries.insert(at, entry),
        }
    }
    (entries, None)
}

fn entry(text: &str, line: usize) -> Result<Entry, EmergencyNumbersError> {
    let mut columns = text.split(',').map(str::trim);
    let mut column = || columns.next().unwrap_or_default();
    let region = column().parse();
    let region = region.map_err(|problem| EmergencyNumbersError::Region { line, problem })?;
    let number = column();
    if !DIGITS.contains(&number.len()) || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(EmergencyNumbersError::Number { line });
    }
    let service = match column() {
        "" | "emergency" => EmergencyService::Emergency,
        "public-safety" => EmergencyService::PublicSafety,
        _ => return Err(EmergencyNumbersError::Service { line }),
    };
    Ok(Entry {
        region,
        number: number.into(),
        service,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(text: &str) -> Option<Region> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn every_line_of_the_emergency_table_is_read_and_names_its_source() {
        let lines: Vec<&str> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(read(TABLE).1, None);
        assert_eq!(SHIPPED.len(), lines.len());
        for line in lines {
            let columns: Vec<&str> = line.split(',').collect();
            assert_eq!(columns.len(), 6, "{line}");
            assert!(columns.iter().all(|column| !column.is_empty()), "{line}");
            assert!(
                columns[4].split(';').count() >= 3 && columns[4].contains("https://"),
                "{line}"
            );
        }
        let regions = [
            "US", "CA", "DE", "AU", "ES", "GB", "FR", "IN", "IT", "NL", "SE", "MX", "BR",
        ];
        for one in regions {
            assert!(is_shipped(one.parse().unwrap()), "{one}");
        }
    }

    /// The table replaces libphonenumber's numbers, so it must hold them: all but the numbers that work everywhere.
    #[test]
    fn the_table_misses_no_number_of_libphonenumber() {
        for entry in SHIPPED.iter() {
            for number in service::emergency_numbers_of(entry.region) {
                let known = EmergencyNumbers::default().own(Some(entry.region), &number);
                let known = known.is_some() || service::is_emergency_everywhere(&number);
                assert!(known, "{number} in {}", entry.region);
            }
        }
    }

    #[test]
    fn an_operator_adds_numbers_and_corrects_them() {
        let text =
            "region,number,service\n# ours\n\nCH,1414\nus, 933 , public-safety ,test of 911\nFR,15,public-safety\n";
        let numbers = EmergencyNumbers::with_additions(text).unwrap();
        for (place, digits, service) in [
            ("CH", "1414", Some(EmergencyService::Emergency)),
            ("CH", "117", Some(EmergencyService::Emergency)),
            ("US", "933", Some(EmergencyService::PublicSafety)),
            ("US", "911", Some(EmergencyService::Emergency)),
            ("FR", "15", Some(EmergencyService::PublicSafety)),
            ("FR", "17", Some(EmergencyService::Emergency)),
            ("FR", "933", None),
        ] {
            assert_eq!(numbers.own(region(place), digits), service, "{digits} in {place}");
        }
        assert_eq!(EmergencyNumbers::default().own(region("US"), "933"), None);
        for text in [
            "\u{feff}region,number\r\nus,933\r\n",
            "\u{feff}US,933",
            "\u{feff}# ours\nus,933\n",
        ] {
            let numbers = EmergencyNumbers::with_additions(text).unwrap();
            assert_eq!(
                numbers.own(region("US"), "933"),
                Some(EmergencyService::Emergency),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_fault_of_the_file_is_named_with_its_line() {
        let line = 2;
        for (text, error) in [
            ("", EmergencyNumbersError::Empty),
            ("# nothing\n", EmergencyNumbersError::Empty),
            ("DE,110\nDE", EmergencyNumbersError::Number { line }),
            ("DE,110\nDE,1", EmergencyNumbersError::Number { line }),
            ("DE,110\nDE,1234567", EmergencyNumbersError::Number { line }),
            ("DE,110\nDE,+112", EmergencyNumbersError::Number { line }),
            ("DE,110\nDE,112,police", EmergencyNumbersError::Service { line }),
            ("DE,110\nde,110,emergency", EmergencyNumbersError::Twice { line }),
        ] {
            assert_eq!(EmergencyNumbers::with_additions(text).unwrap_err(), error, "{text}");
        }
        for (text, said) in [
            ("DE,110\nUK,999", "line 2: region: UK: write GB;"),
            ("DE,110\nel,112", "line 2: region: EL: write GR;"),
            ("DE,110\nXX,112", "line 2: region: XX is not a region:"),
            (
                "DE,110\nTF,112",
                "line 2: region: TF has no telephone numbers of its own:",
            ),
            ("DE,110\n999", "line 2: region: not a region:"),
            ("\u{feff}UK,999", "line 1: region: UK: write GB;"),
        ] {
            let error = EmergencyNumbers::with_additions(text).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
        let many: String = (0..=MAX_ADDED)
            .map(|number| format!("DE,{}\n", 10_000 + number))
            .collect();
        let error = EmergencyNumbers::with_additions(&many).unwrap_err();
        assert_eq!(error, EmergencyNumbersError::TooMany);
        let long = "#".repeat(EmergencyNumbers::MAX_BYTES + 1);
        let error = EmergencyNumbers::with_additions(&long).unwrap_err();
        assert_eq!(error, EmergencyNumbersError::TooMany);
    }
}
