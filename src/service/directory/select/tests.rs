//! Pages against those of a scan, what a page reads, and the memory of a number.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::filter::{Members, NumberFilter};
use super::*;
use crate::domain::kinds::{Category, NumberSort, Source, StatusKind};
use crate::domain::time::Timestamp;
use crate::number::{E164, Region};
use crate::shard::SHARDS;

/// Number `n`: most are in few blocks, some are of another country, and some are short.
fn nth(n: u64) -> E164 {
    let digits = match n % 5 {
        0 => 442_079_460_000 + n,
        1 => 14_155_550_000 + n,
        2 => 14_155_550_000 + n * 10_007,
        3 => 49_301_234 + n,
        _ => 12_125_550_000 + n * 13,
    };
    E164::from_digits(digits).unwrap()
}

/// The lines by number, and the same lines in parts.
struct Both {
    plain: BTreeMap<E164, Line>,
    parts: Vec<Part>,
    counts: Mutex<Counts>,
}

impl Both {
    fn new() -> Self {
        Self {
            plain: BTreeMap::new(),
            parts: (0..SHARDS).map(|_| Part::default()).collect(),
            counts: Mutex::default(),
        }
    }

    fn set(&mut self, changes: &BTreeMap<u64, Option<u64>>) {
        let mut of_parts: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for (n, seed) in changes {
            let number = nth(*n);
            let line = seed.map(|seed| Line::sample(number, seed));
            match line {
                Some(line) => self.plain.insert(number, line),
                None => self.plain.remove(&number),
            };
            let shard = Shard::of_number(number).index();
            of_parts
                .entry(shard)
                .or_default()
                .push((number, line.map(|line| (line, None))));
        }
        for (shard, changes) in of_parts {
            self.parts[shard].set(changes);
        }
    }

    /// The page by one pass over all lines: as lists were read before there were orders and facets.
    fn naive(&self, asked: &Asked<'_>) -> (Vec<E164>, bool, usize) {
        let matching = self.plain.values().filter(|line| asked.wanted.matches(line));
        let mut places: Vec<Place> = matching.map(|line| asked.order.place(line)).collect();
        let total = places.len();
        places.retain(|place| asked.after.is_none_or(|after| *place > after));
        places.sort_unstable();
        let more = places.len() > asked.limit;
        let shown = places.iter().take(asked.limit);
        (shown.map(|place| place.number).collect(), more, total)
    }

    /// Checks all pages of a list.
    fn check(&self, wanted: &Wanted, order: Order, (limit, few): (usize, usize)) -> Result<(), TestCaseError> {
        let parts: Vec<&Part> = self.parts.iter().collect();
        let mut after = None;
        loop {
            let asked = Asked {
                wanted,
                order,
                after,
                limit,
            };
            let selected = select_from(&parts, &asked, &self.counts, few);
            let numbers: Vec<E164> = selected.lines.iter().map(|line| line.number).collect();
            let (expected, more, total) = self.naive(&asked);
            prop_assert_eq!((numbers, selected.more, selected.total), (expected, more, total));
            let Some(last) = selected.lines.last().filter(|_| more) else {
                return Ok(());
            };
            after = Some(order.place(last));
        }
    }
}

