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
}

impl ReportingPlaces {
    /// The places of a region.
    pub(super) fn of(region: Region) -> Self {
        let found = PLACES.binary_search_by_key(&region, |&(region, _)| region);
        let entry = found.ok().and_then(|position| PLACES.get(position));
        entry.map_or(Self::default(), |&(_, place)| place)
    }
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
        let mut columns = line.splitn(4, ';');
        let (regions, fraud, unwanted) = (columns.next()?, columns.next()?, columns.next()?);
        Some((regions, ReportingPlaces { fraud, unwanted }))
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
            let columns: Vec<_> = line.splitn(4, ';').collect();
            assert_eq!(columns.len(), 4, "{line}");
            assert!(!columns[1].is_empty() && !columns[3].is_empty(), "{line}");
            for region in columns[0].split(' ') {
                assert!(region.parse::<Region>().is_ok(), "{line}: {region} is no region");
                assert!(seen.insert(region), "{region} is there twice");
            }
        }
        assert_eq!(PLACES.len(), seen.len());
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
