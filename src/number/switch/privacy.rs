//! Codes dialled before a number to hide or show the caller's number: they belong to the call, not to the called
//! number.

use super::super::region::Region;

/// `code,regions,source` a line, after comment lines.
const TABLE: &str = include_str!("../data/privacy_codes.csv");

/// The text after a leading code with `*` or `#`, if a number may follow.
pub(super) fn behind_symbols(text: &str) -> Option<&str> {
    let text = text.trim_start();
    if !text.starts_with(['*', '#']) {
        return None;
    }
    let rest = codes().find_map(|(code, _)| text.strip_prefix(code))?.trim_start();
    rest.starts_with(|char: char| char.is_ascii_digit() || matches!(char, '+' | '('))
        .then_some(rest)
}

/// The digits after each code of the region that they begin with.
pub(super) fn behind_digits(digits: &str, region: Region) -> impl Iterator<Item = &str> {
    digit_codes(region).filter_map(|code| digits.strip_prefix(code))
}

/// The codes with `*` or `#`.
pub(super) fn symbol_codes() -> impl Iterator<Item = &'static str> {
    codes().map(|(code, _)| code).filter(|code| code.contains(['*', '#']))
}

/// The codes of digits that a region has.
pub(super) fn digit_codes(region: Region) -> impl Iterator<Item = &'static str> {
    codes()
        .filter(move |(_, regions)| regions.split(' ').any(|one| one == region.as_str()))
        .map(|(code, _)| code)
}

/// The codes and their regions.
fn codes() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.lines().filter(|line| !line.starts_with("# ")).filter_map(|line| {
        let (code, rest) = line.split_once(',')?;
        Some((code, rest.split_once(',')?.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(codes().count(), 18);
        for (code, regions) in codes() {
            assert_eq!(regions.is_empty(), code.starts_with(['*', '#']), "{code}");
            assert!(
                regions
                    .split(' ')
                    .all(|one| one.is_empty() || one.parse::<Region>().is_ok()),
                "{code}"
            );
        }
    }

    #[test]
    fn symbols_count_before_a_number_only() {
        for (text, rest) in [
            ("*67 415 555 0199", Some("415 555 0199")),
            (" #31#+4930901820", Some("+4930901820")),
            ("*31#(030) 901820", Some("(030) 901820")),
            ("*67", None),
            ("#31#", None),
            ("*611", None),
            ("*67#", None),
            ("4155550199", None),
        ] {
            assert_eq!(behind_symbols(text), rest, "{text}");
        }
    }

    #[test]
    fn digits_count_in_their_regions_only() {
        let behind = |digits: &'static str, region: &str| -> Vec<&str> {
            behind_digits(digits, region.parse().unwrap()).collect()
        };
        assert_eq!(behind("14102079460018", "GB"), ["02079460018"]);
        assert_eq!(behind("18403901820", "JP"), ["03901820"]);
        assert!(behind("14102079460018", "US").is_empty());
        assert!(behind("02079460018", "GB").is_empty());
    }
}
