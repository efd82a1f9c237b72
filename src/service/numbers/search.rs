//! Finds numbers, cases and brands by a text.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Numbers;
use crate::domain::brand::Brand;
use crate::domain::case::Case;
use crate::domain::kinds::NumberSort;
use crate::number::{self, Parsed, Region};
use crate::service::directory::{Directory, Line, NumberRow, Order, Wanted, select};
use crate::service::{PageRequest, ServiceError};

/// The fewest digits by which numbers are found. Fewer are in most numbers.
pub const MIN_PART_DIGITS: usize = 4;
/// The most digits of a number.
const MAX_DIGITS: usize = 15;
/// Latest reported first.
const LATEST: Order = Order {
    sort: Some(NumberSort::LastReported),
    ascending: false,
};

/// What a text names.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The number that the text is, then numbers with its digits, latest reported first.
    pub numbers: Vec<NumberRow>,
    /// The numbers found.
    pub number_total: usize,
    /// Cases that mention the text, latest changed first.
    pub cases: Vec<Arc<Case>>,
    /// The cases found.
    pub case_total: usize,
    /// Brands with the text in their name or an alias, those with the most numbers first.
    pub brands: Vec<FoundBrand>,
    /// The brands found.
    pub brand_total: usize,
}

/// A brand, and how often it is impersonated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundBrand {
    /// The brand.
    pub brand: Brand,
    /// Numbers that impersonate it.
    pub numbers: usize,
    /// Cases that impersonate it.
    pub cases: usize,
}

impl Numbers {
    /// What a text names: at most `size` numbers, cases and brands each, 50 if it is 0.
    ///
    /// # Errors
    /// If the size is not valid, or nothing is found and the text has too few digits to find a number by.
    pub async fn search(&self, text: &str, region: Option<Region>, size: u32) -> Result<Found, ServiceError> {
        let page = PageRequest {
            size,
            token: String::new(),
        };
        let limit = page.limit()?;
        let text = text.trim().to_owned();
        let is_short = has_few_digits(&text);
        let found = self.directory.read(move |directory| {
            let mut found = Found::default();
            found.add_numbers(directory, (&text, region), limit);
            let cases = directory.index().cases();
            found.add_cases(cases.iter().map(|(_, case)| case), &text, limit);
            found.add_brands(directory, cases.iter().map(|(_, case)| case), &text);
            found.brands.truncate(limit);
            found
        });
        let found: Found = found.await?;
        if is_short && found.number_total + found.case_total + found.brand_total == 0 {
            let problem = format!("must have at least {MIN_PART_DIGITS} digits, so that numbers are found by them");
            return Err(ServiceError::field("text", problem));
        }
        Ok(found)
    }
}

impl Found {
    fn add_numbers(&mut self, directory: &Directory, (text, region): (&str, Option<Region>), limit: usize) {
        let exact = match number::parse(text, region) {
            Ok(Parsed::Number(parsed)) => parsed.e164().and_then(|number| directory.line(number)),
            Ok(Parsed::Service(_) | Parsed::Anonymous) | Err(_) => None,
        };
        let digits = digits_of(text);
        // People write the zero that is dialled before a national number, and the key does not have it.
        let national = digits.as_deref().map(|digits| digits.trim_start_matches('0'));
        let parts = [digits.as_deref(), national];
        let parts = parts.into_iter().flatten().filter(|part| part.len() >= MIN_PART_DIGITS);
        self.numbers.extend(exact.as_ref().and_then(|line| directory.row(line)));
        self.number_total = self.numbers.len();
        let wanted = Wanted::with_digits(parts);
        if digits.is_none() {
            return;
        }
        let selected = select(directory, &wanted, LATEST, None, limit);
        let is_counted = exact.as_ref().is_some_and(|line| wanted.matches(line));
        self.number_total = selected.total + if is_counted { 0 } else { self.numbers.len() };
        let is_exact = |line: &&Line| exact.as_ref().is_some_and(|exact| exact.number == line.number);
        let others = selected.lines.iter().filter(|line| !is_exact(line));
        self.numbers.extend(others.filter_map(|line| directory.row(line)));
        self.numbers.truncate(limit);
    }

    fn add_cases<'a>(&mut self, cases: impl Iterator<Item = &'a Arc<Case>>, text: &str, limit: usize) {
        self.cases = cases.filter(|case| case.mentions(text)).cloned().collect();
        self.cases
            .sort_by(|a, b| b.updated_at.cmp(&a.updated_at).then_with(|| a.id.cmp(&b.id)));
        self.case_total = self.cases.len();
        self.cases.truncate(limit);
    }

    fn add_brands<'a>(&mut self, directory: &Directory, cases: impl Iterator<Item = &'a Arc<Case>>, text: &str) {
        let mut found: BTreeMap<Brand, (usize, usize)> =
            Brand::canonical_with(text).map(|brand| (brand, (0, 0))).collect();
        let is_found = |brand: &Brand, found: &BTreeMap<Brand, _>| brand.contains(text) || found.contains_key(brand);
        let wanted = directory.brands(|brand| is_found(brand, &found));
        for (brand, numbers) in directory.count_brands(&wanted) {
            // A brand stays known after its last number, and is not found then, unless it is canonical.
            if numbers > 0 {
                found.entry(brand).or_default().0 += numbers;
            }
        }
        for brand in cases.filter_map(|case| case.brand.as_ref()) {
            if is_found(brand, &found) {
                found.entry(brand.clone()).or_default().1 += 1;
            }
        }
        self.brand_total = found.len();
        self.brands = found
            .into_iter()
            .map(|(brand, (numbers, cases))| FoundBrand { brand, numbers, cases })
            .collect();
        self.brands
            .sort_by_key(|found| std::cmp::Reverse((found.numbers, found.cases)));
    }
}

/// The digits of a text that is a number or a part of one: digits, and what people write between them.
fn digits_of(text: &str) -> Option<String> {
    all_digits_of(text).filter(|digits| (MIN_PART_DIGITS..=MAX_DIGITS).contains(&digits.len()))
}

/// Whether a text is digits, but too few to find numbers by.
fn has_few_digits(text: &str) -> bool {
    all_digits_of(text).is_some_and(|digits| (1..MIN_PART_DIGITS).contains(&digits.len()))
}

/// The digits of a text that has nothing else but what people write between digits.
fn all_digits_of(text: &str) -> Option<String> {
    let is_between = |c: char| c.is_whitespace() || "+()-./".contains(c);
    let is_digits = text.chars().all(|c| c.is_ascii_digit() || is_between(c));
    is_digits.then(|| text.chars().filter(char::is_ascii_digit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_from_what_people_write() {
        for (text, digits) in [
            ("(415) 555-01", Some("41555501")),
            ("+44 20 7946", Some("44207946")),
            ("0199", Some("0199")),
            ("199", None),
            ("case 0199", None),
            ("1234567890123456", None),
        ] {
            assert_eq!(digits_of(text).as_deref(), digits, "{text}");
        }
    }
}
