//! Which numbers a list shows.

use std::collections::BTreeMap;

use super::{Directory, Line};
use crate::domain::brand::Brand;
use crate::domain::ids::CaseId;
use crate::domain::kinds::{Category, NumberSort, Source, StatusKind};
use crate::number::{E164, Region};
use crate::service::content::{Method, RequestContent};
use crate::shard::Shard;

/// A filter for numbers, and their order. A number must match all parts that are set.
#[derive(Clone, Default)]
pub struct NumberFilter {
    /// Numbers whose E.164 digits start with these digits.
    pub prefix: String,
    /// Numbers whose E.164 digits contain these digits.
    pub digits: String,
    /// Numbers with at least this score.
    pub min_score: Option<f64>,
    /// Numbers with at most this score.
    pub max_score: Option<f64>,
    /// Numbers with this status.
    pub status: Option<StatusKind>,
    /// Numbers linked to this case.
    pub case: Option<CaseId>,
    /// Numbers of this category.
    pub category: Option<Category>,
    /// Numbers whose callers impersonate this brand.
    pub brand: Option<Brand>,
    /// Numbers with a report of this source.
    pub source: Option<Source>,
    /// Numbers of this region.
    pub region: Option<Region>,
    /// Numbers with a comment that contains this text; capitals make no difference. Empty means any.
    pub comment: String,
    /// The order; by shard and number if unset.
    pub sort: Option<NumberSort>,
    /// Whether the smallest comes first.
    pub ascending: bool,
}

/// The filter without digits and text, which are personal data.
impl std::fmt::Debug for NumberFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NumberFilter")
            .field("sort", &self.sort)
            .field("status", &self.status)
            .field("case", &self.case)
            .field("category", &self.category)
            .finish_non_exhaustive()
    }
}

/// A filter that is ready for the lines of a directory.
pub(in crate::service) struct Wanted {
    pub(super) filter: NumberFilter,
    pub(super) prefix: Option<Digits>,
    /// The number contains one of these, unless there are none.
    pub(super) parts: Vec<Digits>,
    /// The integers of the wanted brands, in ascending order; none if all brands are wanted.
    pub(super) brands: Option<Vec<u32>>,
    pub(super) members: Option<Members>,
    /// The filter as bytes, without the order: pages of the same filter have the same total. None if no further page follows.
    key: Option<Box<[u8]>>,
}

/// The numbers of a case.
#[derive(Default)]
pub(super) struct Members(BTreeMap<Shard, Vec<E164>>);

/// Digits that are compared with those of numbers. Zeros at the beginning count.
#[derive(Clone, Copy)]
pub(super) struct Digits {
    pub(super) value: u64,
    /// Ten to the power of their count.
    pub(super) modulus: u64,
}

impl NumberFilter {
    /// The content that a page token of this list is bound to.
    pub(in crate::service) fn scope(&self) -> RequestContent {
        let mut scope = RequestContent::of(Method::ListNumbers);
        scope
            .text(&self.prefix)
            .optional_float(self.min_score)
            .optional_code(self.status.map(StatusKind::code))
            .optional_text(self.case.as_ref().map(CaseId::as_str));
        // Later fields are appended only where they are set, each after a code of its own.
        let codes = [
            (1, self.category.map(Category::code)),
            (2, self.source.map(Source::code)),
            (3, self.sort.map(NumberSort::code)),
            (4, self.ascending.then_some(1)),
        ];
        for (field, code) in codes {
            if let Some(code) = code {
                scope.code(field).code(code);
            }
        }
        let texts = [
            (5, self.brand.as_ref().map_or("", Brand::as_str)),
            (6, self.region.as_ref().map_or("", Region::as_str)),
            (7, &self.comment),
            (8, &self.digits),
        ];
        for (field, text) in texts {
            if !text.is_empty() {
                scope.code(field).text(text);
            }
        }
        if let Some(most) = self.max_score {
            scope.code(9).float(most);
        }
        scope
    }
}

impl Wanted {
    /// Prepares a filter. The lines of the directory are renewed.
    pub(in crate::service) fn new(filter: &NumberFilter, directory: &Directory) -> Self {
        let brand = filter.brand.as_ref();
        let brands = brand.map(|brand| directory.brands(|known| known.is_same(brand)));
        let members = filter.case.as_ref().map(|case| directory.index().members(case));
        Self::of(filter, brands, members.map(Members::of))
    }

    /// The filter, with the integers of its brand and the members of its case.
    pub(super) fn of(filter: &NumberFilter, brands: Option<Vec<u32>>, members: Option<Members>) -> Self {
        let unordered = NumberFilter {
            sort: None,
            ascending: false,
            ..filter.clone()
        };
        Self {
            prefix: Digits::read(&filter.prefix),
            parts: Digits::read(&filter.digits).into_iter().collect(),
            brands,
            members,
            key: Some(unordered.scope().bytes().into()),
            filter: filter.clone(),
        }
    }

