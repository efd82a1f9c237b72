//! What analysts cost the calls: lookups while three analysts page through 100,000 numbers, and the first and last page.
//!
//! Run with `cargo bench --bench finding`. It fills an index, and looks numbers up on a thread of their own: alone, and while
//! three analysts page through all numbers, by score, in pages of 50, as fast as they can. It prints the percentiles of
//! lookups of both, the time until the first answer of the directory, and the median time of the first and of the last
//! page. It never fails.
#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a benchmark may fail loudly, measures time itself, and prints what it found"
)]

#[path = "../tests/support/instance.rs"]
mod instance;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use instance::{Instance, evidence_version, noon};
use ringwarden::clock::Clock;
use ringwarden::domain::ids::ReportId;
use ringwarden::domain::kinds::{NumberSort, Source};
use ringwarden::domain::report::ReportRow;
use ringwarden::domain::rows::LoadedRows;
use ringwarden::domain::state::NumberState;
use ringwarden::domain::time::{DAY_MS, Timestamp};
use ringwarden::number::E164;
use ringwarden::service::{NumberFilter, PageRequest};
use ringwarden::store::memory::MemoryStore;

const NUMBERS: u64 = 100_000;
const ANALYSTS: usize = 3;
const LOOKUPS: usize = 300_000;
const PAGES: usize = 30;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let store = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let one = Arc::new(runtime.block_on(Instance::over(store, Clock::fixed(noon()))));
    fill(&one);
    let start = Instant::now();
    runtime.block_on(page(&one, 50, ""));
    println!("first answer, with the directory built: {:?}", start.elapsed());
    let last = runtime.block_on(last_page(&one));
    for (name, token) in [("first page", String::new()), ("last page", last)] {
        let times = (0..PAGES).map(|_| {
            let start = Instant::now();
            runtime.block_on(page(&one, 50, &token));
            start.elapsed()
        });
        println!("{name}: median {:?}", percentile(times.collect(), 50));
    }
    show("alone", &lookups(&one));
    let (ends, pages) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let analysts: Vec<_> = (0..ANALYSTS)
        .map(|_| {
            let (one, ends, pages) = (Arc::clone(&one), Arc::clone(&ends), Arc::clone(&pages));
            runtime.spawn(async move {
                let mut token = String::new();
                while !ends.load(Ordering::Relaxed) {
                    token = page(&one, 50, &token).await;
                    pages.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    show("beside three analysts", &lookups(&one));
    ends.store(true, Ordering::Relaxed);
    for analyst in analysts {
        runtime.block_on(analyst).unwrap();
    }
    println!(
        "pages that the analysts read meanwhile: {}",
        pages.load(Ordering::Relaxed)
    );
}

/// Numbers of 10,000 blocks, each reported up to four times.
fn fill(one: &Instance) {
    let model = Arc::clone(one.index.model());
    for n in 0..NUMBERS {
        let (mut state, mut rows) = (NumberState::default(), LoadedRows::unloaded(0));
        for k in 0..=n % 4 {
            let day = i64::try_from((n + k * 5) % 90).unwrap();
            let at = Timestamp::from_millis(noon().millis() - day * DAY_MS);
            let mut body = ReportRow::tombstone(ReportId::parse("x").unwrap(), at).body;
            body.source = Source::RegulatorFeed;
            let id = ReportId::parse(&format!("r{k}")).unwrap();
            let row = ReportRow::accepted(id, body, 1.0, at, None);
            state.submit(&mut rows, row, &model.fold).unwrap();
        }
        one.index.apply(number(n), 1, Some(state));
    }
}

fn number(n: u64) -> E164 {
    E164::from_digits(12_000_000_000 + n % 10_000 * 71_003 + n / 10_000 * 211).unwrap()
}

/// Reads a page by score, and gives the token of the next one.
async fn page(one: &Instance, size: u32, token: &str) -> String {
    let filter = NumberFilter {
        sort: Some(NumberSort::Score),
        ..NumberFilter::default()
    };
    let page = PageRequest {
        size,
        token: token.to_owned(),
    };
    one.services.numbers.list(&filter, &page).await.unwrap().next_page_token
}

/// The token of the last page.
async fn last_page(one: &Instance) -> String {
    let mut token = String::new();
    loop {
        let next = page(one, 1_000, &token).await;
        if next.is_empty() {
            return token;
        }
        token = next;
    }
}

/// The times of lookups, one after the other.
fn lookups(one: &Instance) -> Vec<Duration> {
    let texts: Vec<String> = (0..1_000).map(|n| number(n * 97 % NUMBERS).to_string()).collect();
    let times = (0..LOOKUPS).map(|n| {
        let start = Instant::now();
        one.look_up(&texts[n % texts.len()]);
        start.elapsed()
    });
    times.collect()
}

fn show(name: &str, times: &[Duration]) {
    let at = |share| percentile(times.to_vec(), share);
    println!("lookups {name}: p50 {:?}, p99 {:?}, max {:?}", at(50), at(99), at(100));
}

fn percentile(mut times: Vec<Duration>, share: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * share / 100]
}
