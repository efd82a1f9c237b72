//! Many random commits, compared with the simplest model of a store.

use std::collections::BTreeMap;

use ringwarden::codec::entry::EntryState;
use ringwarden::store::{LOG_ENTRIES_KEPT, LogHead, RecordKind, ScanTable, StoredKey, Version};

use crate::support::backends::{EVIDENCE_VERSION, Place};
use crate::support::commits::*;

/// Commits of the walk: enough to trim the log.
const STEPS: u64 = 600;
/// Numbers that it writes to.
const NUMBERS: u64 = 12;

type State = Vec<u8>;

#[derive(Default)]
struct Model {
    seq: Version,
    nonce: u64,
    numbers: BTreeMap<u64, (Version, State)>,
    rows: BTreeMap<(u64, u32), State>,
    deleted: BTreeMap<Version, bool>,
}

/// The writes of one step.
struct Step {
    records: Vec<(u64, Option<Version>, Option<State>)>,
    buckets: Vec<(u64, u32, Option<State>)>,
}

pub async fn behaves_as_the_reference_does(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let mut model = Model::default();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..STEPS {
        let step = model.next_step(&mut random);
        let records = step
            .records
            .iter()
            .map(|(n, expected, state)| write(number_key(number(*n)), *expected, state.as_deref()));
        let buckets = step
            .buckets
            .iter()
            .map(|(n, place, bytes)| bucket(number(*n), *place, bytes.as_deref()));
        let answer = put(&store, commit(records.collect(), buckets.collect())).await;
        match model.apply(step) {
            Some(versions) => assert_eq!(answer.unwrap(), versions),
            None => assert!(is_conflict(&answer)),
        }
        let wanted = LogHead {
            seq: model.seq,
            nonce: model.nonce,
        };
        assert_eq!(head(&store, shard()).await, wanted);
    }
    for n in 0..NUMBERS {
        let stored = get_number(&store, number(n)).await;
        let stored = stored.map(|stored| (stored.version, stored.bytes.to_vec()));
        assert_eq!(stored.as_ref(), model.numbers.get(&n));
    }
    for (&(n, place), bytes) in &model.rows {
        let key = bucket_key(number(n), place);
        assert_eq!(
            &get(&store, StoredKey::Bucket(key)).await.unwrap().bytes[..],
            &bytes[..]
        );
    }
    assert_eq!(
        scan_all(&store, shard(), ScanTable::Records(RecordKind::Number), 5)
            .await
            .len(),
        model.numbers.len()
    );
    assert_eq!(
        scan_all(&store, shard(), ScanTable::Rows, 5).await.len(),
        model.rows.len()
    );
    let entries = log(&store, shard(), 1).await;
    assert_eq!(entries.len() as u64, LOG_ENTRIES_KEPT.min(model.seq));
    assert!(model.seq > LOG_ENTRIES_KEPT, "the walk is long enough to trim the log");
    for entry in &entries {
        let entry = ringwarden::codec::entry::decode(entry).unwrap();
        assert_eq!(entry.header.state == EntryState::Deleted, model.deleted[&entry.seq]);
    }
}

impl Model {
    /// A few distinct numbers, mostly with the right version, now and then with a wrong one.
    fn next_step(&self, random: &mut Random) -> Step {
        let first = random.below(NUMBERS);
        let length = random.below(5);
        let records = (first..first + length).map(|n| {
            let n = n % NUMBERS;
            let known = self.numbers.get(&n).map(|(version, _)| *version);
            let expected = if random.below(16) == 0 {
                Some(random.below(40))
            } else {
                known
            };
            let state = (random.below(5) > 0).then(|| random.bytes());
            (n, expected, state)
        });
        let records: Vec<_> = records.collect();
        let buckets = records.iter().map(|(n, ..)| {
            let bytes = (random.below(3) > 0).then(|| random.bytes());
            (*n, u32::try_from(random.below(4)).unwrap(), bytes)
        });
        let buckets = buckets.collect();
        Step { records, buckets }
    }

    fn apply(&mut self, step: Step) -> Option<Vec<Version>> {
        let version = |n| self.numbers.get(&n).map(|(version, _)| *version);
        if step.records.iter().any(|(n, expected, _)| version(*n) != *expected) {
            return None;
        }
        let mut versions = Vec::new();
        for (n, expected, state) in step.records {
            self.seq += 1;
            versions.push(self.seq);
            self.nonce = nonce_of(&number_key(number(n)), expected);
            self.deleted.insert(self.seq, state.is_none());
            match state {
                Some(state) => self.numbers.insert(n, (self.seq, state)),
                None => self.numbers.remove(&n),
            };
        }
        for (n, place, bytes) in step.buckets {
            match bytes {
                Some(bytes) => self.rows.insert((n, place), bytes),
                None => self.rows.remove(&(n, place)),
            };
        }
        Some(versions)
    }
}

/// Marsaglia's xorshift: the same walk every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = self.below(20);
        (0..length).map(|_| self.below(256).to_le_bytes()[0]).collect()
    }
}
