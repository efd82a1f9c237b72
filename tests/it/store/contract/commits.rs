//! Commits: versions, conflicts, atomicity, limits.

use ringwarden::store::{
    BucketWrite, LogHead, MAX_COMMIT_ITEMS, MAX_VALUE_BYTES, RecordKind, RecordWrite, ScanTable, Shard, ShardCommit,
    StoredKey,
};
use tokio::task::JoinSet;

use crate::support::backends::{EVIDENCE_VERSION, Place};
use crate::support::commits::*;

/// Writers of the test of concurrency.
const WRITERS: u64 = 8;
/// The amount that each of them adds to each counter.
const INCREMENTS: u64 = 25;

pub async fn versions_start_at_one_and_rise_by_one(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let records = (0..3).map(|n| write(number_key(number(n)), None, Some(b"a")));
    assert_eq!(put(&store, commit(records.collect(), vec![])).await.unwrap(), [1, 2, 3]);
    assert_eq!(put_number(&store, number(1), Some(2), b"b").await.unwrap(), 4);
    let stored = get_number(&store, number(1)).await.unwrap();
    assert_eq!((stored.version, &stored.bytes[..]), (4, &b"b"[..]));
    let stored = get_number(&store, number(2)).await.unwrap();
    assert_eq!((stored.version, &stored.bytes[..]), (3, &b"a"[..]));
    let other = put_number(&store, number_in(1_415_555, 0), None, b"x").await;
    assert_eq!(other.unwrap(), 1, "every shard counts for itself");
}

pub async fn a_write_needs_the_version_that_is_stored(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    assert!(is_conflict(&put_number(&store, number(1), Some(1), b"absent").await));
    put_number(&store, number(1), None, b"a").await.unwrap();
    put_number(&store, number(1), Some(1), b"b").await.unwrap();
    for stale in [None, Some(0), Some(1), Some(3), Some(u64::MAX >> 1)] {
        let answer = put_number(&store, number(1), stale, b"stale").await;
        assert!(is_conflict(&answer), "{stale:?}: {answer:?}");
    }
    let stored = get_number(&store, number(1)).await.unwrap();
    assert_eq!((stored.version, &stored.bytes[..]), (2, &b"b"[..]));
    assert_eq!(log(&store, shard(), 1).await.len(), 2);
}

pub async fn a_conflict_in_one_record_writes_nothing_at_all(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let before = vec![
        write(number_key(number(1)), None, Some(b"one")),
        write(number_key(number(2)), None, Some(b"two")),
    ];
    put(&store, commit(before, vec![bucket(number(1), 0, Some(b"rows"))]))
        .await
        .unwrap();
    let head_before = head(&store, shard()).await;
    let attempt = commit(
        vec![
            write(number_key(number(1)), Some(1), None),
            write(number_key(number(3)), None, Some(b"new")),
            write(number_key(number(2)), Some(1), Some(b"stale")),
        ],
        vec![
            bucket(number(1), 0, Some(b"other rows")),
            bucket(number(3), 0, Some(b"new rows")),
        ],
    );
    assert!(is_conflict(&put(&store, attempt).await));
    assert_eq!(&get_number(&store, number(1)).await.unwrap().bytes[..], b"one");
    assert_eq!(&get_number(&store, number(2)).await.unwrap().bytes[..], b"two");
    assert_eq!(get_number(&store, number(3)).await, None);
    let rows = scan_all(&store, shard(), ScanTable::Rows, 10).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(&rows[0].1.bytes[..], b"rows");
    assert_eq!(head(&store, shard()).await, head_before);
    assert_eq!(log(&store, shard(), 1).await.len(), 2);
}

