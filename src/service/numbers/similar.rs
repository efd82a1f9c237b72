//! Numbers that may belong to the same callers as a number.
//!
//! The numbers of its cases, of its brand and of its range are found by an index each. Comments lie in the store, so only those
//! of the numbers that are most similar otherwise are read, and then those of the numbers that were reported last. A brand may
//! have very many numbers. Of those that are similar by it alone, which all have one rank, only the first by number are kept:
//! as many as a page shows, or as are compared.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

use futures_util::future::join_all;

use super::Numbers;
use crate::domain::brand::Brand;
use crate::domain::kinds::{NumberSort, SimilarityKind};
use crate::number::{E164, Region};
use crate::service::content::{Method, RequestContent};
use crate::service::directory::{Directory, Line, NumberFilter, NumberRow, Order, Wanted, select};
use crate::service::identity::read_number;
use crate::service::page::foreign_token;
use crate::service::{PageRequest, ServiceError};
use crate::store::key;

/// The most numbers whose comments are compared.
const MAX_COMPARED: usize = 200;
/// Numbers whose comments are read at a time.
const COMPARED_AT_A_TIME: usize = 16;
/// The most comments of a number that are compared.
const MAX_COMMENTS: usize = 20;
/// The fewest letters of a word that is compared.
const MIN_LETTERS: usize = 3;
/// The fewest words that two similar comments share.
const MIN_SHARED: usize = 3;
/// The words that a reason names.
const NAMED_WORDS: usize = 5;

/// Points by which similar numbers are sorted. A case is the judgement of a person; the same wording is rarely chance; a
/// brand is impersonated by many; neighbours may belong to anybody.
const CASE: u32 = 100;
const WORDING: u32 = 80;
const BRAND: u32 = 40;
const HUNDRED: u32 = 30;
const THOUSAND: u32 = 15;
const BLOCK: u32 = 5;

/// A reason why two numbers are similar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Similarity {
    /// The kind of reason.
    pub kind: SimilarityKind,
    /// The reason in words.
    pub detail: String,
    points: u32,
}

/// A number that is similar to another one.
#[derive(Clone, Debug)]
pub struct SimilarNumber {
    /// The number.
    pub row: NumberRow,
    /// Why it is similar, strongest reason first.
    pub similarities: Vec<Similarity>,
}

/// A page of similar numbers.
#[derive(Clone, Debug)]
pub struct SimilarList {
    /// The numbers, most similar first.
    pub numbers: Vec<SimilarNumber>,
    /// Leads to the next page; empty at the end.
    pub next_page_token: String,
    /// The numbers on all pages.
    pub total: usize,
    /// The numbers whose comments were compared.
    pub compared: usize,
}

/// The reasons for each similar number.
type Reasons = BTreeMap<E164, Vec<Similarity>>;

/// The words of a comment.
type Words = BTreeSet<String>;

impl Numbers {
    /// A page of the numbers that are similar to a number.
    ///
    /// # Errors
    /// If the number or the page is not valid, or if comments cannot be read from the store.
    pub async fn similar(
        &self,
        text: &str,
        region: Option<Region>,
        page: &PageRequest,
    ) -> Result<SimilarList, ServiceError> {
        let limit = page.limit()?;
        let number = read_number("number", text, region)?;
        let mut scope = RequestContent::of(Method::ListSimilar);
        scope.number(number);
        let after = page
            .cursor(&self.page_key, &scope)?
            .map(|cursor| place_of(&cursor).ok_or_else(foreign_token))
            .transpose()?;
        let own = Arc::new(words(&self.comments(number).await?));
        let has_words = !own.is_empty();
        let (mut reasons, commented) = self
            .directory
            .read(move |directory| {
                let mut reasons = reasons(directory, number);
                let of_brand = SameBrand::of(directory, number, &mut reasons, |line| {
                    line.has_comment.then_some(MAX_COMPARED)
                });
                let commented = if has_words {
                    commented(directory, &reasons, &of_brand)
                } else {
                    Vec::new()
                };
                (reasons, commented)
            })
            .await?;
        let others: Vec<E164> = commented.into_iter().filter(|other| *other != number).collect();
        self.compare_comments(&own, &others, &mut reasons).await?;
        let page = self
            .directory
            .read(move |directory| page_of(directory, (number, reasons), after, limit));
        let (numbers, cursor, total) = page.await?;
        Ok(SimilarList {
            numbers,
            next_page_token: self.page_key.next(&scope, cursor),
            total,
            compared: others.len(),
        })
    }

