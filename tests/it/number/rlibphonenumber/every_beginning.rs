//! Every beginning of a number, in every length, of every country code. Random numbers seldom meet the ends of ranges
//! and lengths.

use phonenumber::metadata::{DATABASE, Descriptor};

use super::answer::Answer;
use super::differences::Question;
use super::peer::kinds;
use super::{COUNTRY_CODES, LEVEL, causes};

/// Digits of the beginnings in the short form.
const SHORT: usize = 2;

/// Digits of the beginnings in the long form.
const LONG: usize = 3;

/// The digits after a beginning: the lowest, the highest and others.
const TAILS: [&str; 3] = ["00000000000000000", "99999999999999999", "27182818284590452"];

/// Fewest and most digits of a national number that is read at all.
const NATIONAL: std::ops::RangeInclusive<usize> = 2..=17;

#[test]
fn agrees_at_the_edges_of_ranges_and_lengths() {
    assert!(compare(SHORT) > 100_000);
}

#[test]
#[ignore = "takes minutes, optimised"]
fn agrees_at_finer_edges() {
    assert!(compare(LONG) > 1_000_000);
}

/// Compares all numbers that begin with every `digits` digits; how many there were.
fn compare(digits: usize) -> u32 {
    let mut compared = 0;
    for code in 0..COUNTRY_CODES {
        for len in lengths(code) {
            for start in 0..10_usize.pow(u32::try_from(digits).unwrap()) {
                let start = format!("{start:0digits$}");
                for tail in TAILS {
                    let national: String = start.chars().chain(tail.chars()).take(len).collect();
                    let number = format!("+{code}{national}");
                    check(&number);
                    compared += 1;
                }
            }
        }
    }
    compared
}

/// Both ports agree on a number, but for listed differences.
fn check(number: &str) {
    let ours = Answer::ours(number, None);
    let theirs = LEVEL.answer(number, None).with_newer_ranges();
    let question = Question {
        text: number,
        region: None,
        ours: &ours,
        theirs: &theirs,
    };
    assert!(
        ours == theirs || !causes(&question).is_empty(),
        "{number}\nours   {ours:?}\ntheirs {theirs:?}"
    );
}

/// The lengths of a country code's numbers, and those next to them.
fn lengths(code: u16) -> Vec<usize> {
    let territories = DATABASE.by_code(&code).unwrap_or_default();
    let of_kind = |kind: &Descriptor| [kind.possible_length(), kind.possible_local_length()].concat();
    let mut lengths: Vec<usize> = territories
        .into_iter()
        .flat_map(kinds)
        .flat_map(of_kind)
        .map(usize::from)
        .flat_map(|len| [len - 1, len, len + 1])
        .filter(|len| NATIONAL.contains(len))
        .collect();
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}
