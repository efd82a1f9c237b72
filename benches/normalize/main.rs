//! The cost of reading a telephone number, compared with the two other libraries for Rust.
//!
//! Run with `cargo bench --bench normalize`. Every reader does the same work on the same texts, in one run, after a first
//! pass that fills its caches. The table at the end holds the median time of one number, memory taken from
//! the allocator for one number, how many texts are read as libphonenumber reads them, and how throughput grows with
//! threads. It never fails: it says which goal is met.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark may fail loudly, measures time itself, and prints what it found"
)]

mod inputs;
mod readers;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};
use inputs::{Input, Set};
use readers::Reader;
use ringwarden::number;

/// Samples of one measurement. They are many and short, so that most of them are not interrupted where others use the
/// machine as well; few where a single pass is longer than that.
const SAMPLES: usize = 200;
const FEW_SAMPLES: usize = 10;
const LONG_PASS: Duration = Duration::from_millis(5);
/// The time of all samples of one measurement together, if a pass is short.
const MEASURED: Duration = Duration::from_millis(200);
/// The warm-up of the readers and the processor.
const WARM_UP: Duration = Duration::from_millis(500);
/// Rounds over the numbers of threads, and the time of each.
const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(300);

/// The result of one reader with one set, for one number.
struct Figures {
    reader: Reader,
    median_ns: f64,
    allocations: f64,
    bytes: f64,
    /// The share of texts read as libphonenumber reads them, in percent.
    agrees: f64,
}

fn main() {
    number::warm_up();
    let sets = inputs::sets();
    let found: Vec<(&Set, Vec<Figures>)> = sets.iter().map(|set| (set, measure_set(set))).collect();
    println!();
    for (set, figures) in &found {
        print_set(set, figures);
    }
    print_threads(&sets[0].inputs);
}

fn measure_set(set: &Set) -> Vec<Figures> {
    let readers = Reader::ALL
        .into_iter()
        .filter(|reader| set.plain || *reader == Reader::Ours);
    let places: Vec<Reader> = readers.collect();
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("normalize");
    let mut criterion = Criterion::default()
        .without_plots()
        .output_directory(&output)
        .warm_up_time(WARM_UP)
        .measurement_time(MEASURED);
    let mut group = criterion.benchmark_group(set.name);
    group.sampling_mode(SamplingMode::Flat);
    for reader in &places {
        reader.pass(&set.inputs);
        let began = Instant::now();
        reader.pass(&set.inputs);
        let long = began.elapsed() > LONG_PASS;
        group.sample_size(if long { FEW_SAMPLES } else { SAMPLES });
        group.bench_function(reader.name(), |bencher| bencher.iter(|| reader.pass(&set.inputs)));
    }
    group.finish();
    places
        .into_iter()
        .map(|reader| Figures::new(reader, set, &output))
        .collect()
}

impl Figures {
    fn new(reader: Reader, set: &Set, output: &Path) -> Self {
        let count = set.inputs.len() as f64;
        let right = set
            .inputs
            .iter()
            .filter(|input| reader.e164(input).as_ref() == Some(&input.e164));
        let agrees = right.count() as f64 * 100.0 / count;
        let memory = allocation_counter::measure(|| reader.pass(&set.inputs));
        Self {
            reader,
            median_ns: median_ns(output, set.name, reader.name()) / count,
            allocations: memory.count_total as f64 / count,
            bytes: memory.bytes_total as f64 / count,
            agrees,
        }
    }
}

/// The median of a pass, where criterion has written it down.
fn median_ns(output: &Path, group: &str, function: &str) -> f64 {
    let file: PathBuf = [
        output,
        Path::new(group),
        Path::new(function),
        Path::new("new/estimates.json"),
    ]
    .iter()
    .collect();
    let text = std::fs::read_to_string(file).unwrap();
    let estimates: serde_json::Value = serde_json::from_str(&text).unwrap();
    estimates["median"]["point_estimate"].as_f64().unwrap()
}

fn print_set(set: &Set, figures: &[Figures]) {
    println!("{}, {} texts", set.name, set.inputs.len());
    let ours = figures[0].median_ns;
    for one in figures {
        println!(
            "  {:<16} {:>10.0} ns {:>8.1} x {:>7.2} allocations {:>7.0} bytes {:>7.1} % as libphonenumber",
            one.reader.name(),
            one.median_ns,
            one.median_ns / ours,
            one.allocations,
            one.bytes,
            one.agrees
        );
    }
    if set.goal_ns.is_finite() {
        let met = if ours < set.goal_ns { "met" } else { "MISSED" };
        println!("  goal: less than {:.0} ns: {met}", set.goal_ns);
    }
}

fn print_threads(inputs: &[Input]) {
    let most = std::thread::available_parallelism().unwrap().get();
    println!("numbers a second by threads, on E.164 of the world");
    for reader in Reader::ALL {
        let mut rates: Vec<Vec<f64>> = vec![vec![]; most];
        for _ in 0..ROUNDS {
            for (threads, rates) in (1..).zip(&mut rates) {
                rates.push(rate(reader, inputs, threads));
            }
        }
        let medians: Vec<f64> = rates.into_iter().map(median).collect();
        for (threads, rate) in (1..).zip(&medians) {
            let ratio = rate / medians[0];
            println!(
                "  {:<16} {threads:>3} threads {rate:>12.0} /s {ratio:>6.2} x",
                reader.name()
            );
        }
    }
}

/// Numbers a second that so many threads read together.
fn rate(reader: Reader, inputs: &[Input], threads: usize) -> f64 {
    let over = AtomicBool::new(false);
    let began = Instant::now();
    let passes: usize = std::thread::scope(|scope| {
        let work = || {
            (0..)
                .take_while(|_| !over.load(Ordering::Relaxed))
                .map(|_: u32| reader.pass(inputs))
                .count()
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        std::thread::sleep(ROUND);
        over.store(true, Ordering::Relaxed);
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    (passes * inputs.len()) as f64 / began.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