/// A filter and an order, each condition in some of the cases.
fn filters() -> impl Strategy<Value = (NumberFilter, Option<Vec<u32>>, Option<BTreeSet<u64>>)> {
    let some = |strategy| prop::option::weighted(0.2, strategy);
    let scores = prop::option::weighted(0.3, (0u8..9).prop_map(|n| f64::from(n) * 12.5));
    let sorts = prop::option::of(prop::sample::select(NumberSort::ALL));
    let regions =
        prop::sample::select(vec!["US", "GB", "DE", "CA"]).prop_map(|region| region.parse::<Region>().unwrap());
    let conditions = (
        prop::option::weighted(0.2, prop::sample::select(Category::ALL)),
        prop::option::weighted(0.2, prop::sample::select(Source::ALL)),
        prop::option::weighted(0.2, prop::sample::select(StatusKind::ALL)),
        prop::option::weighted(0.2, regions),
        prop::option::weighted(0.2, prop::collection::btree_set(1u32..4, 0..3)),
        prop::option::weighted(0.2, prop::collection::btree_set(0u64..150, 0..40)),
    );
    let digits = (
        some(prop::sample::select(vec!["1415", "44", "4930", "14155550", "0", "1"])),
        some(prop::sample::select(vec!["5550", "0001", "79", "4155"])),
        prop::bool::weighted(0.2),
    );
    (conditions, digits, scores.clone(), scores, sorts, any::<bool>()).prop_map(
        |(
            (category, source, status, region, brands, members),
            (prefix, digits, comment),
            min,
            max,
            sort,
            ascending,
        )| {
            let filter = NumberFilter {
                prefix: prefix.unwrap_or_default().to_owned(),
                digits: digits.unwrap_or_default().to_owned(),
                min_score: min,
                max_score: max,
                status,
                category,
                source,
                region,
                comment: if comment { "any".to_owned() } else { String::new() },
                sort,
                ascending: ascending && sort.is_some(),
                ..NumberFilter::default()
            };
            (filter, brands.map(|brands| brands.into_iter().collect()), members)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Every list has the same numbers, in the same order and with the same total, as one that reads all lines.
    #[test]
    fn pages_are_those_of_a_scan(
        batches in prop::collection::vec(
            prop::collection::btree_map(0u64..150, prop::option::weighted(0.8, any::<u64>()), 1..120), 1..5),
        filters in prop::collection::vec(filters(), 1..6),
        limit in 1usize..40,
    ) {
        let mut both = Both::new();
        for batch in batches {
            both.set(&batch);
            for (filter, brands, members) in &filters {
                let members = members.as_ref().map(|members| {
                    let numbers: BTreeSet<E164> = members.iter().map(|n| nth(*n)).collect();
                    Members::of(numbers.into_iter().collect())
                });
                let wanted = Wanted::of(filter, brands.clone(), members);
                let order = Order { sort: filter.sort, ascending: filter.ascending };
                for few in [0, FEW] {
                    both.check(&wanted, order, (limit, few))?;
                }
                both.counts = Mutex::default(); // the filters do not name brands and members
            }
        }
    }
}

/// Number `n` of those of the first shard.
fn in_first_shard(n: u64) -> E164 {
    const OF_BLOCK: u64 = 5_000;
    let number = |block: u64| E164::from_digits(block * 10_000 + n % OF_BLOCK).unwrap();
    let mut blocks = (1_415_000..).filter(|block| Shard::of_number(number(*block)) == first_shard());
    number(blocks.nth(usize::try_from(n / OF_BLOCK).unwrap()).unwrap())
}

/// Lines of 20,000 numbers in the first part.
fn many() -> Part {
    let lines = (0..20_000).map(|n: u64| {
        let line = Line::sample(in_first_shard(n), n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        (line, None)
    });
    Part::new(lines.collect(), Timestamp::EARLIEST)
}

fn first_shard() -> Shard {
    Shard::all().next().unwrap()
}

/// The count of numbers makes no difference to a page.
#[test]
fn a_page_of_a_sorted_list_reads_the_lines_that_it_shows() {
    let part = many();
    let all = Wanted::of(&NumberFilter::default(), None, None);
    for sort in [
        None,
        Some(NumberSort::Score),
        Some(NumberSort::LastReported),
        Some(NumberSort::ReportCount),
    ] {
        for ascending in [false, sort.is_some()] {
            let mut asked = Asked {
                wanted: &all,
                order: Order { sort, ascending },
                after: None,
                limit: 50,
            };
            for _ in 0..3 {
                let candidates = [all.narrowed(first_shard(), &part)];
                let search = Search {
                    parts: &[&part],
                    candidates: &candidates,
                    asked: &asked,
                };
                assert_eq!(search.total(20_000, &Mutex::default()), Some(20_000));
                let (lines, more) = search.walk(50).unwrap();
                assert_eq!((lines.len(), more), (50, true), "{sort:?} {ascending}");
                asked.after = lines.last().map(|last| asked.order.place(last));
            }
        }
    }
}

/// One condition that few numbers meet is answered from these numbers.
#[test]
fn a_rare_condition_reads_the_numbers_that_meet_it() {
    let part = many();
    let kind = StatusKind::ALL[0];
    let status = NumberFilter {
        status: Some(kind),
        prefix: "1415".to_owned(),
        ..NumberFilter::default()
    };
    let wanted = Wanted::of(&status, None, None);
    let candidates = wanted.narrowed(first_shard(), &part);
    let matching = candidates.slots().filter_map(|slot| part.line_at(slot));
    assert_eq!(matching.filter(|line| wanted.matches(line)).count(), candidates.count());
    assert!((1..1_000).contains(&candidates.count()), "{}", candidates.count());
}

/// A number took 48 bytes before there were orders and facets. Twice as many are allowed.
#[test]
fn a_number_takes_at_most_ninety_six_bytes() {
    let mut part = many();
    let bytes = |part: &Part| part.bytes() / 20_000;
    assert!((80..=96).contains(&bytes(&part)), "{}", bytes(&part));
    for n in 0..2_000 {
        let number = in_first_shard(n);
        part.set([(number, Some((Line::sample(number, n), None)))]);
        let other = in_first_shard(20_000 + n);
        part.set([(other, Some((Line::sample(other, n), None)))]);
        part.set([(other, None)]);
    }
    assert!((80..=96).contains(&bytes(&part)), "{}", bytes(&part));
}
