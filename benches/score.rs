//! The cost of a score: the sum, part by part, and a lookup in blocks of all sizes.
//!
//! Run with `cargo bench --bench score`. The sum is taken with the built-in model and with one that has a term of six
//! knots over every feature, which is the most that a file can ask for. Lookups go to an index that holds one block, so
//! they show the work and not the memory. The tables at the end hold median times, and what a lookup takes from the
//! allocator. It never fails: it says whether the goal is met.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark may fail loudly, and prints what it found"
)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, SamplingMode};
use ringwarden::domain::call::{LedgerView, Signing};
use ringwarden::domain::feature::{Feature, Features};
use ringwarden::domain::ids::{Area, ReportId};
use ringwarden::domain::kinds::Source;
use ringwarden::domain::language::Language;
use ringwarden::domain::model::{MAX_KNOTS, ScoreModel, Term};
use ringwarden::domain::range::Neighbourhood;
use ringwarden::domain::report::{ReportBody, ReportRow};
use ringwarden::domain::rows::LoadedRows;
use ringwarden::domain::score::{Detail, Subject};
use ringwarden::domain::state::NumberState;
use ringwarden::domain::time::{DAY_MS, Timestamp};
use ringwarden::domain::traffic::Signs;
use ringwarden::index::Index;
use ringwarden::number::E164;

/// Samples of one measurement, and how long all of them take together.
const SAMPLES: usize = 100;
const MEASURED: Duration = Duration::from_millis(1_000);
const WARM_UP: Duration = Duration::from_millis(300);

/// The goal for the sum.
const GOAL_NS: f64 = 200.0;
/// The numbers of an average block, in a year of complaints.
const AVERAGE: u64 = 8;
/// Blocks: empty, average, the largest without sums or nearly, and about the largest.
const BLOCKS: [u64; 4] = [0, AVERAGE, 60, 1_000];

/// The number looked up, and its own reports, by day.
const NUMBER: u64 = 14_155_555_555;
const OWN_DAYS: [i64; 4] = [3, 40, 55, 58];
/// The day of the lookup; neighbours were reported on the days before it.
const TODAY: i64 = 60;

/// Measurements by name.
struct Bench {
    criterion: Criterion,
    output: PathBuf,
}

fn main() {
    let mut bench = Bench::new();
    for (name, model) in [("built-in", ScoreModel::default()), ("widest", widest())] {
        bench.sums(name, &Arc::new(model));
    }
    let model = Arc::new(ScoreModel::default());
    for neighbours in BLOCKS {
        bench.lookups(&model, neighbours);
    }
}

impl Bench {
    fn new() -> Self {
        let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("score");
        let criterion = Criterion::default()
            .without_plots()
            .output_directory(&output)
            .sample_size(SAMPLES)
            .warm_up_time(WARM_UP)
            .measurement_time(MEASURED);
        Self { criterion, output }
    }

    /// The sum, whole and in parts, of an unknown number, and of one reported among others.
    fn sums(&mut self, name: &str, model: &Arc<ScoreModel>) {
        let number = E164::from_digits(NUMBER).unwrap();
        let average = block(model, AVERAGE, None).neighbourhood(number, day(TODAY));
        let blank = (NumberState::default(), Neighbourhood::default());
        let known = (reported(&OWN_DAYS, model), average);
        for (what, (state, neighbourhood)) in [("blank", blank), ("reported", known)] {
            let subject = Subject {
                state: &state,
                cases: &[],
                neighbourhood,
                number,
                call: Signing::NotGiven,
                signs: Signs::default(),
                owner: None,
                now: day(TODAY),
            };
            let weighed = model.weigh(&subject);
            let decayed = state.evidence.at(subject.now, &model.fold, LedgerView::All);
            let group = format!("{name}, {what}");
            let evidence = self.median_ns(&group, "evidence", || {
                black_box(&state.evidence).at(subject.now, &model.fold, LedgerView::All)
            });
            let features = self.median_ns(&group, "features", || {
                Features::new(number, &decayed, decayed.areas, black_box(&neighbourhood))
            });
            let terms = self.median_ns(&group, "terms", || {
                model.evidence_log_odds(black_box(&weighed.features))
            });
            let whole = self.median_ns(&group, "weigh", || model.weigh(black_box(&subject)));
            let met = if whole < GOAL_NS { "met" } else { "MISSED" };
            println!("\n{group}: {whole:.0} ns; goal, less than {GOAL_NS:.0} ns: {met}");
            println!("  evidence {evidence:.0} ns, features {features:.0} ns, terms {terms:.0} ns");
            for reason in model
                .explain(&subject, &weighed, &Vec::new(), Detail::Sentences(Language::English))
                .reasons
            {
                println!("  {:<16} {:>6.2} points", reason.code, reason.points);
            }
            println!();
        }
    }