    async fn compare_comments(
        &self,
        own: &Arc<Vec<Words>>,
        others: &[E164],
        reasons: &mut Reasons,
    ) -> Result<(), ServiceError> {
        for part in others.chunks(COMPARED_AT_A_TIME) {
            let comments = join_all(part.iter().map(|number| self.comments(*number))).await;
            let comments: Vec<_> = part.iter().copied().zip(comments).collect();
            let own = Arc::clone(own);
            // To compare takes long, so it is not done where calls are answered.
            let compare = move |_: &Directory| -> Result<Vec<(E164, Similarity)>, ServiceError> {
                let mut alike = Vec::new();
                for (number, comments) in comments {
                    alike.extend(wording(&own, &words(&comments?)).map(|similarity| (number, similarity)));
                }
                Ok(alike)
            };
            for (number, similarity) in self.directory.read(compare).await?? {
                reasons.entry(number).or_default().push(similarity);
            }
        }
        Ok(())
    }
}

/// The numbers of the brand of a number.
#[derive(Default)]
struct SameBrand {
    brand: Option<Brand>,
    /// Those that are similar by nothing else: the first by number, as many as are wanted.
    alone: Vec<E164>,
    /// All that are similar by nothing else.
    total: usize,
}

impl SameBrand {
    /// Adds the brand to the reasons of the numbers that are similar already. Of the others, keeps the first by number of those
    /// for which `wanted` gives the count of numbers to keep.
    fn of(directory: &Directory, number: E164, reasons: &mut Reasons, wanted: impl Fn(&Line) -> Option<usize>) -> Self {
        let Some(brand) = directory.line(number).and_then(|line| directory.brand(&line)) else {
            return Self::default();
        };
        let is_of_brand = Wanted::with_brands(directory.brands(|known| known.is_same(&brand)));
        let (mut first, mut total) = (BinaryHeap::new(), 0);
        directory.each(&is_of_brand, |line| {
            if line.number == number {
                return;
            }
            if let Some(known) = reasons.get_mut(&line.number) {
                if !known.iter().any(|of| of.kind == SimilarityKind::Brand) {
                    known.push(same_brand(&brand));
                }
                return;
            }
            total += 1;
            if let Some(most) = wanted(line) {
                first.push(line.number);
                if first.len() > most {
                    first.pop();
                }
            }
        });
        Self {
            brand: Some(brand),
            alone: first.into_sorted_vec(),
            total,
        }
    }
}

fn same_brand(brand: &Brand) -> Similarity {
    Similarity {
        kind: SimilarityKind::Brand,
        detail: format!("callers of both claim to be {}", brand.as_str()),
        points: BRAND,
    }
}

/// The numbers after a place in the order of their ranks, the cursor of the next page, and how many there are on all pages.
fn page_of(
    directory: &Directory,
    (number, mut reasons): (E164, Reasons),
    after: Option<(u32, E164)>,
    limit: usize,
) -> (Vec<SimilarNumber>, Option<Vec<u8>>, usize) {
    let follows = |place: (u32, E164)| after.is_none_or(|after| place > after);
    let by_brand = u32::MAX - BRAND;
    let of_brand = SameBrand::of(directory, number, &mut reasons, |line| {
        follows((by_brand, line.number)).then_some(limit + 1)
    });
    let total = reasons.len() + of_brand.total;
    let mut places: Vec<(u32, E164)> = reasons.iter().map(|(number, of)| (rank(of), *number)).collect();
    places.extend(of_brand.alone.iter().map(|number| (by_brand, *number)));
    places.retain(|place| follows(*place));
    places.sort_unstable();
    let more = places.len() > limit;
    places.truncate(limit);
    let cursor = places.last().filter(|_| more).map(|place| cursor_of(*place));
    let shown = places.into_iter().filter_map(|(_, number)| {
        let of_brand = || of_brand.brand.as_ref().map(|brand| vec![same_brand(brand)]);
        let mut similarities = reasons.remove(&number).or_else(of_brand)?;
        similarities.sort_by_key(|similarity| std::cmp::Reverse(similarity.points));
        let row = directory.row(&directory.line(number)?)?;
        Some(SimilarNumber { row, similarities })
    });
    (shown.collect(), cursor, total)
}

/// The numbers of the same range and case.
fn reasons(directory: &Directory, number: E164) -> Reasons {
    let mut reasons = Reasons::new();
    let mut add = |number: E164, kind, points, detail: String| {
        let similarity = Similarity { kind, detail, points };
        reasons.entry(number).or_default().push(similarity);
    };
    let index = directory.index();
    for near in index.numbers_near(number) {
        let (points, rest) = match near {
            near if near.without_last(2) == number.without_last(2) => (HUNDRED, "two"),
            near if near.without_last(3) == number.without_last(3) => (THOUSAND, "three"),
            _ => (BLOCK, "four"),
        };
        let detail = format!("all digits but the last {rest} are the same");
        add(near, SimilarityKind::Range, points, detail);
    }
    let record = index.record(number);
    let cases: BTreeSet<_> = record
        .iter()
        .flat_map(|(_, state)| &state.links)
        .map(|link| &link.case)
        .collect();
    for case in cases {
        for member in index.members(case).into_iter().filter(|member| *member != number) {
            add(
                member,
                SimilarityKind::Case,
                CASE,
                format!("both are in case {}", case.as_str()),
            );
        }
    }
    reasons
}