pub async fn a_deleted_record_is_gone_and_its_version_is_not_used_again(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    put_number(&store, number(1), None, b"a").await.unwrap();
    let delete = write(number_key(number(1)), Some(1), None);
    assert_eq!(put(&store, commit(vec![delete], vec![])).await.unwrap(), [2]);
    assert_eq!(get_number(&store, number(1)).await, None);
    assert_eq!(
        scan_all(&store, shard(), ScanTable::Records(RecordKind::Number), 10).await,
        []
    );
    for gone in [Some(1), Some(2)] {
        assert!(is_conflict(&put_number(&store, number(1), gone, b"b").await));
    }
    assert_eq!(put_number(&store, number(1), None, b"b").await.unwrap(), 3);
}

pub async fn buckets_lie_beside_records(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let key = |bucket| StoredKey::Bucket(bucket_key(number(1), bucket));
    let first = commit(
        vec![write(number_key(number(1)), None, Some(b"a"))],
        vec![bucket(number(1), 0, Some(b"r0")), bucket(number(1), 300, Some(b"r300"))],
    );
    assert_eq!(put(&store, first).await.unwrap(), [1], "a bucket makes no entry");
    let stored = get(&store, key(300)).await.unwrap();
    assert_eq!((stored.version, &stored.bytes[..]), (0, &b"r300"[..]));
    let second = commit(
        vec![write(number_key(number(1)), Some(1), Some(b"b"))],
        vec![
            bucket(number(1), 0, None),
            bucket(number(1), 1, None),
            bucket(number(1), 300, Some(b"more")),
        ],
    );
    assert_eq!(put(&store, second).await.unwrap(), [2]);
    assert_eq!(get(&store, key(0)).await, None);
    assert_eq!(&get(&store, key(300)).await.unwrap().bytes[..], b"more");
    assert_eq!(head(&store, shard()).await.seq, 2);
}

pub async fn shards_of_one_call_are_independent(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let blocks = [1_212_555, 1_303_555, 1_404_555, 4_930_123];
    let stale = number_in(blocks[1], 5);
    put_number(&store, stale, None, b"there").await.unwrap();
    let commits = blocks.map(|block| {
        let record = write(number_key(number_in(block, 5)), None, Some(b"new"));
        commit(vec![record], vec![])
    });
    let shards: Vec<Shard> = commits.iter().map(|commit| commit.shard).collect();
    let answers = store.commit(commits.to_vec()).await;
    assert_eq!(answers.len(), 4);
    for (n, answer) in answers.iter().enumerate() {
        let distinct = shards.iter().filter(|shard| **shard == shards[n]).count() == 1;
        assert!(distinct, "the blocks of this test lie in shards of their own");
        if n == 1 {
            assert!(is_conflict(answer));
        } else {
            assert_eq!(answer.as_ref().unwrap(), &[1]);
        }
        let stored = get_number(&store, number_in(blocks[n], 5)).await.unwrap();
        assert_eq!(&stored.bytes[..], if n == 1 { &b"there"[..] } else { b"new" });
    }
    assert!(store.commit(vec![]).await.is_empty());
}

pub async fn commits_of_one_shard_in_one_call_run_in_order(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let one = |n, expected, state| {
        let record = write(number_key(number(n)), expected, Some(state));
        commit(vec![record], vec![bucket(number(n), 0, Some(state))])
    };
    let commits = vec![
        one(1, None, b"one"),
        one(2, None, b"two"),
        one(3, Some(9), b"stale"),
        one(1, Some(1), b"again"),
    ];
    let answers = store.commit(commits).await;
    assert_eq!(answers[0].as_ref().unwrap(), &[1]);
    assert_eq!(answers[1].as_ref().unwrap(), &[2]);
    assert!(is_conflict(&answers[2]));
    assert_eq!(answers[3].as_ref().unwrap(), &[3]);
    assert_eq!(&get_number(&store, number(1)).await.unwrap().bytes[..], b"again");
    assert_eq!(head(&store, shard()).await.seq, 3);
}