    /// Lookups in a block of so many others, of a number not reported and of one that was.
    fn lookups(&mut self, model: &Arc<ScoreModel>, neighbours: u64) {
        let number = E164::from_digits(NUMBER).unwrap();
        for (what, own) in [("unreported", None), ("reported", Some(reported(&OWN_DAYS, model)))] {
            let index = block(model, neighbours, own);
            let look_up = || index.look_up(black_box(number), day(TODAY), |known| known.weighed.verdict);
            let group = format!("look_up, {neighbours} neighbours");
            let median = self.median_ns(&group, what, look_up);
            let memory = allocation_counter::measure(|| {
                look_up();
            });
            println!(
                "\n{group}, {what}: {median:.0} ns, {} allocations\n",
                memory.count_total
            );
        }
    }

    /// The median time of one call, as criterion has written it down.
    fn median_ns<R>(&mut self, group: &str, name: &str, mut work: impl FnMut() -> R) -> f64 {
        let mut measured = self.criterion.benchmark_group(group);
        measured.sampling_mode(SamplingMode::Flat);
        measured.bench_function(name, |bencher| bencher.iter(&mut work));
        measured.finish();
        let file = self.output.join(group).join(name).join("new/estimates.json");
        let text = std::fs::read_to_string(file).unwrap();
        let estimates: serde_json::Value = serde_json::from_str(&text).unwrap();
        estimates["median"]["point_estimate"].as_f64().unwrap()
    }
}

/// A model with a term of as many knots as there may be over every feature.
fn widest() -> ScoreModel {
    let knots: Vec<[f64; 2]> = (0..MAX_KNOTS)
        .map(|n| f64::from(u8::try_from(n).unwrap()))
        .map(|x| [x, x / 10.0])
        .collect();
    let terms = Feature::ALL.map(|feature| Term {
        feature,
        knots: knots.clone(),
    });
    ScoreModel {
        terms: terms.into(),
        ..ScoreModel::default()
    }
}

/// An index of one block: neighbours spread over it, each reported once, and perhaps the number itself.
fn block(model: &Arc<ScoreModel>, neighbours: u64, own: Option<NumberState>) -> Index {
    let index = Index::new(Arc::clone(model));
    let own_block = NUMBER / 10_000 * 10_000;
    for (n, at) in (0..neighbours).zip((0..TODAY).cycle()) {
        // The factor has no divisor in common with 10,000, so all of them differ.
        let suffix = (n * 7_919 + 3) % 10_000;
        let number = E164::from_digits(own_block + suffix).unwrap();
        index.apply(number, 1, Some(reported(&[at], model)));
    }
    index.apply(E164::from_digits(NUMBER).unwrap(), 2, own);
    index
}

fn reported(days: &[i64], model: &ScoreModel) -> NumberState {
    let (mut state, mut rows) = (NumberState::default(), LoadedRows::unloaded(0));
    for (n, at) in days.iter().enumerate() {
        let id = ReportId::parse(&format!("r{n}")).unwrap();
        let body = ReportBody {
            source: Source::RegulatorFeed,
            area: Some(Area::parse(if n % 2 == 0 { "415" } else { "212" }).unwrap()),
            ..ReportRow::tombstone(id.clone(), day(*at)).body
        };
        let row = ReportRow::accepted(id, body, 1.0, day(*at), None);
        state.submit(&mut rows, row, &model.fold).unwrap();
    }
    state
}

fn day(day: i64) -> Timestamp {
    Timestamp::from_millis(Timestamp::EARLIEST.millis() + day * DAY_MS)
}