/// The numbers whose comments are compared: of those that are similar already, the most similar; then the latest reported.
fn commented(directory: &Directory, reasons: &Reasons, of_brand: &SameBrand) -> Vec<E164> {
    let has_comment = |number: &E164| directory.line(*number).is_some_and(|line| line.has_comment);
    let mut similar: Vec<(u32, E164)> = reasons.iter().map(|(number, of)| (rank(of), *number)).collect();
    similar.retain(|(_, number)| has_comment(number));
    similar.extend(of_brand.alone.iter().map(|number| (u32::MAX - BRAND, *number)));
    similar.sort_unstable();
    let similar = similar.into_iter().map(|(_, number)| number);
    let mut commented: Vec<E164> = similar.take(MAX_COMPARED).collect();
    let filter = NumberFilter {
        comment: " ".to_owned(), // any
        ..NumberFilter::default()
    };
    let order = Order {
        sort: Some(NumberSort::LastReported),
        ascending: false,
    };
    let latest = select(directory, &Wanted::new(&filter, directory), order, None, MAX_COMPARED);
    let known: BTreeSet<E164> = commented.iter().copied().collect();
    let others = latest
        .lines
        .iter()
        .map(|line| line.number)
        .filter(|number| !known.contains(number));
    let left = MAX_COMPARED.saturating_sub(commented.len());
    commented.extend(others.take(left));
    commented
}

/// Small ranks come first.
fn rank(reasons: &[Similarity]) -> u32 {
    u32::MAX - reasons.iter().map(|similarity| similarity.points).sum::<u32>()
}

/// The words of each comment.
fn words(comments: &[Box<str>]) -> Vec<Words> {
    let of_comment = |comment: &str| -> Words {
        let words = comment.split(|c: char| !c.is_alphanumeric());
        let long = words.filter(|word| word.chars().count() >= MIN_LETTERS);
        long.map(str::to_lowercase).collect()
    };
    let sets = comments.iter().take(MAX_COMMENTS).map(|comment| of_comment(comment));
    sets.filter(|words| words.len() >= MIN_SHARED).collect()
}

/// The similarity of the two comments that are most alike: they share half of their words, and three at least.
fn wording(own: &[Words], other: &[Words]) -> Option<Similarity> {
    let pairs = own.iter().flat_map(|own| other.iter().map(move |other| (own, other)));
    let alike = pairs.filter_map(|(own, other)| {
        let shared: Vec<&str> = own.intersection(other).map(String::as_str).collect();
        let all = own.len() + other.len() - shared.len();
        (shared.len() >= MIN_SHARED && shared.len() * 2 >= all).then_some((shared.len() * 100 / all, shared))
    });
    let (share, shared) = alike.max_by_key(|(share, _)| *share)?;
    let named: Vec<&str> = shared.into_iter().take(NAMED_WORDS).collect();
    Some(Similarity {
        kind: SimilarityKind::Wording,
        detail: format!("comments share {share} % of their words: {}", named.join(", ")),
        points: WORDING,
    })
}

fn cursor_of((rank, number): (u32, E164)) -> Vec<u8> {
    let mut cursor = rank.to_be_bytes().to_vec();
    cursor.extend_from_slice(&number.digits().to_be_bytes());
    cursor
}

fn place_of(cursor: &[u8]) -> Option<(u32, E164)> {
    let (rank, number) = cursor.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*rank), key::number_of_id(number)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(comment: &str) -> Vec<Words> {
        words(&[comment.into()])
    }

    #[test]
    fn comments_are_alike_by_half_of_their_words() {
        let own = of("A man says your Social Security number is suspended, press 1");
        let found = wording(&own, &of("Says the social security number was SUSPENDED! Press one")).unwrap();
        assert_eq!(found.kind, SimilarityKind::Wording);
        assert_eq!(
            found.detail,
            "comments share 54 % of their words: number, press, says, security, social"
        );
        assert_eq!(wording(&own, &of("Car warranty about to end, press 1")), None);
        assert_eq!(wording(&of("hi"), &of("hi")), None);
    }

    #[test]
    fn what_page_tokens_hold_is_read_again() {
        let place = (7, E164::from_digits(14_155_550_199).unwrap());
        assert_eq!(place_of(&cursor_of(place)), Some(place));
        assert_eq!(place_of(b"x"), None);
    }
}
