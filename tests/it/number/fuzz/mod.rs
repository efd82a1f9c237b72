//! No text makes the reading of numbers panic, hang, contradict itself or show a number.
//!
//! A corpus holds one short input for each shape of an answer that was ever reached. Mutations of the corpus make new
//! inputs. If an input gives a pair of answers that is new, it joins the corpus for the rest of the run, and later
//! inputs start from it too. The short form has a fixed seed. The long form is run by hand and optimised: it takes its
//! seed from `RINGWARDEN_FUZZ_SEED` and its length from `RINGWARDEN_FUZZ_INPUTS`, and prints inputs with new shapes as
//! lines for the corpus.

mod mutate;
mod outcome;
mod properties;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use ringwarden::number::{self, Region};
use serde::{Deserialize, Serialize};

use crate::support::random::Random;
use mutate::Mutator;
use outcome::Outcome;

/// One input for each shape of an answer.
const CORPUS: &str = include_str!("../../../data/number-corpus/shapes.jsonl");

/// Inputs that once broke a property.
const BROKE: &str = include_str!("../../../data/number-corpus/broke.jsonl");

const SHORT_INPUTS: u64 = 100_000;

const SHORT_SEED: u64 = 20_260_101;

/// Fewer outcomes than the short form reaches, twice as many as the corpus has: the mutations lead somewhere.
const OUTCOMES_MIN: usize = 600;

const LONG_INPUTS: u64 = 10_000_000;

/// Longest that one input may take with all properties checked, in the long form: far more than it takes, far
/// less than a pattern that goes back and forth over 250 characters would.
const INPUT_TIME_MAX: Duration = Duration::from_secs(1);

/// A text and the region from which it is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Input {
    text: String,
    region: Option<String>,
}

impl Input {
    fn region(&self) -> Option<Region> {
        self.region.as_deref().map(|region| region.parse().expect("a region"))
    }
}

fn corpus(lines: &str) -> Vec<Input> {
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("an input"))
        .collect()
}

/// The results of a run.
#[derive(Default)]
struct Run {
    outcomes: HashSet<Outcome>,
    /// The shapes of the answers in the outcomes.
    shapes: HashSet<String>,
    /// Inputs with shapes that the corpus does not have.
    fresh: Vec<Input>,
    slowest: Duration,
}

impl Run {
    /// Whether an outcome was new, and whether a shape in it was.
    fn add(&mut self, outcome: Outcome) -> (bool, bool) {
        let new_shapes = outcome.shapes().map(|shape| self.shapes.insert(shape));
        (self.outcomes.insert(outcome), new_shapes.contains(&true))
    }
}

/// Replays the corpus and reads `inputs` mutations.
fn run(seed: u64, inputs: u64) -> Run {
    number::warm_up();
    let mut run = Run::default();
    let mut seeds = corpus(CORPUS);
    seeds.extend(corpus(BROKE));
    for seed in &seeds {
        run.add(check(seed));
    }
    let mut mutator = Mutator::new(Random::new(seed));
    for _ in 0..inputs {
        let input = mutator.input(&seeds);
        let (outcome, time) = timed(|| check(&input));
        run.slowest = run.slowest.max(time);
        let (new_outcome, new_shape) = run.add(outcome);
        if new_shape {
            run.fresh.push(input.clone());
        }
        if new_outcome {
            seeds.push(input);
        }
    }
    run
}

/// The outcome of an input; names the input if a property fails or the library panics.
fn check(input: &Input) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| properties::check(&input.text, input.region())))
        .unwrap_or_else(|_| panic!("this broke: {}", serde_json::to_string(input).unwrap()))
}

#[expect(clippy::disallowed_methods, reason = "a test measures real time")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    (work(), start.elapsed())
}

#[test]
fn each_input_of_the_corpus_adds_a_shape_and_all_errors_are_among_them() {
    let mut run = Run::default();
    let mut idle = CORPUS.lines().zip(corpus(CORPUS)).collect::<Vec<_>>();
    idle.retain(|(_, input)| !run.add(check(input)).1);
    let idle: Vec<&str> = idle.into_iter().map(|(line, _)| line).collect();
    assert!(idle.is_empty(), "nothing new in {idle:#?}");
    for error in outcome::ERRORS {
        for reader in ["parse", "normalize"] {
            let shape = format!("{reader}: {error}");
            let reached = reader == "parse" || !outcome::ERRORS_OF_PARSE.contains(&error);
            assert_eq!(run.shapes.contains(&shape), reached, "{shape}");
        }
    }
}

#[test]
fn no_mutation_of_the_corpus_breaks_a_property() {
    let run = run(SHORT_SEED, SHORT_INPUTS);
    assert!(
        run.outcomes.len() > OUTCOMES_MIN,
        "only {} outcomes",
        run.outcomes.len()
    );
}

#[test]
#[ignore = "takes minutes, optimised; RINGWARDEN_FUZZ_INPUTS and RINGWARDEN_FUZZ_SEED say how much and which"]
fn no_mutation_breaks_a_property_in_a_long_run() {
    let from_environment =
        |name: &str, default: u64| std::env::var(name).map_or(default, |value| value.parse().unwrap());
    let seed = from_environment("RINGWARDEN_FUZZ_SEED", SHORT_SEED);
    let inputs = from_environment("RINGWARDEN_FUZZ_INPUTS", LONG_INPUTS);
    let (run, time) = timed(|| run(seed, inputs));
    for input in &run.fresh {
        println!("{}", serde_json::to_string(input).unwrap());
    }
    println!(
        "{inputs} inputs from seed {seed} in {time:?}: {} outcomes, {} shapes, {} new, the slowest input took {:?}",
        run.outcomes.len(),
        run.shapes.len(),
        run.fresh.len(),
        run.slowest
    );
    assert!(run.slowest < INPUT_TIME_MAX, "{:?}", run.slowest);
}