    /// All numbers with one of these sequences of digits.
    pub(in crate::service) fn with_digits<'a>(parts: impl Iterator<Item = &'a str>) -> Self {
        Self {
            filter: NumberFilter::default(),
            prefix: None,
            parts: parts.filter_map(Digits::read).collect(),
            brands: None,
            members: None,
            key: None,
        }
    }

    /// All numbers that have one of these brands.
    pub(in crate::service) fn with_brands(brands: Vec<u32>) -> Self {
        Self {
            brands: Some(brands),
            ..Self::with_digits(std::iter::empty())
        }
    }

    /// Whether the list shows this number. Text in comments is not part of a line: of that, only whether there is any.
    pub(in crate::service) fn matches(&self, line: &Line) -> bool {
        let filter = &self.filter;
        let digits = line.number.digits();
        let is_between = || {
            let score = line.score();
            let enough = |least| score.is_some_and(|score| score >= least);
            let little = |most| score.is_some_and(|score| score <= most);
            filter.min_score.is_none_or(enough) && filter.max_score.is_none_or(little)
        };
        let has_brand = |brands: &Vec<u32>| brands.binary_search(&line.brand).is_ok();
        filter.category.is_none_or(|category| line.category() == Some(category))
            && filter.status.is_none_or(|status| line.has_status(status))
            && filter.source.is_none_or(|source| line.sources().holds(source))
            && filter.region.is_none_or(|region| line.region == Some(region))
            && (filter.comment.is_empty() || line.has_comment)
            && self.brands.as_ref().is_none_or(has_brand)
            && is_between()
            && self.prefix.is_none_or(|prefix| prefix.begins(digits))
            && (self.parts.is_empty() || self.parts.iter().any(|part| part.is_in(digits)))
            && self.members.as_ref().is_none_or(|members| members.hold(line.number))
    }

    /// What the total is kept by.
    pub(super) fn key(&self) -> Option<&[u8]> {
        self.key.as_deref()
    }
}

impl Members {
    /// These numbers, which are in ascending order.
    pub(super) fn of(numbers: Vec<E164>) -> Self {
        let mut members = Self::default();
        for number in numbers {
            members.0.entry(Shard::of_number(number)).or_default().push(number);
        }
        members
    }

    /// Those of a shard.
    pub(super) fn of_shard(&self, shard: Shard) -> &[E164] {
        self.0.get(&shard).map_or(&[], Vec::as_slice)
    }

    fn hold(&self, number: E164) -> bool {
        self.of_shard(Shard::of_number(number)).binary_search(&number).is_ok()
    }
}

impl Digits {
    /// Reads at most 15 digits; none if there are none.
    fn read(text: &str) -> Option<Self> {
        let count = u32::try_from(text.len())
            .ok()
            .filter(|count| (1..=15).contains(count))?;
        Some(Self {
            value: text.parse().ok()?,
            modulus: 10u64.checked_pow(count)?,
        })
    }

    /// Whether a number begins with these digits.
    fn begins(self, mut number: u64) -> bool {
        while number >= self.modulus {
            number /= 10;
        }
        number == self.value && self.fits(number)
    }

    /// Whether a number contains these digits.
    fn is_in(self, mut number: u64) -> bool {
        while self.fits(number) {
            if number % self.modulus == self.value {
                return true;
            }
            number /= 10;
        }
        false
    }

    /// Whether a number has at least as many digits.
    fn fits(self, number: u64) -> bool {
        number >= self.modulus / 10
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_are_found_as_in_a_text(number in 1u64..1_000_000_000_000_000, from in 0usize..15, len in 1usize..15, noise: bool) {
            let text = number.to_string();
            let part: String = text.chars().skip(from).take(len).collect();
            let part = if noise { format!("0{part}").chars().take(15).collect() } else { part };
            if let Some(digits) = Digits::read(&part) {
                prop_assert_eq!(digits.is_in(number), text.contains(&part), "{} in {}", part, text);
                prop_assert_eq!(digits.begins(number), text.starts_with(&part), "{} begins {}", part, text);
            } else {
                prop_assert!(part.is_empty());
            }
        }
    }

    /// A client may use a page token that another release gave.
    #[test]
    fn the_scope_of_page_tokens_is_frozen() {
        let hex = |filter: &NumberFilter| -> String {
            let scope = filter.scope();
            scope.bytes().iter().map(|byte| format!("{byte:02x}")).collect()
        };
        assert_eq!(hex(&NumberFilter::default()), "400764656661756c7400000000");
        let filter = NumberFilter {
            sort: Some(NumberSort::Score),
            max_score: Some(1.0),
            comment: "x".to_owned(),
            ..NumberFilter::default()
        };
        let appended = "0301070178090000000000".to_owned() + "00f03f";
        assert_eq!(hex(&filter), format!("400764656661756c7400000000{appended}"));
    }
}
