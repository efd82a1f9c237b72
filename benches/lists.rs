//! The cost of lists: a lookup without lists and with the longest ones, and writing, reading and indexing such a list.
//!
//! Run with `cargo bench --bench lists`. The lists hold 200,000 entries, every 40,000th number of the North American
//! plan or blocks of ten thousand; the numbers looked up are drawn from the whole plan, so that caches help as little as
//! they do with calls. It never fails: it prints its results.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark may fail loudly and measures time itself"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringwarden::codec;
use ringwarden::domain::actor::Actor;
use ringwarden::domain::ids::{ListId, ListSource, OwnerName, Requester};
use ringwarden::domain::kinds::{Action, ListKind, OwnerCalls};
use ringwarden::domain::list::{EntryOrigin, List, ListEntry, ListedCaller, MAX_ENTRIES, Owner, Pattern};
use ringwarden::domain::model::ScoreModel;
use ringwarden::domain::requests::Requests;
use ringwarden::domain::time::{DAY_MS, Timestamp};
use ringwarden::domain::unknown_fields::UnknownFields;
use ringwarden::index::Index;
use ringwarden::number::E164;

/// Lookups of one measurement, and the number of measurements; the median counts.
const LOOKUPS: usize = 1_000_000;
const ROUNDS: usize = 9;
/// The first number of the plan, and the distance between entries.
const FIRST: u64 = 12_000_000_000;
const STEP: u64 = 40_000;
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn main() {
    let numbers = numbers();
    let index = Index::new(Arc::new(ScoreModel::default()));
    look_up("no lists", &index, &numbers);
    let exact = list("dno", ListKind::DoNotOriginate, |n| {
        Pattern::from_key(FIRST + n * STEP, true)
    });
    put(&index, &exact);
    look_up("200,000 numbers", &index, &numbers);
    let listed: Vec<E164> = (0..LOOKUPS as u64)
        .map(|n| number(FIRST + n * 7_919 % 200_000 * STEP))
        .collect();
    look_up("200,000 numbers, all listed", &index, &listed);
    put(
        &index,
        &list("free", ListKind::Unassigned, |n| Pattern::prefix(1_200_000 + n)),
    );
    look_up("and 200,000 prefixes of one length", &index, &numbers);
    let rules = list("rules", ListKind::TenantPrefix, |n| match n {
        0 => Pattern::prefix(1),
        1..1_000 => Pattern::prefix(1_000 + n),
        _ => Pattern::prefix(1_200_000 + n),
    });
    put(&index, &rules);
    look_up("and 200,000 rules of three lengths", &index, &numbers);
    let owners = list("owners", ListKind::KnownOwner, |n| {
        Pattern::from_key(FIRST + n * STEP, true)
    });
    put(&index, &owners);
    look_up("and 200,000 numbers of 5,000 owners", &index, &numbers);
}

/// Writes, reads and indexes a list, and prints the time of each.
fn put(index: &Index, list: &List) {
    let (bytes, encoding) = timed(|| codec::list::encode(list));
    let (read, decoding) = timed(|| codec::list::decode(&bytes).unwrap());
    assert_eq!(read, *list);
    let ((), applying) = timed(|| index.apply(list.id.clone(), 1, Some(read)));
    let each = bytes.len() as f64 / list.entries.len() as f64;
    println!(
        "{:36} {each:.1} bytes an entry, encode {encoding:.1?}, decode {decoding:.1?}, index {applying:.1?}",
        list.id
    );
}

fn look_up(name: &str, index: &Index, numbers: &[E164]) {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let look_up = || {
                let hits = numbers
                    .iter()
                    .map(|number| index.listed(ListedCaller::Number(black_box(*number)), NOW));
                hits.filter(|hits| hits.do_not_originate.is_some()).count()
            };
            timed(|| black_box(look_up())).1
        })
        .collect();
    rounds.sort_unstable();
    let each = rounds[ROUNDS / 2].as_nanos() as f64 / numbers.len() as f64;
    println!("{name:36} {each:.1} ns a lookup");
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = work();
    (done, began.elapsed())
}

/// Numbers all over the plan, the same every time.
fn numbers() -> Vec<E164> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        number(FIRST + state % 8_000_000_000)
    };
    (0..LOOKUPS).map(|_| next()).collect()
}

fn number(digits: u64) -> E164 {
    E164::from_digits(digits).unwrap()
}

fn owner(n: u32) -> Arc<Owner> {
    Arc::new(Owner {
        organisation: OwnerName::parse(&format!("Organisation {n}")).unwrap(),
        brand: None,
        calls: OwnerCalls::Yes,
    })
}

/// A list such as registries export: a few origins, a day of entry each.
fn list(id: &str, kind: ListKind, pattern: impl Fn(u64) -> Option<Pattern>) -> List {
    let origins = ["registry", "carrier", "bank"].map(|source| {
        Arc::new(EntryOrigin {
            source: ListSource::parse(source).unwrap(),
            requester: Requester::parse("fraud desk").ok(),
        })
    });
    let owners: Vec<_> = (0..5_000).map(owner).collect();
    let action = (kind == ListKind::TenantPrefix).then_some(Action::Label);
    let count = u32::try_from(MAX_ENTRIES).unwrap();
    let mut entries: Vec<ListEntry> = (0..count)
        .map(|n| ListEntry {
            pattern: pattern(u64::from(n)).unwrap(),
            origin: Arc::clone(&origins[n as usize % 3]),
            entered_at: Timestamp::from_millis((18_000 + i64::from(n) * 7 % 900) * DAY_MS),
            expires_at: None,
            action,
            owner: (kind == ListKind::KnownOwner).then(|| Arc::clone(&owners[n as usize % owners.len()])),
        })
        .collect();
    entries.sort_by_key(|entry| entry.pattern);
    List {
        id: ListId::parse(id).unwrap(),
        kind,
        entries: entries.into(),
        actor: Actor::parse("bench").unwrap(),
        replaced_at: NOW,
        requests: Requests::default(),
        unknown_fields: UnknownFields::default(),
    }
}