pub async fn nothing_is_lost_among_concurrent_writers(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let mut tasks = JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        tasks.spawn(async move {
            let mut done = 0;
            while done < INCREMENTS {
                // Two counters in one commit, in another order from writer to writer.
                let mut records: Vec<RecordWrite> = Vec::new();
                for n in [writer % 2, (writer + 1) % 2] {
                    let stored = get_number(&store, number(n)).await;
                    let count = stored.as_ref().map_or(0, |stored| count(&stored.bytes)) + 1;
                    let version = stored.map(|stored| stored.version);
                    records.push(write(number_key(number(n)), version, Some(&count.to_le_bytes())));
                }
                match put(&store, commit(records, vec![])).await {
                    Ok(versions) => {
                        assert_eq!(versions[1], versions[0] + 1);
                        done += 1;
                    }
                    answer => assert!(is_conflict(&answer), "{answer:?}"),
                }
            }
        });
    }
    while let Some(finished) = tasks.join_next().await {
        finished.unwrap();
    }
    for n in 0..2 {
        let stored = get_number(&store, number(n)).await.unwrap();
        assert_eq!(count(&stored.bytes), WRITERS * INCREMENTS);
    }
    let sequences: Vec<u64> = log(&store, shard(), 1).await.iter().map(|entry| entry.seq).collect();
    assert_eq!(sequences, (1..=2 * WRITERS * INCREMENTS).collect::<Vec<_>>());
}

pub async fn limits_are_refused(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let record = |n| write(number_key(number(n)), None, Some(b"a"));
    let large = vec![0; MAX_VALUE_BYTES + 1];
    let bucket_numbers = 0..u32::try_from(MAX_COMMIT_ITEMS).unwrap();
    let many: Vec<BucketWrite> = bucket_numbers.map(|n| bucket(number(1), n, Some(b"r"))).collect();
    let foreign = ShardCommit {
        shard: Shard::of_number(number_in(1_415_555, 0)),
        ..commit(vec![record(1)], vec![])
    };
    let refused = [
        ("too many items", commit(vec![record(1)], many)),
        (
            "a large record",
            commit(vec![write(number_key(number(1)), None, Some(&large))], vec![]),
        ),
        (
            "a large bucket",
            commit(vec![record(1)], vec![bucket(number(1), 0, Some(&large))]),
        ),
        ("a record twice", commit(vec![record(1), record(2), record(1)], vec![])),
        (
            "a bucket twice",
            commit(
                vec![record(1)],
                vec![bucket(number(1), 0, Some(b"r")), bucket(number(1), 0, None)],
            ),
        ),
        ("a key of another shard", foreign),
    ];
    for (what, commit) in refused {
        let answer = put(&store, commit).await;
        assert!(is_refused(&answer), "{what}: {answer:?}");
    }
    assert_eq!(get_number(&store, number(1)).await, None);
    assert_eq!(scan_all(&store, shard(), ScanTable::Rows, 1_000).await, []);
    assert!(
        store
            .heads()
            .await
            .unwrap()
            .iter()
            .all(|head| *head == LogHead::default())
    );
}

pub async fn the_largest_value_is_taken(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let large: Vec<u8> = (0..MAX_VALUE_BYTES).map(|n| n.to_le_bytes()[1]).collect();
    let largest = commit(
        vec![write(number_key(number(1)), None, Some(&large))],
        vec![bucket(number(1), 0, Some(&large))],
    );
    put(&store, largest).await.unwrap();
    assert!(get_number(&store, number(1)).await.unwrap().bytes == large);
    let rows = scan_all(&store, shard(), ScanTable::Rows, 10).await;
    assert!(rows[0].1.bytes == large);
}

pub async fn an_empty_commit_does_nothing(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    assert!(put(&store, commit(vec![], vec![])).await.unwrap().is_empty());
    assert_eq!(head(&store, shard()).await, LogHead::default());
}

pub async fn a_retry_of_what_was_written_conflicts(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let written = commit(vec![write(case_key(&case_id(1)), None, Some(b"a"))], vec![]);
    put(&store, written.clone()).await.unwrap();
    assert!(is_conflict(&put(&store, written.clone()).await));
    assert_eq!(log(&store, written.shard, 1).await.len(), 1);
}

fn count(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().unwrap())
}
