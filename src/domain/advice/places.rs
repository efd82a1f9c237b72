//! Where people report calls, by region.

use std::sync::LazyLock;

use crate::number::Region;

/// The places of every region that has one.
const TABLE: &str = include_str!("data/places.csv");

/// By region, in order.
static PLACES: LazyLock<Box<[(Region, ReportingPlaces)]>> = LazyLock::new(read);

/// The places of a region, as names, addresses and numbers; empty where none is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ReportingPlaces {
    /// The place for reports of fraud.
    pub(super) fraud: &'static str,
    /// The place for complaints about calls that are only unwanted.
    pub(super) unwanted: &'static str,
    /// The telephone numbers that people are told to use, separated by spaces.
    pub(super) numbers: &'static str,
}

impl ReportingPlaces {
    /// The places of a region.
    pub(super) fn of(region: Region) -> Self {
        let found = PLACES.binary_search_by_key(&region, |&(region, _)| region);
        let entry = found.ok().and_then(|position| PLACES.get(position));
        entry.map_or(Self::default(), |&(_, place)| place)
    }
}

/// The telephone numbers that people are told to use, each with its region, as people write them.
pub(super) fn numbers() -> impl Iterator<Item = (Region, &'static str)> {
    let of_region = |&(region, places): &(Region, ReportingPlaces)| {
        let numbers = places.numbers.split(' ').filter(|number| !number.is_empty());
        numbers.map(move |number| (region, number))
    };
    PLACES.iter().flat_map(of_region)
}

/// Reads the table.
pub(super) fn warm_up() {
    LazyLock::force(&PLACES);
}

fn read() -> Box<[(Region, ReportingPlaces)]> {
    let mut places: Vec<_> = rows()
        .flat_map(|(regions, place)| {
            let regions = regions.split(' ').filter_map(|region| region.parse().ok());
            regions.map(move |region| (region, place))
        })
        .collect();
    places.sort_unstable_by_key(|&(region, _)| region);
    places.into_boxed_slice()
}

fn rows() -> impl Iterator<Item = (&'static str, ReportingPlaces)> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut columns = line.splitn(5, ';');
        let (regions, fraud, unwanted) = (columns.next()?, columns.next()?, columns.next()?);
        let numbers = columns.next()?;
        let places = ReportingPlaces {
            fraud,
            unwanted,
            numbers,
        };
        Some((regions, places))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_row_is_whole_and_names_regions_of_the_plan_once() {
        let mut seen = HashSet::new();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<_> = line.splitn(5, ';').collect();
            assert_eq!(columns.len(), 5, "{line}");
            assert!(!columns[1].is_empty() && !columns[4].is_empty(), "{line}");
            for region in columns[0].split(' ') {
                assert!(region.parse::<Region>().is_ok(), "{line}: {region} is no region");
                assert!(seen.insert(region), "{region} is there twice");
            }
        }
        assert_eq!(PLACES.len(), seen.len());
    }

    /// Every number of three digits or more in a text is in the column of numbers, unless it is part of an address.
    #[test]
    fn every_number_in_a_text_is_among_the_numbers() {
        let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        for (regions, place) in rows() {
            let listed: Vec<String> = place.numbers.split(' ').map(digits).collect();
            for text in [place.fraud, place.unwanted] {
                for part in text.replace("114 14", "11414").split([' ', ',', '(', ')']) {
                    let is_address = part.contains('.');
                    if digits(part).len() >= 3 && !is_address {
                        assert!(listed.contains(&digits(part)), "{regions}: {part}");
                    }
                }
            }
        }
        assert_eq!(PLACES.len(), 29);
    }

    #[test]
    fn addresses_are_as_short_as_people_type_them() {
        for (_, place) in rows() {
            for text in [place.fraud, place.unwanted] {
                assert!(!text.contains("://") && !text.contains("www."), "{text}");
                assert!(!text.ends_with('.') && text.trim() == text, "{text:?}");
            }
        }
    }

    #[test]
    fn places_are_found_by_region() {
        let place = |region: &str| ReportingPlaces::of(region.parse().unwrap());
        assert_eq!(place("US").fraud, "reportfraud.ftc.gov");
        assert_eq!(place("PR"), place("US"));
        assert_eq!(place("JP").unwanted, "");
        assert_eq!(place("TV").fraud, "");
        assert_eq!(ReportingPlaces::of(Region::WORLD), ReportingPlaces::default());
    }
}
