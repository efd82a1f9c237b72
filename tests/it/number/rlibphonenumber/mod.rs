//! This library agrees with another port of libphonenumber on any number in any form, except for the differences in a
//! table.
//!
//! The other port is asked twice. With our metadata, only the reading of texts can differ. With its own metadata, ours
//! are compared with other metadata too. If a listed example agrees, the table is out of date and a test fails.

mod answer;
mod differences;
mod every_beginning;
mod inputs;
mod peer;

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use answer::Answer;
use differences::{DIFFERENCES, NEWER_METADATA, Question};
use peer::Peer;

/// No country code is longer than three digits.
const COUNTRY_CODES: u16 = 1_000;

/// Fewest inputs; `PROPTEST_CASES` may ask for more, and `PROPTEST_RNG_SEED` for others.
const CASES_MIN: u32 = 10_000;

const SEED: u64 = 1;

/// The other port with our metadata.
static LEVEL: LazyLock<Peer> = LazyLock::new(Peer::level);

/// The other port with its own metadata.
static NEWER: LazyLock<Peer> = LazyLock::new(Peer::newer);

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases.max(CASES_MIN),
        rng_seed: match default.rng_seed {
            RngSeed::Random => RngSeed::Fixed(SEED),
            fixed @ RngSeed::Fixed(_) => fixed,
        },
        failure_persistence: None,
        ..default
    }
}

/// The listed causes that explain a difference.
fn causes(question: &Question<'_>) -> Vec<&'static str> {
    DIFFERENCES
        .iter()
        .filter(|one| (one.explains)(&LEVEL, question))
        .map(|one| one.cause)
        .collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn agrees_but_for_listed_differences(input in inputs::input()) {
        let (text, region) = (input.text.as_str(), input.region.as_deref());
        let ours = Answer::ours(text, region);
        let level = LEVEL.answer(text, region);
        let theirs = level.clone().with_newer_ranges();
        prop_assert!(
            ours == theirs || !causes(&Question { text, region, ours: &ours, theirs: &theirs }).is_empty(),
            "{text:?} in {region:?}\nours   {ours:?}\ntheirs {theirs:?}"
        );
        let newer = NEWER.answer(text, region);
        if newer != level {
            let changed = [&newer, &level].iter().any(|answer| {
                answer.region().is_some_and(|region| NEWER_METADATA.iter().any(|(listed, _)| *listed == region))
            });
            prop_assert!(changed, "{text:?} in {region:?}\nnewer  {newer:?}\nlevel  {level:?}");
        }
    }
}

#[test]
fn every_listed_difference_still_differs_for_its_cause() {
    for difference in DIFFERENCES {
        let (text, region) = difference.example;
        let ours = Answer::ours(text, region);
        let theirs = LEVEL.answer(text, region);
        assert_ne!(ours, theirs, "no longer a difference: {}", difference.cause);
        let question = Question {
            text,
            region,
            ours: &ours,
            theirs: &theirs,
        };
        assert_eq!(causes(&question), [difference.cause], "{text:?}");
    }
}

#[test]
fn every_listed_region_still_differs_by_metadata_alone() {
    for (region, number) in NEWER_METADATA {
        let (level, newer) = (LEVEL.answer(number, None), NEWER.answer(number, None));
        assert_ne!(level, newer, "{region} no longer differs at {number}");
        let ours = Answer::ours(number, None);
        assert_eq!(ours, level.clone().with_newer_ranges(), "{number} differs otherwise");
        assert!(
            [level.region(), newer.region()].contains(&Some(*region)),
            "{number} is not of {region}"
        );
    }
}
